"""Reading a source: the entrance to the feeds."""

from tidegate.demand.jobs import DemandSeries, JobLog
from tidegate.errors import FeedError, Place
from tidegate.feeds.detect import detect
from tidegate.feeds.files import look
from tidegate.feeds.formats import Format
from tidegate.plan.scenario import LogSource


def detect_format(source: LogSource) -> Format:
    """Tell the format of a source, by its name or by the beginning of the file.

    Parameters
    ----------
    source : LogSource
        The file.

    Returns
    -------
    Format
        Its ``kind`` tells whether :func:`read_jobs` or :func:`read_series` reads it.

    Raises
    ------
    FeedError
        ``TG-FEED-MISSING``, ``TG-FEED-EMPTY`` or ``TG-FEED-FORMAT``.
    OptionError
        ``TG-OPTION`` when the format named does not exist.
    """
    return detect(source, look(source.path))


def read_jobs(source: LogSource) -> JobLog:
    """Read a log of jobs.

    Rows that cannot be true are rejected with their line and reason, rows that are no internal
    demand are skipped, and the good ones go on; ``check_rejects`` decides whether too many were
    rejected.

    Parameters
    ----------
    source : LogSource
        The file, its format, and what to keep of it.

    Returns
    -------
    JobLog
        Jobs sorted by submission (shape (n, 5)), at least one; times in seconds.

    Raises
    ------
    FeedError
        ``TG-FEED-MISSING`` when the file cannot be opened; ``TG-FEED-FORMAT`` when its format is
        not recognised or holds a series; ``TG-FEED-COLUMN`` when a column is missing;
        ``TG-FEED-EMPTY`` when no job is left; ``TG-FEED-REJECTS`` when a million rows were
        rejected.
    OptionError
        ``TG-OPTION`` when the format, the zone, the window or a mapped field does not exist.
    """
    head = look(source.path)
    form = detect(source, head)
    log = form.read(source, head) if form.kind == "jobs" else None
    if not isinstance(log, JobLog):
        raise _other_kind(source, form, "a demand series, not jobs")
    return log


def read_series(source: LogSource) -> DemandSeries:
    """Read a demand series, or a series of request rates.

    Parameters
    ----------
    source : LogSource
        The file, its format, and what to keep of it.

    Returns
    -------
    DemandSeries
        Values by increasing time (shape (n, 2)), at least one. For rates the column ``gpus`` holds
        requests per second; ``rates_to_gpus`` makes GPUs of them.

    Raises
    ------
    FeedError
        As :func:`read_jobs`; ``TG-FEED-FORMAT`` when the format holds jobs.
    OptionError
        As :func:`read_jobs`; also when the file holds several rate series and none is chosen.
    """
    head = look(source.path)
    form = detect(source, head)
    series = form.read(source, head) if form.kind == "series" else None
    if not isinstance(series, DemandSeries):
        raise _other_kind(source, form, "jobs, not a demand series")
    return series


def _other_kind(source: LogSource, form: Format, holds: str) -> FeedError:
    return FeedError(
        "TG-FEED-FORMAT",
        f"A file in the format {form.name} holds {holds}.",
        place=Place(str(source.path)),
    )
