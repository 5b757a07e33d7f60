"""Reading a cluster over slurmrestd, where the site offers it; Slurm's commands stand behind it.

Whatever changes the cluster goes through the commands: the API of 22.05 writes no nodes and no reservations. When
slurmrestd does not answer, or not what can be read, the commands are asked, and slurmrestd again a minute later. Its
token is read for each request from a file or from the environment; it stands in no command line, message or log.
"""

import json
import os
import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

import structlog

from tidegate.drivers.slurm import answers
from tidegate.drivers.slurm.commands import Commands, code_of
from tidegate.drivers.slurm.records import Job, Node, Reservation
from tidegate.drivers.slurm.restanswers import jobs_of, nodes_of, reservations_of
from tidegate.errors import SlurmError

log = structlog.get_logger(__name__)
Found = TypeVar("Found")

READ: Final = ("jobs", "reservations", "nodes")
"""What is read, where an API offers it."""
OLDEST: Final = (0, 0, 38)
NEWEST: Final = (0, 0, 45)
"""Versions whose answers are known; a newer one is taken when there is none of these."""
AGAIN_S: Final = 60.0
"""So long the commands are asked after slurmrestd has failed, or has taken its time."""
SLOW_S: Final = 2.0
"""An answer that takes longer is used; the next ones are got by command."""

_PATH: Final = re.compile(r"^/slurm/v(\d+)\.(\d+)\.(\d+)/(\w+)/?$")
_SOCKET: Final = re.compile(r"^unix:(?://)?(/.+)$")
_OTHERS: Final = 0o077
_REFUSED: Final = (401, 403, 511)
Version = tuple[int, int, int]


@dataclass(frozen=True)
class RestPlace:
    """Where slurmrestd listens, and as whom it is asked.

    Attributes
    ----------
    address : str
        ``unix:/path`` or ``http://127.0.0.1:6820`` or ``https://...``.
    user : str
        Name that goes with the token; on a Unix socket slurmrestd sees by itself who asks.
    token_file : Path or None
        Read for each request; None for the variable ``SLURM_JWT``.
    seconds : float
        Deadline of a request.
    """

    address: str
    user: str
    token_file: Path | None = None
    seconds: float = 10.0

    @property
    def socket(self) -> str | None:
        """Path of the Unix socket; None when it is none."""
        found = _SOCKET.match(self.address)
        return found[1] if found else None


class _OnSocket(HTTPConnection):
    """HTTP on a Unix socket."""

    def __init__(self, path: str, seconds: float) -> None:
        super().__init__("slurmrestd", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Rest:
    """Requests to slurmrestd.

    Parameters
    ----------
    place : RestPlace
    """

    def __init__(self, place: RestPlace) -> None:
        self.place = place

    def get(self, path: str) -> object:
        """Return what stands at a path, as JSON.

        Raises
        ------
        SlurmError
            ``TG-SLURM-DOWN``, ``TG-SLURM-TIMEOUT``, ``TG-SLURM-RIGHTS``, ``TG-SLURM-FAILED``, ``TG-SLURM-GARBAGE``.
        """
        address = self.place.address
        connection = self._connection()
        try:
            connection.request("GET", path, headers=self._headers())
            answer = connection.getresponse()
            body = answer.read()
        except TimeoutError as error:
            raise SlurmError(
                "TG-SLURM-TIMEOUT",
                f"slurmrestd at {address} did not answer within {self.place.seconds:g} s.",
            ) from error
        except (OSError, HTTPException) as error:
            raise SlurmError(
                "TG-SLURM-DOWN", f"slurmrestd at {address}: {str(error) or type(error).__name__}."
            ) from error
        finally:
            connection.close()
        if answer.status in _REFUSED:
            raise SlurmError(
                "TG-SLURM-RIGHTS",
                f"slurmrestd at {address} does not let {self.place.user} in ({answer.status}).",
                expected="a token of `scontrol token` that has not run out, and its user.",
            )
        try:
            told: object = json.loads(body)
        except ValueError as error:
            raise SlurmError(
                "TG-SLURM-GARBAGE", f"slurmrestd at {address} answers {body[:80]!r}."
            ) from error
        if answer.status >= HTTPStatus.BAD_REQUEST or _errors(told):
            said = "; ".join(_errors(told)) or f"status {answer.status}"
            raise SlurmError(code_of(said), f"slurmrestd at {address}: {said[:300]}.")
        return told

    def abilities(self) -> Mapping[str, str]:
        """Return what of :data:`READ` can be read, with its path, in the newest version that is known.

        Raises
        ------
        SlurmError
            As :meth:`get`.
        """
        return abilities_of(self.get("/openapi/v3"))

    def _connection(self) -> HTTPConnection:
        if self.place.socket:
            return _OnSocket(self.place.socket, self.place.seconds)
        where = urlsplit(self.place.address)
        if where.scheme == "https":
            return HTTPSConnection(where.netloc, timeout=self.place.seconds, context=self._context)
        return HTTPConnection(where.netloc, timeout=self.place.seconds)

    @cached_property
    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    def _headers(self) -> dict[str, str]:
        token = self._token()
        return {"X-SLURM-USER-NAME": self.place.user, "X-SLURM-USER-TOKEN": token} if token else {}

    def _token(self) -> str:
        if self.place.socket:
            return ""
        path = self.place.token_file
        if path is None:
            return os.environ.get("SLURM_JWT", "")
        try:
            if path.stat().st_mode & _OTHERS:
                raise SlurmError(
                    "TG-SLURM-RIGHTS",
                    f"{path} can be read by others than its owner.",
                    expected="mode 0600.",
                )
            return path.read_text("ascii").strip().removeprefix("SLURM_JWT=")
        except (OSError, UnicodeError) as error:
            raise SlurmError(
                "TG-SLURM-RIGHTS", f"The token in {path} cannot be read: {type(error).__name__}."
            ) from error


def abilities_of(told: object) -> Mapping[str, str]:
    """Return what of :data:`READ` an OpenAPI document offers, with its path, in the newest version that is known.

    Raises
    ------
    SlurmError
        ``TG-SLURM-GARBAGE`` when it is no such document.
    """
    paths = told.get("paths") if isinstance(told, Mapping) else None
    if not isinstance(paths, Mapping):
        raise SlurmError("TG-SLURM-GARBAGE", "slurmrestd tells no paths of its API.")
    offered: dict[Version, dict[str, str]] = {}
    for path, methods in paths.items():
        found = _PATH.match(str(path))
        if found and found[4] in READ and isinstance(methods, Mapping) and "get" in methods:
            version = (int(found[1]), int(found[2]), int(found[3]))
            offered.setdefault(version, {})[found[4]] = str(path)
    known = [version for version in offered if OLDEST <= version <= NEWEST]
    newer = [version for version in offered if version > NEWEST]
    return offered[max(known)] if known else offered[min(newer)] if newer else {}


class RestCommands:
    """Slurm's commands, with slurmrestd before them for what is only read.

    Parameters
    ----------
    commands : Commands
        Run whatever changes something, and read when slurmrestd does not answer.
    rest : Rest
    clock : callable
        Seconds that only go forward.
    """

    def __init__(
        self, commands: Commands, rest: Rest, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.rest = rest
        self._commands = commands
        self._clock = clock
        self._paths: Mapping[str, str] | None = None
        self._not_before = dict.fromkeys(READ, 0.0)

    def run(self, *argv: str, seconds: float | None = None) -> str:
        """Run a command and return what it prints on standard output."""
        return self._commands.run(*argv, seconds=seconds)

    def read_nodes(self) -> tuple[Node, ...]:
        """Return all nodes."""
        return self._read("nodes", nodes_of, answers.read_nodes)

    def read_jobs(self) -> tuple[Job, ...]:
        """Return all jobs that wait, run or are leaving."""
        return self._read("jobs", jobs_of, answers.read_jobs)

    def read_reservations(self) -> tuple[Reservation, ...]:
        """Return all reservations."""
        return self._read("reservations", reservations_of, answers.read_reservations)

    def _read(
        self,
        what: str,
        over_rest: Callable[[object], Found],
        by_command: Callable[[Commands], Found],
    ) -> Found:
        began = self._clock()
        if began >= self._not_before[what]:
            try:
                if self._paths is None:
                    self._paths = self.rest.abilities()
                if what in self._paths:
                    found = over_rest(self.rest.get(self._paths[what]))
                    if self._clock() - began > SLOW_S:
                        self._leave(f"{what} took {self._clock() - began:.1f} s", what)
                    return found
            except SlurmError as error:
                self._paths = None  # it may be another version when it is back
                self._leave(str(error), *READ)
        return by_command(self._commands)

    def _leave(self, why: str, *what: str) -> None:
        self._not_before.update(dict.fromkeys(what, self._clock() + AGAIN_S))
        log.warning("Slurm's commands are asked", instead_of="slurmrestd", why=why)


def _errors(told: object) -> list[str]:
    listed = told.get("errors") if isinstance(told, Mapping) else None
    if not isinstance(listed, list):
        return []
    return [
        str(one.get("description") or one.get("error") or one)
        if isinstance(one, Mapping)
        else str(one)
        for one in listed
    ]
