"""Calling Slurm's commands: argument lists, a deadline, and an error with a stable code for whatever goes wrong.

Nothing passes through a shell. Times come in UTC and in one format, and no setting of the caller's
environment changes what is printed.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from tidegate.errors import SlurmError

READ_S: Final = 30.0
"""Deadline of a command that reads, in seconds."""

WRITE_S: Final = 20.0
"""Deadline of a command that changes something, in seconds."""

_KEPT: Final = ("PATH", "HOME", "USER", "LOGNAME", "LD_LIBRARY_PATH", "SLURM_CONF", "SLURM_JWT")
_SET: Final = {"LC_ALL": "C", "TZ": "UTC", "SLURM_TIME_FORMAT": "standard"}

# What Slurm's commands, and sudo, say on standard error, and what it means to us.
_MEANING: Final = (
    ("TG-SLURM-DOWN", "Unable to contact slurm controller"),
    ("TG-SLURM-DOWN", "Connection refused"),
    ("TG-SLURM-DOWN", "Connection reset"),
    ("TG-SLURM-DOWN", "Socket timed out"),
    ("TG-SLURM-DOWN", "Unable to connect to database"),
    ("TG-SLURM-DOWN", "Zero Bytes were transmitted"),
    ("TG-SLURM-DOWN", "Problem talking to the database"),
    ("TG-SLURM-DOWN", "accounting storage"),
    ("TG-SLURM-DOWN", "slurmdbd: Sending"),
    ("TG-SLURM-DOWN", "Unexpected message received"),
    ("TG-SLURM-DOWN", "backup controller"),
    ("TG-SLURM-RIGHTS", "Access/permission denied"),
    ("TG-SLURM-RIGHTS", "Access denied"),
    ("TG-SLURM-RIGHTS", "Invalid user id"),
    ("TG-SLURM-RIGHTS", "You are not running a supported"),
    ("TG-SLURM-RIGHTS", "This user doesn't have access"),
    ("TG-SLURM-RIGHTS", "Your user doesn't have privilege"),
    ("TG-SLURM-RIGHTS", "a password is required"),
    ("TG-SLURM-RIGHTS", "is not allowed to execute"),
)


class Commands(Protocol):
    """What runs Slurm's commands: the machine, or a recording."""

    def run(self, *argv: str, seconds: float | None = None) -> str:
        """Run a command and return what it prints on standard output."""
        ...


@dataclass(frozen=True)
class LocalCommands:
    """Slurm's commands on this machine.

    Attributes
    ----------
    conf : str or None
        Path of slurm.conf; None leaves it to Slurm.
    prefix : tuple of str
        What stands before a command that only an administrator of Slurm may give, such as ``("sudo", "-n")``.
    read_s, write_s : float
        Deadlines in seconds.
    environment : mapping of str to str
        Further variables, such as ``PATH``.
    """

    conf: str | None = None
    prefix: tuple[str, ...] = ()
    read_s: float = READ_S
    write_s: float = WRITE_S
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, *argv: str, seconds: float | None = None) -> str:
        """Run a command and return what it prints on standard output.

        Parameters
        ----------
        *argv : str
            The program and its arguments.
        seconds : float or None
            Deadline; None for ``read_s`` or ``write_s``.

        Raises
        ------
        SlurmError
            ``TG-SLURM-MISSING`` when there is no such program, ``TG-SLURM-TIMEOUT`` when it does
            not end in time, ``TG-SLURM-DOWN`` when the daemon behind it cannot be reached,
            ``TG-SLURM-RIGHTS`` when it may not do this, ``TG-SLURM-FAILED`` when it says no.
        """
        changes = not reads_only(argv)
        call = (*self.prefix, *argv) if administers(argv) else argv
        limit = seconds or (self.write_s if changes else self.read_s)
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        conf = {} if self.conf is None else {"SLURM_CONF": self.conf}
        try:
            done = subprocess.run(
                call,
                env={**kept, **_SET, **conf, **self.environment},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=limit,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise SlurmError(
                "TG-SLURM-TIMEOUT", f"`{shown(argv)}` did not end within {limit:g} s."
            ) from error
        except OSError as error:
            raise SlurmError(
                "TG-SLURM-MISSING",
                f"`{call[0]}` cannot be run: {error.strerror}.",
                expected="Slurm's commands on the search path.",
            ) from error
        printed = done.stdout.decode("utf-8", "replace")
        said = done.stderr.decode("utf-8", "replace").strip()
        # sacct may end well although the database gave it a part of what was asked for, or nothing.
        is_partial = argv[0].rpartition("/")[2] == "sacct" and "sacct: error:" in said
        if done.returncode or is_partial:
            # What is not found, scontrol says on standard output.
            last = _last_line(said or printed)
            raise SlurmError(code_of(said), f"`{shown(argv)}` failed: {last}")
        return printed


def reads_only(argv: Sequence[str]) -> bool:
    """Whether a command of Slurm changes nothing, by its name and its verb."""
    program = argv[0].rpartition("/")[2]
    words = [word for word in argv[1:] if not word.startswith("-")]
    if program in ("sinfo", "squeue", "sacct", "sdiag", "sprio", "sreport", "sshare"):
        return True
    if program in ("scontrol", "sacctmgr"):
        return not words or words[0] in ("show", "list", "ping")
    return False


def administers(argv: Sequence[str]) -> bool:
    """Whether a command takes an administrator: changes of nodes, and of the accounting database.

    Reservations, and jobs of others, are an operator's.
    """
    if reads_only(argv):
        return False
    program = argv[0].rpartition("/")[2]
    return program == "sacctmgr" or any(word.startswith("NodeName=") for word in argv)


def code_of(said: str) -> str:
    """Return the stable code for what a command says on standard error."""
    return next((code for code, words in _MEANING if words in said), "TG-SLURM-FAILED")


def shown(argv: Sequence[str]) -> str:
    """Return a command as it is named in messages: never longer than a line."""
    text = " ".join(argv)
    return text if len(text) <= 160 else f"{text[:157]}..."  # noqa: PLR2004


def _last_line(said: str) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it says nothing."
