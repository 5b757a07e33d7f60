"""The journal keeps every act, is found out when it is changed, and survives a torn line."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tidegate.errors import FinanceError, RunError
from tidegate.feeds.journal import change_journal, read_journal
from tidegate.finance.ledger import Entry, Kind, Ledger, Posting, account
from tidegate.finance.month import Month
from tidegate.quantity import Money

CASH, RENT = account(Kind.ASSETS, "Cash"), account(Kind.INCOME, "Rent ü")
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def entry(key: str, amount: str = "1.50", day: date = date(2025, 6, 30)) -> Entry:
    money = Money(Decimal(amount), "USD")
    return Entry(
        key, day, "text ü", (Posting(CASH, money, "row 1"), Posting(RENT, money * -1, "row 2"))
    )


def test_what_is_posted_is_read_again(tmp_path: Path):
    path = tmp_path / "books" / "journal.jsonl"
    change_journal(path, lambda kept: kept.post([entry("a"), entry("b")]))
    change_journal(path, lambda kept: kept.close(Month(2025, 6), by="ann", at=NOW, reason="end"))
    after = change_journal(path, lambda kept: kept.post([entry("c", day=date(2025, 7, 1))]))
    assert read_journal(path) == after
    assert [e.number for e in after.entries] == [1, 2, 3]
    assert len(path.read_text("utf-8").splitlines()) == 3


def test_nothing_new_adds_nothing(tmp_path: Path):
    path = tmp_path / "j.jsonl"
    for _ in range(2):
        change_journal(path, lambda kept: kept.post([entry("a")]))
    assert len(path.read_text("utf-8").splitlines()) == 1


def test_what_is_refused_leaves_the_journal_as_it_was(tmp_path: Path):
    path = tmp_path / "j.jsonl"
    change_journal(path, lambda kept: kept.close(Month(2025, 6), by="ann", at=NOW, reason="end"))
    before = path.read_bytes()
    with pytest.raises(FinanceError, match="closed up to 2025-06"):
        change_journal(path, lambda kept: kept.post([entry("x", day=date(2025, 9, 1)), entry("a")]))
    assert path.read_bytes() == before


def test_a_torn_last_line_was_never_posted(tmp_path: Path):
    path = tmp_path / "j.jsonl"
    change_journal(path, lambda kept: kept.post([entry("a")]))
    whole = path.read_bytes()
    change_journal(path, lambda kept: kept.post([entry("b")]))
    path.write_bytes(path.read_bytes()[:-20])
    assert [e.key for e in read_journal(path).entries] == ["a"]
    after = change_journal(path, lambda kept: kept.post([entry("c")]))
    assert [e.key for e in after.entries] == ["a", "c"]
    assert path.read_bytes().startswith(whole)
    assert read_journal(path) == after


@pytest.mark.parametrize("change", [("1.50", "9.50"), ("text", "other")])
def test_a_changed_line_is_found_out(tmp_path: Path, change: tuple[str, str]):
    path = tmp_path / "j.jsonl"
    for key in ("a", "b"):
        change_journal(path, lambda kept, key=key: kept.post([entry(key)]))  # type: ignore[misc]
    first, second = path.read_text("utf-8").splitlines()
    path.write_text(f"{first.replace(*change)}\n{second}\n", "utf-8")
    with pytest.raises(FinanceError) as caught:
        read_journal(path)
    assert caught.value.code == "TG-FIN-JOURNAL"
    path.write_text(f"{second}\n", "utf-8")
    with pytest.raises(FinanceError, match="taken out"):
        read_journal(path)


def test_an_amount_that_was_changed_names_its_line(tmp_path: Path):
    path = tmp_path / "j.jsonl"
    change_journal(path, lambda kept: kept.post([entry("a")]))
    path.write_text(path.read_text("utf-8").replace("1.50", "9.50", 1), "utf-8")
    with pytest.raises(FinanceError, match=r"it has been changed.* sum to -?[\d.]+ USD") as caught:
        read_journal(path)
    assert caught.value.code == "TG-FIN-JOURNAL"
    assert caught.value.place is not None
    assert caught.value.place.line == 1


def test_no_journal_is_an_empty_ledger(tmp_path: Path):
    assert read_journal(tmp_path / "none.jsonl") == Ledger()


def test_a_folder_is_no_journal(tmp_path: Path):
    with pytest.raises(RunError):
        change_journal(tmp_path, lambda kept: kept)
