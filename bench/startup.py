"""How long a command takes from the start of its process to its end, and a first compilation."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.logs import BUNDLED, ROOT, read
from bench.measured import Failed, run_child

_LAST_LINES = 400


def _command_s(command: Sequence[str]) -> float | Failed:
    began = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    if done.returncode != 0:
        return Failed(f"exit code {done.returncode}: {done.stderr.strip()[-_LAST_LINES:]}")
    return seconds


def command(arguments: Sequence[str], runs: int) -> dict[str, Any] | Failed:
    """Return the seconds of a command that has run before: best and median."""
    line = [str(Path(sys.executable).parent / "tidegate"), *arguments]
    seconds = []
    for number in range(runs + 1):
        taken = _command_s(line)
        if isinstance(taken, Failed):
            return taken
        if number > 0:
            seconds.append(taken)
    return {"best_s": min(seconds), "median_s": statistics.median(seconds), "runs": runs}


def start_up(runs: int) -> dict[str, dict[str, Any] | Failed]:
    """Return what a second call of the command line takes."""
    with tempfile.TemporaryDirectory() as folder:
        small = ["--jobs", str(BUNDLED), "--where", "cluster=cluster05", "--nodes", "40"]
        backtest = ["--seeds", "1", "--policies", "none,tidegate", "--out", folder]
        return {
            "tidegate --version": command(["--version"], runs),
            "tidegate backtest": command(["backtest", *small, *backtest], runs),
        }


def compilation() -> dict[str, Any] | Failed:
    """Return the seconds of the first play with an empty cache, and of the first one after that."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        read().first(100).save(folder / "log.npz")
        cache = {"NUMBA_CACHE_DIR": str(folder / "cache")}
        taken = []
        for _ in range(2):
            child = run_child("bench.startup", folder / "log.npz", env=cache)
            if isinstance(child, Failed):
                return child
            taken.append(child["play_s"])
        return {"empty_cache_s": taken[0], "cached_s": taken[1]}


def main(path: str) -> None:
    """Time the first play in a process."""
    from bench.logs import load  # noqa: PLC0415
    from bench.measured import print_json  # noqa: PLC0415
    from bench.peers.tidegate_fifo import replay  # noqa: PLC0415

    log = load(Path(path))
    began = time.perf_counter()
    replay(log, 310)
    print_json({"play_s": time.perf_counter() - began})


if __name__ == "__main__":
    main(*sys.argv[1:])
