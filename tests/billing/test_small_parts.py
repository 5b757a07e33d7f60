"""Numbers, months, budgets and grants."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.billing.making import APRIL, MARCH, H, at, record

from tidegate.billing import (
    Budget,
    Grant,
    NumberRange,
    alerts,
    grant_has_room,
    grant_report,
    month_before,
    month_name,
    month_of,
)
from tidegate.quantity import Money

NEW_YEAR = at("2027-01-01")


@given(st.lists(st.integers(NEW_YEAR - 10, NEW_YEAR + 10), max_size=30))
def test_numbers_have_no_gaps(times: list[int]):
    """Even with a clock that goes back over New Year."""
    numbers = NumberRange("INV")
    taken: list[str] = []
    for at_s in times:
        number, numbers = numbers.take(at_s)
        taken.append(number)
    for year in ("2026", "2027"):
        of_year = [number for number in taken if number.startswith(f"INV-{year}")]
        assert of_year == [f"INV-{year}-{place:06d}" for place in range(1, len(of_year) + 1)]
    assert taken == sorted(taken)


def test_a_year_ends_where_the_zone_says():
    number, _ = NumberRange("CRN").take(NEW_YEAR - 1, "Europe/Oslo")
    assert number == "CRN-2027-000001"


@given(st.integers(0, 4_000_000_000), st.sampled_from(["UTC", "Europe/Oslo", "America/New_York"]))
def test_months_follow_one_another(at_s: int, zone: str):
    month = month_of(at_s, zone)
    assert month.start_s <= at_s < month.end_s
    assert month_of(month.start_s, zone) == month_of(month.end_s - 1, zone) == month
    assert month_before(month_of(month.end_s, zone), zone) == month


def test_a_month_has_a_name():
    assert month_name(month_of(at("2026-02-28T23:30"), "Europe/Oslo"), "Europe/Oslo") == "2026-03"


def usd(text: str) -> Money:
    return Money(Decimal(text), "USD")


def test_each_share_of_a_budget_is_told_once():
    budget = Budget("bud_1", "ten_1", usd("100"))
    assert alerts(budget, usd("49.99"), ()) == ()
    first = alerts(budget, usd("85"), ())
    assert [alert.share for alert in first] == [Decimal("0.5"), Decimal("0.8")]
    assert alerts(budget, usd("85"), {alert.share for alert in first}) == ()
    assert [a.share for a in alerts(budget, usd("100"), {Decimal("0.5"), Decimal("0.8")})] == [1]
    assert alerts(budget, Money(Decimal(900), "EUR"), ()) == ()


@pytest.mark.parametrize(
    ("amount", "shares"), [("0", ("1",)), ("1", ()), ("1", ("0",)), ("1", ("NaN",))]
)
def test_what_is_not_a_budget(amount: str, shares: tuple[str, ...]):
    with pytest.raises(ValueError):  # noqa: PT011 - the message differs
        Budget("bud_1", "ten_1", usd(amount), tuple(Decimal(share) for share in shares))


GRANT = Grant(
    "gra_1", "ten_1", "github.com/acme/solver", "A100-80-SXM", 100, MARCH, APRIL + 240 * H
)


@pytest.mark.parametrize(
    ("used_h", "chip", "gpus", "start_s", "wanted_h", "fits"),
    [
        (0, "A100-80-SXM", 8, MARCH, 12, True),
        (0, "A100-80-SXM", 8, MARCH, 13, False),
        (52, "A100-80-SXM", 8, MARCH, 6, True),
        (53, "A100-80-SXM", 8, MARCH, 6, False),
        (0, "H100-SXM", 8, MARCH, 1, False),
        (0, "A100-80-SXM", 1, MARCH - 1, 1, False),
        (0, "A100-80-SXM", 1, APRIL + 239 * H, 1, True),
        (0, "A100-80-SXM", 1, APRIL + 239 * H + 1, 1, False),
    ],
)
def test_a_lease_must_fit_into_its_grant(
    used_h: int, chip: str, gpus: int, start_s: int, wanted_h: int, fits: bool
):
    found = grant_has_room(
        GRANT, used_h * H, chip=chip, gpus=gpus, start_s=start_s, wanted_s=wanted_h * H
    )
    assert found is fits


def test_a_grant_reports_what_it_was_used_for():
    records = [record(APRIL - H, 3 * H), record(APRIL, H, lease_id="lea_2", node="n2")]
    report = grant_report(GRANT, records, reference=(Decimal("0.85"), "USD"))
    assert report.gpu_seconds == 32 * H
    assert [seconds // H for _, seconds in report.by_month] == [8, 24]
    assert (report.leases, str(report.worth)) == (2, "27.20 USD")
    assert report.left_gpu_seconds == 68 * H
    assert grant_report(GRANT, []).worth is None


def test_what_is_not_a_grant():
    with pytest.raises(ValueError, match="ends after"):
        Grant("g", "t", "p", "A100-80-SXM", 1, 5, 5)
    with pytest.raises(ValueError, match="at least one"):
        Grant("g", "t", "p", "A100-80-SXM", 0, 5, 6)
