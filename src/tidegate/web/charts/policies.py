"""The three-tier policy beside others: what each is worth, over the paths."""

from tidegate.finance.report import Kind
from tidegate.finance.report import Table as FinanceTable
from tidegate.finance.report.table import shown
from tidegate.finance.report.tiers import policies_table, policy_tiers_table
from tidegate.finance.tiers.policies import Comparison
from tidegate.web.charts.chart import Chart, Key, Option, axis, format_as, frame
from tidegate.web.palette import colour
from tidegate.web.table import Column, Table, row
from tidegate.web.wording import currency_name, money

_BAR_PX = 40
_AROUND_PX = 76


def policies_chart(found: Comparison) -> Chart:
    """Return each policy's present value: its mean, and 5 to 95 % of the paths."""
    unit = currency_name(found.currency)
    summary = "Present value by policy, on the same paths: " + "; ".join(
        f"{p.policy} {money(p.mean, found.currency)} in the mean, "
        f"{money(p.low, found.currency)} to {money(p.high, found.currency)}"
        for p in found.policies
    )
    stated = policies_table(found)
    return Chart(
        title="What each policy is worth",
        summary=f"{summary}.",
        caption=f"{unit}, from {found.now} on; {found.source}. {stated.note}",
        option=_option(found, f"{summary}."),
        tables=tuple(_shown(table, unit) for table in (stated, policy_tiers_table(found))),
        legend=(Key("5 to 95 % of the paths", "internal"), Key("mean", "product-2")),
        height=_AROUND_PX + _BAR_PX * len(found.policies),
    )


def _shown(stated: FinanceTable, unit: str) -> Table:
    return Table(
        stated.title,
        tuple(
            Column(c.title, unit if c.kind is Kind.BALANCE else "", numeric=c.kind is not Kind.TEXT)
            for c in stated.columns
        ),
        tuple(
            row(shown(value, c.kind) for value, c in zip(values, stated.columns, strict=True))
            for values in stated.rows
        ),
    )


def _option(found: Comparison, summary: str) -> Option:
    base = frame(summary)
    base["tooltip"]["trigger"] = "item"
    base["tooltip"]["formatter"] = "{b}"
    base["grid"] = {"left": 8, "right": 24, "top": 8, "bottom": 8, "containLabel": True}
    low = [p.low for p in found.policies]
    return {
        **base,
        "xAxis": axis(
            type="value",
            min=0 if min(low) >= 0 else None,
            axisLabel={
                "color": colour("muted"),
                "formatter": format_as("compact"),
                "hideOverlap": True,
            },
        ),
        "yAxis": axis(
            type="category",
            data=[p.policy for p in found.policies],
            inverse=True,
            axisTick={"show": False},
            axisLabel={"color": colour("ink")},
        ),
        "series": [
            # From 5 % to 95 %: two ends of a line, so that a value below zero is drawn as well as one above.
            *(
                {
                    "type": "line",
                    "name": "5 to 95 %",
                    "data": [[p.low, place], [p.high, place]],
                    "symbol": "none" if p.high > p.low else "rect",
                    "symbolSize": 8,
                    "lineStyle": {"color": colour("internal"), "width": 8, "cap": "butt"},
                    "itemStyle": {"color": colour("internal")},
                    "silent": True,
                    "tooltip": {"show": False},
                }
                for place, p in enumerate(found.policies)
            ),
            {
                "type": "scatter",
                "name": "mean",
                "data": [
                    {
                        "name": f"{p.policy}: {money(p.mean, found.currency)} in the mean",
                        "value": [p.mean, place],
                    }
                    for place, p in enumerate(found.policies)
                ],
                "symbolSize": 12,
                "z": 3,
                "itemStyle": {"color": colour("product-2"), "borderColor": colour("sheet")},
            },
        ],
    }
