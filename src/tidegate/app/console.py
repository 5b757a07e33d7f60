"""The console around the running system: its pages, and the sign-in before them."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from fastapi import FastAPI

from tidegate.api import Services, problems
from tidegate.app.financelive import open_finance
from tidegate.app.live import Live, wall_s
from tidegate.app.marketdesk import PlayedOnce
from tidegate.web import signin
from tidegate.web.console import site
from tidegate.web.console.services import Console
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
    signin.install(app, doors)
    app.include_router(signin.router)
    site.install(
        app,
        Console(
            views=services.views,
            steering=live.steering,
            access=live.access,
            pools=services.pools,
            clock=live.clock,
            seal=live.seal,
            webhooks=services.webhooks,
            quotes=services.quotes,
            sales=services.sales,
            changes=services.lease_acts,
            till=live.till,
            wall_s=wall_s,
            rate=live.world.factor,
            finance=open_finance(live.scenario, live.settings.books, live.till, live.world.start_s),
            market=PlayedOnce(),
        ),
    )
    site.answer_with_pages(app, problems.status_of)
