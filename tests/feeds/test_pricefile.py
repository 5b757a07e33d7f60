"""Price books: what they say, and what is told when they are wrong."""

from decimal import Decimal
from pathlib import Path

import pytest

from tidegate.errors import PriceBookError
from tidegate.feeds.pricefile import read_price_book
from tidegate.lease import PriceBook, Product, ProductKind

ROOT = Path(__file__).parents[2]
FLEX = Product("flex", ProductKind.FLEX, 6 * 3600, 600)

HEAD = """
currency = "USD"
timezone = "Europe/Oslo"
[exchange]
EUR = "1.08"
[[bands.nights]]
name = "night"
from = "22:00"
to = "06:00"
factor = "0.8"
"""
PRICE = """
[[price]]
chip = "H100-SXM"
product = "flex"
rate = "2.00"
"""


def read(folder: Path, text: str, **files: str) -> PriceBook:
    path = folder / "prices.toml"
    path.write_text(text, "utf-8")
    for name, content in files.items():
        (folder / f"{name}.csv").write_text(content, "utf-8")
    return read_price_book(path)


def told(folder: Path, text: str, **files: str) -> list[str]:
    """Every error, as ``file:line: field [code] ...``, relative to the folder."""
    with pytest.raises(PriceBookError) as caught:
        read(folder, text, **files)
    errors = [caught.value, *caught.value.others]
    return [str(error).replace(f"{folder}/", "") for error in errors]


def test_the_example_reads():
    book = read_price_book(ROOT / "examples" / "prices.toml")
    assert len(book.prices) == 12
    terms = book.terms(FLEX, "H100-SXM", gpus=64, wanted_s=168 * 3600, at_s=1_790_000_000)
    assert (terms.base.list_rate, terms.base.rate) == (Decimal("1.85"), Decimal("1.58175"))
    euros = book.terms(FLEX, "H100-SXM", gpus=8, wanted_s=None, at_s=0, currency="EUR")
    assert (euros.base.rate, euros.floor) == (Decimal("1.75"), Decimal("0.351852"))


def test_a_date_is_midnight_in_the_books_zone(tmp_path: Path):
    (price,) = read(tmp_path, f'{HEAD}{PRICE}from = "2026-07-01"\nuntil = 2026-12-01\n').prices
    assert (price.from_s, price.until_s) == (1_782_856_800, 1_796_079_600)
    assert price.id == "H100-SXM flex USD 2026-07-01"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            f"{HEAD}{PRICE}bands = 'night'",
            "[TG-PRICE-REFERENCE] prices.toml:16: price[0].bands: the bands 'night' are not defined. "
            "Expected: nights? It is one of nights.",
        ),
        (
            f"{HEAD}{PRICE.replace('H100-SXM', 'H100')}",
            "[TG-PRICE-REFERENCE] prices.toml:13: price[0].chip: the chip 'H100' is not in the catalogue.",
        ),
        (
            f"{HEAD}{PRICE}rat = 1",
            "[TG-PRICE-KEY] prices.toml:16: price[0].rat: the key rat is unknown. Expected: rate?",
        ),
        (
            f"{HEAD}{PRICE.replace('2.00', '-2')}",
            "[TG-PRICE-VALUE] prices.toml:15: price[0].rate: rate = '-2' cannot be used: an amount is "
            "finite and not negative. Expected: a price of one GPU-hour, such as '2.65'.",
        ),
        (
            f"{HEAD}{PRICE}currency = 'NOK'",
            "[TG-PRICE-REFERENCE] prices.toml:16: price[0].currency: NOK has no exchange rate.",
        ),
        (
            f"{HEAD}{PRICE}from = '2026-03-29T02:30'",
            "[TG-PRICE-VALUE] prices.toml:16: price[0].from: 2026-03-29T02:30:00 does not exist in "
            "Europe/Oslo.",
        ),
        (
            f"{HEAD}{PRICE}from = '2026-03-02'\nuntil = '2026-03-01'",
            "[TG-PRICE-VALUE] prices.toml:17: price[0].until: a price ends after it begins.",
        ),
        (
            f"{HEAD}{PRICE}until = '2026-07-01'\n{PRICE}id = 'b'\nfrom = '2026-06-30'",
            "[TG-PRICE-OVERLAP] prices.toml:18: price[1]: price 'b': 'b' and 'H100-SXM flex USD' hold "
            "for the same thing at the same time.",
        ),
        (
            f"{HEAD}{PRICE}{PRICE}from = '2026-06-30'",
            "[TG-PRICE-OVERLAP]",
        ),
        (
            f"{HEAD}[[bands.nights]]\nname='late'\nfrom='05:00'\nto='07:00'\nfactor=1\n{PRICE}",
            "[TG-PRICE-OVERLAP] prices.toml:11: bands.nights[1]: the band 'late' holds a minute that an "
            "earlier one of 'nights' holds.",
        ),
        (
            f"{HEAD.replace('06:00', '6')}{PRICE}",
            "[TG-PRICE-VALUE] prices.toml:9: bands.nights[0].to: to = '6' cannot be used: it is not a "
            "time of day in quotation marks. Expected: a time of day, from '00:01' to '24:00'.",
        ),
        (
            f"{HEAD}{PRICE}[[volume_discount]]\ngpus = 8\nshare = 1\n",
            "[TG-PRICE-VALUE] prices.toml:18: volume_discount[0].share: share = 1 cannot be used.",
        ),
        (
            f"{HEAD}{PRICE}" + "[[volume_discount]]\ngpus = 8\nshare = 0\n" * 2,
            "[TG-PRICE-OVERLAP] prices.toml:20: volume_discount[1].gpus: another discount begins there.",
        ),
        (f"{HEAD}", "[TG-PRICE-KEY] prices.toml: price: the book has no price."),
        ("currency = ", "[TG-PRICE-SYNTAX] prices.toml:1: "),
        ("currency = 'DOLLAR'", "[TG-PRICE-VALUE] prices.toml:1: currency: currency = 'DOLLAR'"),
        (
            f"files = ['more.csv']\n{HEAD}",
            "[TG-PRICE-MISSING] prices.toml:1: files[0]: 'more.csv' cannot be read: No such file",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, error: str):
    assert any(line.startswith(error) for line in told(tmp_path, text)), told(tmp_path, text)


def test_rows_of_a_csv_file_are_prices(tmp_path: Path):
    rows = "chip,product,rate,currency,bands,from\nH100-SXM,flex,2.00,,nights,\n\nH100-SXM,day,3,EUR,,2026-01-01\n"
    first, second = read(tmp_path, f"files = ['more.csv']\n{HEAD}", more=rows).prices
    assert (first.rate, first.currency, len(first.bands)) == (Decimal(2), "USD", 1)
    assert (second.product, second.currency, second.from_s) == ("day", "EUR", 1_767_222_000)


def test_every_wrong_row_is_told_with_its_line(tmp_path: Path):
    rows = """chip,product,rate,until
H100-SXM,flex,two,
H100-SXM,,2,
H100-SXM,day,2
B900,day,2,
H100-SXM,week,2,tomorrow
H100-SXM,week,2,
H100-SXM,week,3,2026-01-01
"""
    errors = told(tmp_path, f"files = ['more.csv']\n{HEAD}", more=rows)
    assert [error.split(": ")[0] + ": " + error.split(": ")[1] for error in errors] == [
        "[TG-PRICE-VALUE] more.csv:2: rate",
        "[TG-PRICE-VALUE] more.csv:3: product",
        "[TG-PRICE-SYNTAX] more.csv:4: the line has 3 cells. Expected",
        "[TG-PRICE-REFERENCE] more.csv:5: chip",
        "[TG-PRICE-VALUE] more.csv:6: until",
        "[TG-PRICE-OVERLAP] more.csv:8: 'H100-SXM week USD' and 'H100-SXM week USD' hold for the same "
        "thing at the same time. Expected",
    ]


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        (
            "chip,product,rte\n",
            "[TG-PRICE-KEY] more.csv:1: the column 'rte' is unknown. Expected: rate?",
        ),
        (
            "chip,product,rate,rate\n",
            "[TG-PRICE-KEY] more.csv:1: the column 'rate' stands there twice.",
        ),
        ("chip,product\n", "[TG-PRICE-KEY] more.csv:1: the column rate is missing."),
        ('chip,product,rate\nH100-SXM,"fl', "[TG-PRICE-SYNTAX] more.csv:2: the line is not CSV"),
        ("", "[TG-PRICE-KEY] more.csv:1: the column chip is missing."),
    ],
)
def test_a_wrong_header_is_told(tmp_path: Path, rows: str, error: str):
    errors = told(tmp_path, f"files = ['more.csv']\n{HEAD}", more=rows)
    assert any(line.startswith(error) for line in errors), errors
