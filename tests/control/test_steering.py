"""What an operator says of a pool while it runs, and what the loop makes of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.control.living import START_S, Living, a_database, a_pool, an_order

from tidegate.control import outbox
from tidegate.control import steering as acts
from tidegate.control.access import Actor, Reach, Role
from tidegate.control.steering import Leasing, Steering
from tidegate.drivers.embedded.driver import EmbeddedDriver
from tidegate.errors import AccessError, DriverError, RequestError
from tidegate.fleet import Tier
from tidegate.lease.states import LeaseState, OrderState
from tidegate.quota import eps_of
from tidegate.store.access.audit import SqlAudit

OPERATOR = Actor("usr_night", Role.OPERATOR)
DESK = Actor("usr_desk", Role.DESK)


@pytest.fixture
def living(tmp_path: Path) -> Living:
    """A pool of eight idle nodes with an hour of history."""
    living = Living(a_database(tmp_path), a_pool(8))
    living.run_until(START_S + 3600)
    return living


def lease(living: Living, product: str = "preemptible", **more: int) -> LeaseState:
    order = living.place(an_order(living.pool, product, **more))
    living.step()
    judged = living.judged[order.id]
    assert judged.lease_id, judged.reason
    return living.line.book.leases[judged.lease_id].state


def said(living: Living) -> Steering:
    return living.steering.steering("h100")


def test_a_drained_pool_starts_nothing_and_takes_nothing(living: Living):
    lease(living)
    acts.set_leasing(living.steering, OPERATOR, living.clock.time_s, "h100", Leasing.DRAINING)
    order = living.place(an_order(living.pool, "preemptible"))
    living.step()
    assert living.judged[order.id].state is OrderState.REFUSED
    assert living.judged[order.id].reason == "not-leasing"
    assert [each.take_s for each in living.line.book.leases.values()] == [None]


def test_a_stopped_pool_calls_everything_back_and_opens_again(living: Living):
    lease(living)
    acts.set_leasing(living.steering, OPERATOR, living.clock.time_s, "h100", Leasing.STOPPED)
    living.step()
    assert all(each.take_s for each in living.line.book.leases.values())
    living.run_until(living.clock.time_s + 1200)
    assert not living.line.book.leases
    acts.set_leasing(living.steering, OPERATOR, living.clock.time_s, "h100", Leasing.OPEN)
    assert lease(living) is LeaseState.STARTING


def test_a_node_in_quarantine_is_not_lent(living: Living):
    nodes = sorted(living.line.book.holdings)
    for node in nodes[1:]:
        acts.quarantine(living.steering, OPERATOR, 0, "h100", node, "fan")
    order = living.place(an_order(living.pool, "preemptible", nodes=2))
    living.step()
    assert living.judged[order.id].reason == "no-room"
    lease(living)
    assert living.line.book.roster.lendable == []
    assert living.line.book.roster.lost == len(nodes) - 1
    acts.release(living.steering, OPERATOR, 0, "h100", nodes[1])
    living.step()
    assert living.line.book.roster.lendable == [nodes[1]]


def test_another_risk_is_another_forecast_from_the_same_history(living: Living):
    living.step()  # its facts come to the present
    seen = living.line.book.engine.ticks_seen
    acts.set_risk(living.steering, OPERATOR, 0, "h100", 0.001)
    living.step()
    assert living.line.book.pool.policy.eps == eps_of(0.001)
    assert living.line.book.engine.ticks_seen == seen
    acts.set_risk(living.steering, OPERATOR, 0, "h100", None)
    living.step()
    assert living.line.book.pool.policy.eps == eps_of(0.05)


def test_a_pool_with_leases_does_not_become_frontier(living: Living):
    lease(living)
    with pytest.raises(RequestError, match="TG-API-CONFLICT"):
        acts.move_tier(living.steering, OPERATOR, 0, "h100", Tier.FRONTIER, 1)
    # Whoever miscounts is held by the database.
    with pytest.raises(RequestError, match="TG-API-CONFLICT"):
        acts.move_tier(living.steering, OPERATOR, 0, "h100", Tier.FRONTIER, 0)
    assert said(living).tier is None


def test_a_pool_moved_to_frontier_sells_nothing(living: Living):
    acts.move_tier(living.steering, OPERATOR, 0, "h100", Tier.FRONTIER, 0)
    order = living.place(an_order(living.pool, "preemptible"))
    living.step()
    assert living.judged[order.id].state is OrderState.REFUSED
    acts.move_tier(living.steering, OPERATOR, 0, "h100", Tier.LEGACY, 0)
    lease(living)


def test_two_who_change_the_same_pool_do_not_overwrite_each_other(living: Living):
    old = said(living)
    acts.set_risk(living.steering, OPERATOR, 0, "h100", 0.1)

    class Late:
        steer = living.steering.steer
        version = living.steering.version

        def steering(self, pool_id: str) -> Steering:
            return old

    with pytest.raises(RequestError, match="TG-API-CONFLICT"):
        acts.set_risk(Late(), OPERATOR, 0, "h100", 0.3)
    assert said(living).risk == 0.1


def test_a_run_is_announced_and_withdrawn(living: Living):
    at_s = living.clock.time_s
    run: dict[str, Any] = {"name": " llm 3 ", "from_s": at_s + 60, "to_s": at_s + 600, "gpus": 32}
    acts.announce(living.steering, OPERATOR, at_s, "h100", is_firm=True, **run)
    (kept,) = said(living).announced
    assert (kept.name, kept.gpus, kept.actor) == ("llm 3", 32, "usr_night")
    acts.withdraw(living.steering, OPERATOR, at_s, "h100", kept.id)
    assert said(living).announced == ()


def test_what_is_announced_is_kept_and_given_free_again(living: Living):
    at_s = living.clock.time_s
    half_an_hour = 3
    before = living.line.book.curve.tolist()
    assert before[half_an_hour] > 2
    run: dict[str, Any] = {"name": "llm", "from_s": at_s + 1200, "to_s": at_s + 86_400, "gpus": 48}
    acts.announce(living.steering, OPERATOR, at_s, "h100", is_firm=True, **run)
    living.step()
    assert living.line.book.curve[half_an_hour] <= 2, "six nodes of eight are kept"
    assert living.line.book.curve[0] == before[0], "until it begins they may be lent"
    acts.withdraw(living.steering, OPERATOR, at_s, "h100", said(living).announced[0].id)
    living.step()
    assert living.line.book.curve[half_an_hour] > 2


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"name": ""}, "name"), ({"gpus": 0}, "gpus"), ({"to_s": START_S - 1}, "to")],
)
def test_a_run_that_cannot_be(living: Living, wrong: dict[str, object], field: str):
    run: dict[str, Any] = {"name": "x", "from_s": START_S, "to_s": START_S + 10**5, "gpus": 8}
    with pytest.raises(RequestError) as caught:
        acts.announce(living.steering, OPERATOR, START_S, "h100", is_firm=False, **(run | wrong))
    assert caught.value.place.field == field


def test_only_an_operator_steers(living: Living):
    deeds: list[Callable[[], Steering]] = [
        lambda: acts.set_risk(living.steering, DESK, 0, "h100", 0.1),
        lambda: acts.set_leasing(living.steering, DESK, 0, "h100", Leasing.STOPPED),
        lambda: acts.quarantine(living.steering, DESK, 0, "h100", "n", "because"),
        lambda: acts.move_tier(living.steering, DESK, 0, "h100", Tier.LEGACY, 0),
    ]
    for act in deeds:
        with pytest.raises(AccessError, match="TG-ACCESS-RIGHT"):
            act()
    assert said(living).version == 0


def test_every_act_is_in_the_audit_log(living: Living):
    acts.set_leasing(living.steering, OPERATOR, 7, "h100", Leasing.DRAINING)
    with living.database.reading() as connection:
        (written,) = SqlAudit(connection).entries(Reach(None), None, 10)
    assert (written.actor_id, written.act, written.subject) == (
        "usr_night",
        "pool.leasing-draining",
        "h100",
    )


def test_a_pool_that_is_not_there(living: Living):
    with pytest.raises(RequestError, match="TG-API-NOT-FOUND"):
        living.steering.steering("nowhere")


class Told(EmbeddedDriver):
    """Keeps what quotas it was told; slurmdbd, say, is down at first."""

    quotas: list[int]
    is_down: bool

    def set_leasable(self, pool: str, nodes: int) -> None:
        self.quotas.append(nodes)
        if self.is_down:
            raise DriverError("TG-SLURM-DOWN", "slurmdbd.")
        super().set_leasable(pool, nodes)


def test_the_driver_is_told_the_quota_when_it_changes(living: Living, monkeypatch: Any):
    driver = Told(living.clock, [living.spec])
    driver.quotas, driver.is_down = [], True
    living.drive(driver)
    living.run_until(living.clock.time_s + 900)
    assert driver.quotas == [8]  # and leases go on without it
    assert lease(living, nodes=2) is LeaseState.STARTING
    assert driver.quotas == [8]
    monkeypatch.setattr(outbox, "CAP_RETRY_S", 0.0)
    living.line.desk._next_cap = 0.0
    driver.is_down = False
    living.run_until(living.clock.time_s + 3600)
    assert driver.quotas == [8, 8]
    # Where nothing more is lent, it is told so: not one node beyond what is leased.
    acts.set_leasing(living.steering, OPERATOR, living.clock.time_s, "h100", Leasing.DRAINING)
    living.step()
    living.step()
    assert driver.quotas == [8, 8, 2]
    living.begin()
    living.step()
    living.step()
    assert driver.quotas == [8, 8, 2, 2]
