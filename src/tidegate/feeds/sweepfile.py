"""Sweep files: which fleets are played under which policies, risks and seeds (TOML)."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from tidegate.errors import FleetFileError, SweepFileError
from tidegate.feeds.fleetfile.document import read_tables
from tidegate.feeds.fleetfile.problems import FileKind, Problems, one_of
from tidegate.feeds.fleetfile.reader import read_fleet
from tidegate.feeds.fleetfile.tables import Duration, Number, Table, Text
from tidegate.plan.game import Settings
from tidegate.plan.scenario import Scenario
from tidegate.plan.sweep import Sweep
from tidegate.quantity.timetext import DURATION_EXAMPLE
from tidegate.quota import POLICIES

SWEEP: Final = FileKind("TG-SWEEP", SweepFileError)

MOST_SEEDS: Final = 10_000
_MOST_SEED: Final = 2**32 - 1


def _seeds(value: object) -> tuple[int, ...]:
    given: list[int] = []
    for each in value if isinstance(value, list) else [value]:
        if not isinstance(each, int) or isinstance(each, bool):
            raise ValueError("a seed is a whole number")
        given.append(each)
    if not isinstance(value, list):
        if not 1 <= given[0] <= MOST_SEEDS:
            raise ValueError(f"1 to {MOST_SEEDS:,} seeds are played")
        return tuple(range(given[0]))
    if not given or not all(0 <= each <= _MOST_SEED for each in given):
        raise ValueError(f"a seed is 0 to {_MOST_SEED:,}, and there is at least one")
    return tuple(given)


class SweepTable(Table):
    """The whole file."""

    fleets: list[Text] = Field(
        min_length=1, description="a list of fleet files, relative to this file"
    )
    policies: list[str] = Field(
        default_factory=lambda: list(Settings.policies),
        min_length=1,
        description="a list of policies, such as ['static', 'tidegate']",
    )
    risk: list[Annotated[Number, Field(gt=0, lt=1)]] = Field(
        default_factory=list, description="a list of numbers above 0 and below 1"
    )
    seeds: Annotated[tuple[int, ...], BeforeValidator(_seeds)] = Field(
        Settings.seeds, description="how many seeds, such as 5, or a list, such as [0, 7, 11]"
    )
    warmup: Duration = Field(Settings.warmup_s, description=DURATION_EXAMPLE)
    offered_load: Number | None = Field(None, ge=0, le=100, description="a number from 0 to 100")


def read_sweep(path: str | Path) -> Sweep:
    """Read a sweep file and the fleet files that it names.

    Parameters
    ----------
    path : str or Path
        A TOML file, as described in ``docs/guide/sweeps.md``.

    Returns
    -------
    Sweep

    Raises
    ------
    SweepFileError
        If the file cannot be used; all its errors are reported together.
    FleetFileError
        If a fleet file that it names cannot be used.
    """
    table, problems = read_tables(path, SweepTable, SWEEP)
    known = [name for name, _, _ in POLICIES]
    for place, name in enumerate(table.policies):
        if name not in known:
            problems.add(
                "TG-SWEEP-VALUE",
                ("policies", place),
                f"the policy {name!r} is unknown.",
                one_of(name, known),
            )
    lists: dict[str, Sequence[object]] = {
        "fleets": table.fleets,
        "policies": table.policies,
        "risk": table.risk,
        "seeds": table.seeds,
    }
    for key, values in lists.items():
        _check_once(key, values, problems)
    scenarios = _scenarios(table.fleets, Path(path).parent, problems)
    problems.raise_if_any()
    return Sweep(
        scenarios=tuple(scenarios),
        policies=tuple(name for name in known if name in table.policies),
        risks=tuple(table.risk),
        seeds=table.seeds,
        warmup_s=table.warmup,
        offered_load=table.offered_load,
        source=str(path),
    )


def _check_once(key: str, values: Sequence[object], problems: Problems) -> None:
    seen = Counter[object]()
    for place, value in enumerate(values):
        if seen[value]:
            problems.add(
                "TG-SWEEP-VALUE",
                (key, place),
                f"{value!r} stands in {key} twice.",
                "each once.",
            )
        seen[value] += 1


def _scenarios(names: Sequence[str], folder: Path, problems: Problems) -> list[Scenario]:
    found = []
    for place, name in enumerate(names):
        try:
            found.append(read_fleet(folder / name))
        except FleetFileError as error:
            if error.code != "TG-FLEET-MISSING":
                raise
            problems.add(
                "TG-SWEEP-VALUE",
                ("fleets", place),
                f"{str(folder / name)!r} {error.message.removeprefix('the file ')}",
                "the path of a fleet file, relative to this file.",
            )
    return found
