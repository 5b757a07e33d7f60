"""The decision: one pure function for the backtest and for the running system."""

from tidegate.compiled import compiled
from tidegate.quota.admission import judge, may_displace
from tidegate.quota.policy import Policy
from tidegate.quota.recall import choose_recalls
from tidegate.quota.snapshot import Plan, Snapshot, new_plan


@compiled
def decide(policy: Policy, snapshot: Snapshot) -> Plan:
    """Say what to do in a pool now: whom to give notice, which requests to admit.

    Parameters
    ----------
    policy : Policy
        The policy and its settings.
    snapshot : Snapshot
        The pool as it is; nothing of it is changed.

    Returns
    -------
    Plan
        Recalls come first: requests are judged as if they had been carried out.
    """
    lacks = snapshot.pending > snapshot.idle + snapshot.sanitising
    leases = snapshot.held.size if lacks or may_displace(policy, snapshot) else 0
    plan = new_plan(leases, snapshot.asked.size)
    if lacks:
        choose_recalls(policy, snapshot, plan)
    if snapshot.asked.size > 0:
        judge(policy, snapshot, plan)
    return plan
