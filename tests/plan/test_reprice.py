"""The same demand and requests at another price."""

from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.lease.offers import PRICE_STEP
from tidegate.lease.product import STANDARD_PRODUCTS, Offer
from tidegate.plan.reprice import at_price, earned_at, jobs_of_demand
from tidegate.quota import Policy, PolicyCode
from tidegate.quota.cluster import Cluster
from tidegate.simulate import Requests

OFFERS = tuple(Offer(product, Decimal(2), demand) for product, _, demand in STANDARD_PRODUCTS)


@given(st.lists(st.integers(0, 9), max_size=40))
@settings(max_examples=200)
def test_the_jobs_add_up_to_the_demand(demand: list[int]):
    jobs = jobs_of_demand(np.array(demand, dtype=np.int64), 300, 8)
    held = [
        int(((jobs.submit_s <= t * 300) & (t * 300 < jobs.submit_s + jobs.duration_s)).sum())
        for t in range(len(demand))
    ]
    assert held == demand
    assert (np.diff(jobs.submit_s) >= 0).all()


def test_on_an_idle_pool_twice_the_price_is_twice_the_rent():
    ticks = 3 * 288
    requests = Requests(
        *(
            np.array(column, dtype=np.int64)
            for column in ([2 * 86_400], [0], [2], [3600], [0], [120], [0])
        )
    )
    policy = Policy(int(PolicyCode.TIDEGATE), cap_nodes=4, eps=0.05, wait_price=10_000, floor_s=900)

    def earned(price: str) -> Decimal:
        offers = at_price(OFFERS, OFFERS[0].product.id, Decimal(price))
        return earned_at(
            Cluster(4, 8, 300, 0),
            policy,
            np.zeros(ticks, dtype=np.int64),
            requests,
            offers,
            tick_s=300,
            price_step=PRICE_STEP,
        ).revenue

    assert earned("1.5") == Decimal("24.0"), "two nodes of eight GPUs for an hour"
    assert earned("3") == 2 * earned("1.5")
