"""The stream: everybody is told of what is theirs, and of nothing else."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.control.access import Reach
from tidegate.lease.events import NODES_MOVED, Event
from tidegate.web.console import stream
from tidegate.web.console.stream import Watch, topics_of

KINDS = ("lease.running", "order.refused", NODES_MOVED, "pool.stale", "invoice.issued", "x.y")


def event(kind: str, tenant_id: str | None = None, subject: str = "h100", seq: int = 1) -> Event:
    return Event(0, "system:loop", kind, subject, {}, tenant_id=tenant_id, seq=seq)


def test_the_owner_is_told_of_pools_by_name():
    told = topics_of([event(NODES_MOVED), event("lease.noticed", "ten_a", "lea_1")], Reach(None))
    assert told == ["leases", "nodes", "pools:h100"]


@given(
    st.lists(
        st.tuples(st.sampled_from(KINDS), st.sampled_from([None, "ten_a", "ten_b"])), max_size=20
    )
)
def test_a_tenant_is_told_the_same_whatever_others_do(happened: list[tuple[str, str | None]]):
    everything = [event(kind, tenant) for kind, tenant in happened]
    own = [each for each in everything if each.tenant_id == "ten_a"]
    told = topics_of(everything, Reach("ten_a"))
    assert told == topics_of(own, Reach("ten_a"))
    assert not any(topic.startswith("pools:") for topic in told)


class Views:
    """Events that come one by one."""

    def __init__(self) -> None:
        self.kept: list[Event] = [event("lease.running", "ten_a", seq=5)]
        self.looks = 0

    def last_event(self) -> int:
        return self.kept[-1].seq

    def events_after(self, seq: int, limit: int) -> Sequence[Event]:
        self.looks += 1
        return [each for each in self.kept if each.seq > seq][:limit]


def test_one_task_looks_for_all_and_rests_when_nobody_listens(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stream, "LOOK_S", 0.01)
    views = Views()

    async def scene() -> None:
        watch = Watch(views)  # type: ignore[arg-type]
        first, second = watch.listen(), watch.listen()
        await asyncio.sleep(0.05)
        views.kept.append(event("order.placed", "ten_b", seq=6))
        for queue in (first, second):
            (seen,) = await asyncio.wait_for(queue.get(), 5)
            assert seen.seq == 6, "what was before is not told"
        watch.leave(first)
        watch.leave(second)
        await asyncio.sleep(0.05)
        rested = views.looks
        await asyncio.sleep(0.1)
        assert views.looks == rested

    asyncio.run(scene())
