"""Products of a fleet file: built in, overridden or new; and what each costs on a chip."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from tidegate.feeds.fleetfile.problems import Problems, one_of
from tidegate.feeds.fleetfile.tables import FleetTable, ProductTable
from tidegate.fleet import Chip, catalogue, reference_rent
from tidegate.lease import STANDARD_PRODUCTS, LeaseDemand, Offer, Product, ProductKind
from tidegate.lease.offers import RENT_CURRENCY, derived_price, rent_citation
from tidegate.quantity.money import RELATIVE


@dataclass(frozen=True)
class PricedProduct:
    """A product with the ways in which it may get its price.

    Attributes
    ----------
    product : Product
        What is sold.
    demand : LeaseDemand
        How it is asked for.
    prices : mapping of str to Decimal
        Stated prices of a GPU-hour, by chip.
    relative_price : Decimal or None
        Price over the chip's list price, for chips without a stated price.
    """

    product: Product
    demand: LeaseDemand
    prices: Mapping[str, Decimal]
    relative_price: Decimal | None

    def offer(self, chip: Chip, currency: str) -> tuple[Offer, str | None] | None:
        """Return the offer on a chip, and where a derived price comes from.

        None when the product has no price on that chip.
        """
        if chip.id in self.prices:
            return Offer(self.product, self.prices[chip.id], self.demand), None
        if self.relative_price is None:
            return None
        if self.relative_price == 0:
            return Offer(self.product, Decimal(0), self.demand), None
        rent = reference_rent(chip.id)
        if rent is not None and currency == RENT_CURRENCY:
            list_price, basis = (
                rent.usd_per_gpu_h,
                f"the reference rent of {chip.id}, {rent_citation(rent)}",
            )
        elif currency == RELATIVE:
            list_price, basis = Decimal(1), "a list price of 1 (prices are relative)"
        else:
            return None
        price = derived_price(list_price, self.relative_price)
        return Offer(self.product, price, self.demand), basis


def products(fleet: FleetTable, problems: Problems) -> Mapping[str, PricedProduct]:
    """Return the standard products, overridden by the file's, and then the file's own."""
    known = {
        product.id: PricedProduct(product, demand, {}, relative)
        for product, relative, demand in STANDARD_PRODUCTS
    }
    seen: set[str] = set()
    for place, table in enumerate(fleet.product):
        if table.id in seen:
            problems.add(
                "TG-FLEET-VALUE",
                ("product", place, "id"),
                f"the id {table.id!r} is used twice.",
                "another id for each product.",
            )
            continue
        seen.add(table.id)
        _check_prices(table, place, problems)
        merged = _merge(table, known.get(table.id), place, problems)
        if merged is not None:
            known[table.id] = merged
    return known


def _merge(
    table: ProductTable, base: PricedProduct | None, place: int, problems: Problems
) -> PricedProduct | None:
    demand = table.demand
    given: dict[tuple[str, ...], object] = {
        ("kind",): table.kind,
        ("notice",): table.notice,
        ("demand", "share"): demand.share,
        ("demand", "median"): demand.median,
        ("demand", "sigma"): demand.sigma,
    }
    if base is None:
        missing = [path for path, value in given.items() if value is None]
        for path in missing:
            problems.add(
                "TG-FLEET-KEY",
                ("product", place, *path),
                f"the key {path[-1]} is missing; only a built-in product may leave it out.",
                f"kind, notice and demand, or {one_of(table.id, _standard_ids())}",
            )
        if missing:
            return None
    old = base.product if base else Product(table.id, ProductKind.PREEMPTIBLE, 0, 0)
    asked = base.demand if base else LeaseDemand(0.0, 0.0, 0.0)
    product = Product(
        table.id,
        table.kind or old.kind,
        old.guarantee_s if table.guarantee is None else table.guarantee,
        old.notice_s if table.notice is None else table.notice,
    )
    if product.kind is ProductKind.FLEX and product.guarantee_s == 0:
        problems.add(
            "TG-FLEET-VALUE",
            ("product", place, "guarantee"),
            "a flex product guarantees nothing.",
            "a guarantee such as '6h', or kind = 'preemptible'.",
        )
    return PricedProduct(
        product,
        LeaseDemand(
            asked.share if demand.share is None else demand.share,
            asked.median_s if demand.median is None else demand.median,
            asked.sigma if demand.sigma is None else demand.sigma,
        ),
        table.prices,
        base.relative_price if base and table.relative_price is None else table.relative_price,
    )


def _check_prices(table: ProductTable, place: int, problems: Problems) -> None:
    for chip in table.prices:
        if chip not in catalogue():
            problems.add(
                "TG-FLEET-REFERENCE",
                ("product", place, "prices", chip),
                f"the chip {chip!r} is not in the catalogue.",
                one_of(chip, catalogue()),
            )
    if table.kind is ProductKind.GRANT:
        return
    stated: list[tuple[tuple[str, ...], Decimal]] = [
        (("prices", chip), price) for chip, price in table.prices.items()
    ]
    if table.relative_price is not None:
        stated.append((("relative_price",), table.relative_price))
    for path, price in stated:
        if price == 0:
            problems.add(
                "TG-FLEET-VALUE",
                ("product", place, *path),
                "the price is 0.",
                "a price above 0; only a product of kind = 'grant' may be free.",
            )


def _standard_ids() -> list[str]:
    return [product.id for product, _, _ in STANDARD_PRODUCTS]
