"""Which policy the report speaks of first, and the one sentence it says about a pool."""

from typing import Final

from tidegate.plan.policyresult import PolicyResult
from tidegate.plan.result import PoolResult
from tidegate.web.wording import money, number, percent

FIRST: Final = "tidegate"
NOTHING_LEASED: Final = "none"
BOUND: Final = "clairvoyant"
"""What hindsight could earn: no rule that could be followed, so that it never competes."""


def competes(policy: PolicyResult) -> bool:
    """Return whether a policy leases by a rule that could be followed."""
    return policy.policy not in (NOTHING_LEASED, BOUND)


def headline_policy(pool: PoolResult) -> PolicyResult | None:
    """Return the result of ``tidegate``, else of the last policy that leases, else None."""
    leasing = [p for p in pool.policies if competes(p)]
    return pool.policy(FIRST) or (leasing[-1] if leasing else None)


def sentence(pool: PoolResult, currency: str) -> str:
    """Return what the backtest found for a pool, in one sentence."""
    name, idle = pool.case.pool.id, number(pool.idle_gpu_hours)
    best = headline_policy(pool)
    if best is None:
        why = (
            "frontier GPUs are kept for their owner's own work"
            if pool.case.pool.tier == "frontier"
            else "no product is offered there"
        )
        own = pool.internal_gpu_hours / pool.capacity_gpu_hours if pool.capacity_gpu_hours else 0
        return (
            f"{name}: nothing is leased, because {why}; own jobs held {percent(own)} of "
            f"{number(pool.capacity_gpu_hours)} GPU-hours, and {idle} lay idle."
        )
    return (
        f"{name}: of {idle} idle GPU-hours, {number(best.harvested_gpu_hours)} "
        f"({percent(best.harvested_share_of_idle)}) could have been leased for "
        f"{money(best.revenue, currency)}, with {percent(best.broken_share, 2)} of firm GPU-hours "
        f"broken and {percent(best.delayed_jobs_share, 2)} of own jobs delayed beyond the recall "
        "floor."
    )
