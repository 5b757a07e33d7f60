"""The column's claims against a set of plays: what holds, by how much, and what decides."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import numpy as np

from tidegate.market.claims import Finding, claims, measured, variants_of
from tidegate.market.deciders import Inputs, deciders, inputs_of
from tidegate.market.run import Draws, MarketRun
from tidegate.market.world import Floats

_LUCK_MONTHS: Final = 36


def luck_of(draws: Draws, market_start: date, first: int, months: int) -> Floats:
    """Return the mean shocks of demand and of taste in the years after a month, as standard scores.

    Parameters
    ----------
    draws : Draws
        Which futures.
    market_start : date
        First month of the scenario.
    first, months : int
        Month from which they are counted, and months in all.
    """
    stop = min(months, first + _LUCK_MONTHS)
    parts = [
        draws.shocks(block, market_start, months)[:, first:stop, :2].mean(axis=1)
        for block in range(draws.blocks)
    ]
    return np.asarray(np.concatenate(parts) * np.sqrt(stop - first))


def findings(runs: Mapping[str, MarketRun], entry: date) -> tuple[Finding, ...]:
    """Test every claim.

    Parameters
    ----------
    runs : mapping of str to MarketRun
        Plays of the scenarios that the claims need, over the same draws.
    entry : date
        Month of the entry.
    """
    any_run = next(iter(runs.values()))
    market = any_run.market
    luck = luck_of(any_run.draws, market.start, market.month_of(entry), market.months)
    inputs = inputs_of(any_run.draws.thetas(), luck)
    return tuple(
        _finding(claim_number, runs, entry, inputs) for claim_number in range(len(claims()))
    )


def _finding(place: int, runs: Mapping[str, MarketRun], entry: date, inputs: Inputs) -> Finding:
    claim = claims()[place]
    found = measured(claim, runs, entry)
    if found is None:
        return Finding(claim, None, None, None, (), None)
    effect, holds = found
    low, middle, high = np.quantile(effect, (0.05, 0.5, 0.95))
    decided, fit = deciders(inputs, effect)
    return Finding(
        claim,
        float(np.mean(holds)),
        float(middle),
        (float(low), float(high)),
        decided,
        fit,
        variants_of(claim, runs, entry),
    )


def claims_json(found: Sequence[Finding], draws: Draws, seconds: float) -> dict[str, Any]:
    """Return findings as plain values."""
    return {
        "claims": [
            {
                "number": it.claim.number,
                "text": it.claim.text,
                "share": it.share,
                "effect": it.effect,
                "interval": list(it.interval) if it.interval else None,
                "deciders": [
                    {"name": d.name, "total_index": d.index, "direction": d.direction}
                    for d in it.deciders
                ],
                "evidence": it.claim.evidence,
                "evidence_verdict": it.claim.verdict,
                "verdict": it.verdict,
                "measure": it.claim.measure,
                "unit": it.claim.unit,
                "fit": it.fit,
                "variants": dict(it.variants),
            }
            for it in found
        ],
        "draws": draws.count,
        "seed": draws.seed,
        "seconds": round(seconds, 1),
    }
