"""Leases, ledgers and tenants to bill."""

from datetime import datetime
from decimal import Decimal

from hypothesis import strategies as st

from tidegate.billing import BilledLease, BillTo, TaxRule
from tidegate.lease import Band, PriceTerms, ProductKind, Rate
from tidegate.meter import MeterRecord

H = 3600


def at(text: str) -> int:
    """Seconds of an ISO time in UTC."""
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp())


MARCH = at("2026-03-01")
APRIL = at("2026-04-01")
MAY = at("2026-05-01")

TENANT = BillTo("ten_1", "Acme AI", "USD", ("1 Main Street", "Oslo"), "NO", "NO 123 456 789 MVA")
VAT = TaxRule("vat", "VAT", Decimal("0.25"), "NO")
NIGHT = Band("night", 22 * 60, 6 * 60, Decimal("0.8"))


def terms(
    rate: str = "2.00", *, night: str | None = None, currency: str = "USD", price_id: str = "p1"
) -> PriceTerms:
    base = Rate("", Decimal(rate), Decimal(rate))
    rates = (base,) if night is None else (Rate("night", Decimal(rate), Decimal(night)), base)
    bands = () if night is None else (NIGHT,)
    return PriceTerms(
        price_id, "H100-SXM", "flex", ProductKind.FLEX, currency, "Europe/Oslo", bands, rates
    )


def lease(lease_id: str = "lea_1", *first: tuple[int, PriceTerms]) -> BilledLease:
    told = first or ((0, terms()),)
    return BilledLease(lease_id, "ten_1", "mainstay", "north", "H100-SXM", "flex", told)


def record(
    start_s: int, span_s: int, gpus: int = 8, lease_id: str = "lea_1", node: str = "n1"
) -> MeterRecord:
    return MeterRecord(lease_id, node, gpus, start_s, start_s + span_s, start_s + span_s)


RATES = st.decimals(min_value=0, max_value=20, places=6).map(str)


@st.composite
def ledgers(draw: st.DrawFn, lease_id: str = "lea_1") -> list[MeterRecord]:
    """What a lease may have metered in March and April 2026, corrections included."""
    records: list[MeterRecord] = []
    for place in range(draw(st.integers(0, 4))):
        start_s = MARCH + draw(st.integers(0, 60 * 24 * H))
        span_s = draw(st.integers(1, 5 * 24 * H))
        node = f"n{place}"
        records.append(record(start_s, span_s, 8, lease_id, node))
        if draw(st.booleans()):
            cut_s = draw(st.integers(0, span_s - 1))
            records.append(record(start_s + cut_s, span_s - cut_s, -8, lease_id, node))
    return records
