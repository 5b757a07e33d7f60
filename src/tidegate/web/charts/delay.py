"""What leasing does to the owner's own jobs: how many start how much later."""

from typing import Final

import polars as pl

from tidegate.plan.result import PoolResult
from tidegate.web.charts.chart import Chart, Key, Option, axis, format_as, frame
from tidegate.web.headline import NOTHING_LEASED, competes, headline_policy
from tidegate.web.palette import colour
from tidegate.web.table import Column, Table, row
from tidegate.web.wording import duration, number, percent

_MIN: Final = 60
_H: Final = 3600

DELAYS_S: Final = (
    *(0, 10, 30),
    *(_MIN * m for m in (1, 2, 5, 10, 15, 20, 30, 45)),
    *(_H * h for h in (1, 2, 4, 8, 12, 24, 48, 96, 168)),
)
"""Delays at which the distribution is shown, in seconds."""

_HUES: Final = {
    "tidegate": "product-1",
    "static": "product-2",
    "reactive": "product-3",
    "gfs": "product-4",
}
_DASHES: Final = {"product-1": "solid", "product-2": "dashed", "product-3": "dotted"}


def delay_chart(pool: PoolResult) -> Chart | None:
    """Return the share of own jobs that leasing delays, or None when nothing is leased."""
    jobs = pool.jobs.filter(
        pl.col("submit_s").is_between(pool.span.lease_from_s, pool.span.stop_s, closed="left"),
        pl.col("policy") != NOTHING_LEASED,
    )
    headline = headline_policy(pool)
    if headline is None or jobs.is_empty():
        return None
    later = jobs.group_by("policy").agg(
        pl.len().alias("jobs"), *((pl.col("delay_s") > d).mean().alias(str(d)) for d in DELAYS_S)
    )
    shares = {record["policy"]: record for record in later.iter_rows(named=True)}
    played = [p for p in pool.policies if p.policy in shares and competes(p)]
    if not played:
        return None
    names = [p.policy for p in played]
    hues = {name: _HUES.get(name, f"product-{4 + i % 3}") for i, name in enumerate(names)}
    summary = (
        f"Of {number(shares[names[0]]['jobs'])} own jobs of pool {pool.case.pool.id}, the share "
        "that starts more than 15 minutes later than when nothing is leased: "
        + "; ".join(f"{name} {percent(shares[name][str(15 * _MIN)], 2)}" for name in names)
        + ". The 99th percentile of the delay: "
        + "; ".join(f"{p.policy} {duration(p.internal_delay_p99_s)}" for p in played)
        + "."
    )
    series = {name: [shares[name][str(d)] for d in DELAYS_S] for name in names}
    return Chart(
        title="Delay of own jobs",
        summary=summary,
        caption=(
            "Share of own jobs submitted in the measured time that start more than so much later "
            "than when nothing is leased. Lower is better. First seed; the table of policies has "
            "the mean over seeds."
        ),
        option=_option(series, hues, summary),
        tables=(
            Table(
                f"Own jobs of {pool.case.pool.id} delayed by more than",
                (Column("delay", numeric=False), *(Column(n, "% of own jobs") for n in names)),
                tuple(
                    row([duration(d), *(percent(series[n][i], 2) for n in names)])
                    for i, d in enumerate(DELAYS_S)
                ),
            ),
        ),
        legend=tuple(
            Key(n, hues[n], "dashes" if _DASHES.get(hues[n], "solid") != "solid" else "line")
            for n in names
        ),
    )


def _option(series: dict[str, list[float]], hues: dict[str, str], summary: str) -> Option:
    base = frame(summary)
    base["tooltip"]["valueFormatter"] = format_as("percent", digits=2)
    return {
        **base,
        "xAxis": axis(type="category", data=[f"> {duration(d)}" for d in DELAYS_S]),
        "yAxis": axis(
            type="value",
            name="% of own jobs",
            min=0,
            nameTextStyle={"color": colour("muted"), "align": "left"},
            axisLabel={"color": colour("muted"), "formatter": format_as("percent", digits=-1)},
        ),
        "series": [
            {
                "type": "line",
                "name": name,
                "data": values,
                "symbolSize": 5,
                "showAllSymbol": True,
                "lineStyle": {
                    "color": colour(hues[name]),
                    "width": 2.2,
                    "type": _DASHES.get(hues[name], "solid"),
                },
                "itemStyle": {"color": colour(hues[name])},
                "emphasis": {"disabled": True},
            }
            for name, values in series.items()
        ],
    }
