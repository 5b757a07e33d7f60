"""What one promise may put at stake: a flood takes a long one whole."""

from typing import Final

from tidegate.compiled import compiled
from tidegate.quota.loss import PRIOR_DAYS
from tidegate.quota.policy import EPS_PER_LIMIT, MOST_EPS, Policy
from tidegate.quota.snapshot import Record

AT_STAKE: Final = 2.0
"""A promise beyond six hours may cost, broken whole, so many times what the limit allows to break so far."""


@compiled
def most_at_once(policy: Policy, record: Record, nodes: int, firm_s: int) -> int:
    """Return the most nodes that may be promised to one lease for so long; for up to six hours the whole pool.

    It may put at stake no more than :data:`AT_STAKE` times what the owner's limit allows to break of all that has been
    sold. An owner whose limit asks for the highest risk there is sets no such bound.

    Parameters
    ----------
    policy : Policy
    record : Record
        What was sold so far.
    nodes : int
        Of the pool.
    firm_s : int
        How long the promise is firm.
    """
    if policy.full_risk_s <= 0 or firm_s <= policy.full_risk_s or policy.eps >= MOST_EPS:
        return nodes
    sold_s = record.sold_s + PRIOR_DAYS * 86400.0 * nodes
    return int(AT_STAKE * policy.eps / EPS_PER_LIMIT * sold_s / firm_s)
