"""The price book: which price is in force, what comes off it, and what it never falls below."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import PriceError
from tidegate.fleet import catalogue
from tidegate.lease import (
    Band,
    Discount,
    Price,
    PriceBook,
    PriceTerms,
    Product,
    ProductKind,
    book_of_offers,
    standard_offers,
)
from tidegate.lease.bookjson import book_data, book_of

H = 3600
FLEX = Product("flex", ProductKind.FLEX, 6 * H, 600)
GRANT = Product("grant", ProductKind.GRANT, 0, 600)
NIGHT = Band("night", 22 * 60, 6 * 60, Decimal("0.8"))

BOOK = PriceBook(
    currency="USD",
    prices=(
        Price("flex-2026", "H100-SXM", "flex", Decimal("2.00"), "USD", until_s=1000),
        Price("flex-2027", "H100-SXM", "flex", Decimal("1.80"), "USD", from_s=1000),
        Price("flex-lab", "H100-SXM", "flex", Decimal("1.50"), "USD", tenant_class="lab"),
        Price("flex-eur", "H100-SXM", "flex", Decimal("1.90"), "EUR", zone="UTC", bands=(NIGHT,)),
        Price("grant", "H100-SXM", "grant", Decimal(0), "USD"),
    ),
    volume=(Discount(64, Decimal("0.05")), Discount(256, Decimal("0.10"))),
    term=(Discount(168 * H, Decimal("0.10")), Discount(720 * H, Decimal("0.20"))),
    cash_costs={"H100-SXM": Decimal("0.40")},
    exchange={"EUR": Decimal("1.25")},
)


def quoted(product: Product = FLEX, **changes: object) -> PriceTerms:
    asked: dict[str, object] = {"gpus": 8, "wanted_s": 24 * H, "at_s": 0}
    return BOOK.terms(product, "H100-SXM", **(asked | changes))  # type: ignore[arg-type]


def test_the_price_in_force_is_chosen():
    assert quoted(at_s=999).price_id == "flex-2026"
    assert quoted(at_s=1000).price_id == "flex-2027"
    assert quoted(tenant_class="lab").price_id == "flex-lab"
    assert quoted(tenant_class="startup").price_id == "flex-2026"
    assert quoted(currency="EUR").price_id == "flex-eur"


def test_nothing_is_sold_without_a_price():
    with pytest.raises(PriceError, match="flex on H100-SXM has no price in NOK") as caught:
        quoted(currency="NOK")
    assert caught.value.code == "TG-PRICE-NONE"
    with pytest.raises(PriceError, match="TG-PRICE-NONE"):
        BOOK.terms(FLEX, "A100-80-SXM", gpus=8, wanted_s=None, at_s=0)


@pytest.mark.parametrize(
    ("gpus", "wanted_s", "rate"),
    [
        (8, 24 * H, "2"),
        (63, 24 * H, "2"),
        (64, 24 * H, "1.9"),
        (256, 24 * H, "1.8"),
        (8, 168 * H, "1.8"),
        (256, 720 * H, "1.44"),
        (256, None, "1.8"),
    ],
)
def test_volume_and_term_come_off_one_after_the_other(gpus: int, wanted_s: int | None, rate: str):
    terms = quoted(gpus=gpus, wanted_s=wanted_s)
    assert terms.base.rate == Decimal(rate)
    assert terms.base.list_rate == 2


def test_no_rate_falls_below_cash_cost_or_bid_price():
    assert quoted(bid_price=Decimal("1.95"), gpus=256).base.rate == Decimal("1.95")
    assert quoted(bid_price=Decimal("0.10"), gpus=256).base.rate == Decimal("1.8")
    assert quoted(bid_price=Decimal("9")).base.list_rate == 9
    assert (
        replace(BOOK, cash_costs={"H100-SXM": Decimal(3)})
        .terms(FLEX, "H100-SXM", gpus=8, wanted_s=None, at_s=0)
        .base.rate
        == 3
    )


def test_a_floor_is_told_in_the_currency_of_the_price():
    terms = quoted(currency="EUR", bid_price=Decimal("2.00"))
    assert terms.floor == Decimal("1.6")
    assert [(rate.band, rate.rate) for rate in terms.rates] == [
        ("night", Decimal("1.6")),
        ("", Decimal("1.9")),
    ]
    with pytest.raises(PriceError, match="TG-PRICE-EXCHANGE"):
        replace(BOOK, exchange={}).terms(
            FLEX, "H100-SXM", gpus=8, wanted_s=None, at_s=0, currency="EUR"
        )


@pytest.mark.parametrize(
    ("kept_h", "discount", "rate"),
    [(800, "0.20", "1.6"), (720, "0.20", "1.6"), (719, "0.10", "1.8"), (100, "0", "2")],
)
def test_a_lease_given_back_early_has_earned_the_discount_of_its_time(
    kept_h: int, discount: str, rate: str
):
    kept = quoted(wanted_s=720 * H).kept_for(kept_h * H)
    assert (kept.term_discount, kept.base.rate) == (Decimal(discount), Decimal(rate))
    assert quoted(wanted_s=24 * H).kept_for(kept_h * H) == quoted(wanted_s=24 * H)


def test_a_grant_may_be_free():
    assert quoted(GRANT, bid_price=Decimal("1.95")).base.rate == 0


def test_an_estimate_prices_each_band():
    terms = quoted(currency="EUR")
    # 1970-01-01 from 20:00 to 24:00 UTC: two hours at 1.90, two at 1.52, on eight GPUs.
    assert str(terms.estimate(8, 20 * H, 24 * H)) == "54.72 EUR"


def test_terms_go_through_json():
    terms = quoted(currency="EUR", gpus=64)
    assert PriceTerms.from_json(json.loads(json.dumps(terms.as_json()))) == terms


def test_a_fleet_without_a_book_sells_at_its_offers():
    offers = standard_offers(catalogue()["H100-SXM"], "USD", Decimal(2)).offers
    book = book_of_offers("USD", [("H100-SXM", offer) for offer in offers])
    terms = book.terms(FLEX, "H100-SXM", gpus=512, wanted_s=720 * H, at_s=0)
    assert (terms.price_id, terms.base.rate) == ("H100-SXM flex", Decimal("1.4"))


BOUND = st.none() | st.integers(0, 20)


@given(BOUND, BOUND, BOUND, BOUND)
def test_prices_meet_when_an_instant_has_both(
    a: int | None, b: int | None, c: int | None, d: int | None
):
    base = Price("p", "H100-SXM", "flex", Decimal(1), "USD")
    try:
        first, second = replace(base, from_s=a, until_s=b), replace(base, from_s=c, until_s=d)
    except ValueError:
        return
    together = any(first.holds(at) and second.holds(at) for at in range(-1, 22))
    assert first.meets(second) is second.meets(first) is together
    assert not first.meets(replace(second, tenant_class="lab"))


def test_what_is_not_a_price():
    base = BOOK.prices[0]
    for changes in ({"rate": Decimal(-1)}, {"from_s": 5, "until_s": 5}, {"bands": (NIGHT, NIGHT)}):
        with pytest.raises(ValueError):  # noqa: PT011 - the message differs
            replace(base, **changes)


def test_a_book_goes_through_json():
    assert book_of(json.loads(json.dumps(book_data(BOOK)))) == BOOK
