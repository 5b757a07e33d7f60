"""From a file to a price book."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tidegate.errors import PriceBookError
from tidegate.feeds.fleetfile.document import read_tables
from tidegate.feeds.fleetfile.problems import FileKind, Problems, one_of
from tidegate.feeds.pricefile.rows import RowProblem, read_rows
from tidegate.feeds.pricefile.tables import BookTable, PriceTable
from tidegate.fleet import catalogue
from tidegate.lease import Band, Discount, Price, PriceBook
from tidegate.lease.bands import clash
from tidegate.quantity import parse_instant

PRICES: Final = FileKind("TG-PRICE", PriceBookError)


class _Row(NamedTuple):
    """A price with the way to say what is wrong with it."""

    table: PriceTable
    tell: RowProblem


def read_price_book(path: str | Path) -> PriceBook:
    """Read a price book and the CSV files that it names.

    Parameters
    ----------
    path : str or Path
        A TOML file, as described in ``docs/reference/price-book.md``.

    Returns
    -------
    PriceBook
        Prices in order of the file, then of its CSV files.

    Raises
    ------
    PriceBookError
        If a file cannot be used. Keys and values are checked first, and then what they refer to; all
        errors of a step are reported together, the first raised and the rest in ``others``.
    """
    book, problems = read_tables(path, BookTable, PRICES)
    _check_chips(book, problems)
    sets = {name: _bands(name, book, problems) for name in book.bands}
    rows = [_Row(table, _teller(problems, place)) for place, table in enumerate(book.price)]
    for place, name in enumerate(book.files):
        read = read_rows(Path(path).parent / name, problems, ("files", place))
        rows += [_Row(table, tell) for table, tell in read]
    prices = list(_prices(rows, book, sets))
    _check_overlaps(prices)
    volume = tuple(Discount(step.gpus, step.share) for step in book.volume_discount)
    term = tuple(Discount(step.term, step.share) for step in book.term_discount)
    _check_steps("volume_discount", "gpus", volume, problems)
    _check_steps("term_discount", "term", term, problems)
    if not rows:
        problems.add(
            "TG-PRICE-KEY", ("price",), "the book has no price.", "at least one [[price]]."
        )
    problems.raise_if_any()
    return PriceBook(
        currency=book.currency,
        prices=tuple(price for price, _ in prices),
        volume=volume,
        term=term,
        cash_costs=book.cash_cost,
        exchange=book.exchange,
    )


def _teller(problems: Problems, place: int) -> RowProblem:
    def tell(code: str, field: str | None, message: str, expected: str) -> None:
        key = ("price", place) if field is None else ("price", place, field)
        problems.add(code, key, message, expected)

    return tell


def _check_chips(book: BookTable, problems: Problems) -> None:
    for chip in book.cash_cost:
        if chip not in catalogue():
            problems.add(
                "TG-PRICE-REFERENCE",
                ("cash_cost", chip),
                f"the chip {chip!r} is not in the catalogue.",
                one_of(chip, catalogue()),
            )


def _bands(name: str, book: BookTable, problems: Problems) -> tuple[Band, ...]:
    found: list[Band] = []
    for place, table in enumerate(book.bands[name]):
        path = ("bands", name, place)
        try:
            band = Band(table.name, table.from_, table.to, table.factor, frozenset(table.days))
        except ValueError as error:
            problems.add("TG-PRICE-VALUE", path, f"the band cannot be: {error}.")
            continue
        if clash([*found, band]) is not None:
            problems.add(
                "TG-PRICE-OVERLAP",
                path,
                f"the band {band.name!r} holds a minute that an earlier one of {name!r} holds.",
                "bands that end where the next begins.",
            )
            continue
        found.append(band)
    return tuple(found)


def _prices(
    rows: list[_Row], book: BookTable, sets: dict[str, tuple[Band, ...]]
) -> Iterator[tuple[Price, _Row]]:
    used: set[str] = set()
    for row in rows:
        table, tell = row
        fine = True
        if table.chip not in catalogue():
            missing = f"the chip {table.chip!r} is not in the catalogue."
            tell("TG-PRICE-REFERENCE", "chip", missing, one_of(table.chip, catalogue()))
            fine = False
        if table.bands is not None and table.bands not in sets:
            missing = f"the bands {table.bands!r} are not defined."
            tell("TG-PRICE-REFERENCE", "bands", missing, one_of(table.bands, sets))
            fine = False
        currency = table.currency or book.currency
        if currency != book.currency and currency not in book.exchange:
            missing = f"{currency} has no exchange rate."
            tell("TG-PRICE-REFERENCE", "currency", missing, f"{currency} in [exchange].")
            fine = False
        name = table.id or _made_id(table, currency)
        # Without ids of their own, two of the same name are of the same thing: an overlap, told later.
        if name in used and table.id is not None:
            expected = "another id for each price."
            tell("TG-PRICE-VALUE", "id", f"the id {name!r} is used twice.", expected)
            fine = False
        used.add(name)
        bounds = [_bound(row, field, book.timezone) for field in ("from", "until")]
        if fine and all(good for _, good in bounds):
            try:
                price = Price(
                    id=name,
                    chip=table.chip,
                    product=table.product,
                    rate=table.rate,
                    currency=currency,
                    tenant_class=table.tenant_class,
                    from_s=bounds[0][0],
                    until_s=bounds[1][0],
                    zone=book.timezone,
                    bands=sets.get(table.bands or "", ()),
                )
            except ValueError as error:
                tell("TG-PRICE-VALUE", "until", f"{error}.", "a time after that of from.")
                continue
            yield price, row


def _made_id(table: PriceTable, currency: str) -> str:
    parts = (table.chip, table.product, table.tenant_class, currency, table.from_)
    return " ".join(part for part in parts if part)


def _bound(row: _Row, field: str, zone: str) -> tuple[int | None, bool]:
    text = row.table.from_ if field == "from" else row.table.until
    if text is None:
        return None, True
    try:
        return parse_instant(text, zone).seconds, True
    except ValueError as error:
        row.tell("TG-PRICE-VALUE", field, f"{error}.", "a time that exists in the book's zone.")
        return None, False


def _check_overlaps(prices: list[tuple[Price, _Row]]) -> None:
    seen: dict[tuple[str, str, str | None, str], list[Price]] = {}
    for price, row in prices:
        key = (price.chip, price.product, price.tenant_class, price.currency)
        rivals = seen.setdefault(key, [])
        for rival in rivals:
            if rival.meets(price):
                row.tell(
                    "TG-PRICE-OVERLAP",
                    None,
                    f"{price.id!r} and {rival.id!r} hold for the same thing at the same time.",
                    "an earlier price that ends, with until, where the later begins.",
                )
                break
        rivals.append(price)


def _check_steps(key: str, field: str, steps: tuple[Discount, ...], problems: Problems) -> None:
    for place, step in enumerate(steps):
        if any(step.threshold == earlier.threshold for earlier in steps[:place]):
            problems.add(
                "TG-PRICE-OVERLAP",
                (key, place, field),
                "another discount begins there.",
                "each threshold once.",
            )
