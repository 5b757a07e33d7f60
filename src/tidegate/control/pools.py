"""A pool as the running system sees it: what it is, what it sells, by which rules."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidegate.control.steering import Steering
from tidegate.demand import PlannedRun, planned_nodes
from tidegate.fleet.pool import Pool
from tidegate.lease.product import Offer
from tidegate.quota import Policy, PolicyCode, eps_of
from tidegate.quota.cluster import Cluster

TICK_S: Final = 300
"""Demand is observed, and the quota curve renewed, every five minutes."""


@dataclass(frozen=True)
class LivePool:
    """A pool with its offers and rules.

    Attributes
    ----------
    pool : Pool
    offers : tuple of Offer
        What it sells.
    currency : str
        Of the offers' prices.
    sanitise_s : int
        Time a node needs between two holders.
    price_step : Decimal
        Unit of the integer prices that decisions weigh.
    planned : tuple of PlannedRun
        Runs that were announced, in Unix time.
    """

    pool: Pool
    offers: tuple[Offer, ...]
    currency: str
    sanitise_s: int
    price_step: Decimal = Decimal("0.001")
    planned: tuple[PlannedRun, ...] = ()

    @property
    def id(self) -> str:
        """Its id."""
        return self.pool.id

    @cached_property
    def offer_of(self) -> Mapping[str, Offer]:
        """Offers by the product's id."""
        return {offer.product.id: offer for offer in self.offers}

    @cached_property
    def floor_s(self) -> int:
        """The recall floor: the longest notice and sanitising."""
        longest = max((offer.product.notice_s for offer in self.offers), default=0)
        return longest + self.sanitise_s

    @cached_property
    def cluster(self) -> Cluster:
        """The pool as decisions see it."""
        return Cluster(
            self.pool.nodes,
            self.pool.gpus_per_node,
            self.sanitise_s,
            self.pool.policy.reserve_nodes,
            self.pool.block_nodes,
        )

    @cached_property
    def policy(self) -> Policy:
        """The policy with the owner's settings; a pool that may not be leased sells nothing."""
        code = PolicyCode.TIDEGATE if self.pool.tier.may_lease else PolicyCode.NONE
        return Policy(
            code=int(code),
            cap_nodes=self.pool.nodes,
            eps=eps_of(self.pool.policy.risk),
            wait_price=self.steps(self.pool.policy.wait_price),
            floor_s=self.floor_s,
        )

    @cached_property
    def announced(self) -> tuple[int, NDArray[np.int64]] | None:
        """The first tick for which something is announced, and the nodes from it on; None when nothing is."""
        if not self.planned:
            return None
        first = min(run.from_s for run in self.planned) // TICK_S
        last = max(run.to_s for run in self.planned) // TICK_S
        times_s = TICK_S * np.arange(first, last + 1, dtype=np.int64)
        return first, planned_nodes(self.planned, times_s, self.pool.gpus_per_node)

    def steered(self, said: Steering) -> "LivePool":
        """Return the pool as operators want it: risk and tier go before the fleet file's, runs are added to its."""
        pool = self.pool
        policy = pool.policy if said.risk is None else replace(pool.policy, risk=said.risk)
        runs = (PlannedRun(run.from_s, run.to_s, run.gpus, run.is_firm) for run in said.announced)
        return replace(
            self,
            pool=replace(pool, policy=policy, tier=said.tier or pool.tier),
            planned=(*self.planned, *runs),
        )

    def steps(self, price: Decimal) -> int:
        """Return a price in whole steps."""
        return round(price / self.price_step)
