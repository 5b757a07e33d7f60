"""The leader's work on money, turn by turn."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from tests.billing.making import APRIL, H
from tests.control.moneyhouse import RULES, MoneyHouse, money_house

from tidegate.billing import Budget
from tidegate.control.cashier import Cashier
from tidegate.control.money_store import Till
from tidegate.lease import PriceBook
from tidegate.quantity import Money


@pytest.fixture
def house(tmp_path: Path) -> Iterator[MoneyHouse]:
    built = money_house(tmp_path)
    yield built
    built.database.close()


def test_a_month_turns(house: MoneyHouse):
    """Ten minutes a turn over the end of March: every kind of paper comes out, each once."""
    now_s = APRIL - 12 * H
    cashier = Cashier(Till(house.door, RULES, PriceBook("USD", ()), lambda: now_s))
    with house.door.changing() as store:
        store.plans.save_budget(Budget("bud_1", "ten_1", Money(Decimal(300), "USD")))
    kept = house.lease(now_s, ("n1", "n2"))
    broken = house.lease(now_s, ("n3",))
    papers: list[tuple[str, int]] = []
    seen = 0
    while now_s < APRIL + 3 * H:
        if now_s == APRIL - 6 * H:
            house.end(broken, now_s, "broken")
        cashier.turn()
        for kind in ("budget.reached", "credit_note.issued", "invoice.issued"):
            told = [(kind, event.at_s) for event in house.events(kind)]
            papers += [each for each in told if each not in papers]
        seen += 1
        now_s += 600
    assert papers == [
        ("budget.reached", APRIL - 8 * H),
        ("budget.reached", APRIL - 7 * H),
        ("credit_note.issued", APRIL - 6 * H),
        ("budget.reached", APRIL - 5 * H),
        ("invoice.issued", APRIL + H),
    ]
    assert seen == 15 * 6
    with house.door.reading() as store:
        ledger = store.meter.ledger([kept, broken])
    assert sum(record.gpu_seconds for record in ledger if record.lease_id == broken) == 6 * 8 * H
