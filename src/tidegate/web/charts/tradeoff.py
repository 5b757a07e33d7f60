"""Revenue against the delay of own jobs, as the owner's limit turns."""

from tidegate.plan.result import PoolResult
from tidegate.web.charts.chart import Chart, Key, Option, axis, format_as, frame
from tidegate.web.palette import colour
from tidegate.web.table import Column, Table, row
from tidegate.web.wording import amount_text, currency_name, percent


def tradeoff_chart(pool: PoolResult, currency: str) -> Chart | None:
    """Return what other limits would bring and cost, or None for a pool without a quota curve."""
    turned = pool.tradeoff
    if turned.is_empty():
        return None
    turned = turned.sort("risk")
    names = [percent(risk, 2) for risk in turned["risk"]]
    own = percent(pool.case.pool.policy.risk, 2)
    late = [100 * float(share) for share in turned["delayed_jobs_share"]]
    broken = [100 * float(share) for share in turned["broken_share"]]
    revenue = [float(amount) for amount in turned["revenue"]]
    money = currency_name(currency)
    first, last = names[0], names[-1]
    summary = (
        f"What tidegate earns in pool {pool.case.pool.id} as the owner's limit turns: "
        f"{amount_text(revenue[0], currency)} {money} at a limit of {first}, with {late[0]:.2f} % of own "
        f"jobs late, and {amount_text(revenue[-1], currency)} at {last}, with {late[-1]:.2f} %."
    )
    points = [
        {"name": name, "value": [x, y]} for name, x, y in zip(names, late, revenue, strict=True)
    ]
    here = [point for point in points if point["name"] == own]
    return Chart(
        title="What another limit would bring",
        summary=summary,
        caption=(
            "Each point is a limit: the largest share of promised GPU-hours that may break and of own jobs "
            f"that may be late for leasing. This pool's is {own}. One request stream."
        ),
        option=_option(points, here, money, summary),
        tables=(
            Table(
                f"Limits of {pool.case.pool.id}",
                (
                    Column("limit", numeric=False),
                    Column("revenue", money),
                    Column("own jobs late", "%"),
                    Column("promises broken", "%"),
                ),
                tuple(
                    row([name, amount_text(earned, currency), f"{x:.2f}", f"{b:.2f}"])
                    for name, earned, x, b in zip(names, revenue, late, broken, strict=True)
                ),
            ),
        ),
        legend=(
            Key("limits, from strict to loose", "product-1", "line"),
            Key("this pool's limit", "product-2"),
        ),
    )


def _option(points: list[Option], here: list[Option], money: str, summary: str) -> Option:
    base = frame(summary)
    base["grid"]["bottom"] = 28
    base["tooltip"]["trigger"] = "item"
    base["tooltip"]["formatter"] = "limit {b}"
    return {
        **base,
        "xAxis": axis(type="value", name="own jobs late, %", nameLocation="middle", nameGap=28),
        "yAxis": axis(
            type="value",
            name=money,
            axisLabel={"color": colour("muted"), "formatter": format_as("number")},
        ),
        "series": [
            {
                "type": "line",
                "data": points,
                "symbolSize": 7,
                "lineStyle": {"color": colour("product-1"), "width": 1.6},
                "itemStyle": {"color": colour("product-1")},
            },
            {
                "type": "scatter",
                "data": here,
                "symbolSize": 14,
                "z": 3,
                "itemStyle": {"color": colour("product-2")},
            },
        ],
    }
