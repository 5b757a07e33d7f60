"""The ledger balances whatever is posted, keeps what was posted, and beancount agrees."""

import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.finance.fleets import Given, books_of, used

from tidegate.errors import FinanceError, Place
from tidegate.finance.asset import Asset, Disposal, Part, Spend, Writedown
from tidegate.finance.coverage import coverage
from tidegate.finance.ledger import Entry, Kind, Ledger, Posting, account
from tidegate.finance.ledger.accounts import parse_account
from tidegate.finance.ledger.export import to_beancount, to_csv
from tidegate.finance.ledger.journal import cohort_entries, ledger_of
from tidegate.finance.month import Month
from tidegate.finance.schedule import schedule
from tidegate.quantity import Money

D = Decimal
CASH, RENT = account(Kind.ASSETS, "Cash"), account(Kind.INCOME, "Rent")
NOW = datetime(2026, 1, 5, tzinfo=UTC)


def two_sided(
    amount: str, key: str = "k", day: date = date(2025, 6, 30), currency: str = "USD"
) -> Entry:
    money = Money(D(amount), currency)
    return Entry(
        key, day, "text", (Posting(CASH, money, "row 1"), Posting(RENT, money * -1, "row 1"))
    )


def balances(ledger: Ledger) -> dict[str, D]:
    sums: dict[str, D] = {}
    for (_, currency), amount in ledger.trial_balance().items():
        sums[currency] = sums.get(currency, D(0)) + amount
    return sums


cents = st.integers(-(10**9), 10**9).filter(bool).map(lambda n: D(n) / 100)


@given(
    st.lists(
        st.tuples(cents, st.sampled_from("abc"), st.dates(date(2025, 1, 1), date(2025, 12, 31)))
    )
)
def test_the_trial_balance_is_zero_and_the_last_word_of_a_key_stands(
    posts: list[tuple[D, str, date]],
):
    ledger = Ledger()
    for amount, key, day in posts:
        before = ledger.entries
        ledger = ledger.post([two_sided(str(amount), key, day)])
        assert ledger.entries[: len(before)] == before  # nothing is ever changed
        assert not any(balances(ledger).values())
    stands = {key: amount for amount, key, _ in posts}
    assert ledger.trial_balance().get((CASH, "USD"), D(0)) == sum(stands.values())


def test_posting_again_posts_nothing():
    ledger = Ledger().post([two_sided("5.00")])
    assert ledger.post([two_sided("5.00")]) == ledger


def test_an_entry_must_balance_in_each_currency():
    usd, eur = Money(D(1), "USD"), Money(D(-1), "EUR")
    with pytest.raises(FinanceError) as caught:
        Entry("k", date(2025, 1, 1), "t", (Posting(CASH, usd, ""), Posting(RENT, eur, "")))
    assert caught.value.code == "TG-FIN-BALANCE"
    with pytest.raises(FinanceError, match="below the smallest unit"):
        two_sided("0.001")


def test_nothing_is_posted_into_a_closed_period_and_all_or_none():
    ledger = Ledger().post([two_sided("1.00")])
    ledger = ledger.close(Month(2025, 6), by="cfo", at=NOW, reason="quarter end")
    with pytest.raises(FinanceError) as caught:
        ledger.post([two_sided("2.00", "later", date(2025, 7, 1)), two_sided("3.00", "j")])
    assert caught.value.code == "TG-FIN-CLOSED"
    assert len(ledger.entries) == 1


def test_reopening_is_an_act_that_stays_on_record():
    ledger = Ledger().close(Month(2025, 6), by="cfo", at=NOW, reason="quarter end")
    ledger = ledger.reopen(Month(2025, 6), by="cfo", at=NOW, reason="late invoice 7")
    ledger = ledger.post([two_sided("1.00")])
    assert [(a.kind, a.by, a.reason) for a in ledger.acts] == [
        ("close", "cfo", "quarter end"),
        ("reopen", "cfo", "late invoice 7"),
    ]
    assert ledger.closed_to == Month(2025, 5)


@pytest.mark.parametrize("reason", ["", " "])
def test_an_act_needs_a_name_and_a_reason(reason: str):
    with pytest.raises(FinanceError) as caught:
        Ledger().close(Month(2025, 6), by="cfo", at=NOW, reason=reason)
    assert caught.value.code == "TG-FIN-PERIOD"


def test_only_a_closed_period_is_reopened_and_only_an_open_one_closed():
    ledger = Ledger().close(Month(2025, 6), by="a", at=NOW, reason="r")
    with pytest.raises(FinanceError):
        ledger.close(Month(2025, 5), by="a", at=NOW, reason="r")
    with pytest.raises(FinanceError):
        ledger.reopen(Month(2025, 7), by="a", at=NOW, reason="r")


EVENTFUL = Asset(
    "h 100/α",
    10,
    "USD",
    date(2025, 2, 1),
    (Part("chips", D("1000.01"), D(0), D(36)), Part("network", D("333.33"), D(0), D(60))),
    spends=(Spend(date(2025, 1, 3), D("1333.34"), place=Place("b.toml", 7)),),
    writedowns=(
        Writedown(date(2025, 5, 31), D(100)),
        Writedown(date(2025, 7, 31), D(-20)),
    ),
    disposals=(Disposal(date(2025, 9, 15), 3, D("77.77"), D("5.55"), Place("b.toml", 12)),),
)


def test_the_ledger_says_what_the_schedule_says():
    found = schedule(EVENTFUL)
    last = Month(2025, 12)
    ledger = Ledger().post(cohort_entries(found, last))
    assert not any(balances(ledger).values())
    cohort = sum(
        amount for (it, _), amount in ledger.trial_balance().items() if it.path[:1] == ("Cohorts",)
    )
    assert cohort == found.row(last).closing
    sale = next(e for e in ledger.entries if e.key.startswith("sale/"))
    assert {p.source for p in sale.postings} == {"b.toml:12"}


def test_bean_check_accepts_the_export(tmp_path: Path):
    books = books_of(("a", "H100-SXM", 8, D(35_064)), ("b.x", "A100-80-SXM", 16, D("9000.01")))
    june = Month(2025, 6)
    months = tuple(
        used(f"pool-{c}", june, own=100, leased=50, idle=3, rent="123.457", back="1")
        for c in ("a", "b.x")
    )
    ledger = ledger_of(coverage(books, Given(months)))
    ledger = ledger.post(cohort_entries(schedule(EVENTFUL), Month(2025, 12)))
    ledger = ledger.post(
        [two_sided("4.20", "euro", currency="EUR"), two_sided("7", "yen", currency="JPY")]
    )
    path = tmp_path / "ledger.beancount"
    path.write_text(to_beancount(ledger, 'a "fleet"'), "utf-8")
    check = Path(sys.executable).with_name("bean-check")
    done = subprocess.run([check, path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    # It would have told: a balance that is off by a cent is refused.
    path.write_text(path.read_text("utf-8").replace("  4.20 EUR", "  4.21 EUR", 1), "utf-8")
    assert subprocess.run([check, path], capture_output=True, check=False).returncode == 1


def test_csv_has_every_posting_with_its_source():
    rows = to_csv(Ledger().post([two_sided("5.00")])).splitlines()
    assert rows[1:] == [
        "1,2025-06-30,k,text,Assets:Cash,5.00,USD,row 1",
        "1,2025-06-30,k,text,Income:Rent,-5.00,USD,row 1",
    ]


@given(st.text(min_size=1, max_size=12))
def test_account_names_can_be_read_back(name: str):
    it = account(Kind.ASSETS, "Cohorts", name)
    assert parse_account(str(it)) == it
