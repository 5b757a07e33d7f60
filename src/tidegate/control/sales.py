"""Orders: what a tenant asks for, checked, priced, and put before the loop."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from tidegate.control.access import Act, Actor, require, tenant_of
from tidegate.control.answers import Answers
from tidegate.control.asking import MOST_S, Ask, check_repeat, offer_for, wrong
from tidegate.control.grants import require_room
from tidegate.control.ids import Prefix, new_id
from tidegate.control.intake import Answer, Intake
from tidegate.control.money_store import Till
from tidegate.control.outlook import Outlooks
from tidegate.control.pools import LivePool
from tidegate.control.quotes import Quotes
from tidegate.control.standing import Standings
from tidegate.control.store import LeaseStore
from tidegate.errors import RequestError
from tidegate.lease.lease import Order, Quote
from tidegate.lease.product import ProductKind
from tidegate.lease.states import OrderState


def _buyer(actor: Actor, what: Ask | str) -> str | None:
    """Return for whom something is ordered that is no quote, provided that the actor may."""
    if isinstance(what, str):
        return None
    tenant_id = what.tenant_id or actor.tenant_id
    return tenant_id if tenant_id is not None and actor.reach.covers(tenant_id) else None


class Sales:
    """Orders of the running system.

    Parameters
    ----------
    store : LeaseStore
    till : Till
        Prices, and the fleet's clock.
    pools : mapping of str to LivePool
    quotes : Quotes
    outlooks : Outlooks
        Bid prices.
    wake : callable
        Has the loop look at a pool at once.
    verdicts : Answers of Order
    intake : Intake
        The way to a leader in this process.
    standings : Standings
    wait_s : float
        Real seconds that an order waits for its verdict.
    """

    def __init__(  # noqa: PLR0913 - what sales hang on
        self,
        store: LeaseStore,
        till: Till,
        pools: Mapping[str, LivePool],
        *,
        quotes: Quotes,
        outlooks: Outlooks,
        wake: Callable[[str], None],
        verdicts: Answers[Order],
        intake: Intake,
        standings: Standings,
        wait_s: float,
    ) -> None:
        self._store = store
        self._till = till
        self._pools = pools
        self._quotes = quotes
        self._outlooks = outlooks
        self._wake = wake
        self._verdicts = verdicts
        self._intake = intake
        self._standings = standings
        self._wait_s = wait_s

    def order(
        self,
        actor: Actor,
        what: Ask | str,
        *,
        wait_for_room_s: int = 0,
        key: str | None = None,
    ) -> Order:
        """Order a lease, and wait a little for the verdict.

        Parameters
        ----------
        actor : Actor
        what : Ask or str
            What is wanted at today's price, or the quote that is accepted.
        wait_for_room_s : int
            How long to stay on the waitlist when there is no room; 0 to be judged once.
        key : str or None
            The same key makes one order, however often it comes.

        Returns
        -------
        Order
            Admitted, refused with its reason, waitlisted, or still placed.

        Raises
        ------
        RequestError
            ``TG-LIVE-...``, ``TG-PRICE-NONE``, ``TG-API-NOT-FOUND``; ``TG-API-CONFLICT`` for a suspended tenant;
            ``TG-API-IDEMPOTENCY-REUSED`` for a key that was used for another order.
        """
        require(actor, Act.ORDERS_WRITE)
        try:
            order = self._drafted(actor, what, wait_for_room_s, key)
        except RequestError:
            # What was ordered with this key before is told, though it could not be ordered any more.
            earlier = self._earlier(actor, what, key)
            if earlier is None:
                raise
            return check_repeat(earlier, what)
        placed = self._handed_in(order) or self._over_the_table(order)
        return placed if placed.id == order.id else check_repeat(placed, what)

    def knows_buyer(self, actor: Actor, what: Ask | str) -> bool:
        """Whether :meth:`order_at_once` may succeed without anything being looked up."""
        buyer = _buyer(actor, what)
        return buyer is None or self._standings.known(buyer) is not None

    def get_to_know(self, actor: Actor, what: Ask | str) -> None:
        """Look up what :meth:`order_at_once` needs to know of who buys."""
        if (buyer := _buyer(actor, what)) is not None:
            self._standings.of(buyer)

    def order_at_once(
        self, actor: Actor, what: Ask | str, *, wait_for_room_s: int, key: str
    ) -> Answer | None:
        """Hand an order in without waiting for anything, when that can be done.

        Returns
        -------
        Answer or None
            Becomes the order that has been judged; it may be one of another request with the same key
            (:func:`tidegate.control.asking.check_repeat`). None, now or then, when :meth:`order` has to be asked.

        Raises
        ------
        AccessError
        """
        require(actor, Act.ORDERS_WRITE)
        buyer = _buyer(actor, what)
        if buyer is None or isinstance(what, str):
            return None
        standing = self._standings.known(buyer)
        offer = getattr(self._pools.get(what.pool_id), "offer_of", {}).get(what.product)
        if standing is None or offer is None or offer.product.kind is ProductKind.GRANT:
            return None
        if not self._outlooks.knows(what.pool_id):
            return None
        try:
            now_s = self._till.now_s()
            quote = self._quotes.priced(what, now_s, standing)
            order = self._order_of(actor, quote, None, wait_for_room_s, key, now_s)
        except RequestError:  # unless it is a repeat
            return None
        return self._intake.put(order)

    def _drafted(
        self, actor: Actor, what: Ask | str, wait_for_room_s: int, key: str | None
    ) -> Order:
        now_s = self._till.now_s()
        quote_id = what if isinstance(what, str) else None
        if isinstance(what, str):
            quote = self._quotes.acceptable(actor, what, now_s)
        else:
            standing = self._standings.of(tenant_of(actor, what.tenant_id))
            quote = self._quotes.priced(what, now_s, standing)
        pool, offer = offer_for(self._pools, Ask(quote.pool_id, quote.product, quote.nodes))
        if offer.product.kind is ProductKind.GRANT:
            with self._till.door.reading() as store:
                require_room(
                    store,
                    quote.tenant_id,
                    chip=pool.pool.chip.id,
                    gpus=quote.nodes * pool.pool.gpus_per_node,
                    start_s=quote.start_at_s or now_s,
                    wanted_s=quote.duration_s,
                )
        return self._order_of(actor, quote, quote_id, wait_for_room_s, key, now_s)

    def _order_of(
        self,
        actor: Actor,
        quote: Quote,
        quote_id: str | None,
        wait_for_room_s: int,
        key: str | None,
        now_s: int,
    ) -> Order:
        if not 0 <= wait_for_room_s <= MOST_S:
            raise wrong("wait_for_room_s", f"{wait_for_room_s} s.", f"0 to {MOST_S} seconds.")
        _, offer = offer_for(self._pools, Ask(quote.pool_id, quote.product, quote.nodes))
        return Order(
            id=new_id(Prefix.ORDER),
            tenant_id=quote.tenant_id,
            pool_id=quote.pool_id,
            product=quote.product,
            nodes=quote.nodes,
            duration_s=quote.duration_s,
            firm_s=offer.product.guaranteed_s(quote.duration_s),
            notice_s=offer.product.notice_s,
            price=quote.price,
            currency=quote.currency,
            price_detail=quote.price_detail,
            actor=actor.id,
            placed_s=now_s,
            start_at_s=quote.start_at_s,
            quote_id=quote_id,
            idempotency_key=key,
            waits_until_s=now_s + wait_for_room_s if wait_for_room_s else None,
        )

    def _earlier(self, actor: Actor, what: Ask | str, key: str | None) -> Order | None:
        """Return the order that was placed with this key before."""
        tenant_id = actor.tenant_id
        if isinstance(what, str):
            tenant_id = self._quotes.own(actor, what).tenant_id
        elif what.tenant_id is not None:
            tenant_id = tenant_of(actor, what.tenant_id)
        if key is None or tenant_id is None:
            return None
        return next(iter(self._store.orders_of_keys([(tenant_id, key)])), None)

    def _handed_in(self, order: Order) -> Order | None:
        """Hand an order to the leader in this process; None when it has to go over the table."""
        # A quote is taken in the transaction in which its order is placed.
        answer = self._intake.put(order) if order.quote_id is None else None
        if answer is None:
            return None
        try:
            return answer.result(self._wait_s)
        except TimeoutError:
            self._intake.withdraw(order)
            return None

    def _over_the_table(self, order: Order) -> Order:
        with self._verdicts.expected(order.id) as wait:
            placed = self._store.place(order)
            if placed.id != order.id:
                return placed
            self._wake(order.pool_id)
            judged = wait(self._wait_s, lambda: self._judged(order.id))
        return judged or self._store.order(order.id) or replace(order)

    def _judged(self, order_id: str) -> Order | None:
        order = self._store.order(order_id)
        return order if order is not None and order.state is not OrderState.PLACED else None
