"""Money, promises and delay, worked out by hand and by a slow twin."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.naive.forecast import miss_rate
from tests.plan.pools import OFFERS

from tidegate.forecast import HORIZONS_S
from tidegate.lease import LeaseDemand, Offer, Product, ProductKind
from tidegate.plan import MISS_HORIZONS
from tidegate.plan.measure import internal_delay, lease_table, miss_rates, revenue_by_product
from tidegate.quota import Verdict
from tidegate.simulate import Leases, Outcome, Requests, Ticks, Window

HOUR_S = 3600
WINDOW = Window(lease_from_s=0, stop_s=100 * HOUR_S, tick_s=300)


def an_offer(name: str, price: str) -> Offer:
    product = Product(name, ProductKind.FLEX, 6 * HOUR_S, 600)
    return Offer(product, Decimal(price), LeaseDemand(0.5, HOUR_S, 0.0))


TWO = (an_offer("flex", "2.00"), an_offer("grant", "0.333"))


class Row(NamedTuple):
    """A request and what became of it."""

    product: int = 0
    nodes: int = 1
    firm_s: int = 0
    verdict: int = 0
    start_s: int = 0
    end_s: int = HOUR_S
    outcome: Outcome = Outcome.COMPLETED
    broken_s: int = 0


def table(rows: Sequence[Row], offers: Sequence[Offer] = TWO, start_s: int = 0) -> pl.DataFrame:
    """The table of leases on nodes of 8 GPUs."""
    n = len(rows)

    def column(name: str) -> np.ndarray:
        return np.array([getattr(row, name) for row in rows], dtype=np.int64).reshape(n)

    zeros, none = np.zeros(n, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    requests = Requests(
        zeros, column("product"), column("nodes"), zeros + 9999, column("firm_s"), zeros, zeros
    )
    leases = Leases(
        column("verdict"),
        none,
        column("start_s"),
        column("end_s"),
        none,
        column("outcome"),
        column("broken_s"),
        *(none for _ in Leases._fields[7:]),
    )
    return lease_table(requests, leases, offers, WINDOW, gpus_per_node=8, start_s=start_s)


def test_a_lease_that_was_delivered_is_paid_by_the_second():
    # 2 nodes of 8 GPUs for half an hour at 2.00 a GPU-hour.
    leases = table([Row(nodes=2, end_s=1800)])
    assert revenue_by_product(leases, TWO) == {"flex": Decimal("16.00"), "grant": Decimal(0)}
    assert leases.select("gpu_hours", "charged", "refunded", "credited").row(0) == (8, 16, 0, 0)


def test_a_broken_lease_costs_three_tenths_of_its_charge():
    # An hour of 8 GPUs was charged: 16.00; it is given back, and 4.80 on top.
    broken = Row(end_s=HOUR_S, firm_s=6 * HOUR_S, outcome=Outcome.BROKEN, broken_s=5 * HOUR_S)
    leases = table([broken])
    assert revenue_by_product(leases, TWO)["flex"] == Decimal("-4.80")
    charged, refunded, credited = leases.select("charged", "refunded", "credited").row(0)
    assert (charged, refunded) == (16, 16)
    assert credited == pytest.approx(4.80)
    assert leases.select("firm_gpu_seconds", "broken_gpu_seconds").row(0) == (
        8 * 6 * HOUR_S,
        8 * 5 * HOUR_S,
    )


def test_a_node_failure_breaks_a_promise_too():
    failed = Row(end_s=HOUR_S, firm_s=2 * HOUR_S, outcome=Outcome.FAILED, broken_s=HOUR_S)
    assert revenue_by_product(table([failed]), TWO)["flex"] == Decimal("-4.80")
    mature = failed._replace(firm_s=0, broken_s=0)
    assert revenue_by_product(table([mature]), TWO)["flex"] == Decimal("16.00")


def test_a_recall_in_time_is_paid_in_full():
    recalled = Row(end_s=HOUR_S, firm_s=HOUR_S, outcome=Outcome.RECALLED)
    assert revenue_by_product(table([recalled]), TWO)["flex"] == Decimal("16.00")


def test_a_refused_request_brings_nothing():
    refused = Row(verdict=int(Verdict.QUOTA), start_s=-1, end_s=-1, outcome=Outcome.REFUSED)
    leases = table([refused, refused._replace(verdict=-1)])
    assert revenue_by_product(leases, TWO) == {"flex": Decimal(0), "grant": Decimal(0)}
    assert leases["verdict"].to_list() == ["quota", "outside"]
    assert leases["start_s"].null_count() == leases["end_s"].null_count() == 2
    sums = leases.select("gpu_seconds", "firm_gpu_seconds", "broken_gpu_seconds", "charged").sum()
    assert sums.row(0) == (0, 0, 0, 0)


def test_firm_time_beyond_the_end_of_measuring_counts_neither_way():
    at_end = WINDOW.stop_s - HOUR_S
    still_open = Row(start_s=at_end, end_s=WINDOW.stop_s, firm_s=168 * HOUR_S, outcome=Outcome.OPEN)
    broken = still_open._replace(
        end_s=at_end + 600, outcome=Outcome.BROKEN, broken_s=168 * HOUR_S - 600
    )
    leases = table([still_open, broken])
    assert leases["firm_gpu_seconds"].to_list() == [8 * HOUR_S, 8 * HOUR_S]
    assert leases["broken_gpu_seconds"].to_list() == [0, 8 * 3000]


def test_times_are_on_the_logs_clock():
    leases = table([Row(start_s=60, end_s=HOUR_S)], start_s=1_000_000)
    assert leases.select("time_s", "start_s", "end_s").row(0) == (1_000_000, 1_000_060, 1_003_600)


def test_no_request_at_all():
    assert table([]).height == 0
    assert revenue_by_product(table([]), TWO) == {"flex": Decimal(0), "grant": Decimal(0)}
    assert revenue_by_product(table([], offers=()), ()) == {}


@st.composite
def rows(draw: st.DrawFn) -> Row:
    start = draw(st.integers(0, 50 * HOUR_S))
    firm = draw(st.integers(0, 20 * HOUR_S))
    outcome = draw(st.sampled_from([o for o in Outcome if o is not Outcome.REFUSED]))
    end = start + draw(st.integers(0, 30 * HOUR_S))
    broken = outcome in (Outcome.BROKEN, Outcome.FAILED)
    return Row(
        product=draw(st.integers(0, 3)),
        nodes=draw(st.sampled_from([1, 2, 4, 8, 16])),
        firm_s=firm,
        start_s=start,
        end_s=end,
        outcome=outcome,
        broken_s=max(0, start + firm - end) if broken else 0,
    )


@given(st.lists(rows(), max_size=30))
def test_revenue_is_exact_to_the_last_digit(given_rows: list[Row]):
    leases = table(given_rows, OFFERS)
    wanted = dict.fromkeys((offer.product.id for offer in OFFERS), Fraction(0))
    for row in given_rows:
        offer = OFFERS[row.product]
        charge = Fraction(offer.price) * row.nodes * 8 * (row.end_s - row.start_s) / 3600
        wanted[offer.product.id] += charge * (Fraction(-3, 10) if row.broken_s else 1)
    found = revenue_by_product(leases, OFFERS)
    for name, amount in found.items():
        # A Decimal has 28 digits; a third of a cent has no end.
        assert abs(Fraction(amount) - wanted[name]) < Fraction(1, 10**15)
    by_row = float((leases["charged"] - leases["refunded"] - leases["credited"]).sum())
    assert by_row == pytest.approx(float(sum(wanted.values())), abs=1e-6)


def some_ticks(demand: Sequence[int], bound: np.ndarray) -> Ticks:
    column = np.array(demand, dtype=np.int32)
    empty = np.zeros((column.size, 0), dtype=np.int32)
    return Ticks(column, column, column * 0, column * 0, column * 0, empty, bound.astype(np.int32))


@given(
    demand=st.lists(st.integers(0, 14), min_size=1, max_size=60),
    tick_s=st.sampled_from([300, 1800, 3600, 7200]),
    lease_from_ticks=st.integers(0, 40),
    seed=st.integers(0, 999),
)
def test_miss_rates_are_those_of_a_plain_loop(
    demand: list[int], tick_s: int, lease_from_ticks: int, seed: int
):
    nodes = 10
    shape = (len(demand), len(HORIZONS_S))
    bound = np.random.default_rng(seed).integers(0, nodes + 1, size=shape)
    lease_from_s = max(0, lease_from_ticks * tick_s - seed % 3)
    window = Window(lease_from_s, len(demand) * tick_s, tick_s)
    found = miss_rates(some_ticks(demand, bound), window, nodes)
    for name, horizon_s in MISS_HORIZONS.items():
        at = bound[:, HORIZONS_S.index(horizon_s)].tolist()
        cut = [min(nodes, value) for value in demand]
        first = -(-lease_from_s // tick_s)
        wanted = miss_rate(cut, at, max(1, horizon_s // tick_s), first)
        rate = found[name]
        assert (rate is None) == (wanted is None), name
        if rate is not None and wanted is not None:
            assert rate == pytest.approx(float(wanted), abs=1e-12), name


def test_demand_beyond_the_pool_is_not_a_miss():
    full = np.full((100, len(HORIZONS_S)), 10)
    ticks = some_ticks([25] * 100, full)
    assert miss_rates(ticks, Window(0, 30_000, 300), 10)["1h"] == 0


def test_a_policy_without_a_curve_has_no_miss_rate():
    none = np.full((100, len(HORIZONS_S)), -1)
    rates = miss_rates(some_ticks([1] * 100, none), Window(0, 30_000, 300), 10)
    assert rates == dict.fromkeys(MISS_HORIZONS)


def test_delay_is_taken_job_by_job_over_the_window():
    submit = np.array([0, 100, 200, 300, 400], dtype=np.int64)
    alone = submit + 10
    start = alone + np.array([5000, 0, 900, 901, 5000])
    delay = internal_delay(start, alone, submit, Window(100, 400, 300), floor_s=900)
    # Of three jobs submitted in [100, 400), one is delayed by more than the floor.
    assert delay.mean_s == pytest.approx((0 + 900 + 901) / 3)
    assert delay.p99_s == pytest.approx(900.98)
    assert delay.beyond_floor == pytest.approx(1 / 3)


def test_no_job_in_the_window_means_no_delay():
    times = np.array([0, 10], dtype=np.int64)
    delay = internal_delay(times + 99, times, times, Window(100, 400, 300), floor_s=0)
    assert (delay.mean_s, delay.p99_s, delay.beyond_floor) == (0, 0, 0)
