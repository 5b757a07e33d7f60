"""Billing files: what they say, and what is told when they are wrong."""

from decimal import Decimal
from pathlib import Path

import pytest

from tidegate.billing import BreakPolicy
from tidegate.control.money_store import MoneyRules
from tidegate.errors import BillingFileError
from tidegate.feeds.billingfile import read_billing

ROOT = Path(__file__).parents[2]
HEAD = '[issuer]\nname = "Northern"\n'
TAX = '[[tax]]\nid = "vat"\nname = "VAT"\nrate = "0.25"\n'


def read(folder: Path, text: str) -> MoneyRules:
    path = folder / "billing.toml"
    path.write_text(text, "utf-8")
    return read_billing(path)


def test_the_example_reads():
    rules = read_billing(ROOT / "examples" / "billing.toml")
    assert rules.issuer.name == "Northern Compute AS"
    assert (rules.zone, rules.meter_every_s, rules.invoice_after_s) == ("Europe/Oslo", 3600, 3600)
    (vat,) = rules.taxes
    assert (vat.rate, vat.country) == (Decimal("0.25"), "NO")
    assert rules.breaks == BreakPolicy()


def test_what_is_left_out(tmp_path: Path):
    rules = read(tmp_path, HEAD)
    assert rules == MoneyRules(issuer=rules.issuer)


def test_a_tax_begins_at_midnight_of_the_zone(tmp_path: Path):
    rules = read(tmp_path, f'timezone = "Europe/Oslo"\n{HEAD}{TAX}from = 2026-07-01\n')
    assert rules.taxes[0].from_s == 1_782_856_800


@pytest.mark.parametrize(
    ("text", "code", "line", "field"),
    [
        ("", "KEY", None, "issuer"),
        ("[issuer]\n", "KEY", 1, "issuer.name"),
        (HEAD + TAX.replace("0.25", "1.25"), "VALUE", 6, "tax[0].rate"),
        (HEAD + TAX + TAX, "VALUE", 8, "tax[1].id"),
        (HEAD + TAX + "from = 2026-07-01\nuntil = 2026-06-01\n", "VALUE", 8, "tax[0].until"),
        (HEAD + TAX + 'country = "Norway"\n', "VALUE", 7, "tax[0].country"),
        (HEAD + "[break]\nrefund = 1\n", "KEY", 4, "break.refund"),
        (HEAD + '[metering]\nevery = "1s"\n', "VALUE", 4, "metering.every"),
        (HEAD + "terms_days = -1\n", "VALUE", 3, "issuer.terms_days"),
        ("[issuer\n", "SYNTAX", 1, None),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, text: str, code: str, line: int | None, field: str | None
):
    with pytest.raises(BillingFileError) as caught:
        read(tmp_path, text)
    error = caught.value
    assert (error.code, error.place.line, error.place.field) == (f"TG-BILL-{code}", line, field)
    assert error.expected


def test_a_missing_file(tmp_path: Path):
    with pytest.raises(BillingFileError, match="TG-BILL-MISSING"):
        read_billing(tmp_path / "nowhere.toml")
