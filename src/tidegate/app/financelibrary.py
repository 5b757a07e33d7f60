"""The finance desk for notebooks."""

from pathlib import Path

from tidegate.app.financedesk import DEFAULT_POLICY, Desk, open_desk
from tidegate.errors import OptionError
from tidegate.finance.month import Month
from tidegate.plan import Progress


def finance_desk(
    fleet: str | Path,
    *,
    books: str | Path | None = None,
    folder: str | Path | None = None,
    policy: str = DEFAULT_POLICY,
    seeds: int = 1,
    start: str | None = None,
    progress: Progress = lambda pool, done, total: None,
) -> Desk:
    """Open the finance desk: what ``tidegate finance`` works on.

    Parameters
    ----------
    fleet : str or Path
        A fleet file.
    books : str or Path, optional
        A books file; without it the one that the fleet file names.
    folder : str or Path, optional
        Folder of a backtest's result, instead of playing one.
    policy : str
        The policy that leases.
    seeds : int
        Number of request streams to play.
    start : str, optional
        Month in which the measured time of a log without a calendar begins, such as ``2026-01``.
    progress : callable
        Told pool, plays done and plays in all, after every play.

    Returns
    -------
    Desk
        ``coverage()`` says what rent covers, with schedules and the cost of an hour.

    Raises
    ------
    InputError
        When a file, the folder or an option cannot be used.
    """
    try:
        month = None if start is None else Month.parse(start)
    except ValueError as error:
        raise OptionError("TG-OPTION", f"start: {error}.", expected="such as 2026-01.") from error
    return open_desk(
        fleet,
        books=books,
        folder=None if folder is None else Path(folder),
        policy=policy,
        seeds=seeds,
        start=month,
        progress=progress,
    )
