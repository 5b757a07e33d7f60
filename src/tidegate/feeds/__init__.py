"""Readers of what a backtest needs: job logs and demand series.

``read_jobs`` and ``read_series`` are the way in; ``FORMATS`` lists what they read. Bad rows never
shift, guess or stop the good ones: they are set aside with their line and reason.
"""

from tidegate.feeds.formats import FORMATS, Format
from tidegate.feeds.read import detect_format, read_jobs, read_series
from tidegate.feeds.rejects import check_rejects, write_rejects

__all__ = [
    "FORMATS",
    "Format",
    "check_rejects",
    "detect_format",
    "read_jobs",
    "read_series",
    "write_rejects",
]
