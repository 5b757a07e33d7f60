"""Noticing that a job was submitted, without asking for the queue: one number of ``sdiag``, a few times a second."""

import re
import threading
import time
from collections.abc import Callable
from typing import Final

import structlog

from tidegate.drivers.slurm.answers import read_config
from tidegate.drivers.slurm.commands import Commands
from tidegate.errors import SlurmError

log = structlog.get_logger(__name__)

ANSWER_S: Final = 5.0
"""Deadline of a question, in seconds."""

RETRY_S: Final = 60.0
"""Seconds to the next try after one that failed: looks go on at their own pace meanwhile."""

REST_SHARE: Final = 5.0
"""After a look nothing is asked for so many times as long as it took: a long queue is not read again and again."""

_SUBMITTED: Final = re.compile(r"^Jobs submitted:\s*(\d+)", re.MULTILINE)


def submitted(commands: Commands) -> int:
    """Return how many jobs slurmctld has taken in since it began to count.

    Raises
    ------
    SlurmError
        ``TG-SLURM-GARBAGE`` when the answer does not say; else as the command says.
    """
    found = _SUBMITTED.search(commands.run("sdiag", seconds=ANSWER_S))
    if found is None:
        raise SlurmError("TG-SLURM-GARBAGE", "sdiag does not say how many jobs were submitted.")
    return int(found[1])


class Watch:
    """A thread that asks while there is something to take back.

    Where slurmctld limits its users' requests (``rl_enable``) it asks nothing: the looks need what is allowed.

    Parameters
    ----------
    commands : Commands
    per_s : int
        Questions a second; 0 for none.
    call : callable
        Called when jobs have been submitted.
    """

    def __init__(self, commands: Commands, per_s: int, call: Callable[[], None]) -> None:
        self._commands = commands
        self._per_s = per_s
        self._call = call
        self._wanted = threading.Event()
        self._closed = threading.Event()
        self._rests_until = 0.0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, unless it has begun."""
        if self._per_s and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="slurm watch", daemon=True)
            self._thread.start()

    def heed(self, *, is_wanted: bool, took_s: float) -> None:
        """Take in that the cluster has been looked at, and whether anything is lent."""
        self._rests_until = time.monotonic() + REST_SHARE * took_s
        if is_wanted:
            self._wanted.set()
        else:
            self._wanted.clear()

    def pause(self) -> None:
        """Ask nothing until the next look."""
        self._wanted.clear()

    def close(self) -> None:
        """End."""
        self._closed.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join(ANSWER_S)

    def _run(self) -> None:
        known: int | None = None
        is_free: bool | None = None
        while not self._closed.is_set():
            if not self._wanted.is_set():
                known = None
                self._wanted.wait()
                continue
            wait_s = 1 / self._per_s
            if time.monotonic() >= self._rests_until:
                try:
                    if is_free is None:
                        limits = read_config(self._commands).get("SlurmctldParameters", "")
                        is_free = "rl_enable" not in limits
                    if not is_free:
                        log.info("slurmctld limits requests: submissions are seen at looks alone")
                        return
                    count = submitted(self._commands)
                except SlurmError as error:
                    log.warning("submissions are not watched for a minute", trouble=str(error))
                    known, wait_s = None, RETRY_S
                else:
                    if known not in (None, count):
                        self._call()
                    known = count
            self._closed.wait(wait_s)
