"""SenseTime Helios (2020): ``cluster_log.csv`` of one cluster."""

from typing import Final

from tidegate.feeds.table import Layout

HELIOS: Final = Layout(
    "helios",
    {
        "id": "job_id",
        "submit": "submit_time",
        "start": "start_time",
        "end": "end_time",
        "duration": "duration",
        "gpus": "gpu_num",
        "owner": "vc",
        "state": "state",
    },
)
"""One row per job; its ``queue`` column (seconds waited) follows from submission and start."""
