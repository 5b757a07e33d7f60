"""The board pack's charts, as SVG whose text is drawn: they look the same wherever they are set."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from tidegate.finance.coverage import LINES, Coverage
from tidegate.finance.impairment import ImpairmentTest
from tidegate.finance.sources import HOLDERS
from tidegate.finance.stress.run import StressResult, fan
from tidegate.finance.stress.smoothing import Smoothing
from tidegate.finance.stress.tornado import Bar
from tidegate.finance.tiers.policies import Comparison
from tidegate.web.palette import COLOURS

F64 = NDArray[np.float64]

_STYLE: Final[Any] = {
    "svg.fonttype": "path",
    "svg.hashsalt": "tidegate",
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": COLOURS["edge"][0],
    "axes.labelcolor": COLOURS["muted"][0],
    "xtick.color": COLOURS["muted"][0],
    "ytick.color": COLOURS["muted"][0],
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlecolor": COLOURS["ink"][0],
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": COLOURS["grid"][0],
    "legend.frameon": False,
    "legend.fontsize": 7,
}
_HUES: Final = tuple(COLOURS[f"product-{n}"][0] for n in range(1, 7))
_LINE_HUES: Final[Mapping[str, str]] = {
    **dict(zip(("power", "space", "operations", "spares"), _HUES, strict=False)),
    "depreciation": COLOURS["internal"][0],
    "network": _HUES[4],
    "capital": COLOURS["sanitising"][0],
}
_HOLDER_HUES: Final = {
    "own": COLOURS["internal"][0],
    "leased": _HUES[0],
    "sanitising": _HUES[1],
    "idle": COLOURS["line"][0],
    "failed": COLOURS["failed"][0],
}
_WIDE: Final = (6.9, 2.7)
_HALF: Final = (3.4, 2.6)


def _drawn(size: tuple[float, float], draw: Callable[[Axes], None]) -> str:
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure.subplots())
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()


def _millions(axis: Axes, currency: str, *, across: bool = False) -> None:
    formatter = FuncFormatter(lambda value, _: f"{value / 1e6:,.1f}")
    if across:
        axis.xaxis.set_major_formatter(formatter)
        axis.set_xlabel(f"million {currency}")
    else:
        axis.yaxis.set_major_formatter(formatter)
        axis.set_ylabel(f"million {currency}")


def coverage_chart(found: Coverage) -> str:
    """Return each tier's costs, stacked, beside its net rent and the worth of its own hours."""

    def draw(axis: Axes) -> None:
        groups = found.by("tier")
        for place, cover in enumerate(groups.values()):
            base = 0.0
            for line in LINES:
                amount = float(cover.costs[line])
                axis.barh(
                    place + 0.2,
                    amount,
                    0.36,
                    left=base,
                    color=_LINE_HUES[line],
                    label=line if place == 0 else None,
                )
                base += amount
            rent, own = float(cover.net_rent), float(cover.own_value)
            axis.barh(
                place - 0.2,
                rent,
                0.36,
                color=COLOURS["good"][0],
                label="net rent" if place == 0 else None,
            )
            axis.barh(
                place - 0.2,
                own,
                0.36,
                left=rent,
                facecolor="none",
                hatch="////",
                edgecolor=COLOURS["good"][0],
                linewidth=0.6,
                label="own hours at the market's rent" if place == 0 else None,
            )
        axis.set_yticks(range(len(groups)), [name for (name,) in groups])
        axis.invert_yaxis()
        axis.grid(visible=False, axis="y")
        _millions(axis, found.books.currency, across=True)
        axis.set_title("Costs above, rent and own use below")
        axis.legend(ncols=5, loc="upper center", bbox_to_anchor=(0.5, -0.22))

    return _drawn((6.9, 3.2), draw)


def split_chart(found: Coverage) -> str:
    """Return what each pool's hours went into, with leasing and without."""

    def draw(axis: Axes) -> None:
        labels = []
        place = 0
        for pool in dict.fromkeys(row.pool for row in found.rows):
            for leasing in (False, True):
                cover = found.by("pool", leasing=leasing)[(pool,)]
                base = 0.0
                for holder in HOLDERS:
                    share = float(cover.hours.share(holder))
                    axis.barh(
                        place,
                        share,
                        0.7,
                        left=base,
                        color=_HOLDER_HUES[holder],
                        label=holder if place == 0 else None,
                    )
                    base += share
                labels.append(f"{pool}, {'with' if leasing else 'without'} leasing")
                place += 1
        axis.set_yticks(range(place), labels)
        axis.invert_yaxis()
        axis.grid(visible=False, axis="y")
        axis.set_xlim(0, 1)
        axis.xaxis.set_major_formatter(PercentFormatter(1.0))
        axis.set_title("What the GPU-hours went into")
        axis.legend(ncols=5, loc="upper center", bbox_to_anchor=(0.45, -0.12))

    return _drawn(_WIDE, draw)


def hour_chart(found: Coverage) -> str:
    """Return the full cost of a busy hour by cohort, with the rent got."""

    def draw(axis: Axes) -> None:
        last = {row.cohort: row for row in found.rows}
        for place, row in enumerate(last.values()):
            hour = row.hour
            parts = {
                "power": hour.power_busy,
                "space": hour.space,
                "operations": hour.operations,
                "spares": hour.spares,
                "depreciation": hour.depreciation,
                "network": hour.network,
                "capital": hour.capital,
            }
            base = 0.0
            for line in LINES:
                amount = float(parts[line])
                axis.bar(
                    place,
                    amount,
                    0.6,
                    bottom=base,
                    color=_LINE_HUES[line],
                    label=line if place == 0 else None,
                )
                base += amount
            rent = row.cover.rent_per_leased_hour
            if rent is not None:
                axis.plot(
                    [place - 0.4, place + 0.4],
                    [float(rent)] * 2,
                    color=COLOURS["good"][0],
                    linewidth=2.2,
                    label="rent got"
                    if "rent got" not in axis.get_legend_handles_labels()[1]
                    else None,
                )
        axis.set_xticks(range(len(last)), list(last))
        axis.grid(visible=False, axis="x")
        axis.set_ylabel(f"{found.books.currency} per GPU-hour")
        axis.set_title("Full cost of a busy GPU-hour, and the rent of a leased one")
        axis.legend(ncols=1, loc="center left", bbox_to_anchor=(1.0, 0.5))

    return _drawn(_WIDE, draw)


def value_chart(found: Coverage) -> str:
    """Return book values by cohort at the end of each year."""

    def draw(axis: Axes) -> None:
        schedules = found.schedules
        years = sorted({row.month.year for it in schedules.values() for row in it.rows})
        base = np.zeros(len(years))
        for place, (name, it) in enumerate(schedules.items()):
            by_year = {row.month.year: float(row.closing) for row in it.rows}
            values = np.array([by_year.get(year, 0.0) for year in years])
            axis.bar(years, values, 0.7, bottom=base, color=_HUES[place % len(_HUES)], label=name)
            base += values
        axis.grid(visible=False, axis="x")
        axis.set_xticks(years, [str(year) for year in years], rotation=45)
        _millions(axis, found.books.currency)
        axis.set_title("Book value at the end of the year")
        axis.legend(loc="upper right")

    return _drawn(_WIDE, draw)


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
        _fan(axis, months, values, _HUES[0] if what == "rent" else _HUES[1])
        axis.set_xlabel("years from now")
        axis.set_ylabel("USD per GPU-hour" if what == "rent" else "USD per used GPU")
        axis.set_ylim(0, float(np.quantile(values, 0.95, axis=0).max()) * 1.1)
        axis.set_title(f"{what.capitalize()} of the {chip}")
        axis.legend(loc="upper left")

    return _drawn(_HALF, draw)


def coverage_fan(found: StressResult, *, own_use: bool) -> str:
    """Return the fan of coverage of all costs by year."""

    def draw(axis: Axes) -> None:
        values = found.coverage(own_use=own_use)
        known = np.isfinite(values).all(axis=0)
        years = np.arange(1, values.shape[1] + 1, dtype=np.float64)[known]
        _fan(axis, years, values[:, known], _HUES[2])
        axis.axhline(1, color=COLOURS["failed"][0], linewidth=0.9, linestyle="--")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.set_xlabel("year")
        axis.set_ylim(bottom=0)
        axis.set_title("Coverage by " + ("rent and own use" if own_use else "rent alone"))

    return _drawn(_HALF, draw)


def tornado_chart(bars: Sequence[Bar], title: str) -> str:
    """Return a tornado of coverage."""

    def draw(axis: Axes) -> None:
        shown = bars[:9]
        base = None
        for place, bar in enumerate(shown):
            low, high = sorted((bar.at_low, bar.at_high))
            axis.barh(place, high - low, 0.6, left=low, color=_HUES[3])
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

    return _drawn(_WIDE, draw)


def _in_order(bar: Bar) -> tuple[float, float]:
    return (bar.at_low, bar.at_high)


def smoothing_chart(rows: Sequence[Smoothing]) -> str:
    """Return the variance with leasing over that without, by tenor and by how own work follows rents."""

    def draw(axis: Axes) -> None:
        for place, beta in enumerate(sorted({row.own_beta for row in rows})):
            mine = [row for row in rows if row.own_beta == beta]
            tenors = [row.tenor_months for row in mine]
            hue = _HUES[place % len(_HUES)]
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

    return _drawn(_WIDE, draw)


def headroom_chart(test: ImpairmentTest) -> str:
    """Return each unit's carrying amount beside what it can bring."""

    def draw(axis: Axes) -> None:
        names = [unit.unit for unit in test.units]
        places = np.arange(len(names), dtype=np.float64)
        rows = (
            ("carrying amount", "carrying", COLOURS["internal"][0]),
            ("fair value less costs", None, _HUES[1]),
            ("value in use", "value_in_use", _HUES[0]),
        )
        for n, (title, field, hue) in enumerate(rows):
            values = [
                unit.fair_value - unit.disposal_cost if field is None else getattr(unit, field)
                for unit in test.units
            ]
            axis.bar(places + (n - 1) * 0.26, values, 0.24, color=hue, label=title)
        axis.set_xticks(places, names)
        axis.grid(visible=False, axis="x")
        _millions(axis, test.measured.books.currency)
        axis.set_title("What is on the books, and what it can bring")
        axis.legend(loc="upper right")

    return _drawn(_WIDE, draw)


def policy_chart(found: Comparison) -> str:
    """Return the worth of each policy: mean, and 5 to 95 %."""

    def draw(axis: Axes) -> None:
        for place, policy in enumerate(found.policies):
            axis.plot(
                [policy.low, policy.high], [place, place], color=_HUES[0], linewidth=5, alpha=0.35
            )
            axis.plot([policy.mean], [place], "o", color=_HUES[0], markersize=6)
        axis.set_yticks(range(len(found.policies)), [policy.policy for policy in found.policies])
        axis.invert_yaxis()
        axis.grid(visible=False, axis="y")
        axis.margins(y=0.2)
        _millions(axis, found.currency, across=True)
        axis.set_title("Present value: mean, and 5 to 95 % of the paths")

    return _drawn((6.9, 2.1), draw)
