"""Rated lines: every metered GPU-second once, at the rate of its second."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from tests.billing.making import APRIL, MARCH, MAY, RATES, H, at, lease, ledgers, record, terms

from tidegate.billing import BilledLease, LineKind, RatedLine, due, month_of, rate
from tidegate.meter import MeterRecord
from tidegate.quantity import Money

NIGHTS = terms("2.00", night="1.60")


def billed(lines: list[RatedLine]) -> list[tuple[str, str, int, str]]:
    return [(line.kind.value, line.rate.band, line.gpu_seconds, str(line.amount)) for line in lines]


def test_a_month_at_one_rate_is_one_line():
    records = [record(MARCH, H), record(MARCH + 5 * H, H), record(MARCH + 5 * H, H, node="n2")]
    (line,) = rate(lease(), records).values()
    assert (line.gpu_seconds, str(line.amount)) == (24 * H, "48.00 USD")
    assert (line.start_s, line.end_s) == (MARCH, MARCH + 6 * H)


def test_a_lease_over_the_end_of_a_month_has_a_line_in_each():
    lines = list(rate(lease(), [record(APRIL - H, 3 * H)]).values())
    assert [(line.period.start_s, line.gpu_seconds) for line in lines] == [
        (MARCH, 8 * H),
        (APRIL, 16 * H),
    ]


def test_months_are_those_of_the_zone():
    midnight_in_oslo = at("2026-03-31T22:00")
    lines = list(rate(lease(), [record(midnight_in_oslo - H, 2 * H)], "Europe/Oslo").values())
    assert [line.gpu_seconds for line in lines] == [8 * H, 8 * H]
    assert lines[1].period.start_s == midnight_in_oslo


def test_the_night_in_which_clocks_go_back_is_an_hour_longer():
    october = record(at("2026-10-24T20:00"), 10 * H, gpus=1)
    assert billed(list(rate(lease("lea_1", (0, NIGHTS)), [october]).values())) == [
        ("usage", "night", 9 * H, "14.40 USD"),
        ("usage", "", H, "2.00 USD"),
    ]


def test_a_price_change_splits_at_its_second():
    changed = lease("lea_1", (0, terms("2.00")), (MARCH + H, terms("3.00", price_id="p2")))
    lines = list(rate(changed, [record(MARCH, 3 * H, gpus=1)]).values())
    assert [(line.price_id, str(line.amount)) for line in lines] == [
        ("p1", "2.00 USD"),
        ("p2", "6.00 USD"),
    ]


def test_a_currency_without_minor_units_has_whole_amounts():
    yen = lease("lea_1", (0, terms("301.5", currency="JPY")))
    (line,) = rate(yen, [record(MARCH, H, gpus=1)]).values()
    assert str(line.amount) == "302 JPY"


def second_by_second(told: BilledLease, records: list[MeterRecord]) -> dict[tuple[int, str], int]:
    """The slow twin: GPU-seconds by month and band, one look at the clock per minute."""
    total: dict[tuple[int, str], int] = {}
    for each in records:
        for now_s in range(each.start_s, each.end_s, 60):
            month = month_of(now_s).start_s
            ((_, _, now),) = told.terms[0][1].rated(now_s, now_s + 60)
            total[month, now.band] = total.get((month, now.band), 0) + 60 * each.gpus
    return {key: seconds for key, seconds in total.items() if seconds}


@given(st.integers(0, 50_000), st.integers(1, 4000))
def test_every_second_is_priced_by_its_own_clock(start_minute: int, minutes: int):
    told = lease("lea_1", (0, NIGHTS))
    records = [record(MARCH + 60 * start_minute, 60 * minutes)]
    lines = rate(told, records).values()
    assert {
        (line.period.start_s, line.rate.band): line.gpu_seconds for line in lines
    } == second_by_second(told, records)


@given(ledgers(), RATES, RATES)
def test_rated_seconds_are_metered_seconds(records: list[MeterRecord], day: str, night: str):
    lines = list(rate(lease("lea_1", (0, terms(day, night=night))), records).values())
    assert sum(line.gpu_seconds for line in lines) == sum(r.gpu_seconds for r in records)
    for line in lines:
        exact = line.rate.rate * line.gpu_seconds / 3600
        assert abs(line.amount.amount - exact) <= Decimal("0.005")
        assert line.amount == line.amount.rounded()


MARCH_PERIOD, APRIL_PERIOD = month_of(MARCH), month_of(APRIL)


def test_billing_twice_bills_once():
    wanted = rate(lease(), [record(MARCH, H)])
    first = due(wanted, (), MARCH_PERIOD)
    assert billed(list(first)) == [("usage", "", 8 * H, "16.00 USD")]
    assert due(wanted, first, MARCH_PERIOD) == ()
    assert due(wanted, first, APRIL_PERIOD) == ()


def test_later_months_are_left_for_later():
    wanted = rate(lease(), [record(MARCH, H), record(APRIL, H)])
    assert [line.period for line in due(wanted, (), MARCH_PERIOD)] == [MARCH_PERIOD]


def test_late_and_corrected_facts_are_corrections_of_their_month():
    first = due(rate(lease(), [record(MARCH, H)]), (), MARCH_PERIOD)
    late = rate(lease(), [record(MARCH, 2 * H), record(APRIL, H)])
    second = due(late, first, APRIL_PERIOD)
    assert [(line.kind, line.period, str(line.amount)) for line in second] == [
        (LineKind.CORRECTION, MARCH_PERIOD, "16.00 USD"),
        (LineKind.USAGE, APRIL_PERIOD, "16.00 USD"),
    ]
    undone = due(rate(lease(), [record(APRIL, H)]), [*first, *second], month_of(MAY))
    assert billed(list(undone)) == [("correction", "", -16 * H, "-32.00 USD")]


@given(st.lists(ledgers(), min_size=1, max_size=4), RATES)
def test_however_facts_change_the_bills_add_up_to_the_last(
    told: list[list[MeterRecord]], rate_text: str
):
    """The sum of all lines ever billed is what the last ledger comes to, seconds and cents."""
    own = lease("lea_1", (0, terms(rate_text)))
    lines: list[RatedLine] = []
    for records in told:
        lines += due(rate(own, records), lines, month_of(MAY))
    last = rate(own, told[-1])
    zero = Money(Decimal(0), "USD")
    assert sum(line.gpu_seconds for line in lines) == sum(r.gpu_seconds for r in told[-1])
    assert sum((line.amount for line in lines), zero) == sum(
        (line.amount for line in last.values()), zero
    )
    assert all(line.amount == line.amount.rounded() for line in lines)


def test_a_line_names_what_it_was_for():
    (line,) = rate(lease(), [record(MARCH, H)]).values()
    assert replace(line, kind=LineKind.CORRECTION).key == line.key
    assert (line.tenant_id, line.pool, line.site, line.product) == (
        "ten_1",
        "mainstay",
        "north",
        "flex",
    )
