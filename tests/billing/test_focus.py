"""The FOCUS export: by every rule of the specification that applies, and to the cent of the invoice."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.billing.focusrules import RULES, Row, broken_rules
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
    Balance,
    CreditLine,
    CreditNote,
    CreditReason,
    Invoice,
    Issuer,
    RatedLine,
    Source,
    bill_month,
    month_of,
    rate,
)
from tidegate.billing.focus import FocusVersion, charges, columns, csv_of, metadata_of
from tidegate.meter import MeterRecord
from tidegate.quantity import Money

ISSUER = Issuer("Northern Compute AS")


def usd(text: str) -> Money:
    return Money(Decimal(text), "USD")


def broken(lease_id: str = "lea_9") -> CreditNote:
    line = CreditLine("refund", month_of(MARCH), usd("7.31"))
    return CreditNote(
        "CRN-2026-000001", TENANT, MARCH, CreditReason.BREAK, lease_id, "42", (line,), (), ()
    )


def bills(
    told: list[list[MeterRecord]], day: str = "2.00", night: str = "1.60"
) -> tuple[list[Invoice], dict[str, CreditNote]]:
    """Invoices of March, April and May, the facts changing from one to the next."""
    own = lease("lea_1", (0, terms(day, night=night)))
    note = broken()
    notes = {note.number: note}
    left = {note.number: note.total}
    invoices: list[Invoice] = []
    lines: list[RatedLine] = []
    numbers = count(2)
    for month_s, records in zip((MARCH, APRIL, MAY), told, strict=False):
        bill = bill_month(
            TENANT,
            month_of(month_s),
            rate(own, records),
            lines,
            rules=(VAT,),
            balances=[Balance(Source.CREDIT_NOTE, n, money, 0) for n, money in left.items()],
            issued_s=month_of(month_s).end_s,
            terms_days=14,
            number=lambda _: f"{next(numbers)}",
        )
        if bill.credit_note is not None:
            notes[bill.credit_note.number] = bill.credit_note
            left[bill.credit_note.number] = bill.credit_note.total
            lines += bill.credit_note.corrected
        if bill.invoice is not None:
            invoices.append(bill.invoice)
            lines += bill.invoice.lines
            for part in bill.invoice.applied:
                left[part.source_id] -= part.amount
    return invoices, notes


def table(
    invoices: list[Invoice], notes: dict[str, CreditNote], version: FocusVersion
) -> tuple[list[str], list[Row]]:
    """The export, written and read back."""
    rows = [row for invoice in invoices for row in charges(invoice, ISSUER, notes, version)]
    reader = csv.DictReader(io.StringIO(csv_of(rows, version)))
    return list(reader.fieldnames or ()), list(reader)


EXAMPLE = [
    [record(MARCH, 30 * H)],
    [record(MARCH, 10 * H), record(APRIL, 50 * H), record(APRIL + 60 * H, 2 * H, node="n2")],
    [record(MARCH, 12 * H), record(APRIL, 50 * H), record(MAY, 4 * H)],
]


@pytest.mark.parametrize("version", FocusVersion)
def test_the_example_follows_every_rule(version: FocusVersion):
    header, rows = table(*bills(EXAMPLE), version)
    assert broken_rules(version, header, rows) == []
    assert {row["ChargeCategory"] for row in rows} == {"Usage", "Tax", "Credit"}
    assert {row["ChargeClass"] for row in rows} == {"", "Correction"}
    assert header == [column.name for column in columns(version)]


@given(st.lists(ledgers(), min_size=1, max_size=3), RATES, RATES, st.sampled_from(FocusVersion))
def test_whatever_is_billed_follows_every_rule(
    told: list[list[MeterRecord]], day: str, night: str, version: FocusVersion
):
    invoices, notes = bills(told, day, night)
    header, rows = table(invoices, notes, version)
    assert broken_rules(version, header, rows) == []
    for invoice in invoices:
        billed = sum(
            Decimal(row["BilledCost"]) for row in rows if row["InvoiceId"] == invoice.number
        )
        assert billed == invoice.payable.amount


def test_the_renamed_providers():
    (invoice, *_), notes = bills(EXAMPLE)
    (old, *_), (new, *_) = (
        table([invoice], notes, version)[1] for version in (FocusVersion.V1_2, FocusVersion.V1_4)
    )
    assert (old["ProviderName"], old["PublisherName"]) == (ISSUER.name, ISSUER.name)
    assert (new["ServiceProviderName"], new["HostProviderName"]) == (ISSUER.name, ISSUER.name)
    assert {k: v for k, v in old.items() if k in new} == {k: v for k, v in new.items() if k in old}


def test_a_credit_names_its_note_and_its_proof():
    _, rows = table(*bills(EXAMPLE), FocusVersion.V1_2)
    credit = next(row for row in rows if row["ChargeCategory"] == "Credit")
    assert (
        credit["ChargeDescription"] == "Credit note CRN-2026-000001: broken promise of lease lea_9"
    )
    assert (credit["BilledCost"], credit["x_EventNumber"]) == ("-7.31", "42")


def test_taxes_follow_what_was_listed():
    dear = lease(
        "lea_1", (0, replace(terms("2.00"), rates=(replace(terms().base, list_rate=Decimal(4)),)))
    )
    bill = bill_month(
        TENANT,
        month_of(MARCH),
        rate(dear, [record(MARCH, H)]),
        (),
        rules=(VAT,),
        balances=(),
        issued_s=APRIL,
        terms_days=14,
        number=lambda kind: kind,
    )
    assert bill.invoice is not None
    _, (used, tax) = table([bill.invoice], {}, FocusVersion.V1_2)
    assert [used[name] for name in ("ListCost", "ContractedCost", "BilledCost")] == [
        "32",
        "16",
        "16",
    ]
    assert [tax[name] for name in ("ListCost", "ContractedCost", "BilledCost")] == ["8", "4", "4"]


VALUES: Sequence[str] = (
    "",
    "x",
    "-1",
    "1e3",
    "2026-01-01",
    "Purchase",
    "Correction",
    "Usage-Based",
    " USD",
    "[1]",
    "lea_1",
)
VALUES = (*VALUES, "2031-01-01T00:00:00Z", "1999-01-01T00:00:00Z", "Tax", "Usage", "Credit", "0.5")


def test_every_rule_bites():
    """For each rule some spoilt cell or pair of cells breaks it: none holds by itself."""
    header, rows = table(*bills(EXAMPLE), FocusVersion.V1_2)
    bitten: set[str] = set()
    for place in range(0, len(rows)):
        for name in header:
            for value in VALUES:
                spoilt = [dict(row) for row in rows]
                spoilt[place][name] = value
                bitten |= set(_broken(header, spoilt))
                if value == "Purchase":
                    spoilt[place]["ChargeFrequency"] = "Usage-Based"
                    spoilt[place]["ResourceName"] = spoilt[place]["ResourceId"]
                    bitten |= set(_broken(header, spoilt))
    bitten |= set(_broken([name for name in header if name not in ("SkuId", "BilledCost")], rows))
    bitten |= set(_broken([*header, "ServiceProviderName", "bad column"], rows))
    assert {each.name for each in RULES} - bitten == _OTHER_VERSION


_OTHER_VERSION = {"ServiceProviderName is not null", "HostProviderName is not null"}


def _broken(header: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """Broken rules, a value that cannot even be read counting as its own rule's matter."""
    found = []
    for each in RULES:
        try:
            found += [each.name] if next(each.check("1.2", header, rows), None) else []
        except (ArithmeticError, ValueError, TypeError):
            continue
    return found


def test_the_metadata_tells_every_column():
    told = metadata_of(FocusVersion.V1_4, APRIL, "Northern Compute AS")
    assert json.loads(json.dumps(told)) == told
    assert told["Schema"]["FocusVersion"] == "1.4"
    assert told["Schema"]["CreationDate"] == "2026-04-01T00:00:00Z"
    assert [column["ColumnName"] for column in told["Schema"]["ColumnDefinition"]] == [
        column.name for column in columns(FocusVersion.V1_4)
    ]
