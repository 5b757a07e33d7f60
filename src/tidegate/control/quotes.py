"""Quotes: what a lease would cost, for how long that stands, and whether its nodes are kept meanwhile."""

from collections.abc import Callable, Mapping
from typing import Final

from tidegate.control.access import Act, Actor, not_found, require, tenant_of
from tidegate.control.answers import Answers
from tidegate.control.asking import Ask, checked_size, offer_for, wrong
from tidegate.control.ids import Prefix, new_id
from tidegate.control.money_store import Till
from tidegate.control.outlook import Outlooks
from tidegate.control.pools import LivePool
from tidegate.control.prices import terms_for
from tidegate.control.standing import Standing, Standings
from tidegate.control.store import LeaseStore
from tidegate.control.wishes import Wish, WishKind
from tidegate.lease.lease import Quote
from tidegate.lease.states import QuoteState

QUOTE_S: Final = 15 * 60
"""How long a quote stands."""
LONGEST_HOLD_S: Final = 60 * 60
"""How long its nodes may be kept at most."""


class Quotes:
    """Quotes of the running system.

    Parameters
    ----------
    store : LeaseStore
    till : Till
        Prices, and the fleet's clock.
    pools : mapping of str to LivePool
    outlooks : Outlooks
        Bid prices.
    standings : Standings
    wake : callable
        Has the loop look at a pool at once.
    wait_s : float
        Real seconds that a quote waits for its nodes to be kept.
    """

    def __init__(
        self,
        store: LeaseStore,
        till: Till,
        pools: Mapping[str, LivePool],
        outlooks: Outlooks,
        standings: Standings,
        *,
        wake: Callable[[str], None],
        wait_s: float,
    ) -> None:
        self._store = store
        self._till = till
        self._pools = pools
        self._outlooks = outlooks
        self._standings = standings
        self._wake = wake
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
            raise wrong("hold_s", f"{hold_s} s.", f"0 to {LONGEST_HOLD_S} seconds.")
        now_s = self._till.now_s()
        quote = self.priced(ask, now_s, self._standings.of(tenant_of(actor, ask.tenant_id)))
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

    def priced(self, ask: Ask, now_s: int, standing: Standing) -> Quote:
        """Return what is asked for with its price of now; nothing is kept of it.

        Raises
        ------
        RequestError
            ``TG-LIVE-...`` when it cannot be ordered; ``TG-PRICE-NONE`` when it is not for sale.
        """
        pool, offer = offer_for(self._pools, ask)
        duration_s = checked_size(pool, offer, ask, now_s)
        standing.require_buyer()
        terms = terms_for(
            standing.book,
            standing.account,
            offer.product,
            pool.pool.chip.id,
            gpus=ask.nodes * pool.pool.gpus_per_node,
            wanted_s=duration_s,
            now_s=now_s,
            bid_price=self._outlooks.bid(pool.id, offer, duration_s, ask.start_at_s).price,
        )
        return Quote(
            id=new_id(Prefix.QUOTE),
            tenant_id=standing.tenant_id,
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
        quote = self.own(actor, quote_id)
        return self._store.withdraw_quote(quote, self._till.now_s(), actor.id)

    def own(self, actor: Actor, quote_id: str) -> Quote:
        """Return a quote within the actor's reach.

        Raises
        ------
        RequestError
            ``TG-API-NOT-FOUND``.
        """
        quote = self._store.quote(quote_id)
        if quote is None or not actor.reach.covers(quote.tenant_id):
            raise not_found("quote", quote_id)
        return quote

    def acceptable(self, actor: Actor, quote_id: str, now_s: int) -> Quote:
        """Return a quote that may be accepted now.

        Raises
        ------
        RequestError
            ``TG-API-NOT-FOUND``, ``TG-LIVE-QUOTE``; ``TG-API-CONFLICT`` for a suspended tenant.
        """
        quote = self.own(actor, quote_id)
        if quote.state not in (QuoteState.OPEN, QuoteState.HELD) or now_s >= quote.expires_s:
            raise wrong(
                "quote_id", f"quote {quote.id} is {quote.state}.", "a quote that is open.",
                "TG-LIVE-QUOTE",
            )  # fmt: skip
        self._standings.of(quote.tenant_id).require_buyer()
        return quote
