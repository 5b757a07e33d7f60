"""Wiring of money: rules and prices are read, and the price book put into force."""

import time
from collections.abc import Callable

from tidegate.control.access import SYSTEM
from tidegate.control.money_store import MoneyRules, Till
from tidegate.control.prices import adopt_book
from tidegate.feeds.billingfile import read_billing
from tidegate.feeds.pricefile import read_price_book
from tidegate.lease.pricebook import PriceBook
from tidegate.settings import Settings
from tidegate.store.database import Database
from tidegate.store.money import SqlMoney


def open_till(
    database: Database, settings: Settings, offered: PriceBook, now_s: Callable[[], int]
) -> Till:
    """Open the till of the running system.

    Parameters
    ----------
    database : Database
        With its tables.
    settings : Settings
        Which name the billing file and the price book, if there are any.
    offered : PriceBook
        What the fleet's own offers say.
    now_s : callable
        The fleet's clock.

    Raises
    ------
    BillingFileError, PriceBookError
        If a file cannot be used; the price book in force stays.
    """
    rules = (
        MoneyRules(currency=offered.currency)
        if settings.billing is None
        else read_billing(settings.billing)
    )
    till = Till(SqlMoney(database), rules, offered, now_s)
    if settings.price_book is not None:
        book = read_price_book(settings.price_book)
        adopt_book(
            till.door, SYSTEM, book, settings.price_book.name, now_s(), wall_s=int(time.time())
        )
    return till
