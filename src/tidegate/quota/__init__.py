"""What may be promised: quota curve, admission, recall, and the policies that rival each other."""

from tidegate.quota.admission import Verdict, committed
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
from tidegate.quota.reasons import money_of, why_recall, why_verdict
from tidegate.quota.recall import RecallReason
from tidegate.quota.snapshot import HELD_LEASE, REQUEST, Plan, Record, Snapshot

__all__ = [
    "DEFAULT_POLICIES",
    "HELD_LEASE",
    "LONG_SHARE",
    "POLICIES",
    "REQUEST",
    "Cluster",
    "Engine",
    "Plan",
    "Policy",
    "PolicyCode",
    "RecallReason",
    "Record",
    "Snapshot",
    "Verdict",
    "cheapest_cover",
    "committed",
    "decide",
    "eps_of",
    "money_of",
    "renew_curve",
    "risks",
    "why_recall",
    "why_verdict",
]
