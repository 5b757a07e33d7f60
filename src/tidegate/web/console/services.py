"""What the console is given by the wiring, and how a route gets at it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final, Protocol

from fastapi import Depends, Request

from tidegate.control.access import Actor, Reach
from tidegate.control.access_store import AccessDoor
from tidegate.control.money_store import MoneyDoor, MoneyRules, Till
from tidegate.control.pools import LivePool
from tidegate.control.ports import Clock
from tidegate.control.quotes import Quotes
from tidegate.control.sales import Sales
from tidegate.control.seal import Seal
from tidegate.control.steering import SteeringStore
from tidegate.control.views import ViewStore
from tidegate.control.webhook_acts import Webhooks
from tidegate.lease.lease import Lease
from tidegate.plan.marketstory import MarketStory
from tidegate.web.console.engines import Engines
from tidegate.web.console.finance_desk import FinanceDesk

MOST_TENANTS: Final = 10_000
"""As many are named on a page; further ones show by their ids."""


class LeaseActs(Protocol):
    """What may be done with a lease that runs; each raises what the use case does."""

    def end(self, actor: Actor, lease_id: str) -> Lease:
        """Give all its nodes back now."""
        ...

    def shrink(self, actor: Actor, lease_id: str, nodes: int) -> Lease:
        """Give nodes back until so many are left."""
        ...

    def extend(self, actor: Actor, lease_id: str, end_s: int) -> Lease:
        """Move its end further out."""
        ...


class MarketDesk(Protocol):
    """The market model, played when somebody first asks."""

    def story(self) -> MarketStory | None:
        """Return what was played; None while it is being played. Raises what kept it from being played."""
        ...


@dataclass(frozen=True)
class Console:
    """Doors to the running system.

    Attributes
    ----------
    views : ViewStore
    steering : SteeringStore
    access : AccessDoor
    pools : mapping of str to LivePool
        The fleet's pools, by id.
    clock : Clock
        The system's clock.
    seal : Seal
        Keeps keys.
    webhooks : Webhooks
    quotes : Quotes
        What a lease would cost.
    sales : Sales
        Orders.
    changes : LeaseActs
        Ending, shrinking and extending leases.
    till : Till
    wall_s : callable
        Wall-clock time in whole seconds: keys, sessions and the audit log go by it.
    rate : float
        Its seconds per real second.
    engines : Engines
        Forecasts for the pages.
    finance : FinanceDesk or None
        What the fleet costs and earns; None when nothing is known of its costs.
    market : MarketDesk or None
        The market model; None where it is not played.
    """

    views: ViewStore
    steering: SteeringStore
    access: AccessDoor
    pools: Mapping[str, LivePool]
    clock: Clock
    seal: Seal
    webhooks: Webhooks
    quotes: Quotes
    sales: Sales
    changes: LeaseActs
    till: Till
    wall_s: Callable[[], int]
    rate: float = 1.0
    engines: Engines = field(default_factory=Engines)
    finance: FinanceDesk | None = None
    market: MarketDesk | None = None

    @property
    def money(self) -> MoneyDoor:
        """Transactions on meters and bills."""
        return self.till.door

    @property
    def rules(self) -> MoneyRules:
        """How the fleet bills."""
        return self.till.rules

    def tenant_names(self) -> Mapping[str, str]:
        """Names of tenants by id."""
        with self.access.reading() as store:
            return {it.id: it.name for it in store.tenants.tenants(Reach(None), None, MOST_TENANTS)}


def console_of(request: Request) -> Console:
    """Return what the application of a request was given."""
    found: Console = request.app.state.console
    return found


Given = Annotated[Console, Depends(console_of)]
"""The console's doors, as a parameter of a route."""
