"""Hours and money per tier, as bars."""

from typing import Any

from tidegate.plan.result import BacktestResult
from tidegate.web.charts.chart import Chart, Key, Option, axis, format_as, frame
from tidegate.web.palette import colour
from tidegate.web.table import Column, Table, row
from tidegate.web.tiers import Figures, by_tier
from tidegate.web.wording import amount_text, currency_name, money, number, percent

_BAR_PX = 44
_AROUND_PX = 96


def money_chart(result: BacktestResult) -> Chart:
    """Return revenue beside depreciation, one pair of bars per tier."""
    tiers = [tier for tier, _ in by_tier(result)]
    unit = currency_name(result.currency)
    summary = "Rent beside depreciation of the same time: " + "; ".join(
        f"{tier.name} {money(tier.revenue, result.currency)} of rent, "
        + (
            "depreciation not known"
            if tier.depreciation is None
            else f"{money(tier.depreciation, result.currency)} of depreciation"
        )
        for tier in tiers
    )
    unknown = any(tier.depreciated_pools < tier.pools for tier in tiers)
    caption = f"{unit}, over the measured time of each pool."
    if unknown:
        caption += " Depreciation covers only pools whose cohorts the fleet file names."
    series: list[tuple[str, str, list[Any]]] = [
        ("rent", "product-1", [float(t.revenue) for t in tiers]),
        ("depreciation", "internal", [_plain(t) for t in tiers]),
    ]
    return Chart(
        title="Rent and depreciation",
        summary=f"{summary}.",
        caption=caption,
        option=_bars(
            tiers, series, f"{summary}.", format_as("compact"), format_as("number", unit=unit)
        ),
        tables=(
            Table(
                "Rent and depreciation per tier",
                (Column("tier", numeric=False), Column("rent", unit), Column("depreciation", unit)),
                tuple(
                    row(
                        [
                            t.name,
                            amount_text(t.revenue, result.currency),
                            amount_text(t.depreciation, result.currency),
                        ]
                    )
                    for t in tiers
                ),
            ),
        ),
        legend=(Key("rent", "product-1"), Key("depreciation", "internal")),
        height=_AROUND_PX + 2 * _BAR_PX * len(tiers) // 2 + 20 * len(tiers),
    )


def hours_chart(result: BacktestResult) -> Chart:
    """Return how each tier's GPU-hours are used, one bar of 100 % per tier."""
    tiers = [tier for tier, _ in by_tier(result)]
    parts = [
        ("own jobs", "internal", [t.own for t in tiers]),
        ("leased", "product-1", [t.leased for t in tiers]),
        ("failed", "failed", [t.failed for t in tiers]),
        ("idle still", "grid", [max(0.0, t.idle - t.leased) for t in tiers]),
    ]
    shares = {
        name: [v / t.capacity if t.capacity else 0.0 for v, t in zip(values, tiers, strict=True)]
        for name, _, values in parts
    }
    summary = "How GPU-hours are used: " + "; ".join(
        f"{tier.name} " + ", ".join(f"{name} {percent(shares[name][i])}" for name, _, _ in parts)
        for i, tier in enumerate(tiers)
    )
    option = _bars(
        tiers,
        [(name, hue, shares[name]) for name, hue, _ in parts],
        f"{summary}.",
        format_as("percent", digits=0),
        format_as("percent", digits=1),
    )
    option["xAxis"]["max"] = 1
    for series in option["series"]:
        series["stack"] = "hours"
        series["itemStyle"]["borderColor"] = colour(
            "edge" if series["name"] == "idle still" else "sheet"
        )
        series["itemStyle"]["borderWidth"] = 1
        series.pop("barGap")
    return Chart(
        title="Use of GPU-hours",
        summary=f"{summary}.",
        caption=(
            "Share of capacity, over the measured time of each pool. Sanitising is part of what is "
            "idle still."
        ),
        option=option,
        tables=(
            Table(
                "Use of GPU-hours per tier",
                (Column("tier", numeric=False), *(Column(n, "GPU-h") for n, _, _ in parts)),
                tuple(
                    row([t.name, *(number(values[i]) for _, _, values in parts)])
                    for i, t in enumerate(tiers)
                ),
            ),
        ),
        legend=tuple(Key(name, hue) for name, hue, _ in parts),
        height=_AROUND_PX + (_BAR_PX + 12) * len(tiers),
    )


def _plain(tier: Figures) -> float | None:
    return None if tier.depreciation is None else float(tier.depreciation)


def _bars(
    tiers: list[Figures],
    series: list[tuple[str, str, list[Any]]],
    summary: str,
    labels: Option,
    values: Option,
) -> Option:
    base = frame(summary)
    base["tooltip"]["valueFormatter"] = values
    base["tooltip"]["axisPointer"] = {
        "type": "shadow",
        "shadowStyle": {"color": colour("line"), "opacity": 0.35},
    }
    base["grid"] = {"left": 8, "right": 24, "top": 8, "bottom": 8, "containLabel": True}
    return {
        **base,
        "xAxis": axis(
            type="value",
            axisLabel={"color": colour("muted"), "formatter": labels, "hideOverlap": True},
        ),
        "yAxis": axis(
            type="category",
            data=[tier.name for tier in tiers],
            inverse=True,
            axisTick={"show": False},
            axisLabel={"color": colour("ink")},
        ),
        "series": [
            {
                "type": "bar",
                "name": name,
                "data": data,
                "barMaxWidth": 26,
                "barGap": "10%",
                "itemStyle": {"color": colour(hue)},
                "emphasis": {"disabled": True},
            }
            for name, hue, data in series
        ],
    }
