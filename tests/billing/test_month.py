"""The bill of a month: its sum, its taxes, its numbers, and what pays for it beforehand."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.billing.making import (
    APRIL,
    MARCH,
    MAY,
    RATES,
    TENANT,
    VAT,
    H,
    lease,
    ledgers,
    record,
    terms,
)

from tidegate.billing import (
    Applied,
    Balance,
    Bill,
    BillTo,
    RatedLine,
    Source,
    TaxRule,
    apply_credits,
    bill_month,
    month_of,
    rate,
)
from tidegate.meter import MeterRecord
from tidegate.quantity import Money

RULES = (VAT,)


def numbers() -> Callable[[str], str]:
    counter = count(1)
    return lambda kind: f"{kind}-{next(counter)}"


def bill(
    records: Sequence[MeterRecord],
    billed: Sequence[RatedLine] = (),
    *,
    month_s: int = MARCH,
    tenant: BillTo = TENANT,
    balances: Sequence[Balance] = (),
    rules: Sequence[TaxRule] = RULES,
    rate_text: str = "2.00",
) -> Bill:
    return bill_month(
        tenant,
        month_of(month_s),
        rate(lease("lea_1", (0, terms(rate_text))), records),
        billed,
        rules=rules,
        balances=balances,
        issued_s=MAY,
        terms_days=14,
        number=numbers(),
    )


def usd(text: str) -> Money:
    return Money(Decimal(text), "USD")


def test_the_bill_of_a_month():
    invoice = bill([record(MARCH, H)]).invoice
    assert invoice is not None
    assert (invoice.number, invoice.due_s) == ("invoice-1", MAY + 14 * 86_400)
    assert (str(invoice.net), str(invoice.tax), str(invoice.total)) == (
        "16.00 USD",
        "4.00 USD",
        "20.00 USD",
    )
    assert invoice.amount_due == invoice.payable == invoice.total


def test_a_month_without_use_has_no_bill():
    assert bill([]) == Bill(None, None)
    assert bill([record(MARCH, H)], month_s=MARCH - 1) == Bill(None, None)


def test_lines_in_another_currency_are_left_alone():
    assert bill([record(MARCH, H)], tenant=BillTo("ten_1", "Acme", "EUR")) == Bill(None, None)


def test_taxes_follow_country_time_and_reverse_charge():
    old = TaxRule("vat", "VAT 20", Decimal("0.20"), "NO", until_s=APRIL)
    new = TaxRule("vat-2", "VAT 25", Decimal("0.25"), "NO", from_s=APRIL)
    everywhere = TaxRule("levy", "Levy", Decimal("0.01"))
    records = [record(MARCH, H), record(APRIL, H)]
    invoice = bill(records, month_s=APRIL, rules=(old, new, everywhere)).invoice
    assert invoice is not None
    assert [(tax.name, str(tax.net), str(tax.amount)) for tax in invoice.taxes] == [
        ("VAT 25", "16.00 USD", "4.00 USD"),
        ("Levy", "32.00 USD", "0.32 USD"),
        ("VAT 20", "16.00 USD", "3.20 USD"),
    ]
    abroad = bill(
        records, tenant=BillTo("ten_1", "Acme", "USD", country="SE"), rules=(old,)
    ).invoice
    owes = BillTo("ten_1", "Acme", "USD", country="NO", reverse_charge=True)
    itself = bill(records, tenant=owes, rules=(old,)).invoice
    assert abroad is not None
    assert itself is not None
    assert abroad.taxes == itself.taxes == ()


def test_what_was_billed_too_much_comes_back_as_a_credit_note_that_pays_at_once():
    first = bill([record(MARCH, 10 * H)]).invoice
    assert first is not None
    second = bill([record(MARCH, H), record(APRIL, 2 * H)], first.lines, month_s=APRIL)
    assert second.invoice is not None
    assert second.credit_note is not None
    note = second.credit_note
    assert (note.reason, note.number, str(note.net), str(note.total)) == (
        "correction",
        "credit-note-1",
        "144.00 USD",
        "180.00 USD",
    )
    assert second.invoice.applied == (Applied(Source.CREDIT_NOTE, "credit-note-1", usd("40.00")),)
    assert (str(second.invoice.total), str(second.invoice.payable)) == ("40.00 USD", "0.00 USD")
    again = bill(
        [record(MARCH, H), record(APRIL, 2 * H)],
        [*first.lines, *second.invoice.lines, *note.corrected],
        month_s=APRIL,
    )
    assert again == Bill(None, None)


@given(st.lists(ledgers(), min_size=1, max_size=4), RATES)
def test_the_sum_of_rated_lines_is_the_invoice(told: list[list[MeterRecord]], rate_text: str):
    """Over all months and corrections: invoices less credit notes are what the ledger comes to."""
    lines: list[RatedLine] = []
    net = usd("0")
    for place, records in enumerate(told):
        month_s = (MARCH, APRIL, MAY)[min(place, 2)]
        made = bill(records, lines, month_s=month_s, rate_text=rate_text)
        if made.invoice is not None:
            invoice = made.invoice
            added = sum((line.amount for line in invoice.lines), usd("0"))
            assert invoice.net == added
            assert invoice.total == added + (added * VAT.rate).rounded()
            assert usd("0") == invoice.payable - (
                invoice.total - sum((a.amount for a in invoice.applied), usd("0"))
            )
            lines += invoice.lines
            net += invoice.net
        if made.credit_note is not None:
            lines += made.credit_note.corrected
            net -= made.credit_note.net
            assert made.credit_note.net.amount > 0
    final = bill(told[-1], lines, month_s=MAY, rate_text=rate_text)
    net += final.invoice.net if final.invoice else usd("0")
    net -= final.credit_note.net if final.credit_note else usd("0")
    owed = rate(lease("lea_1", (0, terms(rate_text))), told[-1]).values()
    assert net == sum((line.amount for line in owed), usd("0"))


BALANCES = st.lists(
    st.builds(
        lambda place, cents, source, from_s, expires: Balance(
            source, f"b{place}", Money(Decimal(cents) / 100, "USD"), from_s, expires
        ),
        st.integers(0, 9),
        st.integers(0, 5000),
        st.sampled_from(Source),
        st.integers(0, 20),
        st.none() | st.integers(0, 20),
    ),
    max_size=5,
    unique_by=lambda b: (b.source, b.source_id),
)


@given(st.integers(0, 9000), BALANCES)
def test_credits_pay_no_more_than_is_owed_or_left(cents: int, balances: list[Balance]):
    owed = Money(Decimal(cents) / 100, "USD")
    applied = apply_credits(owed, balances, 10)
    left = {(b.source, b.source_id): b.left for b in balances}
    assert sum((a.amount.amount for a in applied), Decimal(0)) <= owed.amount
    assert all(0 < a.amount.amount <= left[a.source, a.source_id].amount for a in applied)
    usable = [b for b in balances if b.from_s <= 10 and (b.expires_s is None or b.expires_s > 10)]
    everything = sum((b.left.amount for b in usable), Decimal(0))
    paid = sum((a.amount.amount for a in applied), Decimal(0))
    assert paid == min(owed.amount, everything)


def test_credit_notes_come_first_then_what_expires_first():
    balances = [
        Balance(Source.PREPAID, "forever", usd("50"), 0),
        Balance(Source.PREPAID, "soon", usd("5"), 0, 100),
        Balance(Source.PREPAID, "gone", usd("5"), 0, 10),
        Balance(Source.PREPAID, "later", usd("5"), 11),
        Balance(Source.CREDIT_NOTE, "crn-2", usd("3"), 8),
        Balance(Source.CREDIT_NOTE, "crn-1", usd("2"), 3),
        Balance(Source.CREDIT_NOTE, "euro", Money(Decimal(9), "EUR"), 3),
    ]
    applied = apply_credits(usd("20"), balances, 10)
    assert [(a.source_id, str(a.amount)) for a in applied] == [
        ("crn-1", "2.00 USD"),
        ("crn-2", "3.00 USD"),
        ("soon", "5.00 USD"),
        ("forever", "10.00 USD"),
    ]


def test_payable_is_before_what_was_prepaid():
    balances = [
        Balance(Source.CREDIT_NOTE, "crn-1", usd("5"), 0),
        Balance(Source.PREPAID, "pre", usd("10"), 0),
    ]
    invoice = bill([record(MARCH, H)], balances=balances).invoice
    assert invoice is not None
    assert [str(m) for m in (invoice.total, invoice.payable, invoice.amount_due)] == [
        "20.00 USD",
        "15.00 USD",
        "5.00 USD",
    ]


@pytest.mark.parametrize("rate_text", ["-0.1", "1.1", "NaN"])
def test_a_tax_rate_is_a_share(rate_text: str):
    with pytest.raises(ValueError, match="share"):
        TaxRule("vat", "VAT", Decimal(rate_text))
