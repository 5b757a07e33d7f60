"""The board pack's charts of what was measured: coverage, use of hours, cost of an hour, book value."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from tidegate.finance.cover import LINES
from tidegate.finance.coverage import Coverage
from tidegate.finance.sources import HOLDERS
from tidegate.web.boardpack.drawing import HUES, WIDE, drawn, millions
from tidegate.web.palette import COLOURS

_LINE_HUES: Final[Mapping[str, str]] = {
    **dict(zip(("power", "space", "operations", "spares"), HUES, strict=False)),
    "depreciation": COLOURS["internal"][0],
    "network": HUES[4],
    "capital": COLOURS["sanitising"][0],
}
_HOLDER_HUES: Final = {
    "own": COLOURS["internal"][0],
    "leased": HUES[0],
    "sanitising": HUES[1],
    "idle": COLOURS["line"][0],
    "failed": COLOURS["failed"][0],
}


def _stack(
    axis: Axes,
    place: float,
    parts: Mapping[str, float],
    hues: Mapping[str, str],
    width: float,
    *,
    across: bool,
    is_named: bool,
) -> None:
    """Draw a bar of parts, each beginning where the one before ends; the legend names those of one bar."""
    base = 0.0
    for name, amount in parts.items():
        hue, label = hues[name], name if is_named else None
        if across:
            axis.barh(place, amount, width, left=base, color=hue, label=label)
        else:
            axis.bar(place, amount, width, bottom=base, color=hue, label=label)
        base += amount


def coverage_chart(found: Coverage) -> str:
    """Return each tier's costs, stacked, beside its net rent and the worth of its own hours."""

    def draw(axis: Axes) -> None:
        groups = found.by("tier")
        for place, cover in enumerate(groups.values()):
            costs = {line: float(cover.costs[line]) for line in LINES}
            _stack(axis, place + 0.2, costs, _LINE_HUES, 0.36, across=True, is_named=place == 0)
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
        millions(axis, found.books.currency, across=True)
        axis.set_title("Costs above, rent and own use below")
        axis.legend(ncols=5, loc="upper center", bbox_to_anchor=(0.5, -0.22))

    return drawn((6.9, 3.2), draw)


def split_chart(found: Coverage) -> str:
    """Return what each pool's hours went into, with leasing and without."""

    def draw(axis: Axes) -> None:
        labels = []
        place = 0
        for pool in dict.fromkeys(row.pool for row in found.rows):
            for leasing in (False, True):
                cover = found.by("pool", leasing=leasing)[(pool,)]
                shares = {holder: float(cover.hours.share(holder)) for holder in HOLDERS}
                _stack(axis, place, shares, _HOLDER_HUES, 0.7, across=True, is_named=place == 0)
                labels.append(f"{pool}, {'with' if leasing else 'without'} leasing")
                place += 1
        axis.set_yticks(range(place), labels)
        axis.invert_yaxis()
        axis.grid(visible=False, axis="y")
        axis.set_xlim(0, 1)
        axis.xaxis.set_major_formatter(PercentFormatter(1.0))
        axis.set_title("What the GPU-hours went into")
        axis.legend(ncols=5, loc="upper center", bbox_to_anchor=(0.45, -0.12))

    return drawn(WIDE, draw)


def hour_chart(found: Coverage) -> str:
    """Return the full cost of a busy hour by cohort, with the rent got."""

    def draw(axis: Axes) -> None:
        last = {row.cohort: row for row in found.rows}
        for place, row in enumerate(last.values()):
            hour = row.hour
            parts = {
                "power": float(hour.power_busy),
                "space": float(hour.space),
                "operations": float(hour.operations),
                "spares": float(hour.spares),
                "depreciation": float(hour.depreciation),
                "network": float(hour.network),
                "capital": float(hour.capital),
            }
            _stack(axis, place, parts, _LINE_HUES, 0.6, across=False, is_named=place == 0)
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

    return drawn(WIDE, draw)


def value_chart(found: Coverage) -> str:
    """Return book values by cohort at the end of each year."""

    def draw(axis: Axes) -> None:
        schedules = found.schedules
        years = sorted({row.month.year for it in schedules.values() for row in it.rows})
        base = np.zeros(len(years))
        for place, (name, it) in enumerate(schedules.items()):
            by_year = {row.month.year: float(row.closing) for row in it.rows}
            values = np.array([by_year.get(year, 0.0) for year in years])
            axis.bar(years, values, 0.7, bottom=base, color=HUES[place % len(HUES)], label=name)
            base += values
        axis.grid(visible=False, axis="x")
        axis.set_xticks(years, [str(year) for year in years], rotation=45)
        millions(axis, found.books.currency)
        axis.set_title("Book value at the end of the year")
        axis.legend(loc="upper right")

    return drawn(WIDE, draw)
