"""Compiling beforehand what decides, so that the first order does not wait for the compiler."""

import numpy as np

from tidegate.control.pools import TICK_S
from tidegate.forecast import Observation
from tidegate.quota import HELD_LEASE, REQUEST, Policy, PolicyCode, Record, Snapshot
from tidegate.quota.cluster import Cluster
from tidegate.quota.engine import Engine


def warm_up() -> None:
    """Have the compiler make, or load from its cache, what a decision needs; twenty seconds the first time."""
    cluster = Cluster(2, 8, 300, 0)
    policy = Policy(
        code=int(PolicyCode.TIDEGATE), cap_nodes=2, eps=0.05, wait_price=10, floor_s=900
    )
    engine = Engine(cluster, policy, TICK_S)
    engine.observe(0, Observation(1))
    snapshot = Snapshot(
        0, 1, 1, 0, 1, 300, engine.horizons_s, engine.curve(0), 0, -1, 0, np.zeros(0, np.int64), np.zeros(0, np.int64),
        np.zeros_like(engine.horizons_s), engine.displaced,
        np.zeros(1, dtype=HELD_LEASE), np.zeros(1, dtype=REQUEST), 2, 0, 0, 1, Record(0, 0, 0, 0),
    )  # fmt: skip
    engine.decide(snapshot)
