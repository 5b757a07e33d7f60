"""The report on a market scenario: one file of HTML that loads nothing, with sliders that answer at once."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from tidegate.market.claims import Finding
from tidegate.market.run import MarketRun
from tidegate.plan.market import filled
from tidegate.plan.marketstory import MarketStory
from tidegate.web.assets import ECHARTS, content_policy, environment
from tidegate.web.charts.chart import Chart
from tidegate.web.charts.claims import claims_chart
from tidegate.web.charts.market import fan_chart, lines_chart
from tidegate.web.palette import palette_css
from tidegate.web.sections.head import Card
from tidegate.web.table import Cell, Column, Table, row, text_column
from tidegate.web.wording import ABSENT, number, percent

_HHI: Final = 10_000


def render_market(story: MarketStory) -> str:
    """Return the report as one file of HTML; it works from a disk and forbids itself the network."""
    charts = _charts(story)
    payload = {name: chart.payload for name, chart in charts.items()}
    names = list(charts)
    return (
        environment()
        .get_template("market.html.j2")
        .render(
            story=story,
            palette=Markup(palette_css()),
            policy=content_policy(
                ECHARTS, "static/theme.js", "static/charts.js", "static/market.js"
            ),
            cards=_cards(story),
            charts=charts,
            rents=[name for name in names if name.startswith("rent-")],
            others=[name for name in names if not name.startswith(("rent-", "claims"))],
            differences=_difference_table(story),
            claims=_claims_table(story.findings) if story.findings else None,
            facts=_facts(story),
            payload=payload,
            surface=story.surface.to_json(),
        )
    )


def _median(values: Any) -> Any:
    return np.median(values, axis=0)


def _charts(story: MarketStory) -> dict[str, Chart]:
    run, other = story.run, story.other
    market, record = run.market, run.record
    first, last = story.span
    months = run.months[first:last]
    charts = {
        f"rent-{generation}": fan_chart(
            run, other, generation, story.seen, first=story.first_of(generation), last=last
        )
        for generation in story.let
    }
    let = {
        name: _median(record.occupancy[:, first:last, 0, g])
        for g, name in enumerate(market.generation_ids)
        if record.occupancy[:, first, 0, g].any()
    }
    camps = [c for c, camp in enumerate(market.camps) if camp.stock_share_open > 0 or camp.owner]
    firms = [c for c in camps if market.camps[c].firms_open > 1]

    def by_camp(it: MarketRun, field: str, which: Sequence[int], scale: float = 1.0) -> Any:
        values = getattr(it.record, field)
        return {market.camp_ids[c]: _median(values[:, first:last, 0, c]) * scale for c in which}

    charts["supply"] = lines_chart(
        "Supply by camp", "thousand H100 of work", months,
        by_camp(run, "capacity", camps, 1e-3),
        caption="Installed work in the open region, own use included; medians.",
    )  # fmt: skip
    charts["let"] = lines_chart(
        "Occupancy by camp", "rented / offered", months, by_camp(run, "let", camps),
        caption="Rented over offered GPUs, open region; medians.", share=True, least=None,
    )  # fmt: skip
    charts["occupancy"] = lines_chart(
        "Occupancy by generation", "rented / offered", months, let,
        caption="Rented over offered GPUs, open region; medians.", share=True, least=None,
    )  # fmt: skip
    charts["resale"] = lines_chart(
        "Second-hand prices", "USD, per GPU", months,
        _resales(run, first, last), _resales(other, first, last),
        caption=f"Medians; dashed: {other.market.name}.",
    )  # fmt: skip
    charts["firms"] = lines_chart(
        "Firms left", "firms", months,
        by_camp(run, "firms", firms), by_camp(other, "firms", firms),
        caption=f"Medians, open region; dashed: {other.market.name}.",
    )  # fmt: skip
    charts["hhi"] = lines_chart(
        "Concentration", "points", months,
        {"Herfindahl index": _median(record.concentration[:, first:last, 0]) * _HHI,
         "four largest, of 10,000": _median(record.concentration[:, first:last, 1]) * _HHI},
        {"Herfindahl index": _median(other.record.concentration[:, first:last, 0]) * _HHI,
         "four largest, of 10,000": _median(other.record.concentration[:, first:last, 1]) * _HHI},
        caption=f"Of revenue in both regions; medians; dashed: {other.market.name}.",
    )  # fmt: skip
    granted = filled(run)
    charts["allotment"] = lines_chart(
        "Allotment by vendors", "granted / ordered", months,
        {market.camp_ids[c]: _median(granted[:, first:last, c]) for c in firms},
        caption="Share of a camp's orders that vendors grant; medians.", share=True,
    )  # fmt: skip
    charts["regions"] = lines_chart(
        "Rent of H100 in the two regions", "USD, per GPU-hour", months,
        {name: _median(record.rent[:, first:last, r, market.generation_ids.index(market.setting.reference)])
         for r, name in enumerate(("open", "walled"))},
        caption="On demand; medians.",
    )  # fmt: skip
    if story.findings:
        charts["claims-map"] = claims_chart(story.findings)
    return charts


def _resales(run: MarketRun, first: int, last: int) -> dict[str, Any]:
    return {
        name: _median(run.record.resale[:, first:last, 0, g])
        for g, name in enumerate(run.market.generation_ids)
        if run.record.occupancy[:, first, 0, g].any()
    }


def _cards(story: MarketStory) -> tuple[Card, ...]:
    by = {(d.figure, d.where, d.year): d for d in story.differences}

    def change(figure: str, where: str, year: int) -> tuple[str, str]:
        it = by.get((figure, where, year))
        if it is None:
            return ABSENT, ""

        def text(value: float) -> str:
            return f"{100 * value:+.1f}\u00a0%" if it.relative else f"{value:+,.3g}"

        return text(it.middle).replace("-", "−"), f"{text(it.low)} to {text(it.high)}".replace(
            "-", "−"
        )

    found = []
    for label, figure, where, year in (
        ("Rent of H100, first year", "rent", "H100-SXM", 1),
        ("Rent of B200, first year", "rent", "B200-SXM", 1),
        ("Used H100, third year", "resale", "H100-SXM", 3),
        ("Small lessors, third year", "firms", "small low-price", 3),
        ("Herfindahl index, third year", "HHI", "both regions", 3),
        ("Lease revenue, second year, bn USD", "lease revenue, bn USD a year", "owner", 2),
    ):
        value, band = change(figure, where, year)
        found.append(
            Card(label, value, f"against {story.other.market.name}; 90 % of futures: {band}")
        )
    return tuple(found)


def _difference_table(story: MarketStory) -> Table:
    columns = (
        text_column("figure"), text_column("of"), Column("year"), Column("median"),
        Column("5 %"), Column("95 %"), Column("higher in", "of futures"),
    )  # fmt: skip

    def text(value: float, relative: bool) -> str:  # noqa: FBT001
        if relative:
            return f"{percent(value)}" if value <= 0 else f"+{percent(value)}"
        return f"{value:+,.3g}".replace("-", "−")

    rows = tuple(
        row(
            [
                it.figure,
                it.where,
                str(it.year),
                *(text(v, it.relative) for v in (it.middle, it.low, it.high)),
                percent(it.rises, 0),
            ]
        )
        for it in story.differences
    )
    return Table(
        f"{story.run.market.name} against {story.other.market.name}", columns, rows,
        "The same futures in both; years count from the entry.",
    )  # fmt: skip


def effect_cell(it: Finding) -> Cell:
    """Return an effect with its interval."""
    if it.effect is None or it.interval is None:
        return Cell(ABSENT)
    unit = it.claim.unit

    def text(value: float) -> str:
        if unit in ("change", "share"):
            return percent(value)
        return f"{value:,.3g}".replace("-", "−")

    low, high = it.interval
    others = "".join(f"; let {name}: {text(value)}" for name, value in it.variants)
    tail = "" if unit in ("change", "share") else f" {unit}"
    return Cell(f"{text(it.effect)}{tail}", note=f"{text(low)} to {text(high)}{others}")


def _claims_table(found: Sequence[Finding]) -> Table:
    columns = (
        text_column("claim"), text_column("model"), Column("holds in", "of futures"),
        text_column("effect"), text_column("decided by"), text_column("evidence"),
    )  # fmt: skip
    rows = []
    for it in found:
        names = ", ".join(f"{d.name} {d.index:.2f}" for d in it.deciders) or ABSENT
        fit = f"surrogate explains {percent(it.fit, 0)}" if it.fit is not None else ""
        rows.append(
            row(
                [
                    Cell(f"{it.claim.number}. {it.claim.text}", note=it.claim.measure),
                    it.verdict,
                    percent(it.share, 0),
                    effect_cell(it),
                    Cell(names, note=fit),
                    Cell(
                        it.claim.verdict,
                        note="" if it.claim.evidence == it.claim.verdict else it.claim.evidence,
                    ),
                ]
            )
        )
    return Table(
        "Sixteen claims", columns, tuple(rows),
        "Effects: median, and 5 to 95 % of futures. Deciders: total Sobol indices of a quadratic surrogate.",
    )  # fmt: skip


def _facts(story: MarketStory) -> Table:
    origin = story.origin
    rows = [
        ("Scenario", f"{story.run.market.name}: {story.run.market.title}"),
        ("Held against", f"{story.other.market.name}: {story.other.market.title}"),
        ("Futures", f"{number(story.run.draws.count)}, seed {story.run.draws.seed}"),
        ("Posterior", ", ".join(f"{key} {value}" for key, value in origin.items())),
        ("Sliders", f"{number(len(story.surface.values))} points of {story.surface.draws} futures"),
        ("Plays took", f"{number(story.seconds, 0)} s"),
    ]
    return Table(
        "The run", (text_column("what"), text_column("")), tuple(row(cells) for cells in rows)
    )
