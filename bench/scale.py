"""Large logs drawn from the bundled one, 70 % of the GPUs busy.

``python -m bench.scale REAL.npz JOBS NODES RUNS SEED``
"""

import sys
import time
from pathlib import Path

from bench.logs import load, resampled
from bench.measured import now_mb, peak_mb, print_json, timed
from bench.peers.tidegate_fifo import replay


def main(path: str, jobs: str, nodes: str, runs: str, seed: str) -> None:
    """Measure."""
    real = load(Path(path))
    replay(real.first(2), int(nodes))
    bare = now_mb()
    began = time.perf_counter()
    log = resampled(real, jobs=int(jobs), nodes=int(nodes), seed=int(seed))
    drawing_s = time.perf_counter() - began
    figures = timed(lambda: replay(log, int(nodes)), int(runs))
    peak = peak_mb()
    waits = replay(log.first(100_000), int(nodes)).job_start_s - log.submit_s[:100_000]
    print_json(
        {
            **figures,
            "jobs": len(log),
            "nodes": int(nodes),
            "drawing_s": drawing_s,
            "peak_mb": peak,
            "bare_mb": bare,
            "input_mb": log.mb,
            "over_input_mb": peak - bare - log.mb,
            "waited_share": float((waits > 0).mean()),
        }
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
