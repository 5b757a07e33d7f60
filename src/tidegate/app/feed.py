"""Keeping a job log current."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tidegate.app.output import prepare_folder
from tidegate.drivers.slurm.commands import Commands
from tidegate.drivers.slurm.tail import Polled, SacctTail, first_second
from tidegate.errors import OptionError, SlurmError
from tidegate.quantity import parse_duration

LEAST_EVERY_S: Final = 5
MOST_DAYS: Final = 3650


def follow(  # noqa: PLR0913  the command's options
    commands: Commands,
    folder: Path,
    *,
    days: int = 28,
    every: str = "60s",
    once: bool = False,
    told: Callable[[Polled, Path], None] = lambda polled, path: None,
    failed: Callable[[SlurmError], None] = lambda error: None,
    clock: Callable[[], float] = time.time,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Ask sacct for what is new, again and again, and keep ``sacct.txt`` current.

    Parameters
    ----------
    commands : Commands
        What runs sacct.
    folder : Path
        Gets the log; what lies there is continued.
    days : int
        Days of history that a new log begins with.
    every : str
        Time between two queries, at least 5 s; never less than the last query took.
    once : bool
        Ask once, and raise what goes wrong; otherwise errors of Slurm are told and the next query tries again.
    told, failed : callable
        Told after each query.
    clock, pause : callable
        Unix seconds; a wait of so many seconds.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when a value is out of range.
    SlurmError
        With ``once``, when sacct does not answer.
    FeedError
        ``TG-FEED-FORMAT`` when the log in the folder cannot be continued.
    RunError
        ``TG-RUN-OUT`` when the log cannot be written.
    """
    if not 1 <= days <= MOST_DAYS:
        raise OptionError.at("--days", f"{days} is out of range.", f"1 to {MOST_DAYS}.")
    try:
        every_s = parse_duration(every)
    except ValueError as error:
        raise OptionError.at("--every", f"{error}.", "a duration such as 60s.") from error
    if every_s < LEAST_EVERY_S:
        raise OptionError.at("--every", f"{every} is too often.", f"{LEAST_EVERY_S}s or more.")
    prepare_folder(folder)
    tail = SacctTail(folder, commands, first_second(int(clock()), days))
    while True:
        began = time.monotonic()
        try:
            told(tail.poll(int(clock()), pause), tail.path)
        except SlurmError as error:
            if once:
                raise
            failed(error)
        if once:
            return
        took = time.monotonic() - began
        pause(max(every_s - took, took))
