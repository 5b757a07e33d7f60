"""What the HTTP interface is given by the wiring."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from tidegate.api.limits import Limits
from tidegate.control.access_store import AccessDoor
from tidegate.control.keyring import Keyring
from tidegate.control.lease_acts import LeaseActs
from tidegate.control.money_store import Till
from tidegate.control.outlook import Outlooks
from tidegate.control.pools import LivePool
from tidegate.control.quotes import Quotes
from tidegate.control.sales import Sales
from tidegate.control.seal import Seal
from tidegate.control.steering import SteeringStore
from tidegate.control.views import ViewStore
from tidegate.control.webhook_acts import Webhooks


@dataclass(frozen=True)
class Services:
    """Doors to the running system.

    Attributes
    ----------
    seal : Seal
    access : AccessDoor
        Transactions on keys, users, tenants, webhooks, notices and the audit log.
    keyring : Keyring
        Checks API keys.
    webhooks : Webhooks
    till : Till
        Prices, usage, bills.
    views : ViewStore
        What is to be looked at: pools, quotes, orders, leases.
    pools : mapping of str to LivePool
        By id, as the fleet file has them.
    steering : SteeringStore
        What operators say of pools.
    outlooks : Outlooks
        What may be promised now.
    quotes : Quotes
        What a lease would cost.
    sales : Sales
        Orders.
    lease_acts : LeaseActs
        What is asked of leases and orders that are there.
    wall_s : callable
        Wall-clock time in whole seconds; keys, sessions and signatures go by it.
    limits : Limits
    """

    seal: Seal
    access: AccessDoor
    keyring: Keyring
    webhooks: Webhooks
    till: Till
    views: ViewStore
    pools: Mapping[str, LivePool]
    steering: SteeringStore
    outlooks: Outlooks
    quotes: Quotes
    sales: Sales
    lease_acts: LeaseActs
    wall_s: Callable[[], int]
    limits: Limits = field(default_factory=Limits)


async def services_of(request: Request) -> Services:
    """Return what the application of a request was given."""
    found: Services = request.app.state.services
    return found


Given = Annotated[Services, Depends(services_of)]
"""The services, as a parameter of a route."""
