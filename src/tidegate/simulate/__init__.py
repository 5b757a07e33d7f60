"""A fleet run through a trace: the compiled kernel and what it gives."""

from tidegate.simulate.failures import draw_failures, no_failures
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
from tidegate.simulate.stream import draw_requests, seed_sequence

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
    "draw_failures",
    "draw_requests",
    "no_failures",
    "play",
    "seed_sequence",
]
