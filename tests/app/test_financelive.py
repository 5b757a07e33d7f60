"""Which books the running system's finance is kept by."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.api.house import BOOK, NOW_S
from tests.control.moneyhouse import RULES, money_house

from tidegate.app.financelive import open_finance
from tidegate.control.money_store import Till
from tidegate.errors import BooksFileError
from tidegate.feeds.fleetfile import read_fleet
from tidegate.finance.month import Month

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Till]:
    house = money_house(tmp_path)
    yield Till(house.door, RULES, BOOK, lambda: NOW_S)
    house.database.close()


def test_the_books_that_the_fleet_file_names_are_kept_unless_others_are(till: Till, tmp_path: Path):
    fleet = read_fleet(EXAMPLES / "three-tiers.toml")
    desk = open_finance(fleet, None, till, NOW_S - 40 * 86_400)
    assert desk is not None
    view = desk.now()
    assert view.first == Month(2026, 2)
    stated = tomllib.loads((EXAMPLES / "three-tiers-books.toml").read_text())["cohort"][0]
    assert stated["market_rent"] == str(view.measured.books.holding(stated["id"]).market_rent)
    assert {unit.unit for unit in view.standings}

    other = tmp_path / "books.toml"
    other.write_text('[[cohort]]\nid = "gb200-2025"\nmarket_rent = "5.10"\n')
    changed = open_finance(fleet, other, till, NOW_S)
    assert changed is not None
    assert str(changed.now().measured.books.holding("gb200-2025").market_rent) == "5.10"

    other.write_text("[[cohort]]\nid = 'nobody'\n")
    with pytest.raises(BooksFileError):
        open_finance(fleet, other, till, NOW_S)


def test_at_most_twelve_months_are_counted(till: Till):
    desk = open_finance(read_fleet(EXAMPLES / "three-tiers.toml"), None, till, 0)
    assert desk is not None
    assert desk.now().first == Month(2025, 4)
