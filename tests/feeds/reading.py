"""Shared by the tests of the feeds: files in a moment, and what was rejected at a glance."""

from pathlib import Path
from typing import Any, Final

from tidegate.demand import Rejects
from tidegate.feeds import read_jobs
from tidegate.plan.scenario import LogSource

DATA: Final = Path(__file__).parent / "data"
TRACES: Final = Path(__file__).parents[2] / "examples" / "traces"


def write(folder: Path, text: str | bytes, name: str = "log.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def jobs(path: Path, **options: Any) -> dict[str, tuple[int, int, int, str | None]]:
    """Jobs by name: submit, duration, gpus, owner."""
    log = read_jobs(LogSource(path, **options))
    return {row[0]: row[1:] for row in log.frame.iter_rows()}


def told(rejects: Rejects) -> list[tuple[int, str | None, str]]:
    """Line, field and code of each rejected row."""
    return list(rejects.frame.select("line", "field", "code").iter_rows())


def adds_up(rejects: Rejects, kept: int) -> bool:
    return rejects.rows_read == kept + rejects.count + sum(rejects.skipped.values())
