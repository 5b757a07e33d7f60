"""What the lease's life asks of a store."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from tidegate.control.changes import Changes, Kept
from tidegate.control.pools import LivePool
from tidegate.control.wishes import WishStore
from tidegate.lease.lease import Lease, Order, Quote

LEADER: Final = "loop"
"""Name of the leadership of the loop."""


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """A command that need not be sent again.

    Attributes
    ----------
    number : int
    refusal : str or None
        Why the driver refuses it for good; None when it was carried out.
    """

    number: int
    refusal: str | None


class LeaseStore(WishStore, Protocol):
    """Quotes, orders, leases, holdings, events, the outbox and the ticks."""

    def set_up(self, pools: Sequence[LivePool]) -> None:
        """Write the fleet's pools; refused when a leased pool is moved to a tier that may not be."""
        ...

    def kept(self, pool_id: str) -> Kept:
        """Return what is known of a pool."""
        ...

    def placed(self, pool_id: str) -> list[Order]:
        """Return the orders that have not been judged, the oldest first."""
        ...

    def write(self, pool_id: str, epoch: int, changes: Changes) -> None:
        """Write what a step has come to, all or nothing.

        Raises
        ------
        FencedError
            When the leader of this epoch does not lead any more.
        """
        ...

    def tried(self, pool_id: str, number: int, trouble: str) -> None:
        """Note that a command failed, and will be tried again."""
        ...

    def carried_out(self, pool_id: str, done: Sequence[CarriedOut], done_s: int) -> None:
        """Note that commands have been carried out, or refused for good."""
        ...

    def place(self, order: Order) -> Order:
        """Write an order; return it, or the one that its tenant placed before with the same key.

        A quote that it takes is taken with it.

        Raises
        ------
        RequestError
            ``TG-LIVE-QUOTE`` when the quote has been taken, withdrawn or has expired meanwhile.
        """
        ...

    def add_quote(self, quote: Quote, actor: str) -> None:
        """Write a quote with its event."""
        ...

    def withdraw_quote(self, quote: Quote, now_s: int, actor: str) -> Quote:
        """Withdraw a quote, unless it has moved on.

        Raises
        ------
        RequestError
            ``TG-LIVE-STATE``.
        """
        ...

    def orders_of_keys(self, keys: Sequence[tuple[str, str]]) -> list[Order]:
        """Return the orders that were placed with any of these keys, each given with its tenant's id."""
        ...

    def held_quotes(self, pool_id: str, now_s: int) -> dict[str, Quote]:
        """Let quotes expire and holds end that are due; return the quotes of a pool that are held, by id."""
        ...

    def order(self, order_id: str) -> Order | None:
        """Return an order."""
        ...

    def lease(self, lease_id: str) -> Lease | None:
        """Return a lease."""
        ...

    def quote(self, quote_id: str) -> Quote | None:
        """Return a quote."""
        ...


class LeadershipStore(Protocol):
    """One holder at a time, by the database's clock."""

    def lead(self, name: str, holder: str, seconds: float) -> int | None:
        """Take or renew the leadership; return its epoch, or None while another holds it."""
        ...

    def resign(self, name: str, holder: str) -> None:
        """Give it up, so that another need not wait."""
        ...
