"""A fleet run through a trace: the compiled kernel and what it gives."""

from tidegate.simulate.model import (
    Cluster,
    Failures,
    Holder,
    Jobs,
    Leases,
    Outcome,
    Played,
    Requests,
    Ticks,
    Window,
)
from tidegate.simulate.play import play

__all__ = [
    "Cluster",
    "Failures",
    "Holder",
    "Jobs",
    "Leases",
    "Outcome",
    "Played",
    "Requests",
    "Ticks",
    "Window",
    "play",
]
