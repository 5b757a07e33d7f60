"""What we need: the schema of jobs and demand series, and the way from one to the other."""

from tidegate.demand.jobs import JOB_SCHEMA, REJECT_SCHEMA, DemandSeries, JobLog, Rejects
from tidegate.demand.planned import PlannedRun, planned_nodes
from tidegate.demand.series import jobs_to_series, rates_to_gpus, series_to_jobs

__all__ = [
    "JOB_SCHEMA",
    "REJECT_SCHEMA",
    "DemandSeries",
    "JobLog",
    "PlannedRun",
    "Rejects",
    "jobs_to_series",
    "planned_nodes",
    "rates_to_gpus",
    "series_to_jobs",
]
