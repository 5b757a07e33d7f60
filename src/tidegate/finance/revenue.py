"""When rent is earned: fixed terms, prepayments, and what each product looks like to an auditor.

Access to capacity is delivered as time passes, so that rent is earned over time (IFRS 15.35(a), ASC 606-10-25-27(a));
rent of a lease is earned on a straight line (IFRS 16.81, ASC 842-30-25-11). Both give the same for a fixed term at a
fixed price.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tidegate.finance.contract import Contract
from tidegate.finance.ledger.accounts import ACCRUED, DEFERRED, RECEIVABLES, Kind, account
from tidegate.finance.ledger.entry import Entry, entry
from tidegate.finance.month import Month, months_from
from tidegate.lease import Product, ProductKind
from tidegate.quantity import Money


@dataclass(frozen=True)
class EarnedMonth:
    """A contract's month.

    Attributes
    ----------
    month : Month
    billed, earned : Decimal
        In it.
    deferred, accrued : Decimal
        At its end: billed and not yet earned, or earned and not yet billed; one of them is 0.
    """

    month: Month
    billed: Decimal
    earned: Decimal
    deferred: Decimal
    accrued: Decimal


def earned(contract: Contract) -> tuple[EarnedMonth, ...]:
    """Return when a contract's rent is earned: the same each day, rounded so that the months add up to the price."""
    days = [bill.day for bill in contract.bills]
    first = Month.of(min([contract.first, *days]))
    last = Month.of(max([contract.last, *days]))
    rows = []
    before = Decimal(0)
    billed_so_far = Decimal(0)
    for month in months_from(first, last):
        passed = (min(month.last, contract.last) - contract.first).days + 1
        share = Decimal(max(0, passed)) / contract.days
        so_far = Money(contract.total * share, contract.currency).rounded().amount
        billed = sum((b.amount for b in contract.bills if Month.of(b.day) == month), Decimal(0))
        billed_so_far += billed
        off = billed_so_far - so_far
        rows.append(
            EarnedMonth(month, billed, so_far - before, max(Decimal(0), off), max(Decimal(0), -off))
        )
        before = so_far
    return tuple(rows)


def contract_entries(contracts: Sequence[Contract], last: Month) -> Iterator[Entry]:
    """Yield the entries of contracts up to a month: billed against earned, the rest deferred or accrued."""
    for contract in contracts:
        deferred = accrued = Decimal(0)
        income = account(Kind.INCOME, "Rent", contract.product)
        for row in earned(contract):
            if row.month > last:
                break
            sides = (
                (RECEIVABLES, row.billed),
                (income, -row.earned),
                (DEFERRED, deferred - row.deferred),
                (ACCRUED, row.accrued - accrued),
            )
            found = entry(
                f"contract/{contract.id}/{row.month}",
                row.month.last,
                f"Fixed term {contract.id}",
                sides,
                contract.currency,
                str(contract.place),
            )
            if found:
                yield found
            deferred, accrued = row.deferred, row.accrued


@dataclass(frozen=True)
class LeaseFlags:
    """What a product looks like under IFRS 16.9 and B9-B31 (ASC 842-10-15): information, not a verdict.

    Attributes
    ----------
    product : str
    kind : str
    identified_asset : str
        ``no``, ``open`` or ``yes``, with the reason.
    benefits : str
        Whether the tenant has substantially all of the benefits.
    direction : str
        Whether the tenant directs the use.
    points_to : str
        ``service`` (IFRS 15, ASC 606), ``lease``, ``open`` or ``nothing sold``.
    timing : str
        When rent is earned.
    """

    product: str
    kind: str
    identified_asset: str
    benefits: str
    direction: str
    points_to: str
    timing: str


_SUBSTITUTES = "nodes of a pool are interchangeable, and the owner may take them back"
_WHOLE = "yes: whole nodes, held by one tenant at a time"
_DIRECTS = "yes: the tenant decides what runs"


def lease_flags(product: Product) -> LeaseFlags:
    """Return what a product looks like to an auditor."""
    name, kind = product.id, product.kind
    match kind:
        case ProductKind.GRANT:
            return LeaseFlags(
                name,
                kind,
                f"no: {_SUBSTITUTES}",
                _WHOLE,
                _DIRECTS,
                "nothing sold",
                "a cost, not rent",
            )
        case ProductKind.RESERVED:
            return LeaseFlags(
                name,
                kind,
                "open: the nodes are named and held to the end; whether the owner's right to substitute others is "
                "substantive (IFRS 16.B14) depends on the contract",
                _WHOLE,
                _DIRECTS,
                "open",
                "on a straight line over the term, under either standard",
            )
        case _:
            return LeaseFlags(
                name,
                kind,
                f"no: {_SUBSTITUTES} after the guaranteed time",
                _WHOLE,
                _DIRECTS,
                "service",
                "over time, as GPU-hours are delivered",
            )
