"""The board pack's charts of what is to come: fans, tornado, smoothing, headroom, policies."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from tidegate.finance.impairment import ImpairmentTest
from tidegate.finance.stress.run import StressResult, fan
from tidegate.finance.stress.smoothing import Smoothing
from tidegate.finance.stress.tornado import Bar
from tidegate.finance.tiers.policies import Comparison
from tidegate.web.boardpack.drawing import HALF, HUES, WIDE, drawn, millions
from tidegate.web.palette import COLOURS

F64 = NDArray[np.float64]


def _fan(axis: Axes, months: F64, values: F64, hue: str) -> None:
    low, quarter, middle, three, high = fan(values)
    axis.fill_between(months, low, high, color=hue, alpha=0.18, linewidth=0, label="5 to 95 %")
    axis.fill_between(
        months, quarter, three, color=hue, alpha=0.32, linewidth=0, label="25 to 75 %"
    )
    axis.plot(months, middle, color=hue, linewidth=1.5, label="median")


def rent_fan(found: StressResult, chip: str, *, what: str) -> str:
    """Return the fan of a generation's rent or resale."""

    def draw(axis: Axes) -> None:
        values = found.paths.rent(chip) if what == "rent" else found.paths.resale(chip)
        months = np.arange(values.shape[1], dtype=np.float64) / 12
        _fan(axis, months, values, HUES[0] if what == "rent" else HUES[1])
        axis.set_xlabel("years from now")
        axis.set_ylabel("USD per GPU-hour" if what == "rent" else "USD per used GPU")
        axis.set_ylim(0, float(np.quantile(values, 0.95, axis=0).max()) * 1.1)
        axis.set_title(f"{what.capitalize()} of the {chip}")
        axis.legend(loc="upper left")

    return drawn(HALF, draw)


def coverage_fan(found: StressResult, *, own_use: bool) -> str:
    """Return the fan of coverage of all costs by year."""

    def draw(axis: Axes) -> None:
        values = found.coverage(own_use=own_use)
        known = np.isfinite(values).all(axis=0)
        years = np.arange(1, values.shape[1] + 1, dtype=np.float64)[known]
        _fan(axis, years, values[:, known], HUES[2])
        axis.axhline(1, color=COLOURS["failed"][0], linewidth=0.9, linestyle="--")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.set_xlabel("year")
        axis.set_ylim(bottom=0)
        axis.set_title("Coverage by " + ("rent and own use" if own_use else "rent alone"))

    return drawn(HALF, draw)


def tornado_chart(bars: Sequence[Bar], title: str) -> str:
    """Return a tornado of coverage."""

    def draw(axis: Axes) -> None:
        shown = bars[:9]
        base = None
        for place, bar in enumerate(shown):
            low, high = sorted((bar.at_low, bar.at_high))
            axis.barh(place, high - low, 0.6, left=low, color=HUES[3])
            axis.text(
                high,
                place,
                f" {bar.low:g} to {bar.high:g}",
                va="center",
                fontsize=6.5,
                color=COLOURS["muted"][0],
            )
            base = bar
        axis.set_yticks(range(len(shown)), [bar.lever for bar in shown])
        axis.invert_yaxis()
        axis.grid(visible=False, axis="y")
        if base is not None:
            now = np.interp(base.base, sorted((base.low, base.high)), _in_order(base))
            axis.axvline(float(now), color=COLOURS["ink"][0], linewidth=0.8)
        axis.margins(x=0.25)
        axis.set_title(title)

    return drawn(WIDE, draw)


def _in_order(bar: Bar) -> tuple[float, float]:
    return (bar.at_low, bar.at_high)


def smoothing_chart(rows: Sequence[Smoothing]) -> str:
    """Return the variance with leasing over that without, by tenor and by how own work follows rents."""

    def draw(axis: Axes) -> None:
        for place, beta in enumerate(sorted({row.own_beta for row in rows})):
            mine = [row for row in rows if row.own_beta == beta]
            tenors = [row.tenor_months for row in mine]
            hue = HUES[place % len(HUES)]
            low, high = [row.low for row in mine], [row.high for row in mine]
            axis.fill_between(tenors, low, high, color=hue, alpha=0.2, linewidth=0)
            axis.plot(
                tenors, [r.ratio for r in mine], "o-", color=hue, markersize=3, label=f"{beta:+g}"
            )
        axis.axhline(1, color=COLOURS["failed"][0], linewidth=0.9, linestyle="--")
        axis.set_xlabel("tenor of the leases, months")
        axis.set_ylabel("variance with / without")
        axis.set_title("Under 1, leasing smooths the owner's yearly result")
        axis.legend(title="own work follows rents by", loc="center left", bbox_to_anchor=(1.0, 0.5))

    return drawn(WIDE, draw)


def headroom_chart(test: ImpairmentTest) -> str:
    """Return each unit's carrying amount beside what it can bring."""

    def draw(axis: Axes) -> None:
        names = [unit.unit for unit in test.units]
        places = np.arange(len(names), dtype=np.float64)
        rows = (
            ("carrying amount", "carrying", COLOURS["internal"][0]),
            ("fair value less costs", None, HUES[1]),
            ("value in use", "value_in_use", HUES[0]),
        )
        for n, (title, field, hue) in enumerate(rows):
            values = [
                unit.fair_value - unit.disposal_cost if field is None else getattr(unit, field)
                for unit in test.units
            ]
            axis.bar(places + (n - 1) * 0.26, values, 0.24, color=hue, label=title)
        axis.set_xticks(places, names)
        axis.grid(visible=False, axis="x")
        millions(axis, test.measured.books.currency)
        axis.set_title("What is on the books, and what it can bring")
        axis.legend(loc="upper right")

    return drawn(WIDE, draw)


def policy_chart(found: Comparison) -> str:
    """Return the worth of each policy: mean, and 5 to 95 %."""

    def draw(axis: Axes) -> None:
        for place, policy in enumerate(found.policies):
            axis.plot(
                [policy.low, policy.high], [place, place], color=HUES[0], linewidth=5, alpha=0.35
            )
            axis.plot([policy.mean], [place], "o", color=HUES[0], markersize=6)
        axis.set_yticks(range(len(found.policies)), [policy.policy for policy in found.policies])
        axis.invert_yaxis()
        axis.grid(visible=False, axis="y")
        axis.margins(y=0.2)
        millions(axis, found.currency, across=True)
        axis.set_title("Present value: mean, and 5 to 95 % of the paths")

    return drawn((6.9, 2.1), draw)
