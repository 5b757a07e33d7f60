"""From a scenario's folder to a market."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from tidegate.errors import MarketFileError, Place
from tidegate.feeds.fleetfile.document import read_tables
from tidegate.feeds.fleetfile.problems import Problems, one_of
from tidegate.feeds.fleetfile.tables import Table
from tidegate.feeds.marketfile.checks import check_market, check_shares
from tidegate.feeds.marketfile.columns import read_rows
from tidegate.feeds.marketfile.tables import (
    MARKET,
    ArrivalRow,
    CampRow,
    GenerationRow,
    MarketTable,
    SettingTable,
    UseRow,
)
from tidegate.fleet import catalogue
from tidegate.market.model import (
    Arrival,
    Camp,
    Entry,
    Export,
    Generation,
    Market,
    Pause,
    Setting,
    Slip,
    Use,
)

_TABLES: Final[Mapping[str, type[Table]]] = {
    "generations.csv": GenerationRow,
    "uses.csv": UseRow,
    "camps.csv": CampRow,
    "fleet.csv": ArrivalRow,
}
_FIGURES: Final = ("bf16_tflops", "bandwidth_tb_s", "memory_gb", "tdp_w")
_MOST_EXTENDED: Final = 8


def bundled_folder() -> Path:
    """Folder of the scenarios that come along."""
    return Path(str(files("tidegate.market"))) / "data" / "scenarios"


def bundled_scenarios() -> tuple[str, ...]:
    """Names of the scenarios that come along: ``base`` first, the others by name."""
    names = sorted(p.name for p in bundled_folder().iterdir() if (p / "scenario.toml").exists())
    return ("base", *(name for name in names if name != "base"))


@dataclass(frozen=True)
class _Layer:
    """A folder of the chain from a scenario to what it extends."""

    folder: Path
    table: MarketTable
    problems: Problems


def read_market(where: str | Path) -> Market:
    """Read a scenario.

    Parameters
    ----------
    where : str or Path
        A folder with ``scenario.toml``, or the name of a bundled scenario.

    Returns
    -------
    Market

    Raises
    ------
    MarketFileError
        When something in it is wrong; its ``others`` hold what else is.
    """
    layers = list(_layers(where))
    errors: list[MarketFileError] = []
    rows: dict[str, list[Any]] = {}
    homes: dict[str, Path] = {}
    for name, model in _TABLES.items():
        home = next((x.folder for x in layers if (x.folder / name).exists()), layers[-1].folder)
        homes[name] = home / name
        rows[name], found = read_rows(homes[name], model)
        errors += found
    top = layers[0]
    setting = _setting(layers, errors)
    check_shares(homes, rows, errors)
    generations = _generations(rows["generations.csv"], homes["generations.csv"], errors)
    _raise(errors)
    start, months = _span(layers)
    entry = next((x.table.entry for x in layers if x.table.entry), None)
    market = Market(
        name=top.folder.name,
        title=top.table.scenario.title,
        start=start,
        months=months,
        generations=generations,
        uses=tuple(Use(**row.model_dump()) for row in rows["uses.csv"]),
        camps=_camps(rows["camps.csv"], homes["camps.csv"]),
        fleet=tuple(Arrival(**row.model_dump(exclude={"source"})) for row in rows["fleet.csv"]),
        entry=Entry(entry.month, entry.ramp_months, entry.gpus) if entry else None,
        rents=entry.rents if entry else {},
        pauses=tuple(
            Pause(p.first, p.last, p.factor, tuple(p.uses)) for x in layers for p in x.table.pause
        ),
        slips=tuple(Slip(s.generation, s.months) for x in layers for s in x.table.slip),
        exports=tuple(
            Export(e.first, e.allowed_share, tuple(e.generations))
            for x in reversed(layers)
            for e in x.table.export
        ),
        setting=setting,
        owners=entry.owners if entry else 1.0,
        source=str(where),
    )
    check_market(market, top.problems, homes)
    top.problems.raise_if_any()
    return market


def _span(layers: Sequence[_Layer]) -> tuple[date, int]:
    tables = [x.table.scenario for x in layers]
    start = next((t.start for t in tables if t.start is not None), None)
    months = next((t.months for t in tables if t.months is not None), None)
    problems = layers[0].problems
    for key, value in (("start", start), ("months", months)):
        if value is None:
            problems.add("TG-MARKET-KEY", ("scenario", key), f"the key {key} is missing.")
    problems.raise_if_any()
    assert start is not None
    assert months is not None
    return start, months


def _layers(where: str | Path) -> Iterable[_Layer]:
    folder = _folder(where, Path())
    for _ in range(_MOST_EXTENDED):
        table, problems = read_tables(folder / "scenario.toml", MarketTable, MARKET)
        yield _Layer(folder, table, problems)
        if table.scenario.extends is None:
            return
        folder = _folder(table.scenario.extends, folder.parent)
    raise MarketFileError(
        "TG-MARKET-VALUE",
        "the scenario extends others without end.",
        place=Place(str(where), field="scenario.extends"),
        expected=f"at most {_MOST_EXTENDED} scenarios, one upon the other.",
    )


def _folder(where: str | Path, beside: Path) -> Path:
    folder = beside / where
    if (folder / "scenario.toml").exists():
        return folder
    if str(where) in bundled_scenarios():
        return bundled_folder() / where
    if folder.is_dir():
        return folder
    raise MarketFileError(
        "TG-MARKET-MISSING",
        "there is no such folder, and no scenario of that name comes along.",
        place=Place(str(where)),
        expected=one_of(str(where), bundled_scenarios()),
    )


def _setting(layers: Sequence[_Layer], errors: list[MarketFileError]) -> Setting:
    merged: dict[str, object] = {}
    for layer in reversed(layers):
        known = [f.name for f in fields(Setting)]
        for key, value in layer.table.setting.items():
            path = ("setting", key)
            if key not in known:
                layer.problems.add(
                    "TG-MARKET-KEY", path, f"the key {key} is unknown.", one_of(key, known)
                )
                continue
            field = SettingTable.model_fields[key]
            try:
                checked = SettingTable.model_validate({key: value})
            except ValueError:
                layer.problems.add(
                    "TG-MARKET-VALUE",
                    path,
                    f"{key} = {value} cannot be used.",
                    f"{field.description}.",
                )
                continue
            merged[key] = getattr(checked, key)
        try:
            layer.problems.raise_if_any()
        except MarketFileError as error:
            errors += [error, *(e for e in error.others if isinstance(e, MarketFileError))]
    return Setting(**merged)  # type: ignore[arg-type]


def _generations(
    rows: Sequence[GenerationRow], path: Path, errors: list[MarketFileError]
) -> tuple[Generation, ...]:
    made = []
    for line, row in enumerate(rows, start=2):
        values = row.model_dump(exclude={"source"})
        chip = catalogue().get(row.id)
        for name in _FIGURES:
            if values[name] is None:
                values[name] = getattr(chip, name) if chip else None
            if values[name] is None:
                errors.append(
                    MarketFileError(
                        "TG-MARKET-QUALITY",
                        f"generation {row.id!r} has no {name}, and the chip catalogue knows none.",
                        place=Place(str(path), line, name),
                        expected="a number above 0: without it nobody knows what work a GPU does.",
                    )
                )
                values[name] = 1.0
        made.append(Generation(**values))
    return tuple(made)


def _camps(rows: Sequence[CampRow], path: Path) -> tuple[Camp, ...]:
    owners = [row for row in rows if row.owner]
    if len(owners) != 1:
        raise MarketFileError(
            "TG-MARKET-VALUE",
            f"{len(owners)} camps are marked as the owner's.",
            place=Place(str(path), field="owner"),
            expected="yes for exactly one of them.",
        )
    ordered = [*(row for row in rows if not row.owner), *owners]
    return tuple(Camp(**row.model_dump()) for row in ordered)


def _raise(errors: Sequence[MarketFileError]) -> None:
    if errors:
        first, *others = errors
        first.others = tuple(others)
        raise first
