"""Money per tier, as a table."""

from tidegate.plan.result import BacktestResult
from tidegate.web.table import Cell, Column, Row, Table, row
from tidegate.web.tiers import Figures, by_tier, fleet
from tidegate.web.wording import ABSENT, amount_text, currency_name, days, number, percent


def tier_table(result: BacktestResult) -> Table:
    """Return hours and money per tier, with a tier's pools below it, and the fleet's sum."""
    unit = currency_name(result.currency)
    measured = {p.case.pool.id: days(p.span.measured_hours) for p in result.pools}
    rows: list[Row] = []
    for tier, pools in by_tier(result):
        rows.append(
            _line(
                tier,
                _same([measured[p.name] for p in pools]),
                result.currency,
                pool=pools[0].name if len(pools) == 1 else "",
            )
        )
        if len(pools) > 1:
            rows += [_line(p, measured[p.name], result.currency, "part") for p in pools]
    rows.append(_line(fleet(result), _same(list(measured.values())), result.currency, "total"))
    return Table(
        "Hours and money per tier and pool, over the measured time",
        (
            Column("tier, pool", numeric=False),
            Column("GPUs"),
            Column("measured", "d"),
            Column("capacity", "GPU-h"),
            Column("own use", "GPU-h"),
            Column("failed", "GPU-h"),
            Column("idle", "GPU-h"),
            Column("leased", "GPU-h"),
            Column("revenue", unit),
            Column("depreciation", unit),
            Column("cover", "ratio"),
        ),
        tuple(rows),
        note=_note(result),
    )


def _same(texts: list[str]) -> str:
    return texts[0] if len(set(texts)) == 1 else "varies"


def _line(
    figures: Figures, measured: str, currency: str, kind: str = "plain", pool: str = ""
) -> Row:
    def share(part: float, whole: float, what: str) -> str:
        return f"{percent(part / whole)} {what}" if whole > 0 else ""

    partly = 0 < figures.depreciated_pools < figures.pools
    return row(
        [
            Cell(figures.name, note=pool),
            number(figures.gpus),
            measured,
            number(figures.capacity),
            Cell(number(figures.own), note=share(figures.own, figures.capacity, "of capacity")),
            number(figures.failed),
            Cell(number(figures.idle), note=share(figures.idle, figures.capacity, "of capacity")),
            Cell(number(figures.leased), note=share(figures.leased, figures.idle, "of idle")),
            amount_text(figures.revenue, currency),
            Cell(
                amount_text(figures.depreciation, currency)
                if figures.depreciation is not None
                else "not known",
                note=f"{figures.depreciated_pools} of {figures.pools} pools" if partly else "",
            ),
            number(figures.cover, 2) if figures.cover is not None else ABSENT,
        ],
        kind,
    )


def _note(result: BacktestResult) -> str:
    text = (
        "Own use, failed and idle are those of a run in which nothing is leased. "
        "The cover ratio counts rent and depreciation only; power and operations come on top."
    )
    if any(pool.depreciation is None for pool in result.pools):
        text += (
            " Depreciation is known for pools whose cohorts the fleet file names; the ratio counts "
            "those alone."
        )
    return text
