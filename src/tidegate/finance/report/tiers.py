"""A tier plan as tables."""

from tidegate.finance.report.table import Report, Table, columns
from tidegate.finance.tiers.plan import TierPlan
from tidegate.finance.tiers.policies import LARGEST_LEASED, POLICIES, Comparison


def tiers_report(plan: TierPlan) -> Report:
    """Return a tier plan as a report."""
    moves = [p for p in plan.proposals if p.moves]
    said = "; ".join(f"{p.pool}: {p.tier} to {p.to}" for p in moves) or "none"
    return Report(
        title=f"Tier plan of {plan.name}, {plan.now}",
        source=plan.source,
        tables=(
            _choices(plan),
            _proposals(plan),
            _findings(plan),
            _dependents(plan),
            policies_table(plan.comparison),
            policy_tiers_table(plan.comparison),
            _sales(plan),
        ),
        notes=(
            "Own hours count at the market's rent, which is what would be paid to replace them. A cohort works for at "
            "most ten years (assumed).",
            "A move is proposed when a rule speaks for it and none against; nothing moves before an operator approves.",
        ),
        headline={"moves proposed": said},
    )


def _choices(plan: TierPlan) -> Table:
    rows = [
        (
            c.cohort,
            c.tier.value,
            c.action.value,
            c.value,
            c.error,
            c.keep,
            c.lease,
            c.sell_now,
            c.hold,
            c.book_value,
            None if c.sell_month is None else str(c.sell_month),
            c.sell_within_year,
            c.scrap_share,
        )
        for c in plan.choices
    ]
    return Table(
        "choices",
        "Keep, lease, sell or scrap",
        columns(
            ("cohort", "cohort"),
            ("tier", "tier"),
            ("action", "best now"),
            ("value", "worth", "balance"),
            ("error", "s.e.", "balance"),
            ("keep", "kept, then sold", "balance"),
            ("lease", "leased, then sold", "balance"),
            ("sell_now", "sold now", "balance"),
            ("hold", "held to end of life", "balance"),
            ("book_value", "book value", "balance"),
            ("sell_month", "half of paths sold by"),
            ("sell_within_year", "sold in a year", "share"),
            ("scrap_share", "ends as scrap", "share"),
        ),
        tuple(rows),
        plan.currency,
        note="Present values; the moment to sell by least-squares Monte Carlo, valued on paths it was not fitted to.",
    )


def _proposals(plan: TierPlan) -> Table:
    return Table(
        "proposals",
        "Tiers",
        columns(("pool", "pool"), ("tier", "tier"), ("to", "proposed"), ("moves", "moves")),
        tuple(
            (p.pool, p.tier.value, p.to.value, "yes" if p.moves else "no") for p in plan.proposals
        ),
        plan.currency,
    )


def _findings(plan: TierPlan) -> Table:
    return Table(
        "findings",
        "What the rules say",
        columns(("pool", "pool"), ("rule", "rule"), ("speaks", "a move"), ("text", "why")),
        tuple((p.pool, f.rule, f.speaks, f.text) for p in plan.proposals for f in p.findings),
        plan.currency,
    )


def _dependents(plan: TierPlan) -> Table:
    return Table(
        "dependents",
        "What hangs on the moves",
        columns(("pool", "pool"), ("what", "what"), ("now", "now"), ("then", "then")),
        tuple((d.pool, d.what, d.now, d.then) for d in plan.dependents),
        plan.currency,
    )


def policies_table(found: Comparison) -> Table:
    """Return the policies side by side, as the tier plan and the backtest show them."""
    told = dict(POLICIES)
    return Table(
        "policies",
        "The three-tier policy beside others, on the same paths",
        columns(
            ("policy", "policy"),
            ("mean", "mean", "balance"),
            ("low", "5 %", "balance"),
            ("high", "95 %", "balance"),
            ("worst", "worst 5 %", "balance"),
            ("beaten", "beaten by three tiers", "share"),
            ("what", "what it does"),
        ),
        tuple(
            (p.policy, p.mean, p.low, p.high, p.worst, p.beaten, told[p.policy])
            for p in found.policies
        ),
        found.currency,
        note=(
            "Present value of cash with own work at the market's rent; each sells every cohort at its best moment. "
            f"When everything is leased, tenants are taken to rent {100 * LARGEST_LEASED:.0f} % of all hours (assumed)."
        ),
    )


def policy_tiers_table(found: Comparison) -> Table:
    """Return what each tier adds to the policies' means."""
    tiers = list(found.policies[0].by_tier)
    return Table(
        "policy_tiers",
        "The same by tier: mean",
        columns(("policy", "policy"), *((tier, tier, "balance") for tier in tiers)),
        tuple((p.policy, *(p.by_tier[tier] for tier in tiers)) for p in found.policies),
        found.currency,
    )


def _sales(plan: TierPlan) -> Table:
    return Table(
        "sales",
        "How a legacy pool would be sold without swamping its market",
        columns(
            ("pool", "pool"),
            ("month", "month"),
            ("nodes", "nodes", "count"),
            ("gpus", "GPUs", "count"),
            ("price", "price of a GPU", "balance"),
            ("proceeds", "proceeds", "money"),
        ),
        tuple(
            (pool, str(s.month), s.nodes, s.gpus, s.price, s.proceeds)
            for pool, months in plan.sales.items()
            for s in months
        ),
        plan.currency,
        totals=True,
    )
