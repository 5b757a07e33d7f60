"""SimPy: one container of GPUs, first in first out; it knows no nodes.

``python -m bench.peers.simpy_fifo LOG.npz NODES RUNS WAITS.npy``
"""

import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import simpy
from bench.logs import GPUS_PER_NODE, load
from bench.measured import now_mb, peak_mb, print_json, timed

Events = Generator[Any, Any, None]


def _job(env: Any, pool: Any, duration: int, gpus: int, waits: list[int]) -> Events:
    asked = env.now
    yield pool.get(gpus)
    waits.append(env.now - asked)
    yield env.timeout(duration)
    yield pool.put(gpus)


def _submit(env: Any, pool: Any, rows: list[tuple[int, int, int]], waits: list[int]) -> Events:
    for submit, duration, gpus in rows:
        if submit > env.now:
            yield env.timeout(submit - env.now)
        env.process(_job(env, pool, duration, gpus, waits))


def simulate(rows: list[tuple[int, int, int]], gpus: int) -> list[int]:
    """Return the waiting times, in order of start."""
    env = simpy.Environment()
    pool = simpy.Container(env, capacity=gpus, init=gpus)
    waits: list[int] = []
    env.process(_submit(env, pool, rows, waits))
    env.run()
    return waits


def main(path: str, nodes: str, runs: str, answer: str) -> None:
    """Measure, and write the waiting times."""
    log = load(Path(path))
    columns = (log.submit_s.tolist(), log.duration_s.tolist(), log.gpus.tolist())
    rows = list(zip(*columns, strict=True))
    gpus = int(nodes) * GPUS_PER_NODE
    before = now_mb()
    waits: list[int] = []

    def one_run() -> None:
        waits[:] = simulate(rows, gpus)

    figures = timed(one_run, int(runs))
    peak = peak_mb()
    np.save(answer, np.array(waits, dtype=np.int64))
    print_json({**figures, "jobs": len(log), "peak_mb": peak, "before_mb": before})


if __name__ == "__main__":
    main(*sys.argv[1:])
