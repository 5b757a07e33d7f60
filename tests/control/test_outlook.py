"""What may be promised, as it is told, is what the loop admits."""

from pathlib import Path

import pytest
from tests.control.living import START_S, Living, a_database, a_pool, an_order

from tidegate.control.outlook import outlook_of
from tidegate.lease.states import OrderState
from tidegate.store import Database

H = 3600
DAY = 24 * H
POOL = a_pool(8, risk=0.5)


@pytest.fixture
def living(tmp_path: Path) -> Living:
    """A pool of eight nodes that were never needed, after its first tick."""
    memory: Database = a_database(tmp_path)
    found = Living(memory, POOL, quiet_days=28)
    found.step()
    found.clock.time_s += 300
    found.step()
    return found


def told(living: Living) -> dict[int, tuple[int, int]]:
    """Nodes promised and left, by horizon."""
    found = outlook_of(living.line.book, living.clock.time_s)
    return {each.horizon_s: (each.promised, each.left) for each in found.horizons}


def test_what_is_back_within_the_recall_floor_promises_nothing(living: Living):
    assert told(living)[DAY] == (0, 8)
    living.place(an_order(POOL, "preemptible", nodes=3, duration_s=12 * H))
    living.step()
    assert all(promised == 0 for promised, _ in told(living).values())
    assert told(living)[300][1] == 5  # nodes that nobody holds


def test_a_promise_ends_with_its_lease_and_a_booking_is_one(living: Living):
    living.place(an_order(POOL, "flex", nodes=2, duration_s=2 * H))
    living.step()
    assert told(living)[H][0] == 2
    assert told(living)[6 * H][0] == 0  # firm for six hours, had it not asked for two
    start_s = START_S + 6 * H
    living.place(an_order(POOL, "day", nodes=5, duration_s=DAY, start_at_s=start_s))
    living.step()
    assert told(living)[H][0] == 7
    assert told(living)[DAY][0] == 5
    left = told(living)[DAY][1]
    for nodes, state in ((left + 1, OrderState.REFUSED), (left, OrderState.ADMITTED)):
        order = living.place(an_order(POOL, "day", nodes=nodes, duration_s=DAY))
        living.step()
        judged = living.store.order(order.id)
        assert judged is not None
        assert judged.state is state
