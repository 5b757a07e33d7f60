"""The stream of lease requests: as much as was asked for, and the same again for the same seed."""

import dataclasses
import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.lease import STANDARD_PRODUCTS, LeaseDemand, Offer, Product, ProductKind
from tidegate.simulate import Requests, Window, draw_requests, seed_sequence

OFFERS = tuple(Offer(product, 2 * price, demand) for product, price, demand in STANDARD_PRODUCTS)
YEARS = Window(lease_from_s=86_400, stop_s=10 * 365 * 86_400, tick_s=300)
PRICE_STEP = Decimal("0.001")
MONTH = Window(lease_from_s=0, stop_s=30 * 86_400, tick_s=300)


def drawn(
    *,
    offers: tuple[Offer, ...] = OFFERS,
    offered_nodes: float = 20.0,
    window: Window = MONTH,
    pool: str = "h100",
    seed: int = 0,
) -> Requests:
    return draw_requests(
        offers,
        offered_nodes=offered_nodes,
        window=window,
        price_step=PRICE_STEP,
        randomness=seed_sequence(pool, seed),
    )


def as_bytes(requests: Requests) -> list[bytes]:
    return [column.tobytes() for column in requests]


@pytest.fixture(scope="module")
def years() -> Requests:
    return drawn(window=YEARS)


def offered(requests: Requests, product: int | None = None) -> float:
    """Mean nodes asked for at any time."""
    which = slice(None) if product is None else requests.product == product
    asked = (requests.nodes * requests.duration_s)[which]
    return float(asked.sum() / (YEARS.stop_s - YEARS.lease_from_s))


@pytest.mark.parametrize("place", range(len(OFFERS)), ids=[o.product.id for o in OFFERS])
def test_each_product_has_its_share_of_the_gpu_hours(years: Requests, place: int):
    # 5 standard errors of a compound Poisson sum.
    which = years.product == place
    sizes = (years.nodes * years.duration_s)[which].astype(float)
    error = math.sqrt((sizes**2).sum()) / (YEARS.stop_s - YEARS.lease_from_s)
    expected = 20.0 * OFFERS[place].demand.share
    assert abs(offered(years, place) - expected) < 5 * error
    assert error < 0.1 * expected


def test_the_offered_load_adds_up(years: Requests):
    assert offered(years) == pytest.approx(20.0, rel=0.05)


def test_nodes_come_in_their_weights(years: Requests):
    counts = {int(n): float(np.mean(years.nodes == n)) for n in np.unique(years.nodes)}
    assert counts == pytest.approx({1: 0.40, 2: 0.25, 4: 0.20, 8: 0.10, 16: 0.05}, abs=0.01)


def test_durations_have_their_median_and_spread(years: Requests):
    for place, offer in enumerate(OFFERS):
        durations = years.duration_s[years.product == place]
        if offer.demand.sigma == 0:
            assert np.all(durations == offer.demand.median_s)
        else:
            assert np.median(durations) == pytest.approx(offer.demand.median_s, rel=0.05)
            assert np.log(durations).std() == pytest.approx(offer.demand.sigma, rel=0.05)


def test_terms_are_those_of_the_products(years: Requests):
    for place, offer in enumerate(OFFERS):
        which = years.product == place
        assert set(years.notice_s[which]) == {offer.product.notice_s}
        assert set(years.price[which]) == {int(offer.price / PRICE_STEP)}
        wanted = [offer.product.guaranteed_s(int(d)) for d in years.duration_s[which][:100]]
        assert years.firm_s[which][:100].tolist() == wanted
    assert np.all(years.firm_s <= years.duration_s)


@given(
    seed=st.integers(0, 10_000),
    start=st.integers(0, 10**6),
    length=st.integers(1, 10**6),
    load=st.floats(0, 50),
)
def test_requests_come_in_order_within_the_window(seed: int, start: int, length: int, load: float):
    window = Window(lease_from_s=start, stop_s=start + length, tick_s=300)
    requests = drawn(offered_nodes=load, window=window, seed=seed)
    assert np.all(np.diff(requests.time_s) >= 0)
    assert np.all((requests.time_s >= start) & (requests.time_s < start + length))
    assert np.all(requests.duration_s >= 1)
    assert len({column.shape for column in requests}) == 1


def test_the_same_seed_gives_the_same_stream():
    assert as_bytes(drawn(seed=3)) == as_bytes(drawn(seed=3))


def test_another_seed_or_another_pool_gives_another_stream():
    streams = [drawn(), drawn(seed=1), drawn(pool="a100")]
    assert len({stream.time_s.tobytes() for stream in streams}) == 3


def test_a_product_is_asked_for_the_same_whatever_else_is_sold_for():
    dearer = (OFFERS[0], *(dataclasses.replace(o, price=9 * o.price) for o in OFFERS[1:]))
    before, after = drawn(), drawn(offers=dearer)
    assert as_bytes(before)[:-1] == as_bytes(after)[:-1]


@pytest.mark.parametrize("load", [0.0, 1e-12])
def test_without_headroom_nobody_asks(load: float):
    requests = drawn(offered_nodes=load)
    assert [column.size for column in requests] == [0] * 7


def test_a_pool_that_sells_nothing_is_asked_for_nothing():
    requests = drawn(offers=())
    assert [column.size for column in requests] == [0] * 7
    assert {column.dtype for column in requests} == {np.dtype(np.int64)}


def test_shares_are_relative_to_their_sum():
    half = tuple(
        dataclasses.replace(o, demand=dataclasses.replace(o.demand, share=o.demand.share / 2))
        for o in OFFERS
    )
    assert as_bytes(drawn(offers=half)) == as_bytes(drawn())


def test_a_product_that_nobody_wants_is_not_asked_for():
    grant = Offer(
        Product("grant", ProductKind.GRANT, 7200, 600), Decimal(0), LeaseDemand(0.0, 3600, 1.0)
    )
    assert drawn(offers=(grant,)).time_s.size == 0
    assert set(drawn(offers=(grant, OFFERS[0])).product) == {1}


@pytest.mark.parametrize(("most", "sizes"), [(1, {1}), (3, {1, 2}), (16, {1, 2, 4, 8, 16})])
def test_a_small_pool_is_not_asked_for_more_than_it_has(most: int, sizes: set[int]):
    requests = draw_requests(
        OFFERS,
        offered_nodes=50.0,
        window=Window(0, 90 * 86_400, 300),
        price_step=Decimal("0.001"),
        most_nodes=most,
        randomness=seed_sequence("pool", 1),
    )
    assert set(requests.nodes.tolist()) == sizes
    asked = float(requests.nodes @ requests.duration_s) / (90 * 86_400)
    assert 35 < asked < 65
