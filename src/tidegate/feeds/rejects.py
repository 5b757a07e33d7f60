"""What becomes of rejected rows: the limit, and the file they are written to."""

from pathlib import Path

from tidegate.demand.jobs import Rejects
from tidegate.errors import FeedError, Place, RunError


def check_rejects(rejects: Rejects, limit: float = 0.01, source: str = "") -> None:
    """Refuse a log of which too many rows cannot be true.

    Parameters
    ----------
    rejects : Rejects
        What reading left out.
    limit : float
        Largest share of rejected rows among the rows not skipped, 0 to 1.
    source : str
        The file, for the message.

    Raises
    ------
    FeedError
        ``TG-FEED-REJECTS`` when the share is above the limit, with the counts and the first
        reasons.
    """
    if rejects.share <= limit:
        return
    judged = rejects.rows_read - sum(rejects.skipped.values())
    first = [
        f"line {row['line']}: {row['reason']} [{row['code']}]"
        for row in rejects.frame.head(3).iter_rows(named=True)
    ]
    raise FeedError(
        "TG-FEED-REJECTS",
        f"{rejects.count} of {judged} rows were rejected ({rejects.share:.1%}). "
        f"The first: {'; '.join(first)}.",
        place=Place(source or None),
        expected=f"at most {limit:.1%} rejected rows.",
    )


def write_rejects(rejects: Rejects, path: Path) -> None:
    """Write the rejected rows as CSV, with a header, in the order of the file.

    Parameters
    ----------
    rejects : Rejects
        What reading left out.
    path : Path
        The file to write; its folder must exist.

    Raises
    ------
    RunError
        ``TG-RUN-OUT`` when the file cannot be written.
    """
    try:
        rejects.frame.write_csv(path)
    except OSError as error:
        raise RunError(
            "TG-RUN-OUT", f"The rejected rows cannot be written: {error}.", place=Place(str(path))
        ) from error
