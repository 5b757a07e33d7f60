"""Forecasts and decisions of a thousand pools, as the running system makes them, one pool after the other on one core.

``python -m bench.pools``; ``--pools`` and ``--nodes`` for other fleets.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np
from bench.logs import ROOT
from bench.measured import machine
from tests.control.living import a_pool

from tidegate.control.heldrows import HeldRows
from tidegate.forecast import Observation
from tidegate.lease.lease import Lease
from tidegate.quota import (
    HELD_LEASE,
    REQUEST,
    Cluster,
    Engine,
    Policy,
    PolicyCode,
    Snapshot,
    Verdict,
    committed,
    forget,
    new_promises,
    pass_time,
    promise,
)

HISTORY_DAYS: Final = 30
LEASES: Final = 20
REQUESTS: Final = 5
NOW_S: Final = 20_000 * 86_400
TICK_S: Final = 300
LEASE_COUNTS: Final = (100, 1_000, 10_000, 100_000)
TARGETS: Final = {"refresh_s": 60.0, "decide_s": 0.1}


def _demand(nodes: int, seed: int) -> np.ndarray:
    """Draw thirty days of a pool: a tide of a day, and jobs that come and go."""
    random = np.random.default_rng(seed)
    ticks = HISTORY_DAYS * 86_400 // TICK_S
    tide = 0.4 - 0.2 * np.cos(2 * np.pi * np.arange(ticks) * TICK_S / 86_400)
    jobs = np.cumsum(random.normal(0, 0.01, ticks))
    drawn = np.rint(nodes * (tide + jobs - jobs.mean()))
    return np.array(np.clip(drawn, 0, nodes), dtype=np.int64)


def _snapshot(engine: Engine, seed: int) -> Snapshot:
    """Draw a pool with leases, a few requests, and one time in two a job that waits."""
    random = np.random.default_rng(seed)
    held = np.zeros(LEASES, dtype=HELD_LEASE)
    held["request"] = np.arange(LEASES)
    held["nodes"] = random.integers(1, 3, LEASES)
    held["start_s"] = held["since_s"] = NOW_S - random.integers(0, 36_000, LEASES)
    held["end_s"] = NOW_S + random.integers(600, 86_400, LEASES)
    held["firm_until_s"] = NOW_S + random.integers(-7200, 7200, LEASES)
    held["notice_s"] = random.choice([120, 600], LEASES)
    held["take_s"] = -1
    held["price"] = random.integers(500, 2000, LEASES)
    asked = np.zeros(REQUESTS, dtype=REQUEST)
    asked["time_s"], asked["nodes"] = NOW_S, random.integers(1, 5, REQUESTS)
    asked["duration_s"] = random.integers(3600, 86_400, REQUESTS)
    asked["firm_s"] = random.choice([0, 3600], REQUESTS)
    asked["notice_s"], asked["price"] = 120, 1000
    leased = int(held["nodes"].sum())
    return Snapshot(
        now_s=NOW_S,
        idle=10,
        pending=int(random.integers(0, 2)) * 16,
        sanitising=0,
        leased=leased,
        sanitise_s=300,
        horizons_s=engine.horizons_s,
        curve=engine.curve(0),
        kept_back=0,
        short_since_s=-1,
        wide=0,
        free_in_block=np.zeros(0, dtype=np.int64),
        held_in_block=np.zeros(0, dtype=np.int64),
        promised=committed(held, NOW_S, engine.horizons_s, 600),
        displaced=engine.displaced,
        held=held,
        asked=asked,
        nodes=engine.cluster.nodes,
        waiting=1,
    )


def _admissions(leases: int, rounds: int) -> dict[str, float]:
    """Time what one request costs beside so many leases: time passes, it is judged, counted, and later forgotten.

    Beside it, what counting all leases for each request costs.
    """
    random = np.random.default_rng(leases)
    engine = Engine(Cluster(leases, 8, 300, 0), Policy(int(PolicyCode.TIDEGATE)), TICK_S)
    engine.observe(NOW_S // TICK_S, Observation(0))
    kept = new_promises(leases + 1, engine.horizons_s, 600)
    held = np.zeros(leases, dtype=HELD_LEASE)
    held["nodes"], held["take_s"], held["notice_s"], held["price"] = 1, -1, 600, 700
    held["since_s"] = held["start_s"] = NOW_S
    held["firm_until_s"] = NOW_S + random.integers(600, 30 * 86_400, leases)
    held["end_s"] = held["firm_until_s"] + random.integers(0, 86_400, leases)
    for row in held:
        promise(kept, 1, row["firm_until_s"], row["end_s"], 600, -1, NOW_S)
    snapshot = _snapshot(engine, 0)._replace(
        idle=leases,
        pending=0,
        curve=np.full(engine.horizons_s.size, 2 * leases, dtype=np.int64),
        held=held,
        leased=leases,
        nodes=2 * leases,
    )
    snapshot = snapshot._replace(asked=snapshot.asked[:1], promised=kept.nodes)

    def by_record(now_s: int) -> None:
        pass_time(kept, now_s)
        plan = engine.decide(snapshot._replace(now_s=now_s))
        assert plan.verdict[0] == Verdict.ADMITTED
        forget(kept, promise(kept, 1, now_s + 21_600, now_s + 86_400, 600, -1, now_s))

    def by_count(now_s: int) -> None:
        promised = committed(held, now_s, engine.horizons_s, 600)
        engine.decide(snapshot._replace(now_s=now_s, promised=promised))

    by_record(NOW_S)
    by_count(NOW_S)
    found = {}
    for name, judged in (("by_record_us", by_record), ("by_count_us", by_count)):
        taken = []
        for second in range(1, rounds + 1):
            began = time.perf_counter()
            judged(NOW_S + second)
            taken.append(time.perf_counter() - began)
        found[name] = 1e6 * float(np.median(taken))
    return {"leases": leases, **found}


def _turnovers(leases: int, rounds: int) -> dict[str, float]:
    """Time what it costs the leader's memory when one of so many leases goes, and another comes."""
    random = np.random.default_rng(leases)
    pool = a_pool(2 * leases)
    terms: dict[str, Any] = {
        "order_id": "ord_1", "tenant_id": "ten_1", "pool_id": pool.id, "product": "flex", "nodes": 1,
        "admitted_s": NOW_S, "start_s": NOW_S, "end_s": NOW_S + 86_400, "firm_s": 21_600,
        "firm_until_s": NOW_S + 21_600, "notice_s": 600, "price": Decimal(2), "currency": "USD",
    }  # fmt: skip
    live = [Lease(id=f"lea_{n}", number=n, **terms) for n in range(leases)]
    rows = HeldRows(pool, live)
    taken = []
    for number in range(leases, leases + rounds):
        place, new = int(random.integers(leases)), Lease(id=f"lea_{number}", number=number, **terms)
        began = time.perf_counter()
        rows.remove(live.pop(place))
        rows.add(new)
        assert rows.rows.size == leases
        taken.append(time.perf_counter() - began)
        live.append(new)
    return {"leases": leases, "turnover_us": 1e6 * float(np.median(taken))}


def _median(run: Callable[[], object], runs: int) -> float:
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        run()
        taken.append(time.perf_counter() - began)
    return float(np.median(taken))


def measured(pools: int, nodes: int, runs: int) -> dict[str, Any]:
    """Build the pools, and time what the running system does with all of them."""
    policy = Policy(int(PolicyCode.TIDEGATE))
    cluster = Cluster(nodes, 8, 300, 1)
    # A few histories are enough: the pools differ in nothing that costs time.
    histories = [_demand(nodes, seed) for seed in range(8)]
    first = NOW_S // TICK_S - histories[0].size
    an_engine = Engine.replayed(cluster, policy, TICK_S, first, histories[0][:2])
    an_engine.decide(_snapshot(an_engine, 0))
    began = time.perf_counter()
    engines = [
        Engine.replayed(cluster, policy, TICK_S, first, histories[n % len(histories)])
        for n in range(pools)
    ]
    rebuilt_s = time.perf_counter() - began
    snapshots = [_snapshot(engine, seed) for seed, engine in enumerate(engines)]

    def refresh() -> None:
        for engine in engines:
            assert engine.tick is not None
            engine.observe(engine.tick + 1, Observation(nodes // 2))
            engine.curve(0)

    def decide() -> None:
        for engine, snapshot in zip(engines, snapshots, strict=True):
            engine.decide(snapshot)

    return {
        "pools": pools,
        "nodes": nodes,
        "leases": LEASES,
        "requests": REQUESTS,
        "rebuild_s": rebuilt_s,
        "refresh_s": _median(refresh, runs),
        "decide_s": _median(decide, runs),
        "admissions": [_admissions(leases, 2000) for leases in LEASE_COUNTS],
        "turnovers": [_turnovers(leases, 1000) for leases in LEASE_COUNTS],
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, write the JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.pools", description=__doc__)
    parser.add_argument("--pools", type=int, default=1000)
    parser.add_argument("--nodes", type=int, default=64)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "out" / "pools.json")
    options = parser.parse_args(arguments)
    found = measured(options.pools, options.nodes, options.runs)
    result = {"machine": machine(), **found, "targets": TARGETS}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1))
    each = 1e6 / found["pools"]
    print(f"{found['pools']} pools of {found['nodes']} nodes, on one core")
    for key, name in (
        ("rebuild_s", f"rebuilt from {HISTORY_DAYS} days"),
        ("refresh_s", "a tick observed, curve renewed"),
        ("decide_s", f"decided, {LEASES} leases and {REQUESTS} requests each"),
    ):
        target = f", target {TARGETS[key]:g} s" if key in TARGETS else ""
        print(f"{name:42} {found[key]:8.3f} s, {each * found[key]:9.1f} us a pool{target}")
    print(
        "\none request of a pool with so many leases: by the record of promises, by counting all leases"
    )
    for row in found["admissions"]:
        print(
            f"{row['leases']:9,} leases {row['by_record_us']:10.1f} us {row['by_count_us']:10.1f} us"
        )
    print("\none lease of so many goes, and another comes, before a decision reads them")
    for row in found["turnovers"]:
        print(f"{row['leases']:9,} leases {row['turnover_us']:10.1f} us")


if __name__ == "__main__":
    main()
