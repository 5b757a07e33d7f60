"""What ``tidegate market`` prints."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.markup import escape
from rich.table import Table

from tidegate.cli.screen import out
from tidegate.market.claims import Finding
from tidegate.market.judge import MODEL, RIVALS, Verdict
from tidegate.market.parameters import parameters
from tidegate.market.posterior import Shipped
from tidegate.market.run import MarketRun
from tidegate.plan.market import Difference

if TYPE_CHECKING:
    from tidegate.market.model import Market

_BAND = (0.05, 0.5, 0.95)
_DIGITS_FROM = 10


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 else "right", no_wrap=place > 0)
    return table


def _figure(value: float, digits: int = 2) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.{digits}f}"  # noqa: PLR2004


def _band(values: Any, digits: int = 2) -> str:
    low, middle, high = np.quantile(values, _BAND)
    return f"{_figure(middle, digits)} ({_figure(low, digits)}-{_figure(high, digits)})"


def show_run(run: MarketRun, first: date, seconds: float) -> None:
    """Print a run: per generation what it rents and sells for, per camp who is left."""
    market, record = run.market, run.record
    begin = max(0, market.month_of(first))
    last = record.rent.shape[1]
    places = [t for t in (begin, begin + 12, begin + 24, begin + 36, begin + 60) if t < last]
    places = places or [last - 1]
    out.print(f"[bold]{escape(market.name)}[/]  {escape(market.title)}", soft_wrap=True)
    heads = [f"{run.months[t]:%Y-%m}" for t in places]
    for title, values, digits in (
        ("rent, USD/GPU-h", record.rent[:, :, 0], 2),
        ("used price, USD", record.resale[:, :, 0], 0),
    ):
        table = _table(title, *heads)
        for g, generation in enumerate(market.generation_ids):
            if record.occupancy[:, :, 0, g].any():
                table.add_row(generation, *(_band(values[:, t, g], digits) for t in places))
        out.print(table)
        out.print()
    table = _table("rented / offered", *heads)
    for g, generation in enumerate(market.generation_ids):
        if record.occupancy[:, :, 0, g].any():
            table.add_row(
                generation, *(f"{np.median(record.occupancy[:, t, 0, g]):.0%}" for t in places)
            )
    out.print(table)
    out.print()
    table = _table("firms left", *heads)
    for c, camp in enumerate(market.camp_ids):
        if record.firms[:, 0, 0, c].max() > 1:
            table.add_row(camp, *(_band(record.firms[:, t, 0, c], 1) for t in places))
    table.add_row("HHI, points", *(_band(record.concentration[:, t, 0] * 1e4, 0) for t in places))
    table.add_row(
        "lease revenue of the owner, bn USD/year",
        *(_band(record.owner[:, t, 0] * 12 / 1e9, 1) for t in places),
    )
    out.print(table)
    out.print(
        f"open region; median of {run.draws.count:,} futures, 5 and 95 % in brackets; {seconds:.1f} s",
        style="dim",
        soft_wrap=True,
    )


def show_files(files: Sequence[Path]) -> None:
    """Print where files lie."""
    for path in files:
        out.print(f"written: {escape(str(path))}", soft_wrap=True)


def _change(value: float, relative: bool) -> str:
    return f"{value:+.1%}" if relative else f"{value:+,.3g}"


def show_differences(
    pair: "Sequence[Market]",
    found: Sequence[Difference],
    first: date,
    draws: int,
    seconds: float,
) -> None:
    """Print what one scenario changes against another."""
    out.print(f"[bold]{escape(pair[0].name)}[/]  {escape(pair[0].title)}", soft_wrap=True)
    out.print(f"against [bold]{escape(pair[1].name)}[/]  {escape(pair[1].title)}", soft_wrap=True)
    years = sorted({it.year for it in found})
    table = _table("", *(f"year {year}" for year in years), "higher in")
    for figure, where in dict.fromkeys((it.figure, it.where) for it in found):
        rows = {it.year: it for it in found if (it.figure, it.where) == (figure, where)}
        cells = [
            f"{_change(it.middle, it.relative)} ({_change(it.low, it.relative)} to "
            f"{_change(it.high, it.relative)})"
            if (it := rows.get(year))
            else ""
            for year in years
        ]
        table.add_row(f"{figure}, {where}", *cells, f"{rows[min(rows)].rises:.0%}")
    out.print(table)
    out.print(
        f"median of {draws:,} futures, the same in both; 5 to 95 % in brackets; years from {first:%Y-%m}; "
        f"'higher in': share of futures in the first year; {seconds:.1f} s",
        style="dim",
        soft_wrap=True,
    )


def show_batch(told: "Sequence[tuple[Market, Sequence[Difference]]]", draws: int) -> None:
    """Print scenarios held against the first."""
    shown = (
        ("rent", "A100-80-SXM", 1),
        ("rent", "H100-SXM", 1),
        ("rent", "B200-SXM", 1),
        ("rent", "H100-SXM", 3),
        ("resale", "H100-SXM", 3),
        ("firms", "small low-price", 3),
        ("HHI", "both regions", 3),
    )
    table = _table("scenario", *(f"{figure} {where}, year {year}" for figure, where, year in shown))
    for column in table.columns[1:]:
        column.no_wrap = False
    for market, found in told:
        by = {(it.figure, it.where, it.year): it for it in found}
        table.add_row(
            escape(market.name),
            *(_change(by[key].middle, by[key].relative) if key in by else "" for key in shown),
        )
    out.print(table)
    out.print(
        f"median change against {told[0][0].name} over the same {draws:,} futures",
        style="dim",
        soft_wrap=True,
    )


def effect_text(value: float | None, unit: str) -> str:
    """Return an effect with its unit."""
    if value is None:
        return ""
    if unit == "change":
        return f"{value:+.1%}"
    if unit == "share":
        return f"{value:.1%}"
    return f"{value:,.3g}"


def show_claims(found: Sequence[Finding], draws: int, seconds: float) -> None:
    """Print the claims."""
    for it in found:
        claim = it.claim
        head = f"[bold]{claim.number:>2} {escape(claim.text)}[/]"
        out.print(head, soft_wrap=True)
        if it.share is None or it.interval is None:
            out.print(f"   {escape(claim.measure)}", soft_wrap=True)
        else:
            low, high = (effect_text(v, claim.unit) for v in it.interval)
            out.print(
                f"   {it.verdict}: in {it.share:.0%} of futures; {escape(claim.measure)}: "
                f"{effect_text(it.effect, claim.unit)} ({low} to {high}"
                f"{'' if claim.unit in ('change', 'share') else ' ' + claim.unit})",
                soft_wrap=True,
            )
            if it.variants:
                terms = ", ".join(f"{name} {effect_text(v, claim.unit)}" for name, v in it.variants)
                out.print(f"   let otherwise: {terms}", soft_wrap=True)
            names = ", ".join(f"{d.name} {d.index:.2f}" for d in it.deciders)
            fit = f" (surrogate explains {it.fit:.0%})" if it.fit is not None else ""
            out.print(f"   decided by {escape(names) or 'nothing alone'}{fit}", soft_wrap=True)
        said = "" if claim.evidence == claim.verdict else f"; {escape(claim.evidence)}"
        out.print(f"   evidence: {claim.verdict}{said}", soft_wrap=True, style="dim")
    out.print(
        f"{draws:,} futures, the same in every scenario; effects: median, 5 to 95 %; {seconds:.0f} s",
        style="dim",
        soft_wrap=True,
    )


def parameter_rows(made: Shipped) -> list[dict[str, Any]]:
    """Return each parameter's posterior as plain values."""
    quantiles = np.quantile(made.posterior.thetas, _BAND, axis=0)
    return [
        {
            "name": it.name,
            "unit": it.unit,
            "p5": float(quantiles[0, i]),
            "p50": float(quantiles[1, i]),
            "p95": float(quantiles[2, i]),
            "prior_low": it.low,
            "prior_high": it.high,
        }
        for i, it in enumerate(parameters())
    ]


def show_posterior(made: Shipped, path: Path) -> None:
    """Print a posterior."""
    table = _table("parameter", "unit", "5 %", "median", "95 %", "bounds")
    for row in parameter_rows(made):
        table.add_row(
            row["name"],
            escape(row["unit"]),
            f"{row['p5']:.3g}",
            f"{row['p50']:.3g}",
            f"{row['p95']:.3g}",
            f"{row['prior_low']:g} to {row['prior_high']:g}",
        )
    out.print(table)
    origin = made.origin
    out.print(
        f"{origin['rents']} rents up to {origin['until']} (digest {origin['rents_digest']}), ensemble of "
        f"{origin['ensemble']:,}, seed {origin['seed']}; {len(made.posterior):,} draws kept",
        style="dim",
        soft_wrap=True,
    )
    show_files([path])


def verdict_json(it: Verdict) -> dict[str, Any]:
    """Return a verdict as plain values."""
    return {
        "until": f"{it.until:%Y-%m}",
        "last": f"{it.last:%Y-%m}",
        "scores": [
            {
                "name": s.name,
                "generation": s.generation,
                "figures": s.figures,
                "coverage": {f"{band:g}": share for band, share in s.coverage.items()},
                "crps": s.crps,
                "bias": s.bias,
            }
            for s in it.scores
        ],
        "mean_crps": {name: it.mean_crps(name) for name in (MODEL, *(name for name, _ in RIVALS))},
        "share_at_or_above_last": it.turn,
    }


def show_verdict(it: Verdict) -> None:
    """Print how the model did beside its rivals, and say who wins."""
    table = _table(
        "forecast", "generation", "months", "in 50 % band", "in 90 % band", "CRPS", "bias"
    )
    for s in it.scores:
        table.add_row(
            s.name,
            s.generation,
            str(s.figures),
            f"{s.coverage[0.5]:.0%}",
            f"{s.coverage[0.9]:.0%}",
            f"{s.crps:.3f}",
            f"{s.bias:+.2f}",
        )
    out.print(table)
    told = verdict_json(it)["mean_crps"]
    winner = min(told, key=lambda name: told[name])
    scores = ", ".join(f"{name} {value:.3f}" for name, value in told.items())
    out.print(
        f"known up to {it.until:%Y-%m}, compared to {it.last:%Y-%m}; mean CRPS of log rents: {scores}. "
        f"{winner.capitalize()} wins.",
        soft_wrap=True,
    )
    out.print(
        f"H100 was seen in {it.last:%Y-%m} at a rent that {it.turn:.0%} of the model's paths reach.",
        soft_wrap=True,
    )
