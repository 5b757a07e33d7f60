"""The tide of a pool: who holds its GPUs, over time."""

from math import ceil, log10
from typing import Any, Final

import polars as pl

from tidegate.plan.result import PoolResult
from tidegate.web.charts.chart import Chart, Key, Option, Variant, axis, format_as, frame
from tidegate.web.charts.thin import MOST_POINTS, bucket_s, thinned
from tidegate.web.headline import headline_policy
from tidegate.web.palette import colour, product_colour
from tidegate.web.table import Column, Row, Table, row
from tidegate.web.wording import count, duration, moment, number, percent, period

ROOM: Final = 1.5
"""How far above capacity the axis follows demand before it is cut."""

TABLE_ROWS: Final = 31

_MOST_TICKS: Final = 8


def tide_chart(pool: PoolResult, points: int = MOST_POINTS) -> Chart:
    """Return stacked areas of GPUs held, with capacity and internal demand as lines.

    Parameters
    ----------
    pool : PoolResult
        The pool.
    points : int
        Most points of a series.
    """
    tide = pool.tide.sort("time_s", maintain_order=True)
    policies = tuple(p.policy for p in pool.policies if p.policy in set(tide["policy"].unique()))
    span_s, tick_s = _grid(tide)
    length_s = bucket_s(span_s, points, tick_s)
    layers = _layers(pool)
    capacity = pool.case.pool.gpus
    peak = float(tide["demand_gpus"].max() or 0)  # type: ignore[arg-type] # a column of numbers
    headline = headline_policy(pool)
    shown = headline.policy if headline and headline.policy in policies else policies[0]
    summary = _summary(pool, tide, shown)
    caption = f"GPUs; each point is {duration(length_s)}: the mean of what is held"
    caption += ", the maximum of internal demand (waiting jobs included)."
    if length_s == tick_s:
        caption = f"GPUs, every {duration(tick_s)}; internal demand includes waiting jobs."
    else:
        caption += (
            f" The run itself keeps every {duration(tick_s)}; zooming does not bring it back."
        )
    if peak > ROOM * capacity:
        caption += f" The axis is cut: demand rises to {number(peak)} GPUs."
    return Chart(
        title="Tide",
        summary=summary,
        caption=f"{caption} Seed\u00a0{_first_seed(pool)}.",
        option=_option(pool, layers, min(peak, ROOM * capacity), summary),
        tables=(_table(pool, tide, shown, layers),),
        legend=(
            *(Key(label, hue) for _, label, hue in layers),
            Key("internal demand", "demand", "line"),
            Key("capacity", "capacity", "dashes"),
        ),
        variants=tuple(
            Variant(name, _dataset(pool, tide, name, layers, length_s)) for name in policies
        ),
        chosen=policies.index(shown),
        zoom=True,
        height=400,
    )


def series_count(pool: PoolResult) -> int:
    """Return how many series the chart of a pool carries, over all policies."""
    return len(pool.policies) * (len(_layers(pool)) + 1)


def _first_seed(pool: PoolResult) -> str:
    seeds = pool.jobs["seed"] if "seed" in pool.jobs.columns else pl.Series([0])
    return str(seeds[0]) if len(seeds) else "0"


def _grid(tide: pl.DataFrame) -> tuple[int, int]:
    times = tide["time_s"].unique().sort()
    step = int(times.diff().drop_nulls().mode().min() or 1) if len(times) > 1 else 1  # type: ignore[arg-type] # integers
    return int(times[-1]) - int(times[0]) + step, step


def _layers(pool: PoolResult) -> tuple[tuple[str, str, str], ...]:
    """Column, label and colour of each area that is ever above zero, from the bottom of the stack."""
    products = [offer.product.id for offer in pool.case.offers]
    layers = (
        ("internal_gpus", "own jobs", "internal"),
        *((f"leased_gpus:{p}", f"leased: {p}", product_colour(i)) for i, p in enumerate(products)),
        ("sanitising_gpus", "sanitising", "sanitising"),
        ("failed_gpus", "failed", "failed"),
    )
    held = pool.tide.select(pl.exclude("policy", "time_s").max())
    rising = {name for name in held.columns if (held[name][0] or 0) > 0}
    return tuple(layer for layer in layers if layer[0] in rising or layer is layers[0])


def _dataset(
    pool: PoolResult,
    tide: pl.DataFrame,
    policy: str,
    layers: tuple[tuple[str, str, str], ...],
    length_s: int,
) -> dict[str, Any]:
    names = ["demand_gpus", *(column for column, _, _ in layers)]
    rows = tide.filter(pl.col("policy") == policy).select("time_s", *names)
    few = thinned(rows, length_s, ("demand_gpus",))
    start_s = int(few["time_s"][0])
    digits = 1 if pool.case.pool.gpus < 1000 else 0  # noqa: PLR2004 - a tenth of a GPU cannot be seen
    # A whole number without its point saves a third of a page of many series.
    columns = {
        f"v{i}": [int(v) if v.is_integer() else v for v in few[name].cast(pl.Float64).round(digits)]
        for i, name in enumerate(names)
    }
    return {
        "start": start_s if pool.span.calendar else start_s - pool.span.start_s,
        "step": length_s,
        "count": few.height,
        "calendar": pool.span.calendar,
        "columns": columns,
    }


def _option(
    pool: PoolResult, layers: tuple[tuple[str, str, str], ...], top: float, summary: str
) -> Option:
    calendar = pool.span.calendar
    capacity = pool.case.pool.gpus
    step = _round_step(max(top, capacity))
    base = frame(summary)
    base["tooltip"]["valueFormatter"] = format_as("number", unit="GPUs")
    base["tooltip"]["axisPointer"] = {
        "label": {"formatter": format_as("moment", calendar=calendar)}
    }
    areas = [
        {
            "type": "line",
            "name": label,
            "stack": "held",
            "step": "end",
            "symbol": "none",
            "lineStyle": {"width": 0},
            "areaStyle": {"color": colour(hue), "opacity": 1},
            "itemStyle": {"color": colour(hue)},
            "emphasis": {"disabled": True},
            "encode": {"x": "time", "y": f"v{i}"},
        }
        for i, (_, label, hue) in enumerate(layers, start=1)
    ]
    demand = {
        "type": "line",
        "name": "internal demand",
        "step": "end",
        "symbol": "none",
        "lineStyle": {"width": 0.8, "color": colour("demand")},
        "itemStyle": {"color": colour("demand")},
        "emphasis": {"disabled": True},
        "encode": {"x": "time", "y": "v0"},
        "markLine": {
            "silent": True,
            "symbol": "none",
            "label": {"show": False},
            "lineStyle": {"type": [6, 4], "width": 1.5, "color": colour("capacity")},
            "data": [{"yAxis": capacity}, *_start_of_leasing(pool)],
        },
    }
    return {
        **base,
        "useUTC": True,
        "grid": {"left": 8, "right": 16, "top": 32, "bottom": 56, "containLabel": True},
        "xAxis": axis(
            type="time" if calendar else "value",
            min="dataMin",
            max="dataMax",
            splitLine={"show": False},
            axisLabel={
                "color": colour("muted"),
                "hideOverlap": True,
                "showMaxLabel": False,
                "formatter": format_as("tick", calendar=calendar),
            },
        ),
        "yAxis": axis(
            type="value",
            name="GPUs",
            max=ceil(max(top, capacity) / step) * step,
            interval=step,
            axisLabel={"color": colour("muted"), "formatter": format_as("number")},
        ),
        "dataZoom": [
            {"type": "inside", "zoomOnMouseWheel": "ctrl", "moveOnMouseWheel": False},
            {
                "type": "slider",
                "height": 24,
                "bottom": 8,
                "showDetail": False,
                "brushSelect": False,
                "borderColor": colour("line"),
                "fillerColor": colour("line"),
                "backgroundColor": colour("raised"),
                "handleStyle": {"color": colour("sheet"), "borderColor": colour("edge")},
                "moveHandleStyle": {"color": colour("edge")},
            },
        ],
        "series": [*areas, demand],
    }


def _round_step(top: float) -> int:
    """Return the distance of four to eight round ticks up to ``top``."""
    power: int = 10 ** max(0, int(log10(max(top, 1.0) / 4)))
    return next(m * power for m in (1, 2, 5, 10) if top / (m * power) <= _MOST_TICKS)


def _start_of_leasing(pool: PoolResult) -> list[Option]:
    """Return the upright line at which leasing starts, when the tide begins before it."""
    span = pool.span
    if int(pool.tide["time_s"].min() or 0) >= span.lease_from_s:  # type: ignore[arg-type] # integers
        return []
    at = span.lease_from_s * 1000 if span.calendar else (span.lease_from_s - span.start_s) / 86400
    label = {
        "show": True,
        "formatter": "leasing starts",
        "position": "end",
        "color": colour("ink"),
    }
    return [{"xAxis": at, "label": label, "lineStyle": {"type": "solid", "width": 1.5}}]


def _summary(pool: PoolResult, tide: pl.DataFrame, policy: str) -> str:
    rows = tide.filter(pl.col("policy") == policy, pl.col("time_s") >= pool.span.lease_from_s)
    leased = pl.sum_horizontal(pl.lit(0.0), pl.col("^leased_gpus:.*$"))
    held, lent, busiest = rows.select(
        pl.col("internal_gpus").mean().alias("held"),
        leased.mean().alias("lent"),
        pl.col("demand_gpus").max().alias("busiest"),
    ).row(0)
    gpus = pool.case.pool.gpus
    return (
        f"GPUs of pool {pool.case.pool.id} under policy {policy}, measured {period(pool.span)}: "
        f"of {number(gpus)}, own jobs hold {number(held)} on average "
        f"({percent(held / gpus)}) and tenants {number(lent)} ({percent(lent / gpus)}); "
        f"internal demand peaks at {number(busiest)}."
    )


def _table(
    pool: PoolResult, tide: pl.DataFrame, policy: str, layers: tuple[tuple[str, str, str], ...]
) -> Table:
    rows = tide.filter(pl.col("policy") == policy).drop("policy")
    span_s, tick_s = _grid(rows)
    length_s = bucket_s(span_s, TABLE_ROWS, tick_s)
    few = thinned(rows, length_s, ("demand_gpus",))
    names = [column for column, _, _ in layers]
    lines: list[Row] = [
        row(
            [
                moment(record["time_s"], pool.span),
                *(count(record[n]) for n in (*names, "demand_gpus")),
            ]
        )
        for record in few.iter_rows(named=True)
    ]
    return Table(
        f"Tide of {pool.case.pool.id} under {policy}, per {duration(length_s)}",
        (
            Column("from" if pool.span.calendar else "from (since start)", numeric=False),
            *(Column(label, "GPUs, mean") for _, label, _ in layers),
            Column("internal demand", "GPUs, maximum"),
        ),
        tuple(lines),
    )
