"""Books files: what they say is booked, and what is wrong is told with its place."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tidegate.errors import BooksFileError, FinanceError, InputError
from tidegate.feeds.booksfile import read_books
from tidegate.feeds.fleetfile import read_fleet
from tidegate.finance.asset import Method
from tidegate.finance.books import Books

D = Decimal

FLEET = """
name = "small"
currency = "USD"
books = "books.toml"

[[site]]
id = "north"

[[cohort]]
id = "a"
chip = "H100-SXM"
count = 32
price = 30000
in_service = 2025-01-01
life_years = 5

[[pool]]
id = "h100"
site = "north"
chip = "H100-SXM"
nodes = 4
gpus_per_node = 8
tier = "mainstay"
cohorts = ["a"]

[pool.log]
path = "log.csv"
"""


def books(folder: Path, text: str, fleet: str = FLEET) -> Books:
    (folder / "fleet.toml").write_text(fleet, "utf-8")
    (folder / "books.toml").write_text(text, "utf-8")
    return read_books(read_fleet(folder / "fleet.toml"))


def test_everything_that_a_cohort_can_say(tmp_path: Path):
    found = books(
        tmp_path,
        """
        start = "2026-01"
        [costs]
        power_price = 0.06
        [rates]
        EUR = "1.10"
        [[cohort]]
        id = "a"
        currency = "EUR"
        freight = 1000
        installation = 2000
        residual = 0.1
        method = "declining-balance"
        yearly_rate = 0.4
        warranty_until = 2028-01-01
        [[cohort.part]]
        id = "network"
        cost = 10000
        life_years = 8
        [[cohort.revision]]
        day = 2026-01-01
        life_years = 6
        [[cohort.writedown]]
        day = 2026-03-31
        amount = 100
        [[cohort.reversal]]
        day = 2026-06-30
        amount = 50
        [[cohort.sale]]
        day = 2026-12-31
        gpus = 8
        proceeds = 1000
        """,
    )
    asset = found.holdings[0].asset
    chips, network = asset.parts
    assert chips.cost == 32 * 30_000 + 3_000 * D("1.10")
    assert (chips.residual, chips.method) == (chips.cost / 10, Method.DECLINING_BALANCE)
    assert (network.cost, network.life_months) == (D("11000"), D(96))
    assert asset.revisions[0].life_months == 72
    assert [w.amount for w in asset.writedowns] == [D(110), D(-55)]
    assert (asset.disposals[0].proceeds, asset.disposals[0].place.line) == (D(1100), 29)
    assert found.holdings[0].warranty_until == date(2028, 1, 1)
    assert str(found.start) == "2026-01"
    assert found.costs["power_price"] == D("0.06")


def test_without_a_books_file_every_default_is_told(tmp_path: Path):
    (tmp_path / "fleet.toml").write_text(FLEET.replace('books = "books.toml"', ""), "utf-8")
    found = read_books(read_fleet(tmp_path / "fleet.toml"))
    assert found.holdings[0].asset.cost == 960_000
    assert any(said.startswith("pue = 1.15") for said in found.assumptions)


COHORT = '[[cohort]]\nid = "a"\n'


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("[costs]\nwater = 3\n", "TG-FIN-KEY", 2),
        ("[costs]\npue = 0.5\n", "TG-FIN-VALUE", 2),
        ("start = '2026-13'\n", "TG-FIN-VALUE", 1),
        ("[[cohort]]\nid = 'b'\n", "TG-FIN-REFERENCE", 2),
        ("[[tariff]]\nsite = 'south'\nband = [{price = 1}]\n", "TG-FIN-REFERENCE", 2),
        (
            COHORT + "sale = [\n{day = 2026-01-01, gpus = 32},\n{day = 2026-02-01, gpus = 1},\n]\n",
            "TG-FIN-SOLD",
            5,
        ),
        (
            COHORT + "[[cohort.revision]]\nday = 2028-01-01\nlife_years = 2\n",
            "TG-FIN-LIFE",
            3,
        ),
        (COHORT + "currency = 'EUR'\nfreight = 3\n", "TG-FIN-RATE", None),
        ("[[tariff]]\nsite='north'\nband=[{days='mon-fri', price=1}]\n", "TG-FIN-TARIFF", 1),
        (COHORT + "method = 'units-of-production'\n", "TG-FIN-KEY", 1),
        ("a = [", "TG-FIN-SYNTAX", 1),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, text: str, code: str, line: int | None
):
    with pytest.raises(InputError) as caught:
        books(tmp_path, text)
    assert caught.value.code == code
    assert caught.value.place.line == line
    assert caught.value.place.file == str(tmp_path / "books.toml")
    assert caught.value.exit_code == 2


def test_a_site_without_a_tariff_beside_one_with(tmp_path: Path):
    fleet = FLEET.replace(
        "[[cohort]]", '[[site]]\nid = "south"\n\n[[cohort]]', 1
    ) + FLEET.partition("[[pool]]")[2].join(["\n[[pool]]", ""]).replace(
        '"h100"', '"other"'
    ).replace('"north"', '"south"').replace('cohorts = ["a"]\n', "")
    with pytest.raises(FinanceError) as caught:
        books(tmp_path, "[[tariff]]\nsite = 'north'\nband = [{price = 0.1}]\n", fleet)
    assert caught.value.code == "TG-FIN-TARIFF"
    assert "south" in str(caught.value)


def test_a_missing_file(tmp_path: Path):
    (tmp_path / "fleet.toml").write_text(FLEET, "utf-8")
    with pytest.raises(BooksFileError) as caught:
        read_books(read_fleet(tmp_path / "fleet.toml"))
    assert caught.value.code == "TG-FIN-MISSING"


def test_the_page_names_every_key():
    import re  # noqa: PLC0415

    from tidegate.feeds.booksfile import tables as t  # noqa: PLC0415
    from tidegate.feeds.fleetfile.tables import Table  # noqa: PLC0415

    page = (Path(__file__).parents[2] / "docs" / "reference" / "books-file.md").read_text("utf-8")
    told = set(re.findall(r"`\[*(?:\w+\.)?(\w+)\]*`", page))
    for table in vars(t).values():
        if isinstance(table, type) and issubclass(table, Table):
            keys = {field.alias or name for name, field in table.model_fields.items()}
            assert keys <= told, table
