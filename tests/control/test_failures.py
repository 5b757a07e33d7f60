"""A node fails under a lease: another one for the same lease by rule, or a smaller lease with its credit."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.billing.making import terms
from tests.control.living import START_S, Living, a_database, a_pool, an_order
from tests.control.moneyhouse import RULES

from tidegate.billing import month_of
from tidegate.control.invoicing import credit_breaks, invoice_months
from tidegate.control.metering import meter
from tidegate.control.ports import HandOver
from tidegate.drivers.embedded.cluster import Failure
from tidegate.drivers.embedded.driver import EmbeddedDriver
from tidegate.drivers.embedded.jobs import JobList
from tidegate.errors import DriverError
from tidegate.fleet import OnFailure
from tidegate.lease.events import NODES_LOST, NODES_REPLACED, Event
from tidegate.lease.lease import EndReason, Lease
from tidegate.lease.replay import replay
from tidegate.lease.states import HoldingState, LeaseState
from tidegate.store.events import read_events
from tidegate.store.money import SqlMoney

H = 3600
FAILS_S = START_S + H + 90
POOL = a_pool(4, risk=0.5)


def lived(
    folder: Path,
    *failing: int,
    nodes: int = 2,
    product: str = "day",
    jobs: JobList | None = None,
    on_failure: OnFailure = OnFailure.REPLACE,
    risk: float = 0.5,
    driver: Callable[[Living], EmbeddedDriver] | None = None,
) -> tuple[Living, Callable[[], Lease]]:
    """A lease on the highest nodes of four, of which some fail for an hour, 90 seconds after the first one."""
    pool = a_pool(4, risk=risk, on_failure=on_failure)
    failures = [Failure(FAILS_S, node, FAILS_S + H) for node in failing]
    living = Living(a_database(folder), pool, jobs, failures, quiet_days=14)
    if driver is not None:
        living.drive(driver(living))
    living.step()
    order = living.place(
        an_order(pool, product, nodes=nodes, duration_s=6 * H, price_detail=terms().as_json())
    )
    living.clock.time_s += 300
    living.step()

    def lease() -> Lease:
        judged = living.store.order(order.id)
        found = living.store.lease((judged and judged.lease_id) or "")
        assert found is not None
        return found

    return living, lease


def told(living: Living, *kinds: str) -> list[Event]:
    with living.database.reading() as connection:
        return [event for event in read_events(connection) if event.kind in kinds]


def held_s(living: Living, now_s: int) -> dict[str, int]:
    """GPU-seconds in the ledger, by node."""
    door = SqlMoney(living.database)
    meter(door, RULES, now_s)
    with door.reading() as store:
        leases = [event.subject for event in told(living, "lease.starting")]
        found: dict[str, int] = {}
        for record in store.meter.ledger(leases):
            node = record.node.removeprefix(f"{POOL.id}/")
            found[node] = found.get(node, 0) + record.gpu_seconds
    return found


def test_it_gets_another_node_and_pays_for_none_that_failed(tmp_path: Path):
    living, lease = lived(tmp_path, 3)
    began_s = lease().start_s
    living.run_until(FAILS_S + 600)
    now = lease()
    assert (now.state, now.nodes, now.lost_s) == (LeaseState.RUNNING, 2, 0)
    (event,) = told(living, NODES_REPLACED, NODES_LOST)
    assert (event.kind, event.subject, event.tenant_id) == (NODES_REPLACED, now.id, now.tenant_id)
    assert event.data == {"failed": ["h100-3"], "nodes": ["h100-1"]}
    assert living.line.book.roster.nodes_of[now.id] == {"h100-1", "h100-2"}
    assert held_s(living, FAILS_S + 600) == {
        "h100-1": 8 * 600,  # clean: with its tenant at once
        "h100-2": 8 * (FAILS_S + 600 - began_s),
        "h100-3": 8 * (FAILS_S - began_s),
    }
    # The node comes back as nobody's, and the lease goes on to its end on two nodes.
    living.run_until(FAILS_S + 2 * H)
    assert living.line.book.holdings["h100-3"].state is HoldingState.FREE
    living.run_until(lease().end_s + 1)
    assert (lease().state, lease().reason) == (LeaseState.ENDED, EndReason.COMPLETED)
    assert credit_breaks(SqlMoney(living.database), RULES, lease().end_s + 1) == []


def test_a_node_that_is_not_clean_is_sanitised_first_and_not_billed_meanwhile(tmp_path: Path):
    living, lease = lived(tmp_path, 3, jobs=JobList([START_S], [60], [16]))
    living.run_until(FAILS_S + 301)
    assert lease().state is LeaseState.RUNNING
    held = held_s(living, FAILS_S + 600)
    assert held["h100-1"] == 8 * 300  # of 600 seconds the first 300 were sanitising


@pytest.mark.parametrize("restarted", [False, True])
def test_without_another_it_is_smaller_and_what_was_firm_is_credited(
    tmp_path: Path, restarted: bool
):
    """All nodes are leased: one of four fails."""
    living, lease = lived(tmp_path, 2, nodes=4)
    before = lease()
    door = SqlMoney(living.database)
    invoice_months(door, RULES, FAILS_S)
    living.run_until(FAILS_S + 1)
    if restarted:
        living.begin()
    living.run_until(FAILS_S + 900)
    now = lease()
    lost_s = before.firm_until_s - FAILS_S
    assert (now.state, now.nodes, now.lost_s) == (LeaseState.RUNNING, 3, lost_s)
    assert living.line.book.record.broken_s == lost_s
    (event,) = told(living, NODES_REPLACED, NODES_LOST)
    assert (event.kind, event.data["nodes"], event.data["lost_s"]) == (
        NODES_LOST,
        ["h100-2"],
        lost_s,
    )
    (note,) = credit_breaks(door, RULES, FAILS_S + 900)
    # 2 USD an hour for 8 GPUs, from the start to the failure: given back, and 30 % of it on top.
    charged = 2 * 8 * (FAILS_S - before.start_s) / H
    assert (note.lease_id, note.event_id) == (now.id, str(event.seq))
    assert float(sum(line.amount.amount for line in note.lines)) == pytest.approx(
        1.3 * charged, abs=0.02
    )
    assert credit_breaks(door, RULES, FAILS_S + 1800) == []
    # Three nodes to the end, and that is what is invoiced.
    living.run_until(now.end_s + 1)
    assert (lease().state, lease().nodes) == (LeaseState.ENDED, 3)
    month = month_of(START_S, RULES.zone)
    (invoice,) = invoice_months(door, RULES, month.end_s + H)
    four_s, three_s = FAILS_S - before.start_s, now.end_s - FAILS_S
    amount = sum(line.amount.amount for line in invoice.lines if line.lease_id == now.id)
    assert float(amount) == pytest.approx(16 * (4 * four_s + 3 * three_s) / H, abs=0.02)
    with living.database.reading() as connection:
        assert replay(read_events(connection)).things[now.id] == lease()


def test_none_is_taken_that_internal_work_waits_for(tmp_path: Path):
    """Two nodes are free, and a job waits for three."""
    jobs = JobList([FAILS_S - 60], [H], [24])
    living, lease = lived(tmp_path, 3, jobs=jobs)
    living.run_until(FAILS_S + 1)
    assert (lease().nodes, living.line.book.pending) == (1, 3)
    assert [event.kind for event in told(living, NODES_REPLACED, NODES_LOST)] == [NODES_LOST]


def test_none_is_taken_that_may_not_be_promised(tmp_path: Path):
    """The curve has no room for it: the failed node was one of those that may be promised."""
    living, lease = lived(tmp_path, 3)
    living.line.book.engine.curve = lambda failed_nodes: living.line.book.curve * 0 + 1  # type: ignore[method-assign]
    living.run_until(FAILS_S + 1)
    assert (lease().nodes, lease().state) == (1, LeaseState.RUNNING)


def test_a_lease_without_any_node_has_failed_and_is_credited(tmp_path: Path):
    living, lease = lived(tmp_path, 0, 1, 2, 3, nodes=4)
    began_s = lease().start_s
    living.run_until(FAILS_S + 1)
    now = lease()
    assert (now.state, now.reason, now.ended_s) == (
        LeaseState.FAILED,
        EndReason.NODE_FAILED,
        FAILS_S,
    )
    assert now.broken_s == now.firm_until_s - FAILS_S
    (note,) = credit_breaks(SqlMoney(living.database), RULES, FAILS_S + 1)
    charged = 4 * 16 * (FAILS_S - began_s) / H
    assert float(sum(line.amount.amount for line in note.lines)) == pytest.approx(
        1.3 * charged, abs=0.02
    )


def test_where_the_owner_says_so_it_ends(tmp_path: Path):
    living, lease = lived(tmp_path, 3, on_failure=OnFailure.END)
    living.run_until(FAILS_S + 1)
    assert (lease().state, lease().reason) == (LeaseState.FAILED, EndReason.NODE_FAILED)
    (note,) = credit_breaks(SqlMoney(living.database), RULES, FAILS_S + 1)
    assert note.lease_id == lease().id


class Refusing(EmbeddedDriver):
    """Refuses nodes of leases that run already."""

    asked: list[HandOver]

    def hand_over(self, command: HandOver) -> None:
        self.asked.append(command)
        if len(self.asked) > 1:
            raise DriverError("TG-DRIVER-BUSY", "internal jobs were faster.")
        super().hand_over(command)


def test_a_driver_that_refuses_is_asked_for_others_a_few_times(tmp_path: Path):
    def refusing(living: Living) -> EmbeddedDriver:
        made = Refusing(living.clock, [living.spec])
        made.asked = []
        return made

    living, lease = lived(tmp_path, 3, driver=refusing)
    living.run_until(FAILS_S + 1200)
    assert isinstance(living.driver, Refusing)
    assert [command.nodes for command in living.driver.asked[1:]] == [
        ("h100-1",),
        ("h100-0",),
        ("h100-1",),
    ]
    assert (lease().nodes, lease().state) == (1, LeaseState.RUNNING)
    assert lease().lost_s > 0


def test_a_lease_under_notice_gets_none(tmp_path: Path):
    living, lease = lived(
        tmp_path, 3, product="preemptible", jobs=JobList([FAILS_S - 60], [60], [32])
    )
    living.run_until(FAILS_S + 1)
    assert (lease().state, lease().nodes, lease().lost_s) == (LeaseState.NOTICED, 1, 0)
    living.run_until(FAILS_S + H)
    assert (lease().state, lease().reason) == (LeaseState.ENDED, EndReason.RECALLED)
