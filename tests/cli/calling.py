"""Commands called as a shell calls them, and the small logs they are called with."""

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tidegate.cli import main

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "three-tiers.toml"
ITP = ROOT / "examples" / "traces" / "itp_jobs.parquet"


class Called(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be one JSON value and nothing else."""
        return json.loads(self.out)


class Shell:
    """Calls ``tidegate`` in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *words: str | Path) -> Called:
        self._monkeypatch.setattr(sys, "argv", ["tidegate", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
        captured = self._capsys.readouterr()
        return Called(code, captured.out, captured.err)


def log_of(folder: Path, *, jobs: int = 200, torn: int = 0, name: str = "log.csv") -> Path:
    """A generic table of two days of jobs for 4 nodes; so many rows are torn."""
    rows = [f"j{i},{i * 900},{600 + 977 * i % 9000},{(1, 4, 8, 16)[i % 4]},a" for i in range(jobs)]
    for i in range(torn):
        rows[5 + i] = f"j{5 + i},{(5 + i) * 900},oops"
    path = folder / name
    path.write_text("\n".join(["id,submit,duration,gpus,owner", *rows, ""]), "utf-8")
    return path


FLEET = """
name = "small"
currency = "USD"

[[site]]
id = "north"
timezone = "UTC"

[[pool]]
id = "h100"
site = "north"
chip = "H100-SXM"
nodes = 4
gpus_per_node = 8
tier = "mainstay"

[pool.policy]
lease = ["preemptible", "flex"]
risk = 0.1

[pool.log]
path = "log.csv"
"""


def fleet_of(folder: Path, text: str = FLEET) -> Path:
    """A fleet file beside its log."""
    log_of(folder)
    path = folder / "fleet.toml"
    path.write_text(text, "utf-8")
    return path
