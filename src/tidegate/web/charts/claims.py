"""The map of claims: in what share of futures each holds."""

from collections.abc import Sequence
from typing import Final

from tidegate.market.claims import Finding
from tidegate.web.charts.chart import Chart, Key, axis, format_as, frame
from tidegate.web.palette import colour
from tidegate.web.table import Column, Table, row, text_column
from tidegate.web.wording import percent

_VERDICTS: Final = {"holds": "good", "open": "product-2", "fails": "failed"}


def claims_chart(found: Sequence[Finding]) -> Chart:
    """Return the map of claims: in what share of futures each holds."""
    tested = [it for it in found if it.share is not None]
    names = [f"{it.claim.number} {it.claim.text}" for it in reversed(tested)]
    summary = "Share of futures in which each claim holds: " + "; ".join(
        f"{it.claim.number}, {percent(it.share, 0)}" for it in tested
    )
    base = frame(summary)
    base["tooltip"] = {
        **base["tooltip"],
        "axisPointer": {"type": "shadow"},
        "valueFormatter": format_as("percent", digits=0),
    }
    columns = (
        text_column("claim"), text_column("model says"), Column("holds in", "of futures"), text_column("evidence"),
    )  # fmt: skip
    return Chart(
        title="Map of claims",
        summary=f"{summary}.",
        caption="Share of futures in which a claim holds. From 80 % on the model says that "
        "it holds, up to 20 % that it fails; what public evidence says stands in the table.",
        option={
            **base,
            "grid": {"left": 8, "right": 28, "top": 8, "bottom": 8, "containLabel": True},
            "xAxis": axis(
                type="value",
                min=0,
                max=1,
                axisLabel={"color": colour("muted"), "formatter": format_as("percent", digits=0)},
            ),
            "yAxis": axis(
                type="category",
                data=names,
                axisLabel={"color": colour("ink"), "width": 330, "overflow": "truncate"},
            ),
            "series": [
                {
                    "type": "bar",
                    "name": "holds in",
                    "barMaxWidth": 16,
                    "data": [
                        {
                            "value": it.share,
                            "itemStyle": {"color": colour(_VERDICTS[it.verdict])},
                        }
                        for it in reversed(tested)
                    ],
                }
            ],
        },
        tables=(
            Table(
                "Claims",
                columns,
                tuple(
                    row(
                        [
                            f"{it.claim.number} {it.claim.text}",
                            it.verdict,
                            percent(it.share, 0),
                            it.claim.verdict,
                        ]
                    )
                    for it in tested
                ),
            ),
        ),
        legend=(
            Key("holds", "good"),
            Key("open", "product-2"),
            Key("fails", "failed"),
        ),
        height=460,
    )
