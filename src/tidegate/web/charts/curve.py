"""The quota curve of a pool: what can be promised, for how long."""

from tidegate.plan.result import PoolResult
from tidegate.web.charts.chart import Chart, Key, Option, axis, format_as, frame
from tidegate.web.palette import colour
from tidegate.web.table import Column, Table, row
from tidegate.web.wording import duration, number, percent

_COLUMNS = ("now_gpus", "p10_gpus", "p50_gpus", "p90_gpus")


def curve_chart(pool: PoolResult) -> Chart | None:
    """Return the quota curve over horizons, or None for a pool without one."""
    curve = pool.curve
    if curve.is_empty() or not set(_COLUMNS) <= set(curve.columns):
        return None
    curve = curve.sort("horizon_s")
    horizons = [duration(h) for h in curve["horizon_s"]]
    now, low, middle, high = ([float(v) for v in curve[name]] for name in _COLUMNS)
    risk = percent(pool.case.pool.policy.risk)
    last = len(horizons) - 1
    summary = (
        f"Quota curve of pool {pool.case.pool.id} for a limit of {risk}: at the end of the log "
        f"{number(now[0])} GPUs could be promised for {horizons[0]} and {number(now[last])} for "
        f"{horizons[last]}; "
        f"the median over the measured time was {number(middle[0])} and {number(middle[last])}."
    )
    return Chart(
        title="Quota curve",
        summary=summary,
        caption=(
            f"GPUs that can be promised for a horizon so that at most {risk} of what is promised may "
            "break. The band holds 80\u00a0% of the measured time. Horizons stand at equal distances, "
            "though they grow from minutes to days. First seed."
        ),
        option=_option(horizons, now, low, middle, high, summary),
        tables=(
            Table(
                f"Quota curve of {pool.case.pool.id}",
                (
                    Column("horizon", numeric=False),
                    Column("now, end of log", "GPUs"),
                    Column("10th percentile", "GPUs"),
                    Column("median", "GPUs"),
                    Column("90th percentile", "GPUs"),
                ),
                tuple(
                    row([h, *(number(v) for v in values)])
                    for h, *values in zip(horizons, now, low, middle, high, strict=True)
                ),
            ),
        ),
        legend=(
            Key("now, at the end of the log", "product-2", "line"),
            Key("median", "product-1", "line"),
            Key("10th to 90th percentile", "product-1", "band"),
        ),
    )


def _option(
    horizons: list[str],
    now: list[float],
    low: list[float],
    middle: list[float],
    high: list[float],
    summary: str,
) -> Option:
    base = frame(summary)
    base["tooltip"]["valueFormatter"] = format_as("number", unit="GPUs")
    plain = {"type": "line", "step": "middle", "symbol": "none", "emphasis": {"disabled": True}}
    unseen = {
        **plain,
        "stack": "band",
        "silent": True,
        "lineStyle": {"opacity": 0},
        "tooltip": {"show": False},
    }

    def line(name: str, values: list[float], hue: str, width: float) -> Option:
        return {
            **plain,
            "name": name,
            "data": values,
            "lineStyle": {"color": colour(hue), "width": width},
            "itemStyle": {"color": colour(hue)},
        }

    band = [high_ - low_ for low_, high_ in zip(low, high, strict=True)]
    return {
        **base,
        "xAxis": axis(type="category", data=horizons, name="", boundaryGap=True),
        "yAxis": axis(
            type="value",
            name="GPUs",
            min=0,
            axisLabel={"color": colour("muted"), "formatter": format_as("number")},
        ),
        "series": [
            {**unseen, "data": low},
            {**unseen, "data": band, "areaStyle": {"color": colour("product-1"), "opacity": 0.22}},
            line("90th percentile", high, "product-1", 0.8),
            line("median", middle, "product-1", 2.2),
            line("10th percentile", low, "product-1", 0.8),
            line("now, at the end of the log", now, "product-2", 2.2),
        ],
    }
