"""Metering: from who held which node to GPU-seconds, each counted exactly once."""

from tidegate.meter.settle import Conflict, Held, MeterRecord, Settlement, settle
from tidegate.meter.usage import HOUR_S, by_hour, gpu_seconds

__all__ = [
    "HOUR_S",
    "Conflict",
    "Held",
    "MeterRecord",
    "Settlement",
    "by_hour",
    "gpu_seconds",
    "settle",
]
