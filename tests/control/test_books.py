"""Whatever happens to leases, facts, clocks and processes: the books are right."""

import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.billing.making import APRIL, H, terms
from tests.control.moneyhouse import RULES, MoneyHouse, money_house

from tidegate.control.access import SYSTEM, Actor, Reach, Role
from tidegate.control.bookcheck import check_books
from tidegate.control.cashier import Cashier
from tidegate.control.invoicing import credit_breaks, invoice_months, wanted_lines
from tidegate.control.metering import meter
from tidegate.control.money_store import Till
from tidegate.errors import AccessError
from tidegate.lease import PriceBook
from tidegate.store.tables import core

ALL = Reach(None)


class Books(RuleBasedStateMachine):
    """Leases come, go, break; facts are corrected; the cashier takes turns, and dies in some of them."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.house = money_house(Path(self.folder.name))
        self.now_s = APRIL - 30 * H
        self.till = Till(self.house.door, RULES, PriceBook("USD", ()), lambda: self.now_s)
        self.cashier = Cashier(self.till)
        self.live: dict[str, str] = {}
        self.past: list[tuple[str, str, int, int]] = []
        invoice_months(self.house.door, RULES, self.now_s)

    @rule(hours=st.integers(1, 400), node=st.integers(0, 4), night=st.booleans())
    def lease(self, hours: int, node: int, night: bool) -> None:
        name = f"n{node}"
        if name in self.live.values():
            return
        self.house.free(name)
        price = terms("2.345", night="1.111") if night else terms("2.345")
        self.live[self.house.lease(self.now_s, (name,), price=price)] = name

    @rule(minutes=st.integers(1, 3000))
    def time_goes_on(self, minutes: int) -> None:
        self.now_s += 60 * minutes
        self.cashier.turn()

    @precondition(lambda self: self.live)
    @rule(data=st.data(), state=st.sampled_from(["ended", "broken", "failed"]))
    def end(self, data: st.DataObject, state: str) -> None:
        lease_id = data.draw(st.sampled_from(sorted(self.live)))
        node = self.live.pop(lease_id)
        started_s = self.start_of(lease_id)
        self.house.end(lease_id, self.now_s, state, drained_s=data.draw(st.integers(0, 900)))
        self.past.append((lease_id, node, started_s, self.now_s))

    @precondition(lambda self: self.past)
    @rule(data=st.data())
    def a_fact_is_corrected(self, data: st.DataObject) -> None:
        """A node turns out to have been gone earlier than was told; only facts not too old can be."""
        lease_id, node, start_s, end_s = data.draw(st.sampled_from(self.past))
        if self.now_s - end_s < RULES.late_s // 2 and end_s > start_s + 60:
            until_s = data.draw(st.integers(max(start_s + 1, end_s - RULES.late_s // 2), end_s))
            self.house.correct(lease_id, node, until_s=until_s)

    @rule(after=st.integers(1, 6))
    def the_process_dies(self, after: int) -> None:
        left = after
        connect = self.house.database.engine

        def dies(*_: Any) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise PowerCutError

        sa.event.listen(connect, "before_cursor_execute", dies)
        try:
            credit_breaks(self.house.door, RULES, self.now_s)
            self.cashier.turn()
        except PowerCutError:
            self.cashier = Cashier(self.till)
        finally:
            sa.event.remove(connect, "before_cursor_execute", dies)

    def start_of(self, lease_id: str) -> int:
        with self.house.database.reading() as connection:
            query = sa.select(core.lease.c.start_s).where(core.lease.c.id == lease_id)
            return int(connection.execute(query).scalar_one())

    def teardown(self) -> None:
        """Two months on, all facts known: nothing is wrong, nothing is pending, and the sums are those of the facts."""
        if not hasattr(self, "house"):
            return
        try:
            self.settle_up()
        finally:
            self.house.database.close()
            self.folder.cleanup()

    def settle_up(self) -> None:
        for _ in range(66):
            self.now_s += 24 * H
            self.cashier.turn()
        told = check_books(self.till, SYSTEM)
        assert told.wrong == []
        assert told.pending == []
        held: dict[str, int] = {}
        with self.house.database.reading() as connection:
            rows = connection.execute(
                sa.select(core.holding, core.lease.c.ended_s)
                .join(core.lease, core.lease.c.id == core.holding.c.lease_id)
                .where(core.holding.c.state == "leased")
            ).all()
            broken = connection.execute(
                sa.select(core.lease.c.id).where(core.lease.c.state == "broken")
            ).scalars()
            broken_ids = list(broken)
        self.every_break_is_credited(broken_ids)
        for row in rows:
            ends = [end for end in (row.until_s, row.ended_s) if end is not None]
            until_s = min([*ends, self.now_s])
            held[row.lease_id] = held.get(row.lease_id, 0) + 8 * max(0, until_s - row.since_s)
        assert told.gpu_seconds == sum(held.values())

    def every_break_is_credited(self, lease_ids: list[str]) -> None:
        """All that a broken lease was charged, and 30 % on top; a correction later on takes nothing back."""
        with self.house.door.reading() as store:
            leases = {
                lease.lease_id: lease for lease in store.accounts.leases_in(ALL, 0, self.now_s)
            }
            for lease_id in set(lease_ids) & set(leases):
                lines = wanted_lines(store, [leases[lease_id]], "UTC").values()
                charged = sum((line.amount.amount for line in lines), Decimal(0))
                notes = store.credits.credits_of(lease_id)
                given = sum((note.net.amount for note in notes), Decimal(0))
                assert given >= charged + round(charged * Decimal("0.30"), 2)


class PowerCutError(Exception):
    """Raised where the process would have died."""


TestBooks = Books.TestCase
TestBooks.settings = settings(
    max_examples=8,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[MoneyHouse]:
    built = money_house(tmp_path)
    yield built
    built.database.close()


def billed(house: MoneyHouse) -> Till:
    invoice_months(house.door, RULES, APRIL - 10 * H)
    house.end(house.lease(APRIL - 10 * H, ("n1",)), APRIL - H)
    house.end(house.lease(APRIL - 10 * H, ("n2",)), APRIL - 2 * H, "broken")
    credit_breaks(house.door, RULES, APRIL)
    invoice_months(house.door, RULES, APRIL + H)
    return Till(house.door, RULES, PriceBook("USD", ()), lambda: APRIL + 2 * H)


def test_right_books(house: MoneyHouse):
    told = check_books(billed(house), SYSTEM)
    assert (told.invoices, told.credit_notes, told.leases) == (1, 1, 2)
    assert told.gpu_seconds == 17 * 8 * H
    assert (told.wrong, told.pending) == ([], [])


def test_what_facts_have_changed_is_pending_until_the_next_pass(house: MoneyHouse):
    till = billed(house)
    house.correct("lea_1", "n1", until_s=APRIL - 5 * H)
    told = check_books(till, SYSTEM)
    assert told.pending == ["lea_1 on mainstay/n1: -115200 GPU-seconds are not in the ledger."]
    meter(house.door, RULES, APRIL + 2 * H)
    told = check_books(till, SYSTEM)
    assert told.pending == ["lea_1: -64.00 USD of flex is not billed."]
    assert told.wrong == []


@pytest.mark.parametrize(
    ("spoil", "finding"),
    [
        ("UPDATE invoice SET total = '1.00'", "INV-2026-000001: its lines do not sum to what"),
        ("UPDATE invoice SET number = 'INV-2026-000003'", "INV-2026-000001 is missing."),
        (
            "INSERT INTO prepayment VALUES ('pre_1', 'ten_1', 'USD', '1.00', 0, NULL, 'bank');"
            "INSERT INTO applied SELECT id, 'prepaid', 'pre_1', '2.00' FROM invoice",
            "prepayment pre_1: 1.00 more is used up than there was.",
        ),
    ],
)
def test_spoilt_books_are_found(house: MoneyHouse, spoil: str, finding: str):
    till = billed(house)
    with house.database.transaction() as connection:
        for statement in spoil.split(";"):
            connection.execute(sa.text(statement))
    assert any(line.startswith(finding) for line in check_books(till, SYSTEM).wrong)


def test_the_books_are_not_for_tenants(house: MoneyHouse):
    till = billed(house)
    for actor in (Actor("key", Role.TENANT, "ten_1"), Actor("key", Role.VIEWER)):
        with pytest.raises(AccessError):
            check_books(till, actor)
