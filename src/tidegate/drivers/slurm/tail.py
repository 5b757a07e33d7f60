"""A job log that is kept current: what is new since last time, and nothing twice.

The file is what ``sacct --parsable2`` would print for the whole time. Runs that are over stand first and are never
touched again; those that still wait or run stand behind them and are written anew each time. A state file says where
the finished part ends, so that a kill at any moment costs at most one query.
"""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from tidegate.drivers.slurm.commands import Commands
from tidegate.drivers.slurm.history import HEADER, WINDOW_S, Row, history
from tidegate.errors import FeedError, Place, RunError

OVERLAP_S: Final = 600
"""A query reaches back so far before the last one: slurmdbd gets the end of a job a little later."""


@dataclass(frozen=True)
class TailState:
    """Where a log stands.

    Attributes
    ----------
    asked_until_s : int
        End of the last query.
    finished_bytes : int
        Length of the part of the file that is final.
    recent : tuple of (str, str)
        Keys of finished runs that a coming query may tell again.
    """

    asked_until_s: int
    finished_bytes: int
    recent: tuple[tuple[str, str], ...] = field(default=())


@dataclass(frozen=True)
class Polled:
    """What one query brought.

    Attributes
    ----------
    finished, waiting_or_running : int
        Runs that are new and final; runs that may still change.
    """

    finished: int
    waiting_or_running: int


class SacctTail:
    """Keeps ``sacct.txt`` in a folder current.

    Parameters
    ----------
    folder : Path
        Gets ``sacct.txt`` and ``sacct.state.json``.
    commands : Commands
        What runs sacct.
    since_s : int
        Where a new log begins, in Unix seconds.
    """

    def __init__(self, folder: Path, commands: Commands, since_s: int) -> None:
        self.path = folder / "sacct.txt"
        self._state_path = folder / "sacct.state.json"
        self._commands = commands
        self._since_s = since_s

    def state(self) -> TailState | None:
        """Return where the log stands; None when there is none yet.

        Raises
        ------
        FeedError
            ``TG-FEED-FORMAT`` when the state file, or the log, is not what was written.
        """
        try:
            told = json.loads(self._state_path.read_text("utf-8"))
            recent = tuple((str(job), str(submit)) for job, submit in told["recent"])
            state = TailState(int(told["asked_until_s"]), int(told["finished_bytes"]), recent)
            if self.path.stat().st_size < state.finished_bytes:
                raise ValueError("the log is shorter than it was")
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise FeedError(
                "TG-FEED-FORMAT",
                f"The state of the log cannot be used: {error}.",
                place=Place(str(self._state_path)),
                expected="the file as it was written; remove it and sacct.txt to begin anew.",
            ) from error
        return state

    def poll(self, now_s: int, pause: Callable[[float], None]) -> Polled:
        """Ask for what is new, and write it.

        Raises
        ------
        SlurmError
            When sacct does not answer; the log is as it was.
        FeedError
            ``TG-FEED-FORMAT`` when the state cannot be used.
        RunError
            ``TG-RUN-OUT`` when the log cannot be written.
        """
        state = self.state() or TailState(self._since_s, 0)
        start_s = max(state.asked_until_s - OVERLAP_S, self._since_s)
        known = set(state.recent)
        rows = history(self._commands, start_s, max(now_s, start_s + 1), pause=pause)
        fresh = [row for row in rows if not row.open and row.key not in known]
        still_open = [row for row in rows if row.open]
        try:
            length = self._write(state.finished_bytes, fresh, still_open)
            told = [row.key for row in rows if not row.open]
            self._save(TailState(now_s, length, tuple(told)))
        except OSError as error:
            raise RunError(
                "TG-RUN-OUT", f"The log cannot be written: {error}.", place=Place(str(self.path))
            ) from error
        return Polled(len(fresh), len(still_open))

    def _write(self, length: int, finished: list[Row], still_open: list[Row]) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("r+b" if self.path.exists() else "w+b") as file:
            file.truncate(length)
            file.seek(length)
            if length == 0:
                file.write(f"{HEADER}\n".encode())
            file.writelines(f"{row.line}\n".encode() for row in finished)
            length = file.tell()
            file.writelines(f"{row.line}\n".encode() for row in still_open)
            file.flush()
            os.fsync(file.fileno())
        return length

    def _save(self, state: TailState) -> None:
        new = self._state_path.with_suffix(".new")
        new.write_text(json.dumps(asdict(state)), "utf-8")
        new.replace(self._state_path)


def first_second(now_s: int, days: int) -> int:
    """Return the beginning of the day that lies so many days back, in Unix seconds."""
    return (now_s // WINDOW_S - days) * WINDOW_S
