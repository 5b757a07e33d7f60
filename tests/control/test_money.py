"""Metering and billing over a real store: once, whatever is repeated, late or broken."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from tests.billing.making import APRIL, MARCH, MAY, H, terms
from tests.control.moneyhouse import RULES, MoneyHouse, house_on

from tidegate.billing import BillTo, Budget
from tidegate.control.access import Reach
from tidegate.control.budgets import check_budgets
from tidegate.control.invoicing import credit_breaks, invoice_months
from tidegate.control.metering import Metered, meter
from tidegate.control.money_kept import Prepayment
from tidegate.lease import Discount, Price, PriceBook, Product, ProductKind
from tidegate.quantity import Money
from tidegate.store import Database

ALL = Reach(None)


@pytest.fixture
def house(database: Database) -> MoneyHouse:
    return house_on(database)


def usd(text: str) -> Money:
    return Money(Decimal(text), "USD")


def metered(house: MoneyHouse) -> dict[str, int]:
    """GPU-hours in the ledger, lease by lease."""
    with house.door.reading() as store:
        records = store.meter.ledger([f"lea_{n}" for n in range(1, house.leases + 1)])
    hours: dict[str, int] = {}
    for record in records:
        hours[record.lease_id] = hours.get(record.lease_id, 0) + record.gpu_seconds
    return {lease_id: seconds // H for lease_id, seconds in hours.items()}


def test_what_is_held_is_metered_once(house: MoneyHouse):
    house.lease(MARCH, ("n1", "n2"))
    assert meter(house.door, RULES, MARCH + H) == Metered(2, 16 * H, 0)
    assert meter(house.door, RULES, MARCH + H) == Metered(0, 0, 0)
    assert meter(house.door, RULES, MARCH + 3 * H) == Metered(2, 32 * H, 0)
    assert metered(house) == {"lea_1": 48}


def test_nothing_is_metered_while_sanitising_or_after_a_break(house: MoneyHouse):
    """Even when the driver tells of the tenant's leaving only ten minutes after the break."""
    broken = house.lease(MARCH)
    house.end(broken, MARCH + 2 * H, "broken", drained_s=600)
    meter(house.door, RULES, MARCH + 5 * H)
    house.free("n1")
    house.lease(MARCH + 3 * H)
    meter(house.door, RULES, MARCH + 5 * H)
    assert metered(house) == {"lea_1": 16, "lea_2": 16}


def test_late_facts_correct_the_ledger(house: MoneyHouse):
    lease = house.lease(MARCH)
    meter(house.door, RULES, MARCH + 4 * H)
    house.correct(lease, "n1", until_s=MARCH + H)
    assert meter(house.door, RULES, MARCH + 5 * H) == Metered(1, -24 * H, 0)
    assert metered(house) == {"lea_1": 8}


def test_a_pass_that_does_not_look_back_leaves_late_facts_to_one_that_does(house: MoneyHouse):
    lease = house.lease(MARCH)
    meter(house.door, RULES, MARCH + 4 * H)
    house.correct(lease, "n1", until_s=MARCH + H)
    assert meter(house.door, RULES, MARCH + 5 * H, looks_back=False) == Metered(1, -8 * H, 0)
    house.lease(MARCH + 5 * H, ("n2",))
    assert meter(house.door, RULES, MARCH + 6 * H, looks_back=False) == Metered(1, 8 * H, 0)
    assert meter(house.door, RULES, MARCH + 6 * H) == Metered(1, -16 * H, 0)


def test_a_clock_that_goes_back_takes_nothing_twice(house: MoneyHouse):
    house.lease(MARCH)
    meter(house.door, RULES, MARCH + 4 * H)
    assert meter(house.door, RULES, MARCH + 2 * H).gpu_seconds == -16 * H
    assert meter(house.door, RULES, MARCH + 4 * H).gpu_seconds == 16 * H
    assert metered(house) == {"lea_1": 32}


def test_two_claims_are_told_once_and_metered_for_neither(house: MoneyHouse):
    first = house.lease(MARCH)
    house.correct(first, "n1", until_s=MARCH + 2 * H)
    house.lease(MARCH + H)
    assert meter(house.door, RULES, MARCH + 3 * H).conflicts == 1
    assert meter(house.door, RULES, MARCH + 4 * H).conflicts == 0
    (event,) = house.events("meter.conflict")
    assert event.data["node"] == "mainstay/n1"
    assert event.tenant_id is None
    assert metered(house) == {"lea_1": 8, "lea_2": 16}


def begin(house: MoneyHouse) -> None:
    """The system comes up in March: months are billed from then on."""
    assert invoice_months(house.door, RULES, MARCH) == []


def test_a_month_is_invoiced_once_and_told(house: MoneyHouse):
    begin(house)
    house.lease(APRIL - 2 * H)
    assert invoice_months(house.door, RULES, APRIL + 3599) == []
    (invoice,) = invoice_months(house.door, RULES, APRIL + 3600)
    assert (invoice.number, str(invoice.total)) == ("INV-2026-000001", "40.00 USD")
    assert invoice_months(house.door, RULES, APRIL + 3600) == []
    (event,) = house.events("invoice.issued")
    assert event.tenant_id == "ten_1"
    assert event.data == {
        "number": "INV-2026-000001",
        "month": "2026-03",
        "currency": "USD",
        "total": "40.00",
        "amount_due": "40.00",
        "due_s": APRIL + 3600 + 14 * 86_400,
    }
    with house.door.reading() as store:
        (kept,) = store.bills.invoices(ALL, None, 10)
        assert kept.invoice == invoice
        assert store.bills.invoice(kept.id, Reach("ten_2")) is None


def test_a_tenant_is_billed_to_its_account(house: MoneyHouse):
    begin(house)
    house.tenant()
    account = BillTo("ten_1", "Acme AI AS", "USD", ("Oslo",), "NO", "NO 1", tenant_class="research")
    with house.door.changing() as store:
        store.accounts.save_account(account)
    house.lease(APRIL - H)
    (invoice,) = invoice_months(house.door, RULES, APRIL + H)
    assert invoice.tenant == account


def test_months_that_were_missed_are_billed_one_by_one(house: MoneyHouse):
    begin(house)
    house.lease(APRIL - H)
    invoices = invoice_months(house.door, RULES, MAY + 3600)
    assert [invoice.number for invoice in invoices] == ["INV-2026-000001", "INV-2026-000002"]
    assert [str(invoice.net) for invoice in invoices] == ["16.00 USD", "11520.00 USD"]


def test_facts_corrected_after_the_invoice_come_back(house: MoneyHouse):
    begin(house)
    lease = house.lease(APRIL - 10 * H)
    house.end(lease, APRIL - 2 * H)
    (march,) = invoice_months(house.door, RULES, APRIL + H)
    assert str(march.net) == "128.00 USD"
    house.correct(lease, "n1", until_s=APRIL - 9 * H)
    house.lease(APRIL + 2 * H, ("n2",))
    meter(house.door, RULES, APRIL + 3 * H)
    (april,) = invoice_months(house.door, RULES, MAY + 3600)
    (note,) = house.events("credit_note.issued")
    assert (note.data["reason"], note.data["total"]) == ("correction", "140.00")
    assert str(april.applied[0].amount) == "140.00 USD"
    with house.door.reading() as store:
        (kept,) = store.credits.credit_notes(ALL, None, 10)
        assert kept.left == usd("0.00")
        assert len(kept.note.corrected) == 1


def test_a_break_is_credited_by_itself_with_its_proof(house: MoneyHouse):
    begin(house)
    lease = house.lease(APRIL - 3 * H)
    house.end(lease, APRIL - H, "broken")
    (note,) = credit_breaks(house.door, RULES, APRIL - H)
    (proof,) = house.events("lease.broken")
    assert (note.lease_id, note.event_id) == (lease, str(proof.seq))
    assert [(line.text, str(line.amount)) for line in note.lines] == [
        ("refund", "32.00 USD"),
        ("credit", "9.60 USD"),
    ]
    assert str(note.total) == "52.00 USD"
    assert credit_breaks(house.door, RULES, APRIL) == []
    (invoice,) = invoice_months(house.door, RULES, APRIL + H)
    assert (str(invoice.total), str(invoice.payable)) == ("40.00 USD", "0.00 USD")
    with house.door.reading() as store:
        (kept,) = store.credits.credit_notes(ALL, None, 10)
    assert kept.left == usd("12.00")


def test_who_leaves_early_pays_for_the_time_without_the_terms_discount(house: MoneyHouse):
    """What was billed at the term's price is taken back, and billed again at the price of what was kept."""
    begin(house)
    book = PriceBook(
        "USD",
        (Price("p1", "H100-SXM", "flex", Decimal(2), "USD"),),
        term=(Discount(168 * H, Decimal("0.5")),),
    )
    flex = Product("flex", ProductKind.FLEX, 6 * H, 600)
    price = book.terms(flex, "H100-SXM", gpus=8, wanted_s=168 * H, at_s=0)
    lease = house.lease(APRIL - 10 * H, price=price)
    other = house.lease(APRIL - 10 * H, ("n2",), price=price)
    (march,) = invoice_months(house.door, RULES, APRIL + H)
    assert str(march.net) == "160.00 USD"
    house.end(lease, APRIL + 10 * H, reason="given-back")
    house.end(other, APRIL + 10 * H, reason="recalled")
    (april,) = invoice_months(house.door, RULES, MAY + 3600)
    (note,) = house.events("credit_note.issued")
    assert note.data["total"] == "100.00"
    assert sorted((line.kind.value, str(line.amount)) for line in april.lines) == [
        ("correction", "160.00 USD"),
        ("usage", "160.00 USD"),
        ("usage", "80.00 USD"),
    ]


def test_a_break_is_credited_however_long_nobody_ran(house: MoneyHouse):
    lease = house.lease(MARCH)
    house.end(lease, MARCH + 5 * H, "broken")
    meter(house.door, RULES, MARCH + 5 * H)
    (note,) = credit_breaks(house.door, RULES, MARCH + 400 * H)
    assert note.lease_id == lease
    other = house.lease(MARCH + 401 * H, ("n2",))
    house.end(other, MARCH + 402 * H, "broken")
    meter(house.door, RULES, MARCH + 402 * H)
    (note,) = credit_breaks(house.door, RULES, MARCH + 900 * H)
    assert note.lease_id == other
    assert credit_breaks(house.door, RULES, MARCH + 901 * H) == []


def test_a_credit_waits_for_the_next_invoice(house: MoneyHouse):
    begin(house)
    lease = house.lease(APRIL - 3 * H)
    house.end(lease, APRIL - H, "broken")
    credit_breaks(house.door, RULES, APRIL)
    house.lease(APRIL + 2 * H, ("n2",))
    _, april = invoice_months(house.door, RULES, MAY + 3600)
    assert [str(part.amount) for part in april.applied] == ["12.00 USD"]


def test_money_paid_beforehand_pays_the_invoice(house: MoneyHouse):
    begin(house)
    payment = Prepayment("pre_1", "ten_1", usd("30"), MARCH, None, "bank 1")
    with house.door.changing() as store:
        assert store.credits.add_prepayment(payment)
        assert not store.credits.add_prepayment(payment)
    house.lease(APRIL - 2 * H)
    (invoice,) = invoice_months(house.door, RULES, APRIL + H)
    assert (str(invoice.payable), str(invoice.amount_due)) == ("40.00 USD", "10.00 USD")
    with house.door.reading() as store:
        assert store.credits.balances("ten_1") == []


def test_tenants_and_currencies_are_billed_apart(house: MoneyHouse):
    begin(house)
    house.lease(APRIL - H, ("n1",))
    house.lease(APRIL - H, ("n2",), price=terms("300", currency="JPY"))
    house.lease(APRIL - H, ("n3",), tenant_id="ten_2")
    invoices = invoice_months(house.door, RULES, APRIL + H)
    assert [(i.tenant.tenant_id, str(i.total)) for i in invoices] == [
        ("ten_1", "3000 JPY"),
        ("ten_1", "20.00 USD"),
        ("ten_2", "20.00 USD"),
    ]


class PowerCutError(Exception):
    """Raised where the process would have died."""


def test_a_crash_at_any_write_leaves_no_gap_and_nothing_twice(
    house: MoneyHouse, monkeypatch: pytest.MonkeyPatch
):
    """Three tenants' month; the process dies at each write in turn, and starts again."""
    begin(house)
    for place, tenant in enumerate(("ten_1", "ten_2", "ten_3")):
        house.lease(APRIL - 5 * H, (f"n{place}",), tenant_id=tenant)
    broken = house.lease(APRIL - 5 * H, ("n9",))
    house.end(broken, APRIL - H, "broken")
    from tidegate.store.money.bills import SqlBills  # noqa: PLC0415 - broken on purpose below
    from tidegate.store.money.credits import SqlCredits  # noqa: PLC0415
    from tidegate.store.money.meter import SqlMeter  # noqa: PLC0415

    left = 0

    def dies(real: Callable[..., Any]) -> Callable[..., Any]:
        def write(self: object, *args: object) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                real(self, *args)
                raise PowerCutError
            return real(self, *args)

        return write

    for owner, names in (
        (SqlBills, ("add_invoice", "save_numbers")),
        (SqlCredits, ("add_credit_note",)),
        (SqlMeter, ("record", "set_mark")),
    ):
        for name in names:
            monkeypatch.setattr(owner, name, dies(getattr(owner, name)))
    for after in range(1, 40):
        left = after
        try:
            credit_breaks(house.door, RULES, APRIL)
            invoice_months(house.door, RULES, APRIL + H)
        except PowerCutError:
            continue
        break
    assert 5 < after < 39
    left = 0
    assert credit_breaks(house.door, RULES, APRIL + H) == []
    assert invoice_months(house.door, RULES, APRIL + H) == []
    with house.door.reading() as store:
        invoices = [kept.invoice for kept in store.bills.invoices(ALL, None, 100)]
        notes = [kept.note for kept in store.credits.credit_notes(ALL, None, 100)]
    assert [invoice.number for invoice in reversed(invoices)] == [
        f"INV-2026-00000{n}" for n in (1, 2, 3)
    ]
    assert sorted(str(invoice.net) for invoice in invoices) == [
        "144.00 USD",
        "80.00 USD",
        "80.00 USD",
    ]
    assert [(note.number, str(note.net)) for note in notes] == [("CRN-2026-000001", "83.20 USD")]
    assert len(house.events("invoice.issued")) == 3


def test_a_budget_tells_each_share_once_a_month(house: MoneyHouse):
    with house.door.changing() as store:
        store.plans.save_budget(Budget("bud_1", "ten_1", usd("40")))
    house.lease(MARCH)
    assert check_budgets(house.door, RULES, MARCH) == []
    meter(house.door, RULES, MARCH + 2 * H)
    assert [a.share for a in check_budgets(house.door, RULES, MARCH + 2 * H)] == [
        Decimal("0.5"),
        Decimal("0.8"),
    ]
    assert check_budgets(house.door, RULES, MARCH + 2 * H) == []
    events = house.events("budget.reached")
    assert [(e.tenant_id, e.subject, e.data["share"], e.data["spent"]) for e in events] == [
        ("ten_1", "bud_1", "0.5", "32.00"),
        ("ten_1", "bud_1", "0.8", "32.00"),
    ]
    meter(house.door, RULES, APRIL + 2 * H)
    assert [a.share for a in check_budgets(house.door, RULES, APRIL + 2 * H)] == [
        Decimal("0.5"),
        Decimal("0.8"),
    ]
