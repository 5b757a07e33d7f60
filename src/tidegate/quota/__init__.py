"""What may be promised: quota curve, admission, recall, and the policies that rival each other."""

from tidegate.quota.admission import Verdict, committed, displaced_at
from tidegate.quota.backoff import BACK_OFF_S, FLICKER_S, kept_back, level_called_for
from tidegate.quota.bid import (
    Offers,
    bid_price,
    break_cost,
    new_offers,
    note_refused,
    renew_displaced,
)
from tidegate.quota.cluster import Cluster
from tidegate.quota.cover import cheapest_cover
from tidegate.quota.curve import renew_curve
from tidegate.quota.decide import decide
from tidegate.quota.engine import Engine
from tidegate.quota.policy import (
    DEFAULT_POLICIES,
    LONG_SHARE,
    POLICIES,
    Policy,
    PolicyCode,
    eps_of,
    risks,
)
from tidegate.quota.promises import (
    Promises,
    change,
    counted_horizons,
    forget,
    new_promises,
    pass_time,
    promise,
    promised_s,
)
from tidegate.quota.reasons import money_of, why_recall, why_verdict
from tidegate.quota.recall import RecallReason, shortage
from tidegate.quota.snapshot import HELD_LEASE, REQUEST, Asked, HeldLease, Plan, Record, Snapshot
from tidegate.quota.stake import most_at_once

__all__ = [
    "BACK_OFF_S",
    "DEFAULT_POLICIES",
    "FLICKER_S",
    "HELD_LEASE",
    "LONG_SHARE",
    "POLICIES",
    "REQUEST",
    "Asked",
    "Cluster",
    "Engine",
    "HeldLease",
    "Offers",
    "Plan",
    "Policy",
    "PolicyCode",
    "Promises",
    "RecallReason",
    "Record",
    "Snapshot",
    "Verdict",
    "bid_price",
    "break_cost",
    "change",
    "cheapest_cover",
    "committed",
    "counted_horizons",
    "decide",
    "displaced_at",
    "eps_of",
    "forget",
    "kept_back",
    "level_called_for",
    "money_of",
    "most_at_once",
    "new_offers",
    "new_promises",
    "note_refused",
    "pass_time",
    "promise",
    "promised_s",
    "renew_curve",
    "renew_displaced",
    "risks",
    "shortage",
    "why_recall",
    "why_verdict",
]
