"""Microsoft ITP (2021), as published with ElasticFlow: seconds from the log's own zero."""

from typing import Final

from tidegate.feeds.table import Layout

ITP: Final = Layout(
    "itp",
    {
        "id": "job_id",
        "submit": "submission_time",
        "duration": "duration",
        "gpus": "num_gpu",
        "owner": "cluster",
    },
)
"""One row per job, with the time it ran and not the time it waited."""
