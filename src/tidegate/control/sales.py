"""Quotes and orders: what a tenant asks for, checked, priced, and put before the loop."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from tidegate.control.access import Act, Actor, not_found, require, tenant_of
from tidegate.control.answers import Answers
from tidegate.control.grants import require_room
from tidegate.control.ids import Prefix, new_id
from tidegate.control.money_store import MoneyStore, Till, require_tenant
from tidegate.control.outlook import Outlooks
from tidegate.control.pools import LivePool
from tidegate.control.prices import price_terms
from tidegate.control.store import LeaseStore
from tidegate.control.wishes import Wish, WishKind
from tidegate.errors import Place, RequestError
from tidegate.lease.lease import Order, Quote
from tidegate.lease.product import Offer, ProductKind
from tidegate.lease.states import OrderState, QuoteState

QUOTE_S: Final = 15 * 60
"""How long a quote stands."""
LONGEST_HOLD_S: Final = 60 * 60
"""How long its nodes may be kept at most."""
LEAST_S: Final = 60
MOST_S: Final = 366 * 86_400
FURTHEST_S: Final = 90 * 86_400
"""How far ahead a reserved lease may start."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked for.

    Attributes
    ----------
    pool_id, product : str
    nodes : int
    duration_s : int or None
        None for the product's own term.
    start_at_s : int or None
        None for as soon as may be; a reserved lease may start later.
    tenant_id : str or None
        For whom; None for the actor's own tenant.
    """

    pool_id: str
    product: str
    nodes: int
    duration_s: int | None = None
    start_at_s: int | None = None
    tenant_id: str | None = None


def _wrong(field: str, message: str, expected: str, code: str = "TG-LIVE-SIZE") -> RequestError:
    return RequestError(code, message, place=Place(field=field), expected=expected)


def offer_for(pools: Mapping[str, LivePool], ask: Ask) -> tuple[LivePool, Offer]:
    """Return the pool and the offer that are asked for.

    Raises
    ------
    RequestError
        ``TG-LIVE-POOL``, ``TG-LIVE-FRONTIER``, ``TG-LIVE-PRODUCT``.
    """
    pool = pools.get(ask.pool_id)
    if pool is None:
        raise _wrong(
            "pool", f"there is no pool {ask.pool_id}.", "one of the pools listed.", "TG-LIVE-POOL"
        )
    if not pool.pool.tier.may_lease:
        raise _wrong(
            "pool",
            f"pool {pool.id} is {pool.pool.tier} and is never leased.",
            "a mainstay or legacy pool.",
            "TG-LIVE-FRONTIER",
        )
    offer = pool.offer_of.get(ask.product)
    if offer is None:
        known = ", ".join(pool.offer_of)
        raise _wrong(
            "product", f"pool {pool.id} does not sell {ask.product}.", f"one of {known}.",
            "TG-LIVE-PRODUCT",
        )  # fmt: skip
    return pool, offer


def checked_size(pool: LivePool, offer: Offer, ask: Ask, now_s: int) -> int:
    """Return the duration of a lease that can be ordered.

    Raises
    ------
    RequestError
        ``TG-LIVE-SIZE`` for a size, a duration or a start that cannot be.
    """
    product = offer.product
    is_reserved = product.kind is ProductKind.RESERVED
    if not 1 <= ask.nodes <= pool.pool.nodes:
        raise _wrong("nodes", f"{ask.nodes} nodes.", f"1 to {pool.pool.nodes}.")
    least_s = max(LEAST_S, product.guarantee_s) if is_reserved else LEAST_S
    duration_s = ask.duration_s
    if duration_s is None:
        duration_s = max(LEAST_S, product.guarantee_s, 3600)
    if not least_s <= duration_s <= MOST_S:
        raise _wrong("duration_s", f"{duration_s} s.", f"{least_s} to {MOST_S} seconds.")
    if ask.start_at_s is not None:
        if not is_reserved:
            raise _wrong(
                "start_at", f"{product.id} starts at once.", "a reserved product, or no start."
            )
        if not now_s <= ask.start_at_s <= now_s + FURTHEST_S:
            raise _wrong(
                "start_at", "the start is past, or too far ahead.", "a time within 90 days."
            )
    return duration_s


def _check_buyer(store: MoneyStore, tenant_id: str) -> None:
    if store.accounts.is_suspended(tenant_id):
        raise RequestError("TG-API-CONFLICT", f"Tenant {tenant_id} is suspended.")


class Sales:
    """Quotes and orders of the running system.

    Parameters
    ----------
    store : LeaseStore
    till : Till
        Prices, and the fleet's clock.
    pools : mapping of str to LivePool
    outlooks : Outlooks
        Bid prices.
    wake : callable
        Has the loop look at a pool at once.
    verdicts : Answers of Order
    wait_s : float
        Real seconds that an order waits for its verdict.
    """

    def __init__(
        self,
        store: LeaseStore,
        till: Till,
        pools: Mapping[str, LivePool],
        *,
        outlooks: Outlooks,
        wake: Callable[[str], None],
        verdicts: Answers[Order],
        wait_s: float,
    ) -> None:
        self._store = store
        self._till = till
        self._pools = pools
        self._outlooks = outlooks
        self._wake = wake
        self._verdicts = verdicts
        self._holds: Answers[Wish] = Answers()
        self._wait_s = wait_s

    def quote(self, actor: Actor, ask: Ask, *, hold_s: int = 0) -> Quote:
        """Price what is asked for.

        Parameters
        ----------
        actor : Actor
        ask : Ask
        hold_s : int
            Seconds for which its nodes are to be kept; 0 reserves nothing. The answer says whether they are.

        Raises
        ------
        RequestError
            ``TG-LIVE-...`` when it cannot be ordered; ``TG-PRICE-NONE`` when it is not for sale.
        """
        require(actor, Act.QUOTES_WRITE)
        if not 0 <= hold_s <= LONGEST_HOLD_S:
            raise _wrong("hold_s", f"{hold_s} s.", f"0 to {LONGEST_HOLD_S} seconds.")
        now_s = self._till.now_s()
        quote = self._priced(actor, ask, now_s)
        self._store.add_quote(quote, actor.id)
        return self._held(actor, quote, now_s + hold_s) if hold_s else quote

    def _held(self, actor: Actor, quote: Quote, until_s: int) -> Quote:
        """Ask the loop to keep a quote's nodes, and wait a little; the quote says whether it does."""
        wish = Wish(
            new_id(Prefix.WISH), quote.pool_id, quote.id, WishKind.HOLD, until_s, actor.id,
            quote.opened_s,
        )  # fmt: skip
        with self._holds.expected(wish.id) as wait:
            self._store.wish(wish)
            self._wake(quote.pool_id)
            wait(self._wait_s, lambda: self._granted(wish.id))
        return self._store.quote(quote.id) or quote

    def _granted(self, wish_id: str) -> Wish | None:
        wish = self._store.wished(wish_id)
        return wish if wish is not None and wish.done_s is not None else None

    def _priced(self, actor: Actor, ask: Ask, now_s: int) -> Quote:
        pool, offer = offer_for(self._pools, ask)
        duration_s = checked_size(pool, offer, ask, now_s)
        with self._till.door.reading() as store:
            tenant_id = require_tenant(store, actor, ask.tenant_id)
            _check_buyer(store, tenant_id)
        terms = price_terms(
            self._till.door,
            self._till.offered,
            offer.product,
            pool.pool.chip.id,
            tenant_id=tenant_id,
            gpus=ask.nodes * pool.pool.gpus_per_node,
            wanted_s=duration_s,
            now_s=now_s,
            bid_price=self._outlooks.bid(pool.id, offer, duration_s, ask.start_at_s).price,
        )
        return Quote(
            id=new_id(Prefix.QUOTE),
            tenant_id=tenant_id,
            pool_id=pool.id,
            product=offer.product.id,
            nodes=ask.nodes,
            duration_s=duration_s,
            start_at_s=ask.start_at_s,
            price=terms.base.rate,
            currency=terms.currency,
            price_detail=terms.as_json(),
            opened_s=now_s,
            expires_s=now_s + QUOTE_S,
        )

    def withdraw(self, actor: Actor, quote_id: str) -> Quote:
        """Take a quote back.

        Raises
        ------
        RequestError
            ``TG-API-NOT-FOUND``; ``TG-LIVE-STATE`` when it is not open any more.
        """
        require(actor, Act.QUOTES_WRITE)
        quote = self._own_quote(actor, quote_id)
        return self._store.withdraw_quote(quote, self._till.now_s(), actor.id)

    def _own_quote(self, actor: Actor, quote_id: str) -> Quote:
        quote = self._store.quote(quote_id)
        if quote is None or not actor.reach.covers(quote.tenant_id):
            raise not_found("quote", quote_id)
        return quote

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
        now_s = self._till.now_s()
        earlier = self._earlier(actor, what, key)
        if earlier is not None:
            return earlier
        if not 0 <= wait_for_room_s <= MOST_S:
            raise _wrong("wait_for_room_s", f"{wait_for_room_s} s.", f"0 to {MOST_S} seconds.")
        quote_id = what if isinstance(what, str) else None
        quote = (
            self._own_quote(actor, what)
            if isinstance(what, str)
            else self._priced(actor, what, now_s)
        )
        if quote_id is not None:
            self._check_open(quote, now_s)
            with self._till.door.reading() as store:
                _check_buyer(store, quote.tenant_id)
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
        order = Order(
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
        return self._put(order)

    def _earlier(self, actor: Actor, what: Ask | str, key: str | None) -> Order | None:
        """Return the order that was placed with this key before, provided that it is of the same."""
        tenant_id = actor.tenant_id
        if isinstance(what, str):
            tenant_id = self._own_quote(actor, what).tenant_id
        elif what.tenant_id is not None:
            tenant_id = tenant_of(actor, what.tenant_id)
        if key is None or tenant_id is None:
            return None
        order = self._store.order_of_key(tenant_id, key)
        if order is None:
            return None
        is_same = (
            order.quote_id == what
            if isinstance(what, str)
            else order.quote_id is None
            and (order.pool_id, order.product, order.nodes, order.start_at_s)
            == (what.pool_id, what.product, what.nodes, what.start_at_s)
            and what.duration_s in (None, order.duration_s)
        )
        if not is_same:
            raise _wrong(
                "Idempotency-Key", "was used before for another order.",
                "a new key for a new order.", "TG-API-IDEMPOTENCY-REUSED",
            )  # fmt: skip
        return order

    @staticmethod
    def _check_open(quote: Quote, now_s: int) -> None:
        if quote.state not in (QuoteState.OPEN, QuoteState.HELD) or now_s >= quote.expires_s:
            raise _wrong(
                "quote_id", f"quote {quote.id} is {quote.state}.", "a quote that is open.",
                "TG-LIVE-QUOTE",
            )  # fmt: skip

    def _put(self, order: Order) -> Order:
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
