"""What single values cannot show: shares that must add up, names that must exist, fleets that must suffice."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tidegate.errors import MarketFileError, Place
from tidegate.feeds.fleetfile.problems import Problems, one_of
from tidegate.market.model import Market
from tidegate.market.parameters import INDEX

_ONE: Final = 1e-6
_MUST_BE_ONE: Final = {
    "uses.csv": ("share_open", "share_walled"),
    "camps.csv": ("stock_share_open", "stock_share_walled"),
}


def check_shares(
    homes: Mapping[str, Path], rows: Mapping[str, Sequence[Any]], errors: list[MarketFileError]
) -> None:
    """Note shares that do not add up to 1, weights of a use that do not, and ids that stand twice."""
    for name, columns in _MUST_BE_ONE.items():
        for column in columns:
            total = sum(getattr(row, column) for row in rows[name])
            if rows[name] and abs(total - 1) > _ONE:
                errors.append(_not_one(homes[name], None, column, total))
    for line, use in enumerate(rows["uses.csv"], start=2):
        total = use.flops + use.bandwidth + use.memory
        if abs(total - 1) > _ONE:
            errors.append(_not_one(homes["uses.csv"], line, "flops", total))
    for name in ("generations.csv", "uses.csv", "camps.csv"):
        if not rows[name]:
            errors.append(
                MarketFileError(
                    "TG-MARKET-VALUE",
                    "there is no row that can be used.",
                    place=Place(str(homes[name])),
                    expected="at least one row.",
                )
            )
        for twice, count in Counter(row.id for row in rows[name]).items():
            if count > 1:
                errors.append(
                    MarketFileError(
                        "TG-MARKET-VALUE",
                        f"{twice!r} stands there {count} times.",
                        place=Place(str(homes[name]), field="id"),
                        expected="each once.",
                    )
                )


def _not_one(path: Path, line: int | None, column: str, total: float) -> MarketFileError:
    what = "flops, bandwidth and memory" if column == "flops" else f"the shares in {column}"
    return MarketFileError(
        "TG-MARKET-SHARES",
        f"{what} add up to {total:.6g}.",
        place=Place(str(path), line, column),
        expected="a sum of 1.",
    )


def check_market(market: Market, problems: Problems, homes: Mapping[str, Path]) -> None:
    """Note names that lead nowhere, and what the owner would lease without having it."""
    generations = market.generation_ids
    uses = [u.id for u in market.uses]
    _check_tastes(market, homes)
    if market.setting.reference not in generations:
        problems.add(
            "TG-MARKET-REFERENCE",
            ("setting", "reference"),
            f"the generation {market.setting.reference!r} is not defined.",
            one_of(market.setting.reference, generations),
        )
    for slip in market.slips:
        _known(problems, "slip", slip.generation, generations)
    for export in market.exports:
        for name in export.generations:
            _known(problems, "export", name, generations)
    for pause in market.pauses:
        for name in pause.uses:
            _known(problems, "pause", name, uses)
    for arrival in market.fleet:
        if arrival.generation not in generations or arrival.last < arrival.first:
            raise MarketFileError(
                "TG-MARKET-REFERENCE" if arrival.last >= arrival.first else "TG-MARKET-VALUE",
                f"GPUs of {arrival.generation!r} cannot join the fleet.",
                place=Place(str(homes["fleet.csv"]), field="generation"),
                expected="an id of generations.csv, and a last month not before the first.",
            )
    if market.entry is None:
        return
    for name, gpus in market.entry.gpus.items():
        path = ("entry", "gpus", name)
        if not _known(problems, "entry.gpus", name, generations, path):
            continue
        fleet = sum(a.gpus for a in market.fleet if a.generation == name)
        if gpus > fleet:
            problems.add(
                "TG-MARKET-VALUE",
                path,
                f"{gpus:,.0f} GPUs are offered, but the fleet comes to {fleet:,.0f}.",
                "at most as many as fleet.csv brings.",
            )
    for name in market.rents:
        _known(problems, "entry.rents", name, generations, ("entry", "rents", name))


def _check_tastes(market: Market, homes: Mapping[str, Path]) -> None:
    for line, it in enumerate(market.generations, start=2):
        if it.taste and not (it.taste in INDEX and it.taste.startswith("taste_")):
            raise MarketFileError(
                "TG-MARKET-REFERENCE",
                f"there is no parameter {it.taste!r}.",
                place=Place(str(homes["generations.csv"]), line, "taste"),
                expected=one_of(it.taste, [name for name in INDEX if name.startswith("taste_")]),
            )


def _known(
    problems: Problems,
    where: str,
    name: str,
    known: Sequence[str],
    path: tuple[str, ...] | None = None,
) -> bool:
    if name in known:
        return True
    problems.add(
        "TG-MARKET-REFERENCE",
        path or (where,),
        f"{name!r} is not defined.",
        one_of(name, known),
    )
    return False
