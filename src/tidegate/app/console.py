"""The console around the running system: its pages, and the sign-in before them."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from fastapi import FastAPI

from tidegate.api import Services, problems
from tidegate.app.financelive import open_finance
from tidegate.app.live import Live
from tidegate.app.marketdesk import PlayedOnce
from tidegate.control.ports import Clock
from tidegate.web import signin
from tidegate.web.console import site
from tidegate.web.console.finance_desk import FinanceDesk
from tidegate.web.console.services import Console, MarketDesk
from tidegate.web.console.signing_in import Persona, sign_in_page


def add_console(
    app: FastAPI, live: Live, services: Services, personas: Sequence[Persona] = ()
) -> None:
    """Give an application the console.

    Parameters
    ----------
    app : FastAPI
        With the HTTP interface.
    live : Live
    services : Services
        What the HTTP interface was given.
    personas : sequence of Persona
        Whom a visitor of the demonstration may be.
    """
    doors = replace(live.signin(), page=partial(sign_in_page, personas=personas))
    finance = open_finance(live.scenario, live.settings.books, live.till, live.world.start_s)
    console = console_on(
        services, live.clock, rate=live.world.factor, finance=finance, market=PlayedOnce()
    )
    install_console(app, doors, console)


def console_on(
    services: Services,
    clock: Clock,
    *,
    rate: float = 1.0,
    finance: FinanceDesk | None = None,
    market: MarketDesk | None = None,
) -> Console:
    """Return the doors that the console goes through; what is given as :class:`Console` takes it."""
    return Console(
        views=services.views,
        steering=services.steering,
        access=services.access,
        pools=services.pools,
        clock=clock,
        seal=services.seal,
        webhooks=services.webhooks,
        quotes=services.quotes,
        sales=services.sales,
        changes=services.lease_acts,
        till=services.till,
        wall_s=services.wall_s,
        rate=rate,
        finance=finance,
        market=market,
    )


def install_console(app: FastAPI, doors: signin.Doors, console: Console) -> None:
    """Give an application the console's pages, with the sign-in before them."""
    signin.install(app, doors)
    app.include_router(signin.router)
    site.install(app, console)
    site.answer_with_pages(app, problems.status_of)
