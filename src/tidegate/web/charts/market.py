"""Charts of the market: fans over history, lines with and without."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np

from tidegate.market.history import Seen
from tidegate.market.run import MarketRun
from tidegate.web.charts.chart import Chart, Key, Option, axis, format_as, frame
from tidegate.web.palette import colour, product_colour
from tidegate.web.table import Column, Table, row, text_column
from tidegate.web.wording import number, percent

Line = list[float | None]
"""A value for every month; None where there is none."""

_QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
_LINE: Final = {"type": "line", "symbol": "none", "emphasis": {"disabled": True}}
_TABLE_STEP: Final = 6
_NAME: Final = {"color": colour("muted"), "align": "left"}


def _frame(summary: str) -> Option:
    """Return a chart's frame with room for the last month's name."""
    base = frame(summary)
    base["grid"] = {**base["grid"], "right": 30}
    return base


def month_text(month: date) -> str:
    """Return a month as 2026-11."""
    return f"{month:%Y-%m}"


@dataclass(frozen=True)
class Fan:
    """Rents of a generation, month by month, in USD per GPU-hour on demand in the open region.

    Attributes
    ----------
    months : list of str
        As ``2026-11``.
    bands : tuple of list
        5, 25, 50, 75 and 95 % of futures; None while it is not let.
    rival : list
        Median of the other scenario.
    seen : list
        What was seen; None where nothing was.
    """

    months: list[str]
    bands: tuple[Line, ...]
    rival: Line
    seen: Line

    @property
    def top(self) -> int:
        """End of its axis: the widest band of the last years would press all else flat, and is cut."""
        upper = self.bands[3]
        most = [1.0, *(2 * v for v in upper if v is not None), *(1.1 * v for v in self.seen if v)]
        return math.ceil(max(most))


def fan_of(
    run: MarketRun,
    other: MarketRun,
    generation: str,
    seen: Sequence[Seen],
    *,
    first: int,
    last: int,
) -> Fan:
    """Return the fan of a generation; parameters as for :func:`fan_chart`."""
    g = run.market.generation_ids.index(generation)
    there = [bool(it) for it in run.record.occupancy[:, first:last, 0, g].max(axis=0) > 0]
    points = {
        run.market.month_of(it.month) - first: it.usd_per_gpu_h
        for it in seen
        if it.generation == generation
    }

    def shown(values: Any) -> Line:
        pairs = zip(values, there, strict=True)
        return [round(float(v), 3) if ok else None for v, ok in pairs]

    bands = np.quantile(run.record.rent[:, first:last, 0, g], _QUANTILES, axis=0)
    return Fan(
        [month_text(m) for m in run.months[first:last]],
        tuple(shown(band) for band in bands),
        shown(np.median(other.record.rent[:, first:last, 0, g], axis=0)),
        [points.get(t) for t in range(last - first)],
    )


def gaps(bottom: Line, upper: Line) -> Line:
    """Return how far two lines are apart: a band is drawn by stacking it on the lower one."""
    return [
        None if b is None or u is None else round(u - b, 3)
        for b, u in zip(bottom, upper, strict=True)
    ]


def fan_chart(
    run: MarketRun,
    other: MarketRun,
    generation: str,
    seen: Sequence[Seen],
    *,
    first: int,
    last: int,
) -> Chart:
    """Return the fan of a generation's rents over what was seen, with the other scenario's median.

    Parameters
    ----------
    run, other : MarketRun
        The scenario, and what it is held against.
    generation : str
        Whose rents.
    seen : sequence of Seen
        Rents that were seen; those of other generations are passed over.
    first, last : int
        Months drawn, the last one not included.
    """
    fan = fan_of(run, other, generation, seen, first=first, last=last)
    months, rival, history = fan.months, fan.rival, fan.seen
    low, q1, middle, q3, high = fan.bands
    known = [v for v in middle if v is not None]
    summary = (
        f"Rent of {generation} on demand: median {number(known[0], 2)} USD per GPU-hour in "
        f"{months[middle.index(known[0])]}, {number(known[-1], 2)} in {months[-1]}; "
        f"90 % of futures then lie between {number(low[-1], 2)} and {number(high[-1], 2)}."
        if known
        else f"{generation} is not let in these months."
    )
    columns = (
        text_column("month"),
        *(Column(n, "USD") for n in ("5 %", "25 %", "median", "75 %", "95 %")),
        Column(f"median, {other.market.name}", "USD"),
        Column("seen", "USD"),
    )
    rows = tuple(
        row([months[t], *(number(v[t], 2) for v in (low, q1, middle, q3, high, rival, history))])
        for t in range(len(months))
        if middle[t] is not None and (t % _TABLE_STEP == 0 or history[t] is not None)
    )  # fmt: skip
    return Chart(
        title=f"Rent of {generation}",
        summary=summary,
        caption="USD per GPU-hour on demand, open region. Bands hold 50 and 90 % of futures; "
        "the upper one is cut where it would press all else flat; dots are monthly medians of public rate cards.",
        option=_fan_option(fan, summary),
        tables=(Table(f"Rent of {generation}", columns, rows),),
        legend=(
            Key(f"median, {run.market.name}", "product-1", "line"),
            Key("50 and 90 % of futures", "product-1", "band"),
            Key(f"median, {other.market.name}", "product-2", "dashes"),
            Key("seen", "ink", "area"),
        ),
    )


def _fan_option(fan: Fan, summary: str) -> Option:
    months, rival, history = fan.months, fan.rival, fan.seen
    low, q1, middle, q3, high = fan.bands
    base = _frame(summary)
    base["tooltip"]["valueFormatter"] = format_as("number", unit="USD", digits=2)
    hidden = {**_LINE, "silent": True, "lineStyle": {"opacity": 0}, "tooltip": {"show": False}}

    def band(name: str, bottom: Line, upper: Line, opacity: float) -> list[Option]:
        gap = gaps(bottom, upper)
        return [
            {**hidden, "stack": name, "data": bottom},
            {**hidden, "stack": name, "data": gap,
             "areaStyle": {"color": colour("product-1"), "opacity": opacity}},
        ]  # fmt: skip

    def line(name: str, values: Line, hue: str, kind: str, width: float) -> Option:
        return {
            **_LINE,
            "name": name,
            "data": values,
            "lineStyle": {"color": colour(hue), "width": width, "type": kind},
            "itemStyle": {"color": colour(hue)},
        }

    return {
        **base,
        "xAxis": axis(type="category", data=months, boundaryGap=False),
        "yAxis": axis(
            type="value",
            name="USD per GPU-hour",
            nameTextStyle=_NAME,
            min=0,
            max=fan.top,
            axisLabel={"color": colour("muted"), "formatter": format_as("number")},
        ),
        "series": [
            *band("wide", low, high, 0.14),
            *band("narrow", q1, q3, 0.26),
            line("95 %", high, "product-1", "solid", 0.6),
            line("median", middle, "product-1", "solid", 2.2),
            line("5 %", low, "product-1", "solid", 0.6),
            line("median without", rival, "product-2", "dashed", 1.8),
            {
                "type": "scatter",
                "name": "seen",
                "data": history,
                "symbolSize": 6,
                "itemStyle": {"color": colour("ink")},
            },
        ],
    }


def lines_chart(
    title: str,
    unit: str,
    months: Sequence[date],
    lines: Mapping[str, Any],
    dashed: Mapping[str, Any] | None = None,
    *,
    caption: str,
    share: bool = False,
    least: float | None = 0,
) -> Chart:
    """Return median lines, and dashed ones of the other scenario in the same colours.

    Parameters
    ----------
    title, unit, caption : str
        What is shown, in what, how it was made.
    months : sequence of date
        Months drawn.
    lines, dashed : mapping of str to array
        Values by name.
    share : bool
        Whether values are shares, to be shown as per cent.
    least : float or None
        Where the axis begins; None to leave it to the values.
    """
    texts = [month_text(m) for m in months]
    how = format_as("percent", digits=0) if share else format_as("number")

    def said(value: float) -> str:
        return percent(value, 0) if share else number(value, 0 if value >= 100 else 1)  # noqa: PLR2004

    names = list(lines)
    summary = f"{title}: " + "; ".join(
        f"{name} from {said(float(lines[name][0]))} to {said(float(lines[name][-1]))}"
        for name in names
    )
    base = _frame(summary)
    base["tooltip"]["valueFormatter"] = (
        how if share else format_as("number", unit=unit.split(",", maxsplit=1)[0])
    )
    series = []
    for dash, group in (("solid", lines), ("dashed", dashed or {})):
        for name, values in group.items():
            hue = product_colour(names.index(name))
            series.append(
                {
                    **_LINE,
                    "name": name if dash == "solid" else f"{name}, without",
                    "data": [round(float(v), 4) for v in values],
                    "lineStyle": {"color": colour(hue), "width": 2 if dash == "solid" else 1.4, "type": dash},
                    "itemStyle": {"color": colour(hue)},
                }
            )  # fmt: skip
    columns = (text_column("month"), *(Column(name, unit) for name in names))
    rows = tuple(
        row([texts[t], *(said(float(lines[name][t])) for name in names)])
        for t in range(0, len(texts), _TABLE_STEP)
    )
    legend = tuple(Key(name, product_colour(i), "line") for i, name in enumerate(names))
    if dashed:
        legend += (Key("the same without", "muted", "dashes"),)
    scale = {} if least is None else {"min": least}
    return Chart(
        title=title,
        summary=f"{summary}.",
        caption=caption,
        option={
            **base,
            "xAxis": axis(type="category", data=texts, boundaryGap=False),
            "yAxis": axis(
                type="value",
                name=unit,
                nameTextStyle=_NAME,
                scale=least is None,
                axisLabel={"color": colour("muted"), "formatter": how},
                **scale,
            ),
            "series": series,
        },
        tables=(Table(title, columns, rows),),
        legend=legend,
    )
