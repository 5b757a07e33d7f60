"""From findings to a PDF: pages of text, charts and tables as plain data, set by a Typst template."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, Final

import typst

from tidegate.finance.report import Kind, Table
from tidegate.finance.report.coverage import coverage_report
from tidegate.finance.report.impairment import impairment_report
from tidegate.finance.report.statement import statement_report
from tidegate.finance.report.stress import stress_report
from tidegate.finance.report.table import shown
from tidegate.finance.report.tiers import tiers_report
from tidegate.finance.stress.levers import levers
from tidegate.finance.stress.smoothing import smoothing
from tidegate.finance.stress.tornado import tornado
from tidegate.web.boardpack import ahead, measured
from tidegate.web.boardpack.findings import (
    Findings,
    headlines,
    leasing_sentence,
    smoothing_sentence,
    tiles,
)

_TEMPLATE: Final = "boardpack.typ"


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
            headlines(found, cycle),
            [measured.coverage_chart(found.measured)],
            [
                _cut(
                    covered.table("tiers"),
                    "tier gpu_hours net_rent full_cost result covers_cash covers_full",
                )
            ],
            tiles=tiles(found, cycle),
        ),
        _page(
            "What leasing adds",
            [leasing_sentence(found)],
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
            [smoothing_sentence(cycle)],
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
            [shown(v, c.kind) for v, c in zip(row, table.columns, strict=True)] for row in rows
        ],
        "total": table.totals and len(table.rows) > 1,
        "note": table.note,
    }


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
