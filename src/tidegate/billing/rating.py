"""Rated lines: metered GPU-seconds with a price, month by month and rate by rate.

A line is a product: GPU-seconds times the rate, divided by 3,600 and rounded once. All that a month holds of
one lease at one rate is one line, so that nothing is lost in many small roundings.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from tidegate.billing.periods import Period, month_of
from tidegate.lease.product import ProductKind
from tidegate.lease.terms import PriceTerms, Rate, amount
from tidegate.meter import MeterRecord
from tidegate.quantity import Money, Step, steps


@dataclass(frozen=True)
class BilledLease:
    """What billing knows of a lease.

    Attributes
    ----------
    lease_id, tenant_id, pool, site, chip, product : str
        Whose lease of what.
    terms : sequence of (int, PriceTerms)
        Price terms, each with the second from which it holds, in order; the first holds from before
        the lease began.
    """

    lease_id: str
    tenant_id: str
    pool: str
    site: str
    chip: str
    product: str
    terms: Sequence[tuple[int, PriceTerms]]

    @property
    def currency(self) -> str:
        """Currency of all its terms."""
        return self.terms[0][1].currency

    @property
    def kind(self) -> ProductKind:
        """The firm-horizon rule of its product."""
        return self.terms[0][1].kind


class LineKind(StrEnum):
    """What a line is for."""

    USAGE = "usage"
    """Metered in the invoice's own month."""
    CORRECTION = "correction"
    """A change to a month that has been invoiced: facts that came late or were corrected."""


class LineKey(NamedTuple):
    """What makes two lines the same: their amounts are one product."""

    lease_id: str
    period: Period
    price_id: str
    rate: Rate
    currency: str


@dataclass(frozen=True)
class RatedLine:
    """Metered GPU-seconds with a price.

    Attributes
    ----------
    kind : LineKind
        Usage, or a correction of what was billed before.
    lease_id, tenant_id, pool, site, chip, product : str
        Whose lease of what.
    product_kind : ProductKind
        The firm-horizon rule of the product.
    period : Period
        The month in which it was used.
    start_s, end_s : int
        From the first second of the month at this rate to the last.
    price_id : str
        The row of the price book.
    rate : Rate
        The price of a GPU-hour, before discounts and billed, and its band.
    gpu_seconds : int
        Negative where a correction takes back.
    amount : Money
        Rounded. For usage, GPU-seconds times the rate; for a correction, what the line comes to now
        less what was billed of it.
    """

    kind: LineKind
    lease_id: str
    tenant_id: str
    pool: str
    site: str
    chip: str
    product: str
    product_kind: ProductKind
    period: Period
    start_s: int
    end_s: int
    price_id: str
    rate: Rate
    gpu_seconds: int
    amount: Money

    @property
    def key(self) -> LineKey:
        """What it is a line of."""
        return LineKey(self.lease_id, self.period, self.price_id, self.rate, self.amount.currency)


def rate(
    lease: BilledLease, records: Iterable[MeterRecord], zone: str = "UTC"
) -> Mapping[LineKey, RatedLine]:
    """Price all that a lease has metered.

    Parameters
    ----------
    lease : BilledLease
        The lease.
    records : iterable of MeterRecord
        The lease's part of the ledger, corrections included.
    zone : str
        IANA zone of the months.

    Returns
    -------
    mapping of LineKey to RatedLine
        Lines of usage in order of time.
    """
    found: dict[LineKey, RatedLine] = {}
    for start_s, end_s, gpus, terms in _priced(lease, records, zone):
        period = month_of(start_s, zone)
        for begun_s, ended_s, each in terms.rated(start_s, end_s):
            key = LineKey(lease.lease_id, period, terms.price_id, each, terms.currency)
            seconds = gpus * (ended_s - begun_s)
            before = found.get(key)
            if before is not None:
                seconds += before.gpu_seconds
            found[key] = RatedLine(
                kind=LineKind.USAGE,
                lease_id=lease.lease_id,
                tenant_id=lease.tenant_id,
                pool=lease.pool,
                site=lease.site,
                chip=lease.chip,
                product=lease.product,
                product_kind=lease.kind,
                period=period,
                start_s=before.start_s if before else begun_s,
                end_s=ended_s,
                price_id=terms.price_id,
                rate=each,
                gpu_seconds=seconds,
                amount=amount(each.rate, seconds, terms.currency),
            )
    return found


def _priced(
    lease: BilledLease, records: Iterable[MeterRecord], zone: str
) -> Iterable[tuple[int, int, int, PriceTerms]]:
    """Cut what was held where the month or the terms change."""
    held = steps(Step(r.start_s, r.end_s, r.gpus) for r in records)
    changes = [from_s for from_s, _ in lease.terms[1:]]
    for start_s, end_s, gpus in held:
        at_s = start_s
        while at_s < end_s:
            place = sum(change <= at_s for change in changes)
            next_s = min([end_s, month_of(at_s, zone).end_s, *changes[place : place + 1]])
            yield at_s, next_s, gpus, lease.terms[place][1]
            at_s = next_s


def due(
    wanted: Mapping[LineKey, RatedLine], billed: Iterable[RatedLine], period: Period
) -> tuple[RatedLine, ...]:
    """Return the lines that bring what was billed to what is wanted.

    Parameters
    ----------
    wanted : mapping of LineKey to RatedLine
        What the meter's ledger comes to now.
    billed : iterable of RatedLine
        All lines that have been invoiced or credited, of the same leases.
    period : Period
        The month that is invoiced; later months are left for later.

    Returns
    -------
    tuple of RatedLine
        None when all is billed; so that billing twice bills once.
    """
    before: dict[LineKey, RatedLine] = {}
    for line in billed:
        earlier = before.get(line.key)
        before[line.key] = line if earlier is None else _sum(earlier, line, 1)
    found: list[RatedLine] = []
    for key, line in wanted.items():
        then = before.pop(key, None)
        if key.period.start_s > period.start_s:
            continue
        if then is None and key.period == period:
            found.append(line)
        else:
            lacking = line if then is None else _sum(line, then, -1)
            found.append(replace(lacking, kind=LineKind.CORRECTION))
    for then in before.values():
        nothing = replace(then, gpu_seconds=0, amount=then.amount - then.amount)
        found.append(replace(_sum(nothing, then, -1), kind=LineKind.CORRECTION))
    return tuple(line for line in found if line.gpu_seconds or line.amount.amount)


def _sum(first: RatedLine, second: RatedLine, sign: int) -> RatedLine:
    return replace(
        first,
        gpu_seconds=first.gpu_seconds + sign * second.gpu_seconds,
        amount=first.amount + second.amount * sign,
    )
