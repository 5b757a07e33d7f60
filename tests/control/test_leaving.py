"""A tenant leaves before its nodes are taken: what was promised, and the money, are as if it had stayed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.billing.making import terms
from tests.control.living import Living, a_database, a_pool, an_order
from tests.control.moneyhouse import RULES

from tidegate.billing import CreditNote
from tidegate.control.admission import give_notice
from tidegate.control.ids import Prefix, new_id
from tidegate.control.invoicing import credit_breaks
from tidegate.control.leases import end_recalled
from tidegate.control.metering import meter
from tidegate.control.wishes import Wish, WishKind
from tidegate.lease.lease import EndReason, Lease
from tidegate.lease.replay import replay
from tidegate.lease.states import LeaseState
from tidegate.store.events import read_events
from tidegate.store.money import SqlMoney

H = 3600
POOL = a_pool(4, risk=0.5)
NOTICE_S = 600
FIRM_S = 6 * H


def answers(living: Living, lease: Lease) -> None:
    """Its workload says that its checkpoint is done."""
    now_s = living.clock.time_s
    living.store.wish(
        Wish(new_id(Prefix.WISH), POOL.id, lease.id, WishKind.END, 0, "key_job", now_s)
    )
    living.step()


def goes(living: Living, lease: Lease) -> None:
    """The driver shows that its last job has ended."""
    end_recalled(living.line.book, living.line.book.leases[lease.id], living.clock.time_s)
    living.step()


def noticed(folder: Path, after_s: int) -> tuple[Living, Lease, Callable[[], Lease]]:
    """A flex lease, firm for six hours, that is given notice so long after its start."""
    living = Living(a_database(folder), POOL, quiet_days=14)
    living.step()
    order = living.place(
        an_order(POOL, "flex", nodes=2, duration_s=10 * H, price_detail=terms().as_json())
    )
    living.clock.time_s += 300
    living.step()
    (lease_id,) = living.line.book.leases

    def lease() -> Lease:
        found = living.store.lease(lease_id)
        assert found is not None
        assert found.order_id == order.id
        return found

    living.run_until(lease().start_s + after_s)
    give_notice(living.line.book, living.line.book.leases[lease_id], living.clock.time_s)
    living.step()
    assert lease().state is LeaseState.NOTICED
    return living, lease(), lease


def credits(living: Living) -> list[CreditNote]:
    money = SqlMoney(living.database)
    meter(money, RULES, living.clock.time_s + H)
    return credit_breaks(money, RULES, living.clock.time_s + H)


@pytest.mark.parametrize("leaves", [answers, goes])
def test_a_broken_lease_whose_tenant_leaves_early_keeps_its_credit(
    tmp_path: Path, leaves: Callable[[Living, Lease], None]
):
    living, lease, look = noticed(tmp_path, after_s=2 * H)
    assert (lease.take_s or 0) < lease.firm_until_s
    living.clock.time_s += 120
    leaves(living, lease)
    ended = look()
    assert (ended.state, ended.reason) == (LeaseState.BROKEN, EndReason.RECALLED)
    assert ended.broken_s == FIRM_S - 2 * H - 120
    (note,) = credits(living)
    assert note.lease_id == lease.id
    # Two nodes of eight for two hours and two minutes at 2 USD, and 30 % on top.
    assert [(line.text, str(line.amount)) for line in note.lines] == [
        ("refund", "65.07 USD"),
        ("credit", "19.52 USD"),
    ]
    assert credits(living) == []
    with living.database.reading() as connection:
        replayed = replay(read_events(connection))
    assert replayed.things[lease.id] == ended


@pytest.mark.parametrize("leaves", [answers, goes])
def test_who_leaves_before_a_taking_that_keeps_the_promise_is_not_credited(
    tmp_path: Path, leaves: Callable[[Living, Lease], None]
):
    living, lease, look = noticed(tmp_path, after_s=FIRM_S - NOTICE_S)
    assert lease.take_s == lease.firm_until_s
    living.clock.time_s += 120
    leaves(living, lease)
    ended = look()
    assert (ended.state, ended.broken_s) == (LeaseState.ENDED, 0)
    assert credits(living) == []


def test_a_taking_that_comes_late_keeps_the_promise(tmp_path: Path):
    """The system was down at the taking, and the tenant had its nodes beyond its firm time."""
    living, lease, look = noticed(tmp_path, after_s=FIRM_S - NOTICE_S - 60)
    living.clock.time_s = lease.firm_until_s + 5
    living.step()
    assert (look().state, look().broken_s) == (LeaseState.ENDED, 0)
    assert credits(living) == []
