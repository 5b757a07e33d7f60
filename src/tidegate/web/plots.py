"""The report's charts for notebooks: each shows itself, and needs no network."""

from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

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
)
from tidegate.web.palette import palette_css

_AROUND_PX: Final = 240
"""Height of title, controls, legend and caption around a drawing."""


@dataclass(frozen=True)
class Plot:
    """A chart that shows itself in a notebook.

    Attributes
    ----------
    chart : Chart
        What is shown; ``chart.summary`` says it in words, ``chart.tables`` holds its figures.
    """

    chart: Chart

    def html(self) -> str:
        """Return a whole page with the chart; it loads nothing from elsewhere."""
        template = environment().get_template("plot.html.j2")
        return template.render(
            chart=self.chart,
            palette=Markup(palette_css()),
            policy=content_policy(ECHARTS, "static/charts.js"),
        )

    def _repr_html_(self) -> str:
        height = self.chart.height + _AROUND_PX
        return str(
            Markup(
                '<iframe srcdoc="{}" title="{}" width="100%" height="{}" style="border:0" '
                'sandbox="allow-scripts"></iframe>'
            ).format(escape(self.html()), self.chart.title, height)
        )


def tide(pool: PoolResult) -> Plot:
    """Return who holds a pool's GPUs over time, policy by policy."""
    return Plot(tide_chart(pool))


def curve(pool: PoolResult) -> Plot:
    """Return the quota curve of a pool.

    Raises
    ------
    ValueError
        If the pool has no curve, because nothing is leased there.
    """
    return Plot(_present(curve_chart(pool), pool, "quota curve"))


def delay(pool: PoolResult) -> Plot:
    """Return how much later a pool's own jobs start, policy by policy.

    Raises
    ------
    ValueError
        If nothing is leased in the pool, so that nothing is delayed.
    """
    return Plot(_present(delay_chart(pool), pool, "delay"))


def money(result: BacktestResult) -> Plot:
    """Return rent beside depreciation, tier by tier."""
    return Plot(money_chart(result))


def hours(result: BacktestResult) -> Plot:
    """Return how GPU-hours are used, tier by tier."""
    return Plot(hours_chart(result))


def _present(chart: Chart | None, pool: PoolResult, what: str) -> Chart:
    if chart is None:
        raise ValueError(f"pool {pool.case.pool.id!r} has no {what}: nothing is leased there")
    return chart


def policies(result: BacktestResult) -> Plot:
    """Return what each policy for the fleet is worth: three tiers, keep, lease everything, sell early.

    Raises
    ------
    ValueError
        If nothing was compared: the fleet has no books.
    """
    if result.comparison is None:
        raise ValueError("nothing was compared: the fleet file names no books")
    return Plot(policies_chart(result.comparison))
