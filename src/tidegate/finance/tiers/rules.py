"""The rules by which a pool moves from frontier to mainstay to legacy to sold.

A rule looks at the facts of a pool and says what speaks for a move or against it. A move is proposed when something
speaks for it and nothing against; an operator approves it, or not.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from tidegate.finance.books import Holding
from tidegate.finance.cover import Cover
from tidegate.finance.coverage import Coverage
from tidegate.finance.hour import HOURS_A_YEAR
from tidegate.finance.month import Month
from tidegate.finance.thresholds import TierRules
from tidegate.finance.tiers.choice import Action, Choice
from tidegate.fleet import Chip, Tier, catalogue

NEXT: Final[Mapping[Tier, Tier]] = {
    Tier.FRONTIER: Tier.MAINSTAY,
    Tier.MAINSTAY: Tier.LEGACY,
    Tier.LEGACY: Tier.RETIRED,
}
"""Where each tier moves down to."""


@dataclass(frozen=True)
class Facts:
    """What is known of a pool.

    Attributes
    ----------
    pool : str
    tier : Tier
    chip : Chip
    newer : tuple of str
        Newer generations of its vendor in the catalogue, launched by now.
    newer_owned : tuple of str
        Of those, the ones that the fleet has.
    cover : Cover
        Measured.
    net_yield : Decimal or None
        What leasing leaves a year over what used GPUs of it bring; None without a price.
    warranty_until : date or None
        The latest of its cohorts.
    service_months : int
        Since the first of its cohorts.
    best_mainstay : float or None
        Dense BF16 rate of the best chip in the mainstay, in TFLOP/s.
    choices : tuple of Choice
        Of its cohorts.
    now : Month
    """

    pool: str
    tier: Tier
    chip: Chip
    newer: tuple[str, ...]
    newer_owned: tuple[str, ...]
    cover: Cover
    net_yield: Decimal | None
    warranty_until: date | None
    service_months: int
    best_mainstay: float | None
    choices: tuple[Choice, ...]
    now: Month


@dataclass(frozen=True)
class Finding:
    """What a rule says.

    Attributes
    ----------
    rule : str
    speaks : str
        ``for``, ``against`` or ``neither``.
    text : str
    """

    rule: str
    speaks: str
    text: str


@dataclass(frozen=True)
class Proposal:
    """What becomes of a pool.

    Attributes
    ----------
    pool : str
    tier, to : Tier
        Where it stands, and where it is proposed to stand; the same when it stays.
    findings : tuple of Finding
    """

    pool: str
    tier: Tier
    to: Tier
    findings: tuple[Finding, ...]

    @property
    def moves(self) -> bool:
        """Whether a move is proposed."""
        return self.tier is not self.to


Rule = Callable[[Facts, TierRules], tuple[str, str]]


def _lag(facts: Facts, rules: TierRules) -> tuple[str, str]:
    seen = facts.newer_owned if facts.tier is Tier.FRONTIER else facts.newer
    wanted = rules.frontier_lag if facts.tier is Tier.FRONTIER else rules.mainstay_lag
    where = "in the fleet" if facts.tier is Tier.FRONTIER else "launched"
    text = f"{len(seen)} newer generations {where} ({', '.join(seen) or 'none'}); moves at {wanted}"
    if facts.tier is Tier.LEGACY:
        return "neither", text
    return ("for" if len(seen) >= wanted else "against"), text


def _own_use(facts: Facts, rules: TierRules) -> tuple[str, str]:
    share = facts.cover.hours.share("own")
    text = (
        f"own work uses {100 * float(share):.0f} %; stays above {100 * float(rules.own_use):.0f} %"
    )
    return ("against" if share > rules.own_use else "neither"), text


def _yield(facts: Facts, rules: TierRules) -> tuple[str, str]:
    if facts.net_yield is None or facts.tier is Tier.FRONTIER:
        return "neither", "not leased, or no price of used GPUs"
    text = (
        f"leasing leaves {100 * float(facts.net_yield):.0f} % a year of what used GPUs bring; "
        f"{100 * float(rules.least_yield):.0f} % is wanted"
    )
    if facts.tier is Tier.LEGACY:
        return ("for" if facts.net_yield < rules.least_yield else "against"), text
    return "neither", text


def _warranty(facts: Facts, rules: TierRules) -> tuple[str, str]:
    del rules
    if facts.warranty_until is None:
        return "neither", "no warranty is stated"
    over = facts.warranty_until < facts.now.first
    text = f"warranty {'ended' if over else 'runs until'} {facts.warranty_until}"
    if facts.tier is Tier.MAINSTAY and not over:
        return "against", text
    return "neither", text


def _maturity(facts: Facts, rules: TierRules) -> tuple[str, str]:
    if facts.chip.vendor not in rules.in_house or facts.tier is not Tier.FRONTIER:
        return "neither", "not an in-house chip on its way to tenants"
    failed = facts.cover.hours.share("failed")
    rate, best = facts.chip.bf16_tflops, facts.best_mainstay
    performance = rate / best if rate and best else None
    passed = (
        facts.service_months >= rules.gate_months
        and failed <= rules.gate_failed
        and performance is not None
        and performance >= float(rules.gate_performance)
    )
    shown = "unknown" if performance is None else f"{100 * performance:.0f} %"
    text = (
        f"{facts.service_months} months in service (gate {rules.gate_months}), {100 * float(failed):.1f} % of hours "
        f"failed (gate {100 * float(rules.gate_failed):.1f} %), {shown} of the best mainstay chip's rate "
        f"(gate {100 * float(rules.gate_performance):.0f} %)"
    )
    return ("neither" if passed else "against"), text


def _stopping(facts: Facts, rules: TierRules) -> tuple[str, str]:
    del rules
    said = "; ".join(
        f"{c.cohort}: {c.action}, worth {c.value:,.0f} against {c.sell_now:,.0f} sold now"
        for c in facts.choices
    )
    over = [c for c in facts.choices if c.action in (Action.SELL, Action.SCRAP)]
    if facts.tier is not Tier.LEGACY:
        return "neither", said or "no cohort"
    everything = bool(over) and len(over) == len(facts.choices)
    return ("for" if everything else "against"), said or "no cohort"


RULES: Final[tuple[tuple[str, Rule], ...]] = (
    # How far the world has moved on: the only rule that pushes a pool out of the frontier or the mainstay.
    ("generation lag", _lag),
    # The owner's own work comes first, whatever the calendar says.
    ("own use", _own_use),
    # A legacy pool that earns its keep is not sold.
    ("net yield", _yield),
    # Under warranty a mainstay pool still costs what was planned.
    ("warranty", _warranty),
    # An in-house chip goes to tenants when it is reliable and fast enough, not before.
    ("maturity gate", _maturity),
    # The worth of going on against the worth of selling, over all paths.
    ("optimal stopping", _stopping),
)
"""The rules, in the order in which a plan shows them."""


def propose(facts: Facts, rules: TierRules) -> Proposal:
    """Return what becomes of a pool: a move down when some rule speaks for it and none against."""
    findings = []
    for name, rule in RULES:
        speaks, text = rule(facts, rules)
        findings.append(Finding(name, speaks, text))
    speaks_for = any(f.speaks == "for" for f in findings)
    against = any(f.speaks == "against" for f in findings)
    to = NEXT.get(facts.tier, facts.tier) if speaks_for and not against else facts.tier
    return Proposal(facts.pool, facts.tier, to, tuple(findings))


def facts_of(
    measured: Coverage, choices: tuple[Choice, ...], resale: Mapping[str, Decimal], now: Month
) -> tuple[Facts, ...]:
    """Return the facts of every pool that has cohorts.

    Parameters
    ----------
    measured : Coverage
    choices : tuple of Choice
    resale : mapping of str to Decimal
        What a used GPU of each chip brings now, in the books' currency.
    now : Month
    """
    holdings = measured.books.holdings
    owned = {h.chip.generation for h in holdings}
    mainstay = [h.chip.bf16_tflops or 0.0 for h in holdings if h.tier is Tier.MAINSTAY]
    found = []
    for (pool,), cover in measured.by("pool").items():
        mine = [h for h in holdings if h.pool.id == pool]
        newer = newer_generations(mine[0].chip, now)
        found.append(
            Facts(
                pool=pool,
                tier=mine[0].tier,
                chip=mine[0].chip,
                newer=newer,
                newer_owned=tuple(g for g in newer if g in owned),
                cover=cover,
                net_yield=_net_yield(cover, mine, resale),
                warranty_until=max(
                    (h.warranty_until for h in mine if h.warranty_until), default=None
                ),
                service_months=now - Month.of(min(h.asset.in_service for h in mine)),
                best_mainstay=max(mainstay, default=0.0) or None,
                choices=tuple(c for c in choices if c.cohort in {h.id for h in mine}),
                now=now,
            )
        )
    return tuple(found)


def _net_yield(cover: Cover, mine: list[Holding], resale: Mapping[str, Decimal]) -> Decimal | None:
    price = resale.get(mine[0].chip.id)
    hours = cover.hours.total
    if not price or not hours:
        return None
    return cover.margin / hours * HOURS_A_YEAR / price


def newer_generations(chip: Chip, now: Month) -> tuple[str, ...]:
    """Return the vendor's generations that were launched after the chip's own, and by now."""
    launched: dict[str, str] = {}
    for other in catalogue().values():
        if other.vendor == chip.vendor and other.launch:
            first = launched.get(other.generation, other.launch)
            launched[other.generation] = min(first, other.launch)
    mine = launched.get(chip.generation)
    if mine is None:
        return ()
    later = [(launch, name) for name, launch in launched.items() if mine < launch <= str(now)]
    return tuple(name for _, name in sorted(later))
