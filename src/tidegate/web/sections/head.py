"""The head of the report: what was found, in sentences and key figures."""

from dataclasses import dataclass

from tidegate.plan.result import BacktestResult, PoolResult
from tidegate.web.headline import headline_policy, sentence
from tidegate.web.tiers import added, fleet, pool_figures
from tidegate.web.wording import currency_name, days, money, number, percent, period


@dataclass(frozen=True)
class Card:
    """A key figure: its name, its value with the unit, and what it is of."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class Finding:
    """What was found for a pool: tier, sentence, and the anchor of its part of the report."""

    tier: str
    sentence: str
    anchor: str


def findings(result: BacktestResult) -> tuple[Finding, ...]:
    """Return one finding per pool, pools that lease first."""
    ranked = sorted(
        enumerate(result.pools, start=1), key=lambda item: headline_policy(item[1]) is None
    )
    return tuple(
        Finding(pool.case.pool.tier.value, sentence(pool, result.currency), f"pool-{place}")
        for place, pool in ranked
    )


def spans(result: BacktestResult) -> tuple[str, ...]:
    """Return the measured times, said once where pools share one."""
    texts: dict[str, list[str]] = {}
    for pool in result.pools:
        length = days(pool.span.measured_hours)
        texts.setdefault(f"{period(pool.span)} ({length} d)", []).append(pool.case.pool.id)
    if len(texts) == 1:
        return tuple(texts)
    return tuple(f"{', '.join(names)}: {text}" for text, names in texts.items())


def cards(result: BacktestResult) -> tuple[Card, ...]:
    """Return the key figures of the pools that lease; one card when none does."""
    leasing = [pool for pool in result.pools if headline_policy(pool)]
    if not leasing:
        whole = fleet(result)
        share = percent(whole.own / whole.capacity if whole.capacity else None)
        return (
            Card(
                "Own use", f"{share}", f"of {number(whole.capacity)} GPU-hours; nothing is leased"
            ),
        )
    total = added("leasing", (pool_figures(pool) for pool in leasing))
    return (
        Card(
            "Idle",
            f"{number(total.idle)} GPU-h",
            f"of {number(total.capacity)} in pools that lease",
        ),
        Card(
            "Could be leased",
            f"{number(total.leased)} GPU-h",
            f"{percent(total.leased_share_of_idle)} of what is idle",
        ),
        Card(
            "For",
            money(total.revenue, result.currency),
            "rent, less refunds and credits"
            if currency_name(result.currency) == result.currency
            else "prices are relative to one another",
        ),
        Card(
            "Cover ratio",
            number(total.cover, 2),
            "rent over depreciation, in pools that lease"
            if total.cover is not None
            else "no cohorts, so depreciation is not known",
        ),
        _worst("Firm hours broken", "broken_share", "of firm GPU-hours", leasing),
        _worst(
            "Own jobs delayed", "delayed_jobs_share", "of jobs, beyond the recall floor", leasing
        ),
    )


def _worst(label: str, field: str, of: str, leasing: list[PoolResult]) -> Card:
    figures = [
        (getattr(policy, field), pool.case.pool.id)
        for pool in leasing
        if (policy := headline_policy(pool))
    ]
    value, name = max(figures, key=lambda item: item[0])
    where = f"{of}, in {name}" if len(figures) == 1 else f"{of}, in the worst pool, {name}"
    return Card(label, percent(value, 2), where if value else of)
