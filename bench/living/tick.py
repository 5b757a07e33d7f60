"""One step of the loop over a large pool: looked at, reconciled, observed, decided, written."""

import time
from dataclasses import replace
from typing import Any

import numpy as np
from tests.control.living import START_S, Living, a_pool, an_order

from tidegate.drivers.embedded.jobs import JobList
from tidegate.store import migrate, open_database


def tick_times(url: str, nodes: int, *, leases: int, ticks: int) -> dict[str, Any]:
    """Return how long ticks take, with internal jobs that come and go at each."""
    database = open_database(url)
    migrate(database)
    pool = a_pool(nodes, risk=0.05)
    chance = np.random.default_rng(0)
    moments = np.sort(chance.integers(600, 600 + 300 * (ticks + 3), size=200 * (ticks + 3)))
    jobs = JobList(
        (moments + START_S).tolist(),
        chance.integers(600, 7200, size=moments.size).tolist(),
        chance.integers(1, 17, size=moments.size).tolist(),
    )
    living = Living(database, pool, jobs, quiet_days=20)
    living.step()
    for _ in range(leases):
        living.place(replace(an_order(pool, "flex", nodes=2), duration_s=86_400, firm_s=21_600))
    living.clock.time_s += 300
    living.step()
    living.clock.time_s += 300
    living.step()  # all of them begin to run
    held = len(living.line.book.leases)
    taken = []
    for _ in range(ticks):
        living.clock.time_s += 300
        news = living.line.desk.work()
        began = time.perf_counter()
        living.line.step(news)
        taken.append(time.perf_counter() - began)
    database.close()
    p50, most = np.percentile(taken, [50, 100])
    return {
        "nodes": nodes,
        "leases": held,
        "ticks": ticks,
        "p50_ms": round(p50 * 1000, 1),
        "max_ms": round(most * 1000, 1),
    }
