"""The report of a backtest: one file of HTML that loads nothing."""

from dataclasses import dataclass

from markupsafe import Markup

from tidegate.plan.result import BacktestResult, PoolResult
from tidegate.web.assets import ECHARTS, content_policy, environment
from tidegate.web.charts import (
    Chart,
    curve_chart,
    delay_chart,
    hours_chart,
    money_chart,
    policies_chart,
    tide_chart,
    tradeoff_chart,
)
from tidegate.web.charts.thin import points_for
from tidegate.web.charts.tide import series_count
from tidegate.web.palette import palette_css
from tidegate.web.sections.head import cards, findings, spans
from tidegate.web.sections.pools import policy_table, product_table, refusal_table
from tidegate.web.sections.sources import (
    definition_table,
    log_table,
    reject_table,
    run_table,
    terms_table,
)
from tidegate.web.sections.tiers import tier_table
from tidegate.web.table import Table
from tidegate.web.wording import currency_name, days, number, percent, period


@dataclass(frozen=True)
class PoolPart:
    """One pool's part of the report.

    Attributes
    ----------
    anchor : str
        Where links lead.
    name, tier, facts : str
        What the pool is.
    charts : tuple of str
        Ids of the charts beside the tide.
    tables : tuple of Table
        Policies, products, refusals.
    notes : tuple of str
        What was assumed for it.
    """

    anchor: str
    name: str
    tier: str
    facts: str
    charts: tuple[str, ...]
    tables: tuple[Table, ...]
    notes: tuple[str, ...]


def render(result: BacktestResult) -> str:
    """Return the report of a backtest as one file of HTML.

    Parameters
    ----------
    result : BacktestResult
        What the backtest found.

    Returns
    -------
    str
        A page with all scripts, styles and data inline. It works from a disk and forbids itself the
        network.
    """
    charts: dict[str, Chart] = {"hours": hours_chart(result), "revenue": money_chart(result)}
    if result.comparison is not None:
        charts["policies"] = policies_chart(result.comparison)
    points = points_for(sum(series_count(pool) for pool in result.pools))
    parts = []
    for place, pool in enumerate(result.pools, start=1):
        anchor = f"pool-{place}"
        drawn = _pool_charts(pool, anchor, points, result.currency)
        charts |= drawn
        parts.append(_part(pool, anchor, result.currency, tuple(drawn)[1:]))
    payload = {name: chart.payload for name, chart in charts.items()}
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            result=result,
            palette=Markup(palette_css()),
            policy=content_policy(ECHARTS, "static/theme.js", "static/charts.js"),
            currency=_currency(result),
            spans=spans(result),
            cards=cards(result),
            findings=findings(result),
            tiers=tier_table(result),
            charts=charts,
            pools=parts,
            terms=terms_table(result),
            logs=log_table(result),
            rejects=[it for it in map(reject_table, result.pools) if it],
            definitions=definition_table(result),
            run=run_table(result),
            payload=payload,
        )
    )


def _currency(result: BacktestResult) -> str:
    name = currency_name(result.currency)
    return name if name == result.currency else f"{name}, as the fleet file states no currency"


def _pool_charts(pool: PoolResult, anchor: str, points: int, currency: str) -> dict[str, Chart]:
    """Return a pool's charts by id, the tide first."""
    charts = {
        "tide": tide_chart(pool, points),
        "curve": curve_chart(pool),
        "delay": delay_chart(pool),
        "tradeoff": tradeoff_chart(pool, currency),
    }
    return {f"{anchor}-{name}": chart for name, chart in charts.items() if chart}


def _part(pool: PoolResult, anchor: str, currency: str, charts: tuple[str, ...]) -> PoolPart:
    it = pool.case.pool
    own = pool.internal_gpu_hours / pool.capacity_gpu_hours if pool.capacity_gpu_hours else None
    facts = (
        f"{number(it.gpus)} GPUs ({number(it.nodes)} nodes × {it.gpus_per_node} {it.chip.id}) "
        f"at {it.site.id}; "
        f"{number(pool.jobs_count)} own jobs held {percent(own)} of capacity when nothing is "
        f"leased. Measured {period(pool.span)} ({days(pool.span.measured_hours)} d)."
    )
    tables = (policy_table(pool, currency), product_table(pool, currency), refusal_table(pool))
    return PoolPart(
        anchor=anchor,
        name=it.id,
        tier=it.tier.value,
        facts=facts,
        charts=charts,
        tables=tuple(it for it in tables if it),
        notes=pool.notes,
    )
