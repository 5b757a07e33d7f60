"""How fast the market is played: 10,000 futures x 120 months x 6 generations x 5 camps x 2 regions.

``python -m bench.market [--draws N] [--json FILE]``; what the figures mean stands in ``docs/reference/benchmarks.md``.
The kernel is compiled before the clock starts, as it is kept on disk between starts.
"""

import argparse
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.measured import machine, peak_mb

from tidegate.app.market import play_scenario
from tidegate.app.workers import Crew
from tidegate.feeds.marketfile import read_market
from tidegate.market.model import Market
from tidegate.market.posterior import shipped
from tidegate.market.run import Draws, MarketRun

DRAWS: Final = 10_000
SEED: Final = 0
TARGET_S: Final = 60.0
TARGET_MB: Final = 4000.0
WORKERS: Final = 2
LEFT_OUT: Final = ("NEXT-2", "MTIA-400")
"""Generations of the base scenario that the size named in the target does not have."""


def sized() -> Market:
    """Return the base scenario with six generations."""
    base = read_market("base")
    market = replace(
        base,
        generations=tuple(g for g in base.generations if g.id not in LEFT_OUT),
        fleet=tuple(a for a in base.fleet if a.generation not in LEFT_OUT),
    )
    assert (len(market.generations), len(market.camps), market.months) == (6, 5, 120)
    return market


def played(market: Market, draws: int, workers: int) -> tuple[MarketRun, dict[str, float]]:
    """Play, and return what it took."""
    wall, processor = time.perf_counter(), time.process_time()
    run = play_scenario(
        market, Draws(shipped().posterior, draws, SEED), crew=Crew("threading", workers)
    )
    return run, {
        "wall_s": time.perf_counter() - wall,
        "processor_s": time.process_time() - processor,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    market = sized()
    first, _ = played(market, 250, 1)
    run, took = played(market, asked.draws, WORKERS)
    again, _ = played(market, 250, WORKERS)
    same = all(
        np.array_equal(getattr(first.record, name), getattr(again.record, name))
        for name in first.record._fields
    )
    # What the wall shows on a machine of one's own: the threads share nothing but the processor.
    alone = took["processor_s"] / WORKERS * DRAWS / asked.draws
    figures: dict[str, Any] = {
        "draws": asked.draws,
        "months": market.months,
        "generations": len(market.generations),
        "camps": len(market.camps),
        "regions": 2,
        "workers": WORKERS,
        **{name: round(value, 2) for name, value in took.items()},
        "own_machine_s_for_10000": round(alone, 1),
        "target_s": TARGET_S,
        "peak_mb": round(peak_mb(), 0),
        "target_mb": TARGET_MB,
        "load_average": list(os.getloadavg()),
        "same_by_one_worker_and_two": same,
        "uncleared_share": run.uncleared,
    }
    for name, value in figures.items():
        print(f"{name:28} {value}")
    memory = peak_mb() <= TARGET_MB
    for how, seconds in (
        ("the wall", took["wall_s"] * DRAWS / asked.draws),
        ("processor time over workers", alone),
    ):
        met = seconds <= TARGET_S and memory
        print(f"target met by {how}: {'yes' if met else 'no'}")
    if asked.json:
        asked.json.write_text(json.dumps({**figures, "machine": machine()}, indent=2), "utf-8")


if __name__ == "__main__":
    main()
