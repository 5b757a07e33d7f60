"""From a fleet file to pools that live, and to the embedded clusters that play their logs."""

import itertools
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np

from tidegate.app.backtest import read_demand
from tidegate.control.pools import TICK_S, LivePool
from tidegate.drivers.embedded.cluster import ClusterSpec, Failure
from tidegate.drivers.embedded.jobs import JobList
from tidegate.plan import PoolCase, Scenario
from tidegate.simulate import draw_failures, seed_sequence

HISTORY_S: Final = 29 * 86_400
"""How much of a log has passed when its cluster comes to life; at most half of it."""

_PLAYS: Final = 6
"""How often a log is played, one time after the other."""


@dataclass(frozen=True)
class World:
    """When embedded clusters live.

    Attributes
    ----------
    start_s : int
        The fleet's time at the start.
    started_at : float
        Real time of the start, in seconds since the epoch.
    factor : float
        How many times as fast as real time.
    """

    start_s: int
    started_at: float
    factor: float


def world_in(folder: Path, start_s: int, factor: float) -> World:
    """Return the world of a data folder: the one it has, or a new one that starts now."""
    path = folder / "world.json"
    if path.exists():
        return World(**json.loads(path.read_text("utf-8")))
    world = World(start_s, time.time(), factor)
    path.write_text(json.dumps(asdict(world)), "utf-8")
    return world


def live_pools(scenario: Scenario) -> list[LivePool]:
    """Return the pools of a fleet as the loop takes them."""
    return [
        LivePool(
            case.pool,
            case.offers,
            scenario.currency,
            scenario.sanitise_s,
            planned=case.planned,
        )
        for case in scenario.cases
    ]


def embedded_spec(case: PoolCase, live: LivePool, start_s: int) -> ClusterSpec:
    """Return the cluster that plays a pool's log; at ``start_s`` its history has passed.

    Raises
    ------
    FeedError
        When the log cannot be read.
    """
    frame = read_demand(case).frame
    gpus = np.minimum(frame["gpus"].to_numpy(), case.pool.gpus).astype(int)
    submit = frame["submit_s"].to_numpy().astype(int)
    duration = frame["duration_s"].to_numpy().astype(int)
    span_s = (int(submit[-1] - submit[0]) // TICK_S + 1) * TICK_S
    history_s = min(HISTORY_S, span_s // 2) // TICK_S * TICK_S
    begin_s = start_s - history_s
    first = begin_s - int(submit[0])
    jobs = JobList(
        list(
            itertools.chain.from_iterable(
                (submit + first + play * span_s).tolist() for play in range(_PLAYS)
            )
        ),
        duration.tolist() * _PLAYS,
        gpus.tolist() * _PLAYS,
    )
    failures: list[Failure] = []
    if case.failures is not None:
        drawn = draw_failures(
            case.pool.nodes,
            mtbf_s=case.failures.mtbf_h * 3600,
            repair_s=round(case.failures.repair_h * 3600),
            stop_s=_PLAYS * span_s,
            randomness=seed_sequence(f"{case.pool.id}/failures", 0),
        )
        failures = [
            Failure(begin_s + time_s, node, begin_s + until_s)
            for time_s, node, until_s in zip(
                drawn.time_s.tolist(), drawn.node.tolist(), drawn.until_s.tolist(), strict=True
            )
        ]
    return ClusterSpec(
        pool=case.pool.id,
        nodes=case.pool.nodes,
        gpus_per_node=case.pool.gpus_per_node,
        sanitise_s=live.sanitise_s,
        floor_s=live.floor_s,
        may_lease=case.pool.tier.may_lease,
        start_s=begin_s,
        jobs=jobs,
        failures=failures,
        tick_s=TICK_S,
    )
