"""Microsoft Philly (2017) in its normalised copy: one row per job, retries merged."""

from typing import Final

from tidegate.feeds.table import Layout

PHILLY: Final = Layout(
    "philly",
    {"submit": "submit_time", "duration": "duration", "gpus": "gpus", "owner": "vc"},
    calendar=True,
)
"""It has no ids and does not tell the time waited."""
