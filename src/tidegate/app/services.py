"""What the HTTP interface is given of the running system."""

from tidegate.api.limits import Limits
from tidegate.api.services import Services
from tidegate.app.live import Live, wall_s
from tidegate.control.lease_acts import LeaseActs
from tidegate.control.quotes import Quotes
from tidegate.control.rates import Rate
from tidegate.control.sales import Sales
from tidegate.control.webhook_acts import Webhooks
from tidegate.store.views import ViewTables


def services_of(live: Live) -> Services:
    """Return the doors to a running system."""
    quotes = Quotes(
        live.store,
        live.till,
        live.pool_of,
        live.outlooks,
        live.standings,
        wake=live.loop.wake,
        wait_s=live.settings.order_wait_s,
    )
    return Services(
        seal=live.seal,
        access=live.access,
        keyring=live.keyring,
        webhooks=Webhooks(live.access, live.seal, live.sender, wall_s),
        till=live.till,
        views=ViewTables(live.database),
        pools=live.pool_of,
        steering=live.steering,
        outlooks=live.outlooks,
        quotes=quotes,
        sales=Sales(
            live.store,
            live.till,
            live.pool_of,
            quotes=quotes,
            outlooks=live.outlooks,
            wake=live.loop.wake,
            verdicts=live.verdicts,
            intake=live.intake,
            standings=live.standings,
            wait_s=live.settings.order_wait_s,
        ),
        lease_acts=LeaseActs(
            live.store,
            live.pool_of,
            live.clock.now_s,
            wake=live.loop.wake,
            wait_s=live.settings.order_wait_s,
        ),
        wall_s=wall_s,
        limits=Limits(Rate(live.settings.rate_burst, live.settings.rate_per_s)),
    )
