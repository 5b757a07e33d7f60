"""Tidegate without leasing: first fit on nodes, in order of submission.

``python -m bench.peers.tidegate_fifo LOG.npz NODES RUNS WAITS.npy``
"""

import sys
from pathlib import Path

import numpy as np
from bench.logs import GPUS_PER_NODE, Log, load
from bench.measured import now_mb, peak_mb, print_json, timed

from tidegate.quota import Policy, PolicyCode
from tidegate.simulate import Cluster, Jobs, Played, Requests, Window, no_failures, play

SANITISE_S = 300


def replay(log: Log, nodes: int) -> Played:
    """Play a log with nothing leased."""
    return play(
        Cluster(nodes, GPUS_PER_NODE, SANITISE_S, 0),
        Jobs(log.submit_s, log.duration_s, log.gpus),
        Requests(*(np.zeros(0, dtype=np.int64) for _ in Requests._fields)),
        no_failures(),
        Policy(code=int(PolicyCode.NONE)),
        Window(0, int(log.submit_s[-1]) + 1, 0),
    )


def main(path: str, nodes: str, runs: str, answer: str) -> None:
    """Measure, and write the waiting times."""
    log = load(Path(path))
    # Compiled, or read from the cache, before anything is timed.
    replay(log.first(2), int(nodes))
    before = now_mb()
    waits = replay(log, int(nodes)).job_start_s - log.submit_s
    peak = peak_mb()
    figures = timed(lambda: replay(log, int(nodes)), int(runs))
    np.save(answer, waits)
    print_json({**figures, "jobs": len(log), "peak_mb": peak, "before_mb": before})


if __name__ == "__main__":
    main(*sys.argv[1:])
