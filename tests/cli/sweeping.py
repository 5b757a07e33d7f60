"""A small sweep: two fleets beside their log."""

from pathlib import Path

from tests.cli.calling import FLEET, fleet_of

SWEEP = """
fleets = ["fleet.toml", "large.toml"]
policies = ["static", "tidegate"]
risk = [0.05, 0.3]
seeds = 2
warmup = "12h"
"""


def sweep_of(folder: Path, text: str = SWEEP) -> Path:
    """A sweep file with its fleets and their log."""
    fleet_of(folder)
    large = FLEET.replace('"small"', '"large"').replace("nodes = 4", "nodes = 6")
    (folder / "large.toml").write_text(large, "utf-8")
    path = folder / "sweep.toml"
    path.write_text(text, "utf-8")
    return path


def cells_in(out: Path) -> dict[str, int]:
    """Finished cells of a sweep's folder, and when each was written."""
    return {path.name: path.stat().st_mtime_ns for path in (out / "cells").glob("*.json")}
