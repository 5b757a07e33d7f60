"""Prices: the book in force, and what a lease would cost."""

from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from tidegate.billing import BillTo
from tidegate.control.access import Act, Actor, require
from tidegate.control.audit import entry
from tidegate.control.ids import Prefix, new_id
from tidegate.control.money_store import MoneyDoor, money_event
from tidegate.lease.pricebook import Price, PriceBook
from tidegate.lease.product import Product
from tidegate.lease.terms import PriceTerms

PRICES_CHANGED: Final = "prices.changed"


def adopt_book(
    door: MoneyDoor,
    actor: Actor,
    book: PriceBook,
    source: str,
    now_s: int,
    *,
    wall_s: int,
    offered: PriceBook | None = None,
) -> tuple[Price, ...]:
    """Put a price book into force, for quotes from now on; return the prices that are new or other.

    Adopting the book that is in force changes nothing. Tenants are told of the changes that concern them.

    Parameters
    ----------
    door : MoneyDoor
    actor : Actor
    book : PriceBook
    source : str
        Where it comes from, for the record.
    now_s, wall_s : int
    offered : PriceBook or None
        What was sold at before, when no book has been in force; None when nothing was.
    """
    require(actor, Act.PRICES_WRITE)
    with door.changing() as store:
        adopted = store.plans.price_book()
        if adopted == book:
            return ()
        before = adopted or offered
        store.plans.adopt(book, source, now_s)
        store.audit.add(
            entry(
                new_id(Prefix.AUDIT_ENTRY),
                actor,
                "prices.adopt",
                source,
                wall_s=wall_s,
                tenant_id=None,
                data={"prices": len(book.prices), "currency": book.currency},
            )
        )
        if before is None:
            return book.prices
        known = {price.id: price for price in before.prices}
        changed = tuple(price for price in book.prices if known.get(price.id) != price)
        ids = {price.id for price in book.prices}
        dropped = sorted(price_id for price_id in known if price_id not in ids)
        data: dict[str, Any] = {
            "source": source,
            "changed": [_told(price, known.get(price.id)) for price in changed],
            "dropped": dropped,
        }
        store.events.append(
            [money_event(PRICES_CHANGED, source, None, data, now_s, actor=actor.id)]
        )
    return changed


def _told(price: Price, before: Price | None) -> dict[str, str | None]:
    return {
        "price_id": price.id,
        "chip": price.chip,
        "product": price.product,
        "tenant_class": price.tenant_class,
        "currency": price.currency,
        "rate": str(price.rate),
        "rate_before": None if before is None else str(before.rate),
    }


def book_in_force(door: MoneyDoor, actor: Actor, offered: PriceBook) -> PriceBook:
    """Return the price book in force; without one, what the fleet's own offers say."""
    require(actor, Act.PRICES_READ)
    with door.reading() as store:
        return store.plans.price_book() or offered


def visible_book(door: MoneyDoor, actor: Actor, offered: PriceBook) -> PriceBook:
    """Return the price book as far as it concerns an actor.

    A tenant sees the prices for all and for its own class, and neither costs nor what others are charged.
    """
    book = book_in_force(door, actor, offered)
    if actor.tenant_id is None:
        return book
    with door.reading() as store:
        own = store.accounts.account(actor.tenant_id, book.currency).tenant_class
    prices = tuple(price for price in book.prices if price.tenant_class in (None, own))
    return replace(book, prices=prices, cash_costs={}, exchange={})


def price_terms(  # noqa: PLR0913 - what a price depends on
    door: MoneyDoor,
    offered: PriceBook,
    product: Product,
    chip: str,
    *,
    tenant_id: str,
    gpus: int,
    wanted_s: int | None,
    now_s: int,
    bid_price: Decimal | None = None,
) -> PriceTerms:
    """Return the terms on which a tenant is quoted; they go into the quote as its ``price_detail``.

    Parameters
    ----------
    door : MoneyDoor
    offered : PriceBook
        What the fleet's own offers say, for when no price book was adopted.
    product, chip : Product, str
        What is asked for.
    tenant_id : str
        By whom; its account says in which currency, and of which class it is.
    gpus, wanted_s : int, int or None
        How much, and for how long.
    now_s : int
    bid_price : Decimal or None
        What the capacity is worth to others, per GPU-hour in the book's currency.

    Raises
    ------
    PriceError
        ``TG-PRICE-NONE`` when nothing of it is for sale to that tenant now.
    """
    with door.reading() as store:
        book = store.plans.price_book() or offered
        account = store.accounts.account(tenant_id, book.currency)
    return terms_for(
        book,
        account,
        product,
        chip,
        gpus=gpus,
        wanted_s=wanted_s,
        now_s=now_s,
        bid_price=bid_price,
    )


def terms_for(
    book: PriceBook,
    account: BillTo,
    product: Product,
    chip: str,
    *,
    gpus: int,
    wanted_s: int | None,
    now_s: int,
    bid_price: Decimal | None = None,
) -> PriceTerms:
    """Return what :func:`price_terms` does, for a book and an account that have been looked up."""
    return book.terms(
        product,
        chip,
        gpus=gpus,
        wanted_s=wanted_s,
        at_s=now_s,
        tenant_class=account.tenant_class,
        currency=account.currency,
        bid_price=bid_price,
    )
