"""Commands that hang, answer garbage, or contradict each other, under the running loop over a real cluster.

Each time in the midst of a lease's life: whatever they did, afterwards the lease has been metered once and to the
second, internal work has its nodes, and nothing is left drained, reserved or tagged.
"""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from bench.slurming.house import House, running
from tests.control.moneyhouse import RULES
from tests.slurm.cluster import Cluster, wait_until
from tests.slurm.leasing import RED, USER_OF, WallClock, with_wipe
from tests.slurm.wrapped import CHANGE, JOBS, LOOK, NODES, RESERVATIONS, How, Wrapped

from tidegate.control.admission import STALE
from tidegate.control.metering import meter
from tidegate.drivers.slurm.driver import SlurmDriver
from tidegate.drivers.slurm.site import SlurmSite
from tidegate.lease.events import POOL_STALE
from tidegate.lease.lease import Order
from tidegate.lease.states import LeaseState, OrderState
from tidegate.store.events import read_events
from tidegate.store.money import SqlMoney

pytestmark = pytest.mark.needs_slurm

DEADLINE_S = 2.0
STALE_S = 3
NOTICE_S = 2
MOMENTS = ("hand-over", "notice", "take", "give back")

SPELLS: dict[str, tuple[How, tuple[str, ...]]] = {
    "looks hang": (How.HANGS, LOOK),
    "changes hang": (How.HANGS, CHANGE),
    "changes hang when done": (How.HANGS_WHEN_DONE, CHANGE),
    "looks are garbage": (How.GARBAGE, LOOK),
    "changes are garbage": (How.GARBAGE, CHANGE),
    "half of the nodes": (How.HALF, (NODES,)),
    "half of the nodes' lines": (How.LINES, (NODES,)),
    "no nodes": (How.NOTHING, (NODES,)),
    "half of the jobs": (How.HALF, (JOBS,)),
    "no jobs": (How.NOTHING, (JOBS,)),
    "half of the reservations": (How.HALF, (RESERVATIONS,)),
    "no reservations": (How.NOTHING, (RESERVATIONS,)),
    "nodes of before": (How.EARLIER, (NODES,)),
    "jobs of before": (How.EARLIER, (JOBS,)),
    "reservations of before": (How.EARLIER, (RESERVATIONS,)),
    "all of before": (How.EARLIER, LOOK),
}
TRUE = ("no jobs", "half of the jobs", "jobs of before", "changes hang when done")
UNSEEN = {
    *((name, moment) for name in TRUE for moment in MOMENTS),
    ("reservations of before", "notice"),
    ("reservations of before", "take"),
    ("reservations of before", "give back"),
}
"""What may be true all the same, or was done: an empty queue, that of a minute ago, a reservation that is to go."""


@pytest.fixture
def wrapped(cluster: Cluster, tmp_path: Path) -> Wrapped:
    folder = tmp_path / "wrapped"
    folder.mkdir()
    return Wrapped(cluster, folder)


QUICK = [("give back", "all of before")]


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        pytest.param(moment, name, marks=() if (moment, name) in QUICK else pytest.mark.slow)
        for name in SPELLS
        for moment in MOMENTS
    ],
)
def test_commands_go_wrong_in_the_midst_of_a_life(
    cluster: Cluster, site: SlurmSite, wrapped: Wrapped, tmp_path: Path, moment: str, name: str
):
    # A wipe that takes a moment, so that what it leads to comes in the midst of something.
    slow = with_wipe(site, tmp_path / "wipe", "sleep 1")
    driver = SlurmDriver(slow, wrapped.commands(DEADLINE_S), WallClock())
    how, words = SPELLS[name]

    def cast(at: str, begin: Callable[[], object]) -> None:
        """Have something begin, at this moment under the spell: a change from before on, a look as soon as it has."""
        if at != moment:
            begin()
            return
        if words != CHANGE:
            begin()
        with wrapped.spell(how, *words):
            if words == CHANGE:
                begin()
            go_through(house, wrapped, is_seen=(name, moment) not in UNSEEN)

    with running(
        driver, tmp_path, NOTICE_S, nodes=6, stale_after_s=STALE_S, deadline_s=3 * DEADLINE_S
    ) as house:
        wrapped.keep()
        orders: list[Order] = []

        def order() -> None:
            orders.append(house.order(2))
            # The first decision may have to be compiled.
            wait_until(lambda: state_of(house, orders[0].id), "it is admitted", 180)

        cast("hand-over", order)
        lease_id = house.begun(orders[0], 60)
        wrapped.keep()
        options = ("--partition=tg-h100", f"--reservation=tg-{lease_id}", "--nodes=2")
        tenants = cluster.submit(*options, user=USER_OF[RED])
        cluster.wait_state(tenants, "RUNNING")
        jobs: list[str] = []

        def work() -> None:
            jobs.append(cluster.submit("--nodes=6", "--exclusive", "--gres=gpu:h100:8"))
            wait_until(lambda: state_of(house, orders[0].id) is LeaseState.NOTICED, "it is noticed")

        cast("notice", work)
        internal = jobs[0]
        wait_until(
            lambda: (
                "noticed=" in tags(cluster) or state_of(house, orders[0].id) is LeaseState.ENDED
            ),
            "its tenant is told",
        )
        cast("take", lambda: None)
        if moment == "give back":
            wait_until(lambda: "wiping" in tags(cluster), "its nodes are wiped", 60)
        cast("give back", lambda: None)
        wait_until(lambda: cluster.state(internal) == "RUNNING", "internal work runs", 90)
        assert cluster.state(tenants) not in ("RUNNING", "COMPLETING")
        assert is_metered_once(house, lease_id)
        cluster.run("scancel", internal)
        house.wait_idle()
    wait_until(cluster.all_idle, "nothing is left drained")
    assert tags(cluster) == ""
    assert cluster.out("scontrol", "-o", "show", "reservation").startswith("No ")
    driver.close()


def go_through(house: House, wrapped: Wrapped, *, is_seen: bool) -> None:
    """Let some time pass under a spell; where the pool must show that it is not heard, it sells nothing."""
    before = len(wrapped.struck)
    wait_until(lambda: len(wrapped.struck) > before, "a command has gone wrong")
    if not is_seen:
        time.sleep(STALE_S + 2)
        return
    wait_until(lambda: house.line.book.watch.is_stale, "the pool is shown stale", 30)
    wait_until(lambda: told(house, POOL_STALE), "that is told")
    refused = house.order(1, waits_s=None)
    wait_until(
        lambda: (o := house.store.order(refused.id)) and o.state is not OrderState.PLACED,
        "it is judged",
    )
    judged = house.store.order(refused.id)
    assert judged is not None
    assert (judged.state, judged.reason) == (OrderState.REFUSED, STALE)


def state_of(house: House, order_id: str) -> LeaseState | None:
    order = house.store.order(order_id)
    lease = house.store.lease(order.lease_id) if order and order.lease_id else None
    return lease.state if lease else None


def tags(cluster: Cluster) -> str:
    lines = cluster.out("scontrol", "-o", "show", "nodes").splitlines()
    return " ".join(line.partition("[tidegate ")[2].partition("]")[0] for line in lines).strip()


def told(house: House, kind: str) -> list[str]:
    with house.database.reading() as connection:
        return [event.subject for event in read_events(connection) if event.kind == kind]


def is_metered_once(house: House, lease_id: str) -> bool:
    """Whether each of its nodes is in the ledger from its start to its end, and it has lived once."""
    lease = house.store.lease(lease_id)
    assert lease is not None
    money = SqlMoney(house.database)
    meter(money, RULES, int(time.time()) + 600)
    held: dict[str, int] = {}
    with money.reading() as store:
        for record in store.meter.ledger([lease_id]):
            held[record.node] = held.get(record.node, 0) + record.gpu_seconds // 8
    assert list(held.values()) == [(lease.ended_s or 0) - lease.start_s] * 2
    assert (lease.state, lease.broken_s) == (LeaseState.ENDED, 0)
    assert told(house, "lease.running") == told(house, "lease.ended") == [lease_id]
    return True
