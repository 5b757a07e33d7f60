"""One measurement, one process: memory is then that of the measured alone, and a failure stays there."""

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from bench.logs import ROOT

LIBRARIES: Final = ("tidegate", "numba", "numpy", "polars", "simpy", "accasim")
_LAST_LINES: Final = 400


@dataclass(frozen=True)
class Failed:
    """A measurement that did not come about."""

    reason: str


def run_child(
    module: str,
    *arguments: str | Path | float,
    limit_s: float = 300,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
) -> dict[str, Any] | Failed:
    """Run ``python -m module`` and return the JSON object on the last line of what it prints."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", module, *map(str, arguments)],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Failed(f"not done after {limit_s:g} s")
    if done.returncode != 0:
        return Failed(f"exit code {done.returncode}: {done.stderr.strip()[-_LAST_LINES:]}")
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def timed(action: Callable[[], object], runs: int) -> dict[str, Any]:
    """Return best and median seconds of several runs.

    Everything timed here works in one thread, so the processor time is what the wall would show on a machine of
    one's own; ``wall_s`` is the best the wall did show.
    """
    seconds, wall = [], []
    for _ in range(runs):
        began, wall_began = time.process_time(), time.perf_counter()
        action()
        seconds.append(time.process_time() - began)
        wall.append(time.perf_counter() - wall_began)
    return {
        "best_s": min(seconds),
        "median_s": statistics.median(seconds),
        "wall_s": min(wall),
        "runs": runs,
    }


def _status_mb(field: str) -> float | None:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1e3 for line in lines if line.startswith(field)), None)


def peak_mb() -> float:
    """Return this process's peak memory in megabytes.

    ``ru_maxrss`` starts at the peak of the process that spawned this one, so Linux's own mark comes first.
    """
    own = _status_mb("VmHWM:")
    scale = 1e6 if sys.platform == "darwin" else 1e3
    return own if own is not None else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


def now_mb() -> float:
    """Return this process's memory now, in megabytes (its peak where the system does not tell)."""
    own = _status_mb("VmRSS:")
    return own if own is not None else peak_mb()


def print_json(answer: Mapping[str, Any]) -> None:
    """Print a child's answer."""
    print(json.dumps(answer))


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "not installed"


def machine() -> dict[str, Any]:
    """Return what the absolute figures depend on."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [s for s in info.read_text().splitlines() if s.startswith("model name")]
        cpu = names[0].split(":", 1)[1].strip() if names else cpu
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load_average": list(os.getloadavg()),
        "python": platform.python_version(),
        "versions": {library: _version(library) for library in LIBRARIES},
    }


def same(values: Sequence[int], others: Sequence[int]) -> bool:
    """Whether two peers' waiting times are the same, job for job up to their order."""
    return sorted(values) == sorted(others)
