"""Compiling beforehand what decides, so that the first order does not wait for the compiler."""

import numpy as np

from tidegate.control.pools import TICK_S
from tidegate.forecast import Observation
from tidegate.quota import HELD_LEASE, REQUEST, Policy, PolicyCode, Snapshot
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
    nothing = np.zeros(0, dtype=np.int64)
    snapshot = Snapshot(
        now_s=0,
        idle=1,
        pending=1,
        sanitising=0,
        leased=1,
        sanitise_s=300,
        horizons_s=engine.horizons_s,
        curve=engine.curve(0),
        kept_back=0,
        short_since_s=-1,
        wide=0,
        free_in_block=nothing,
        held_in_block=nothing,
        promised=np.zeros_like(engine.horizons_s),
        displaced=engine.displaced,
        held=np.zeros(1, dtype=HELD_LEASE),
        asked=np.zeros(1, dtype=REQUEST),
        nodes=2,
        waiting=1,
    )
    engine.decide(snapshot)
