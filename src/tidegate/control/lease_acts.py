"""What a tenant does with a lease or order that is there: end, make smaller or longer, cancel.

Written down as a wish; whoever asks waits until the loop has granted or refused it.
"""

from collections.abc import Callable, Mapping
from typing import Final

from tidegate.control.access import Act, Actor, not_found, require
from tidegate.control.answers import Answers
from tidegate.control.ids import Prefix, new_id
from tidegate.control.pools import LivePool
from tidegate.control.store import LeaseStore
from tidegate.control.wishes import Wish, WishKind
from tidegate.errors import Place, RequestError
from tidegate.lease.lease import Lease, Order
from tidegate.lease.product import ProductKind
from tidegate.lease.states import LeaseState

LONGEST_S: Final = 366 * 86_400
"""The longest that a lease may become."""


class LeaseActs:
    """Ends, changes and cancellations.

    Parameters
    ----------
    store : LeaseStore
    pools : mapping of str to LivePool
        By id.
    now_s : callable
        The fleet's clock.
    wake : callable
        Has the loop look at a pool at once.
    wait_s : float
        Real seconds that a wish waits to be granted.
    """

    def __init__(
        self,
        store: LeaseStore,
        pools: Mapping[str, LivePool],
        now_s: Callable[[], int],
        *,
        wake: Callable[[str], None],
        wait_s: float,
    ) -> None:
        self._store = store
        self._pools = pools
        self._now_s = now_s
        self._wake = wake
        self._answers: Answers[Wish] = Answers()
        self._wait_s = wait_s

    def cancel(self, actor: Actor, order_id: str) -> Order:
        """Cancel an order that is on the waitlist.

        Raises
        ------
        AccessError, RequestError
            ``TG-API-NOT-FOUND``; ``TG-LIVE-STATE`` when it has been judged.
        """
        require(actor, Act.ORDERS_WRITE)
        order = self._store.order(order_id)
        if order is None or not actor.reach.covers(order.tenant_id):
            raise not_found("order", order_id)
        self._wish(actor, order.pool_id, order_id, WishKind.CANCEL, 0)
        return self._store.order(order_id) or order

    def end(self, actor: Actor, lease_id: str) -> Lease:
        """Give all nodes of a lease back now; what is left of its firm time is not paid for.

        Raises
        ------
        AccessError, RequestError
            ``TG-API-NOT-FOUND``; ``TG-LIVE-STATE`` when it has ended.
        """
        return self._change(actor, lease_id, WishKind.END, 0)

    def checkpoint_done(self, actor: Actor, lease_id: str) -> Lease:
        """Give the nodes of a lease under notice back before they are taken: its work is saved.

        Raises
        ------
        AccessError, RequestError
            ``TG-API-NOT-FOUND``; ``TG-LIVE-STATE`` when the lease is not under notice.
        """
        require(actor, Act.NOTICES_WRITE)
        lease = self._store.lease(lease_id)
        if lease is None or not actor.reach.covers(lease.tenant_id):
            raise not_found("lease", lease_id)
        if lease.state is not LeaseState.NOTICED:
            raise RequestError("TG-LIVE-STATE", f"Lease {lease_id} is {lease.state}, not noticed.")
        self._wish(actor, lease.pool_id, lease_id, WishKind.END, 0)
        return self._store.lease(lease_id) or lease

    def shrink(self, actor: Actor, lease_id: str, nodes: int) -> Lease:
        """Give back nodes of a running lease until so many are left.

        Raises
        ------
        AccessError, RequestError
            ``TG-API-NOT-FOUND``; ``TG-LIVE-STATE``.
        """
        return self._change(actor, lease_id, WishKind.SHRINK, nodes)

    def extend(self, actor: Actor, lease_id: str, end_s: int) -> Lease:
        """Move a lease's end further out, at its price; its firm time stays as it was sold.

        Raises
        ------
        AccessError, RequestError
            ``TG-API-NOT-FOUND``; ``TG-LIVE-STATE``; ``TG-LIVE-SIZE`` for an end too far away;
            ``TG-LIVE-PRODUCT`` for a reserved lease, whose term is fixed.
        """
        lease = self._lease(actor, lease_id)
        if end_s - lease.start_s > LONGEST_S:
            raise RequestError(
                "TG-LIVE-SIZE",
                "lies too far away.",
                place=Place(field="end_at"),
                expected=f"at most {LONGEST_S} seconds after the start.",
            )
        offer = self._pools[lease.pool_id].offer_of.get(lease.product)
        if offer is not None and offer.product.kind is ProductKind.RESERVED:
            raise RequestError(
                "TG-LIVE-PRODUCT",
                "A reserved lease has a fixed term.",
                expected="a new order for the time after it.",
            )
        return self._change(actor, lease_id, WishKind.EXTEND, end_s)

    def _change(self, actor: Actor, lease_id: str, kind: WishKind, value: int) -> Lease:
        lease = self._lease(actor, lease_id)
        if not lease.is_live:
            if kind is WishKind.END and lease.state is LeaseState.ENDED:
                return lease
            raise RequestError("TG-LIVE-STATE", f"Lease {lease_id} is {lease.state}.")
        self._wish(actor, lease.pool_id, lease_id, kind, value)
        return self._store.lease(lease_id) or lease

    def _wish(self, actor: Actor, pool_id: str, subject: str, kind: WishKind, value: int) -> None:
        wish = Wish(new_id(Prefix.WISH), pool_id, subject, kind, value, actor.id, self._now_s())
        with self._answers.expected(wish.id) as wait:
            self._store.wish(wish)
            self._wake(pool_id)
            done = wait(self._wait_s, lambda: self._done(wish.id))
        if done is None:
            raise NotYetError("TG-API-NOT-READY", "It is written down, and will be done.")
        if done.trouble:
            raise RequestError("TG-LIVE-STATE", f"{subject}: {done.trouble}.")

    def _done(self, wish_id: str) -> Wish | None:
        wish = self._store.wished(wish_id)
        return wish if wish is not None and wish.done_s is not None else None

    def _lease(self, actor: Actor, lease_id: str) -> Lease:
        require(actor, Act.LEASES_WRITE)
        lease = self._store.lease(lease_id)
        if lease is None or not actor.reach.covers(lease.tenant_id):
            raise not_found("lease", lease_id)
        return lease


class NotYetError(RequestError):
    """It was taken in, and will be done when the loop comes to it."""

    retry_s: int = 1
