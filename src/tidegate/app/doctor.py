"""What this installation has, and what to do about what it lacks."""

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from tidegate.compiled import cache_dir

REQUIRED: Final = (
    "tidegate",
    "highspy",
    "jinja2",
    "joblib",
    "numba",
    "numpy",
    "polars",
    "pydantic",
    "rich",
    "typer",
)
OPTIONAL_PACKAGES: Final = (
    ("distributed", "sweeps on a Dask cluster", "pip install 'tidegate[cluster]'"),
    ("simpy", "a peer of the speed benchmark", "pip install 'tidegate[bench]'"),
    ("accasim", "a peer of the speed benchmark", "pip install 'tidegate[bench]'"),
)
OPTIONAL_PROGRAMS: Final = (
    ("chromium", "tests of the report in a browser", "apt-get install chromium"),
    (
        "sacct",
        "the source of a Slurm site's job log",
        "run `sacct` where Slurm is, copy its output",
    ),
    ("uv", "making the lock files again", "pip install uv"),
)


@dataclass(frozen=True)
class Check:
    """One thing looked at.

    Attributes
    ----------
    name : str
    state : str
        ``ok``, ``missing`` (optional, works without) or ``bad`` (must be mended).
    found : str
        What was found.
    todo : str
        What to do; empty when nothing.
    """

    name: str
    state: str
    found: str
    todo: str = ""


def _package(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _cache() -> Check:
    folder = cache_dir()
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not (existing.is_dir() and os.access(existing, os.W_OK)):
        return Check(
            "compile cache",
            "bad",
            f"{folder} cannot be written",
            "set NUMBA_CACHE_DIR to a folder that can; without it every start compiles anew",
        )
    files = list(folder.rglob("*.nbc")) if folder.exists() else []
    if not files:
        return Check(
            "compile cache", "ok", f"{folder} is empty: the first run compiles (about 20 s)"
        )
    size_mb = sum(path.stat().st_size for path in files) / 1e6
    return Check("compile cache", "ok", f"{folder}, {len(files)} functions, {size_mb:.1f} MB")


def _bytecode() -> Check:
    if sys.dont_write_bytecode:
        return Check(
            "byte code",
            "missing",
            "PYTHONDONTWRITEBYTECODE is set: every start parses the libraries anew",
            "unset PYTHONDONTWRITEBYTECODE",
        )
    return Check("byte code", "ok", "kept")


def diagnose() -> list[Check]:
    """Look at Python, packages, compile cache, threads and optional parts.

    Returns
    -------
    list of Check
        In the order in which they are shown.
    """
    checks = [Check("python", "ok", f"{platform.python_version()} ({sys.executable})")]
    for name in REQUIRED:
        found = _package(name)
        todo = "" if found else f"pip install {name}"
        checks.append(Check(name, "ok" if found else "bad", found or "not installed", todo))
    checks += [_cache(), _bytecode()]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    polars_threads = os.environ.get("POLARS_MAX_THREADS", str(cores))
    checks.append(
        Check(
            "threads", "ok", f"{cores} cores; reading logs uses {polars_threads}, a play uses one"
        )
    )
    for name, purpose, todo in OPTIONAL_PACKAGES:
        found = _package(name)
        state = "ok" if found else "missing"
        checks.append(
            Check(name, state, found or f"not installed ({purpose})", "" if found else todo)
        )
    for name, purpose, todo in OPTIONAL_PROGRAMS:
        path = shutil.which(name)
        state = "ok" if path else "missing"
        checks.append(Check(name, state, path or f"not found ({purpose})", "" if path else todo))
    return checks
