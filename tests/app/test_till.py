"""Opening the till: files are read once, and a price book is put into force."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.api.house import BOOK, NOW_S
from tests.control.moneyhouse import MoneyHouse, money_house

from tidegate.app.till import open_till
from tidegate.control.access import Actor, Role
from tidegate.control.prices import price_terms, visible_book
from tidegate.errors import BillingFileError, PriceBookError, PriceError
from tidegate.lease import Product, ProductKind
from tidegate.settings import Settings

EXAMPLES = Path(__file__).parents[2] / "examples"
FLEX = Product("flex", ProductKind.FLEX, 6 * 3600, 600)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[MoneyHouse]:
    built = money_house(tmp_path)
    built.tenant()
    yield built
    built.database.close()


def quoted(house: MoneyHouse, settings: Settings, tenant_id: str = "ten_1") -> str:
    till = open_till(house.database, settings, BOOK, lambda: NOW_S)
    terms = price_terms(
        till.door,
        till.offered,
        FLEX,
        "H100-SXM",
        tenant_id=tenant_id,
        gpus=8,
        wanted_s=None,
        now_s=NOW_S,
    )
    return f"{terms.base.rate} {terms.currency}"


def test_without_files_the_fleet_sells_at_its_offers(house: MoneyHouse):
    flex = next(price for price in BOOK.prices if price.product == "flex")
    assert quoted(house, Settings()) == f"{flex.rate} USD"


def test_a_price_book_is_put_into_force_and_told(house: MoneyHouse, tmp_path: Path):
    for name in ("prices.toml", "prices.csv"):
        shutil.copy(EXAMPLES / name, tmp_path / name)
    settings = Settings(price_book=tmp_path / "prices.toml")
    assert quoted(house, settings) == "1.85 USD"
    assert quoted(house, settings) == "1.85 USD"
    assert house.events("prices.changed") == []
    text = (tmp_path / "prices.toml").read_text("utf-8")
    (tmp_path / "prices.toml").write_text(text.replace('"1.85"', '"1.95"'), "utf-8")
    assert quoted(house, settings) == "1.95 USD"
    (event,) = house.events("prices.changed")
    assert event.data["changed"] == [
        {
            "price_id": "H100-SXM flex USD",
            "chip": "H100-SXM",
            "product": "flex",
            "tenant_class": None,
            "currency": "USD",
            "rate": "1.95",
            "rate_before": "1.85",
        }
    ]


def test_a_tenant_pays_and_sees_the_price_of_its_class(house: MoneyHouse):
    settings = Settings(price_book=EXAMPLES / "prices.toml")
    till = open_till(house.database, settings, BOOK, lambda: NOW_S)
    with house.door.changing() as store:
        account = store.accounts.account("ten_1", "USD")
        store.accounts.save_account(replace(account, tenant_class="research"))
    assert quoted(house, settings) == "1.4 USD"
    assert quoted(house, settings, "ten_2") == "1.85 USD"
    seen = {
        tenant_id: visible_book(till.door, Actor("key", Role.TENANT, tenant_id), BOOK)
        for tenant_id in ("ten_1", "ten_2")
    }
    assert "research" in {price.tenant_class for price in seen["ten_1"].prices}
    assert {price.tenant_class for price in seen["ten_2"].prices} == {None}
    assert seen["ten_2"].cash_costs == {}


def test_a_wrong_file_leaves_the_book_in_force(house: MoneyHouse, tmp_path: Path):
    quoted(house, Settings(price_book=EXAMPLES / "prices.toml"))
    wrong = tmp_path / "prices.toml"
    wrong.write_text("currency = 'USD'\n", "utf-8")
    with pytest.raises(PriceBookError):
        quoted(house, Settings(price_book=wrong))
    with pytest.raises(BillingFileError):
        quoted(house, Settings(billing=wrong))
    assert quoted(house, Settings()) == "1.85 USD"


def test_what_has_no_price_is_not_quoted(house: MoneyHouse):
    till = open_till(house.database, Settings(), BOOK, lambda: NOW_S)
    with pytest.raises(PriceError, match="TG-PRICE-NONE"):
        price_terms(
            till.door,
            till.offered,
            FLEX,
            "GB200",
            tenant_id="ten_1",
            gpus=8,
            wanted_s=None,
            now_s=NOW_S,
        )
