"""Stress as tables."""

import numpy as np
from numpy.typing import NDArray

from tidegate.finance.coverage import Coverage
from tidegate.finance.paths.calibrate import Trial
from tidegate.finance.paths.model import RentModel
from tidegate.finance.report.rentmodel import model_table, trials_table
from tidegate.finance.report.table import Report, Table, Value, columns
from tidegate.finance.stress.levers import levers
from tidegate.finance.stress.reverse import bad_years, crossings
from tidegate.finance.stress.run import QUANTILES, StressResult, fan
from tidegate.finance.stress.smoothing import Smoothing, smoothing
from tidegate.finance.stress.tornado import Bar, tornado

F64 = NDArray[np.float64]


def stress_report(
    measured: Coverage,
    found: StressResult,
    model: RentModel | None = None,
    trials: tuple[Trial, ...] = (),
) -> Report:
    """Return a stress as a report.

    Parameters
    ----------
    measured : Coverage
        What the run rate comes from.
    found : StressResult
    model : RentModel or None
        The statistical model, when its parameters are to be shown.
    trials : tuple of Trial
        How the model did on a history.
    """
    currency = measured.books.currency
    sensitive = levers(measured)
    own = found.coverage(own_use=True)
    bad = bad_years(found)
    smooth = smoothing(found)
    tables = [
        _fans(found, currency),
        _rents(found),
        _bars(tornado(sensitive), currency, "tornado", "Tornado: coverage of all costs by rent"),
        _bars(
            tornado(sensitive, own_use=True),
            currency,
            "tornado_own",
            "Tornado: coverage of all costs by rent and own use",
        ),
        _reverse(measured, currency),
        Table(
            "bad_years",
            "Years in which rent and own use do not cover all costs",
            columns(
                ("year", "year", "count"),
                ("share", "of paths", "share"),
                ("rent", "rent, all paths", "ratio"),
                ("rent_there", "rent, there", "ratio"),
                ("leased", "leased GPU-h a month, all", "hours"),
                ("leased_there", "leased, there", "hours"),
                ("power", "power, all", "ratio"),
                ("power_there", "power, there", "ratio"),
            ),
            tuple(
                (
                    b.year,
                    *map(
                        _number,
                        (
                            b.share,
                            b.rent,
                            b.rent_there,
                            b.leased,
                            b.leased_there,
                            b.power,
                            b.power_there,
                        ),
                    ),
                )
                for b in bad
            ),
            currency,
            note="Rent and power as multiples of today's: over all paths, and over those on which coverage is under 1.",
        ),
        _cohorts(found, currency),
        _smoothing(smooth, currency),
    ]
    if model is not None:
        tables.append(model_table(model, currency))
    if trials:
        tables.append(trials_table(trials, currency))
    first = float(np.nanmedian(own[:, 0]))
    under = bad[0].share if bad else 0.0
    by_tenor = {row.tenor_months: row for row in smooth if row.own_beta == 0}
    return Report(
        title=f"Cycle stress of {measured.books.name}",
        source=f"{found.paths.count:,} paths x {found.settings.months} months; {found.source}; {measured.label}",
        tables=tuple(tables),
        notes=(
            "Every month to come is used as the measured time was, but for what the paths move: rents, resale, "
            "occupancy, the price of power.",
            *measured.notes,
        ),
        headline={
            "coverage by rent and own use, first year, median": f"{first:.2f}",
            "paths on which it is under 1 in the first year": f"{100 * under:.0f} %",
            "variance of the owner's result with leasing over without (own work of fixed worth)": ", ".join(
                f"{tenor} months {row.ratio:.2f} ({row.low:.2f} to {row.high:.2f})"
                for tenor, row in by_tenor.items()
            ),
        },
    )


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _fan_rows(name: str, values: F64, start: int = 1) -> list[tuple[Value, ...]]:
    known = [bool(np.isfinite(column).all()) for column in values.T]
    quantiles = fan(np.nan_to_num(values))
    return [
        (name, start + n, *(float(q[n]) for q in quantiles))
        for n in range(values.shape[1])
        if known[n]
    ]


def _fans(found: StressResult, currency: str) -> Table:
    rows = [
        *_fan_rows("all costs, by rent", found.coverage()),
        *_fan_rows("all costs, by rent and own use", found.coverage(own_use=True)),
        *_fan_rows("cash costs, by rent", found.coverage(costs="cash")),
    ]
    heads = (("measure", "coverage of"), ("year", "year", "count"))
    quantiles = ((f"p{100 * q:02.0f}", f"{100 * q:.0f} %", "ratio") for q in QUANTILES)
    return Table(
        "fans",
        "Coverage by year, quantiles over paths",
        columns(*heads, *quantiles),
        tuple(rows),
        currency,
    )


def _rents(found: StressResult) -> Table:
    rows: list[tuple[Value, ...]] = []
    for name in found.paths.generations:
        for what, values in (
            ("rent", found.paths.rent(name)),
            ("resale", found.paths.resale(name)),
        ):
            for month in range(0, found.settings.months + 1, 12):
                quantiles = np.quantile(values[:, month], QUANTILES)
                rows.append((name, what, month, *(float(q) for q in quantiles)))
    heads = (("generation", "generation"), ("what", "what"), ("month", "month", "count"))
    quantiles_columns = ((f"p{100 * q:02.0f}", f"{100 * q:.0f} %", "number") for q in QUANTILES)
    return Table(
        "rents",
        "Rents and second-hand prices, quantiles over paths",
        columns(*heads, *quantiles_columns),
        tuple(rows),
        "USD",
    )


def _bars(bars: tuple[Bar, ...], currency: str, name: str, title: str) -> Table:
    return Table(
        name,
        title,
        columns(
            ("lever", "lever"),
            ("low", "low", "number"),
            ("base", "now", "number"),
            ("high", "high", "number"),
            ("at_low", "coverage at low", "ratio"),
            ("at_high", "at high", "ratio"),
            ("total_index", "Sobol total", "ratio"),
        ),
        tuple((b.lever, b.low, b.base, b.high, b.at_low, b.at_high, b.total_index) for b in bars),
        currency,
        note="One at a time between low and high; the Sobol total index is of all at once.",
    )


def _reverse(measured: Coverage, currency: str) -> Table:
    rows = [
        (
            row.measure,
            "rent and own use" if row.own_use else "rent",
            row.coverage,
            row.lever,
            row.base,
            row.at,
        )
        for row in crossings(levers(measured))
        if row.at is not None
    ]
    return Table(
        "reverse",
        "What would have to happen for coverage to cross 1, one lever at a time",
        columns(
            ("measure", "coverage of"),
            ("counting", "by"),
            ("coverage", "now", "ratio"),
            ("lever", "lever"),
            ("base", "its value", "number"),
            ("at", "crosses 1 at", "number"),
        ),
        tuple(rows),
        currency,
        note="Levers that alone never do it, up to fifty times their value, are left out.",
    )


def _cohorts(found: StressResult, currency: str) -> Table:
    rows: list[tuple[Value, ...]] = []
    for place, holding in enumerate(found.inputs.holdings):
        quantiles = np.quantile(found.worth[:, place], QUANTILES)
        book = float(found.inputs.book_value[0, place])
        rows.append(
            (
                holding.id,
                book,
                *(float(q) for q in quantiles),
                float(np.mean(found.worth[:, place] < book)),
            )
        )
    worths = ((f"p{100 * q:02.0f}", f"worth {100 * q:.0f} %", "balance") for q in QUANTILES)
    return Table(
        "worth",
        "Present value of what rent leaves over the rest of life, and of the sale at its end",
        columns(
            ("cohort", "cohort"),
            ("book_value", "book value", "balance"),
            *worths,
            ("below", "below book", "share"),
        ),
        tuple(rows),
        currency,
        note="Rent less all cash costs of the cohort; own use is not counted.",
    )


def _smoothing(rows: tuple[Smoothing, ...], currency: str) -> Table:
    return Table(
        "smoothing",
        "Does leasing smooth the owner's result (claim 13)",
        columns(
            ("tenor_months", "tenor, months", "count"),
            ("own_beta", "own work follows rents by", "number"),
            ("ratio", "variance with / without", "ratio"),
            ("low", "95 % from", "ratio"),
            ("high", "to", "ratio"),
            ("smoother", "paths on which it is lower", "share"),
        ),
        tuple((r.tenor_months, r.own_beta, r.ratio, r.low, r.high, r.smoother) for r in rows),
        currency,
        note=(
            "Variance of the yearly change of the owner's result. Own use swings by 20 %, what it leaves is leased at "
            "the measured rate. The worth of an own hour moves with the market's rent to this power: 0 for not at all."
        ),
    )
