"""What may be promised: quota curve, admission, recall, and the policies that rival each other."""

from tidegate.quota.admission import Verdict, committed
from tidegate.quota.cover import cheapest_cover
from tidegate.quota.decide import decide
from tidegate.quota.policy import DEFAULT_POLICIES, POLICIES, Policy, PolicyCode
from tidegate.quota.snapshot import HELD_LEASE, REQUEST, Plan, Record, Snapshot

__all__ = [
    "DEFAULT_POLICIES",
    "HELD_LEASE",
    "POLICIES",
    "REQUEST",
    "Plan",
    "Policy",
    "PolicyCode",
    "Record",
    "Snapshot",
    "Verdict",
    "cheapest_cover",
    "committed",
    "decide",
]
