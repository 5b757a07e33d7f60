"""From findings to a PDF: pages of text, charts and tables as plain data, set by a Typst template."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, Final

import typst

from tidegate.finance.coverage import Coverage
from tidegate.finance.impairment import ImpairmentTest
from tidegate.finance.report import Kind, Report, Table
from tidegate.finance.report.coverage import coverage_report
from tidegate.finance.report.impairment import impairment_report
from tidegate.finance.report.statement import statement_report
from tidegate.finance.report.stress import stress_report
from tidegate.finance.report.table import Value, shown
from tidegate.finance.report.tiers import tiers_report
from tidegate.finance.revenue import LeaseFlags
from tidegate.finance.statement import Statement
from tidegate.finance.stress import StressResult
from tidegate.finance.stress.levers import levers
from tidegate.finance.stress.smoothing import smoothing
from tidegate.finance.stress.tornado import tornado
from tidegate.finance.tiers import TierPlan
from tidegate.web.boardpack import ahead, measured

_TEMPLATE: Final = "boardpack.typ"


@dataclass(frozen=True)
class Findings:
    """All that a board pack tells.

    Attributes
    ----------
    measured : Coverage
    stated : Statement
    stressed : StressResult
    tested : ImpairmentTest
    planned : TierPlan
    flags : tuple of LeaseFlags
    """

    measured: Coverage
    stated: Statement
    stressed: StressResult
    tested: ImpairmentTest
    planned: TierPlan
    flags: tuple[LeaseFlags, ...]


def board_pack(found: Findings, at: datetime | None = None) -> bytes:
    """Return the board pack as PDF.

    Parameters
    ----------
    found : Findings
    at : datetime or None
        Date of the document; None for now.
    """
    when = (at or datetime.now(UTC)).replace(microsecond=0)
    books = found.measured.books
    data = {
        "title": f"{books.name}: fleet finance",
        "subtitle": f"Board pack, {found.stated.first} to {found.stated.last}",
        "source": found.measured.label,
        "made": f"{when:%Y-%m-%d}",
        "currency": books.currency,
        "pages": _pages(found),
        "notes": list(
            dict.fromkeys((*found.stated.measured.notes, *tiers_report(found.planned).notes))
        ),
    }
    template = files("tidegate.web").joinpath("templates", _TEMPLATE).read_bytes()
    done = typst.compile(
        template, format="pdf", sys_inputs={"data": json.dumps(data)}, timestamp=when
    )
    assert isinstance(done, bytes)
    return done


def _pages(found: Findings) -> list[dict[str, Any]]:
    covered = coverage_report(found.measured)
    stated = statement_report(found.stated)
    cycle = stress_report(found.measured, found.stressed)
    tested = impairment_report(found.tested, found.flags)
    planned = tiers_report(found.planned)
    inputs = found.stressed.inputs
    widest = max(
        inputs.generations,
        key=lambda g: (inputs.leased_h * inputs.rent)[_places(found, g.chip)].sum(),
    )
    sensitive = levers(found.measured)
    return [
        _page(
            "Does rent cover the fleet?",
            _headlines(found, cycle),
            [measured.coverage_chart(found.measured)],
            [
                _cut(
                    covered.table("tiers"),
                    "tier gpu_hours net_rent full_cost result covers_cash covers_full",
                )
            ],
            tiles=_tiles(found, cycle),
        ),
        _page(
            "What leasing adds",
            [_leasing_sentence(found)],
            [measured.split_chart(found.measured)],
            [
                _cut(
                    covered.table("leasing"),
                    "tier result_without result_with net_rent leasing_cost waiting_cost margin",
                ),
                covered.table("products"),
            ],
        ),
        _page(
            "Cost of an hour",
            [
                "Break-even is what every busy hour, own or leased, must bring for all costs to be covered, idle "
                "hours included."
            ],
            [measured.hour_chart(found.measured)],
            [
                _cut(covered.table("hours"), "cohort cash full marginal busy break_even rent"),
                _cut(covered.table("returns"), "cohort counting cost payback_months npv irr"),
            ],
        ),
        _page(
            "Statement",
            [
                f"The result of the time measured is {found.stated.result:,.0f} {found.measured.books.currency}."
            ],
            [measured.value_chart(found.measured)],
            [
                stated.table("income"),
                *([stated.table("programme")] if found.stated.programme else []),
            ],
        ),
        _page(
            "The cycle",
            [f"{name}: {text}." for name, text in cycle.headline.items()],
            [],
            [_cut(cycle.table("worth"), "cohort book_value p05 p50 p95 below")],
            pairs=[
                (
                    ahead.rent_fan(found.stressed, widest.chip, what="rent"),
                    ahead.rent_fan(found.stressed, widest.chip, what="resale"),
                ),
                (
                    ahead.coverage_fan(found.stressed, own_use=False),
                    ahead.coverage_fan(found.stressed, own_use=True),
                ),
            ],
        ),
        _page(
            "What it hangs on",
            [
                "Each lever alone between its low and high, the others as they are; and where coverage would cross 1."
            ],
            [
                ahead.tornado_chart(
                    tornado(sensitive, own_use=True), "Coverage of all costs by rent and own use"
                )
            ],
            [
                _last(
                    _cut(cycle.table("reverse"), "measure counting coverage lever base at"),
                    16,
                )
            ],
        ),
        _page(
            "Does leasing smooth the result?",
            [_smoothing_sentence(cycle)],
            [ahead.smoothing_chart(smoothing(found.stressed))],
            [cycle.table("smoothing")],
        ),
        _page(
            "Impairment",
            [f"{name}: {text}." for name, text in tested.headline.items()],
            [ahead.headroom_chart(found.tested)],
            [
                _cut(tested.table("units"), "unit carrying recoverable headroom loss risk_12"),
                tested.table("indicators"),
                _cut(tested.table("flags"), "product kind points_to timing"),
            ],
        ),
        _page(
            "Tiers",
            [f"{name}: {text}." for name, text in planned.headline.items()],
            [ahead.policy_chart(found.planned.comparison)],
            [
                _cut(planned.table("policies"), "policy mean low high worst beaten"),
                planned.table("policy_tiers"),
                _cut(
                    planned.table("choices"),
                    "cohort tier action value sell_now book_value sell_month",
                ),
                _for_and_against(planned.table("findings")),
            ],
        ),
    ]


def _places(found: Findings, chip: str) -> list[int]:
    return [n for n, h in enumerate(found.stressed.inputs.holdings) if h.chip.id == chip]


def _page(
    title: str,
    lead: Sequence[str],
    wide: Sequence[str],
    tables: Sequence[Table],
    *,
    pairs: Sequence[tuple[str, str]] = (),
    tiles: Sequence[tuple[str, str]] = (),
) -> dict[str, Any]:
    return {
        "title": title,
        "lead": [sentence[:1].upper() + sentence[1:] for sentence in lead],
        "tiles": [list(tile) for tile in tiles],
        "charts": list(wide),
        "pairs": [list(pair) for pair in pairs],
        "tables": [_table(table) for table in tables if table.rows],
    }


def _table(table: Table) -> dict[str, Any]:
    rows = [*table.rows, *([table.total_row()] if table.totals and len(table.rows) > 1 else [])]
    money = any(c.kind in (Kind.MONEY, Kind.BALANCE, Kind.RATE) for c in table.columns)
    return {
        "title": table.title + (f" ({table.currency})" if money else ""),
        "heads": [column.title for column in table.columns],
        "right": [column.kind is not Kind.TEXT for column in table.columns],
        "rows": [
            [_cell(v, c.kind) for v, c in zip(row, table.columns, strict=True)] for row in rows
        ],
        "total": table.totals and len(table.rows) > 1,
        "note": table.note,
    }


def _cell(value: Value, kind: Kind) -> str:
    return shown(value, kind)


def _cut(table: Table, keys: str) -> Table:
    """Return a table with some of its columns, named in one text."""
    places = [n for n, column in enumerate(table.columns) if column.key in keys.split()]
    return replace(
        table,
        columns=tuple(table.columns[n] for n in places),
        rows=tuple(tuple(row[n] for n in places) for row in table.rows),
    )


def _last(table: Table, count: int) -> Table:
    return replace(table, rows=table.rows[-count:])


def _for_and_against(table: Table) -> Table:
    """Return the findings that speak for a move or against it."""
    return replace(table, rows=tuple(row for row in table.rows if row[2] != "neither"))


def _tiles(found: Findings, cycle: Report) -> list[tuple[str, str]]:
    total = found.measured.total()
    full = total.ratio()
    cash = total.ratio("power", "space", "operations", "spares")
    losses = sum(unit.loss for unit in found.tested.units)
    return [
        ("net rent", f"{total.net_rent:,.0f}"),
        ("of cash costs", "-" if cash is None else f"{cash:.2f}"),
        ("of all costs", "-" if full is None else f"{full:.2f}"),
        ("leasing leaves", f"{total.margin:,.0f}"),
        ("impairment", f"{losses:,.0f}"),
        ("moves proposed", str(sum(p.moves for p in found.planned.proposals))),
    ]


def _headlines(found: Findings, cycle: Report) -> list[str]:
    total, alone = found.measured.total(), found.measured.total(leasing=False)
    years = float(total.hours.total) / (
        8766 * max(1, sum(h.asset.gpus for h in found.measured.books.holdings))
    )
    currency = found.measured.books.currency
    first = next(iter(cycle.headline.items()))
    return [
        f"Over {12 * years:.1f} months, rent net of refunds and credits is {total.net_rent:,.0f} {currency}, "
        f"against cash costs of {total.cash_cost:,.0f} and full costs of {total.full_cost:,.0f}.",
        f"Without leasing the same time would have cost {alone.full_cost:,.0f}; leasing leaves {total.margin:,.0f} "
        "after its power and the waiting of own jobs.",
        f"{first[0].capitalize()}: {first[1]}.",
    ]


def _leasing_sentence(found: Findings) -> str:
    total = found.measured.total()
    share = float(total.hours.share("leased"))
    rent = total.rent_per_leased_hour
    price = "" if rent is None else f", at {rent:.2f} {found.measured.books.currency} an hour"
    return (
        f"{100 * share:.0f} % of all GPU-hours were leased{price}. Own jobs waited "
        f"{total.waiting_gpu_hours:,.0f} GPU-hours for it."
    )


def _smoothing_sentence(cycle: Report) -> str:
    table = cycle.table("smoothing")
    lower = [row for row in table.rows if isinstance(row[4], float) and row[4] < 1]
    higher = [row for row in table.rows if isinstance(row[3], float) and row[3] > 1]
    return (
        f"Of {len(table.rows)} combinations of a lease's tenor and how own work follows rents, leasing lowers the "
        f"variance of the owner's yearly result in {len(lower)} and raises it in {len(higher)}, beyond the 95 % "
        "interval. Long tenors smooth; leases at the day's rent add to the swings of an owner whose own work is worth "
        "more when rents are high."
    )
