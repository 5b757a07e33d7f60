"""What billing asks of a store when many ask at once, on SQLite and on PostgreSQL."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
import sqlalchemy as sa
from tests.billing.making import APRIL, MARCH, H
from tests.control.moneyhouse import RULES, MoneyHouse, house_on

from tidegate.billing import CreditLine, CreditNote, CreditReason, month_of
from tidegate.control.access import SYSTEM, Reach
from tidegate.control.bookcheck import check_books
from tidegate.control.documents import give_credit, prepay
from tidegate.control.invoicing import CREDIT_NOTES, Numbers, credit_breaks, invoice_months
from tidegate.control.metering import meter
from tidegate.control.money_kept import Prepayment
from tidegate.control.money_store import Till
from tidegate.control.usage import PoolUse, pool_use
from tidegate.errors import RequestError
from tidegate.lease import PriceBook
from tidegate.quantity import Money
from tidegate.store import Database
from tidegate.store.tables import core

AT_ONCE = 6
ALL = Reach(None)


@pytest.fixture
def house(database: Database) -> MoneyHouse:
    return house_on(database)


def all_at_once(*deeds: Callable[[], object]) -> list[object]:
    """Do things in threads that begin together; return what each returned, or raised."""
    barrier = Barrier(len(deeds))

    def one(deed: Callable[[], object]) -> object:
        barrier.wait(timeout=30)
        try:
            return deed()
        except RequestError as error:
            return error

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(one, deeds))


def usd(text: str) -> Money:
    return Money(Decimal(text), "USD")


def test_a_month_billed_by_many_at_once_is_billed_once(house: MoneyHouse):
    invoice_months(house.door, RULES, MARCH)
    for place in range(5):
        house.lease(APRIL - 3 * H, (f"n{place}",), tenant_id=f"ten_{place}")
    house.end(house.lease(APRIL - 3 * H, ("n9",)), APRIL - H, "broken")

    def bill() -> object:
        meter(house.door, RULES, APRIL + H)
        credit_breaks(house.door, RULES, APRIL + H)
        return invoice_months(house.door, RULES, APRIL + H)

    made = all_at_once(*[bill] * AT_ONCE)
    assert sum(len(each) for each in made if isinstance(each, list)) == 5
    told = check_books(Till(house.door, RULES, PriceBook("USD", ()), lambda: APRIL + H), SYSTEM)
    assert (told.invoices, told.credit_notes) == (5, 1)
    assert told.gpu_seconds == 8 * H * (5 * 4 + 2)
    assert (told.wrong, told.pending) == ([], [])


def test_numbers_taken_at_once_have_no_gaps_even_when_some_are_given_back(house: MoneyHouse):
    house.tenant()

    class ChangedMindError(Exception):
        pass

    def credit(place: int) -> object:
        try:
            with house.door.changing() as store:
                number = Numbers(store, APRIL, "UTC")(CREDIT_NOTES)
                line = CreditLine("text", month_of(APRIL), usd("1"))
                tenant = store.accounts.account("ten_1", "USD")
                note = CreditNote(
                    number, tenant, APRIL, CreditReason.GOODWILL, None, None, (line,), (), ()
                )
                store.credits.add_credit_note(f"crn_{place:03d}", note)
                if place % 3 == 0:
                    raise ChangedMindError
        except ChangedMindError:
            return None
        return number

    given: list[object] = []
    for first in range(0, 24, AT_ONCE):
        given += all_at_once(
            *(lambda place=place: credit(place) for place in range(first, first + AT_ONCE))
        )
    kept = sorted(str(number) for number in given if number)
    assert kept == [f"CRN-2026-{place:06d}" for place in range(1, 17)]
    with house.door.reading() as store:
        assert len(store.credits.credit_notes(ALL, None, 100)) == 16


def test_a_payment_taken_in_by_many_at_once_is_taken_in_once(house: MoneyHouse):
    house.tenant()

    def take_in(place: int) -> object:
        payment = Prepayment(f"pre_{place}", "ten_1", usd("10"), APRIL, None, "bank 1")
        return prepay(house.door, SYSTEM, payment, wall_s=APRIL)

    done = all_at_once(*(lambda place=place: take_in(place) for place in range(AT_ONCE)))
    assert sum(isinstance(each, Prepayment) for each in done) == 1
    assert sum(isinstance(each, RequestError) for each in done) == AT_ONCE - 1
    with house.door.reading() as store:
        assert [balance.left for balance in store.credits.balances("ten_1")] == [usd("10")]


def test_credits_given_at_once_are_all_given(house: MoneyHouse):
    house.tenant()

    def give() -> object:
        return give_credit(
            house.door,
            SYSTEM,
            RULES,
            tenant_id="ten_1",
            amount=usd("1.00"),
            text="slow",
            now_s=APRIL,
            wall_s=APRIL,
        )

    all_at_once(*[give] * AT_ONCE)
    assert len(house.events("credit_note.issued")) == AT_ONCE
    with house.door.reading() as store:
        left = [balance.left.amount for balance in store.credits.balances("ten_1")]
    assert sum(left) == Decimal("1.25") * AT_ONCE


def test_what_nodes_were_is_counted_within_a_time_and_of_their_pool(house: MoneyHouse):
    house.end(house.lease(APRIL - 3 * H, ("n1", "n2")), APRIL - H, drained_s=600)
    rows = (
        ("n3", "internal", APRIL - 9 * H, APRIL - H),
        ("n3", "free", APRIL - H, None),
        ("n4", "failed", APRIL - 9 * H, APRIL - 2 * H),
        ("n5", "draining", APRIL - H, APRIL - H + 60),
        ("n6", "free", APRIL + H, None),
    )
    with house.database.transaction() as connection:
        for node, state, since_s, until_s in rows:
            connection.execute(
                sa.insert(core.holding).values(
                    pool_id="mainstay", node=node, state=state, since_s=since_s, until_s=until_s
                )
            )
    till = Till(house.door, RULES, PriceBook("USD", ()), lambda: APRIL)
    (found,) = pool_use(till, SYSTEM, APRIL - 2 * H, APRIL)
    assert found == PoolUse(
        "mainstay",
        own=8 * H,
        leased=2 * 8 * (H + 600),
        sanitising=2 * 8 * (H - 600) + 8 * 60,
        idle=8 * H,
        failed=0,
    )
    # What is to come is not counted, though nobody has said that it will end.
    assert pool_use(till, SYSTEM, APRIL - 2 * H, APRIL + 24 * H) == [found]
    assert pool_use(till, SYSTEM, APRIL + H, APRIL + 24 * H) == []
    assert pool_use(till, SYSTEM, MARCH, APRIL - 9 * H) == []
