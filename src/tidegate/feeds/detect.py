"""Which format a file is in."""

from tidegate.errors import FeedError, OptionError, Place
from tidegate.feeds.files import Head
from tidegate.feeds.formats import FORMATS, Format
from tidegate.plan.scenario import LogSource


def detect(source: LogSource, head: Head) -> Format:
    """Find the format of a source: the one it names, else the first that fits.

    A column mapping means a table of jobs, or a series when it maps ``time``.

    Parameters
    ----------
    source : LogSource
        The file and the format it is said to have.
    head : Head
        Its beginning.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when there is no format of that name, or it takes no column mapping.
    FeedError
        ``TG-FEED-FORMAT`` when no format fits; the message lists what was looked for.
    """
    by_name = {form.name: form for form in FORMATS}
    if source.format != "auto":
        if source.format not in by_name:
            raise OptionError(
                "TG-OPTION",
                f"There is no format {source.format!r}.",
                expected=f"auto, {', '.join(by_name)}.",
            )
        if source.columns and source.format not in ("table", "series"):
            raise OptionError(
                "TG-OPTION",
                f"The format {source.format} has columns of its own and takes no mapping.",
                expected="the format table or series, or no mapping.",
            )
        return by_name[source.format]
    if source.columns:
        return by_name["series" if "time" in source.columns else "table"]
    for form in FORMATS:
        if form.fits(head):
            return form
    seen = ", ".join(head.columns[:12])
    looked_for = "; ".join(f"{form.name}: {form.recognised}" for form in FORMATS)
    raise FeedError(
        "TG-FEED-FORMAT",
        f"The format is not recognised. The file begins with: {seen[:200]}.",
        place=Place(str(head.path)),
        expected=f"one of these. {looked_for}.",
    )
