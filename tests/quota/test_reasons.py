"""Reasons in words."""

import pytest

from tidegate.quota import RecallReason, Verdict, money_of, why_recall, why_verdict


@pytest.mark.parametrize(
    ("verdict", "room", "said"),
    [
        (Verdict.ADMITTED, 7, "4 nodes asked for, 7 idle"),
        (Verdict.ADMITTED, 1, "4 nodes asked for, 1 idle: leases that pay less give way"),
        (Verdict.NO_ROOM, 1, "4 nodes asked for, 1 idle, and no lease that should give way"),
        (Verdict.QUOTA, 2, "4 nodes asked for, 2 may still be promised for 1d"),
        (Verdict.SHARE, 9, "4 nodes asked for, more than the policy's share of the pool"),
        (Verdict.NOT_SOLD, 0, "nothing is sold here"),
    ],
)
def test_verdicts(verdict: Verdict, room: int, said: str):
    assert why_verdict(verdict, nodes=4, room=room, horizon_s=86_400) == said


@pytest.mark.parametrize("why", list(RecallReason))
def test_every_recall_names_its_numbers(why: RecallReason):
    said = why_recall(why, need=3, cost=12.5, against=1800.0, displaced_for=8)
    if why is RecallReason.NONE:
        assert not said
        return
    assert "3 nodes" in said
    assert "12.50" in said
    if why is not RecallReason.INTERNAL:
        assert "1,800.00" in said
    assert ("request 8" in said) == (why is RecallReason.DISPLACED)


def test_costs_in_money():
    # 2 nodes of 8 GPUs for an hour at 0.45: 7.20.
    assert money_of(10 * 450 * 2 * 3600, price_step=0.001, gpus_per_node=8) == pytest.approx(7.2)
