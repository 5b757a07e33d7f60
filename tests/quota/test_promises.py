"""The record of what is promised says at any time what counting every lease would."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.naive import promises as naive
from tests.quota.snapshots import NOW_S, a_request, a_snapshot, decide, tidegate

from tidegate import quota
from tidegate.forecast import HORIZONS_S
from tidegate.quota import (
    HELD_LEASE,
    change,
    committed,
    forget,
    new_promises,
    pass_time,
    promise,
)

HORIZONS = np.array(HORIZONS_S, dtype=np.int64)
ROOM = 12
SPANS_S = st.sampled_from([0, 1, 120, 300, 600, 601, 3600, 6 * 3600, 86_400, 7 * 86_400]) | (
    st.integers(0, 800_000)
)


@st.composite
def leases(draw: st.DrawFn, now: int) -> naive.Lease:
    end = now + 1 + draw(SPANS_S)
    firm_until = min(end, now + draw(SPANS_S)) if draw(st.booleans()) else now - draw(SPANS_S)
    notice = draw(st.sampled_from([0, 120, 600, 3600]))
    return naive.Lease(draw(st.integers(1, 16)), firm_until, end, notice)


@settings(max_examples=150)
@given(st.data(), st.sampled_from([0, 120, 600, 4000]))
def test_promises_equal_the_count_of_all_leases(data: st.DataObject, granted_s: int):
    kept = new_promises(ROOM, HORIZONS, granted_s)
    live: dict[int, naive.Lease] = {}
    now = 100_000
    for _ in range(data.draw(st.integers(1, 40))):
        now += data.draw(st.sampled_from([0, 1, 60, 300, 3600]) | SPANS_S)
        pass_time(kept, now)
        for slot in [slot for slot, lease in live.items() if max(lease.end, lease.take) <= now]:
            forget(kept, slot)
            del live[slot]
        act = data.draw(st.sampled_from(["promise", "promise", "notice", "forget", "none"]))
        if act == "promise" and len(live) < ROOM:
            lease = data.draw(leases(now))
            live[promise(kept, *lease, now)] = lease
        elif act != "none" and live:
            slot = data.draw(st.sampled_from(sorted(live)))
            if act == "forget":
                forget(kept, slot)
                del live[slot]
            elif live[slot].take < 0:
                live[slot] = live[slot]._replace(take=now + live[slot].notice)
                change(kept, slot, *live[slot][1:], now)
        expected = naive.promised(list(live.values()), HORIZONS_S, granted_s, now)
        assert kept.nodes.tolist() == expected


@given(st.lists(leases(NOW_S), max_size=8), st.sampled_from([300, 900]))
def test_the_record_and_the_count_come_to_the_same_verdicts(held: list[naive.Lease], floor_s: int):
    rows = [
        {
            "nodes": lease.nodes,
            "start_s": NOW_S - 7200,
            "firm_until_s": lease.firm_until,
            "end_s": lease.end,
            "notice_s": lease.notice,
            "take_s": -1,
            "price": 1000,
        }
        for lease in held
    ]
    asked = [
        a_request(n, firm_s=s, duration_s=86_400) for n in (1, 3, 9) for s in (0, 3600, 86_400)
    ]
    snapshot = a_snapshot(idle=60, held=rows, asked=asked, curve=[40 - j for j in range(21)])
    policy = tidegate(floor_s=floor_s)
    kept = new_promises(ROOM, HORIZONS, floor_s - snapshot.sanitise_s)
    for lease in held:
        promise(kept, *lease, NOW_S - 10)
    pass_time(kept, NOW_S)
    recorded = quota.decide(policy, snapshot._replace(promised=kept.nodes))
    counted = decide(policy, snapshot)
    for name in ("verdict", "horizon", "room"):
        assert getattr(recorded, name).tolist() == getattr(counted, name).tolist()


def test_committed_counts_as_the_slow_twin_does():
    held = np.zeros(2, dtype=HELD_LEASE)
    for name, column in (("nodes", (2, 3)), ("firm_until_s", (5000, 100)), ("end_s", (9000, 700))):
        held[name] = column
    held["take_s"] = (-1, 650)
    slow = [naive.Lease(2, 5000, 9000, 0), naive.Lease(3, 100, 700, 0, 650)]
    assert committed(held, 0, HORIZONS, 600).tolist() == naive.promised(slow, HORIZONS_S, 600, 0)
