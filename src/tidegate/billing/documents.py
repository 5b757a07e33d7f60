"""Invoices and credit notes: what they hold and what they add up to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from tidegate.billing.account import BillTo, TaxRule, taxes_on
from tidegate.billing.periods import Period
from tidegate.billing.rating import RatedLine
from tidegate.quantity import Money


@dataclass(frozen=True)
class TaxLine:
    """A tax on a document.

    Attributes
    ----------
    tax_id, name : str
        Which tax.
    rate : Decimal
        Share of ``net``.
    net : Money
        What it is charged on.
    amount : Money
        Rounded once for the document.
    periods : tuple of Period
        The months whose lines it is charged on.
    """

    tax_id: str
    name: str
    rate: Decimal
    net: Money
    amount: Money
    periods: tuple[Period, ...]


class CreditReason(StrEnum):
    """Why money is given back."""

    BREAK = "break"
    """A firm promise was not kept."""
    CORRECTION = "correction"
    """More was billed than was used."""
    GOODWILL = "goodwill"
    """The desk gives it."""


@dataclass(frozen=True)
class CreditLine:
    """What is given back, as a positive amount.

    Attributes
    ----------
    text : str
        For what.
    period : Period
        The month that it belongs to; its taxes are given back with it.
    amount : Money
        Net, rounded.
    """

    text: str
    period: Period
    amount: Money


@dataclass(frozen=True)
class CreditNote:
    """Money given back; it is taken off the next invoices.

    Attributes
    ----------
    number : str
        From its own range.
    tenant : BillTo
        Whom it is for, as it was then.
    issued_s : int
        When.
    reason : CreditReason
        Why.
    lease_id, event_id : str or None
        The lease, and the event that proves the break.
    lines : tuple of CreditLine
        What is given back.
    corrected : tuple of RatedLine
        Lines, with negative amounts, that are taken back by a correction.
    taxes : tuple of TaxLine
        Given back with it.
    """

    number: str
    tenant: BillTo
    issued_s: int
    reason: CreditReason
    lease_id: str | None
    event_id: str | None
    lines: tuple[CreditLine, ...]
    corrected: tuple[RatedLine, ...]
    taxes: tuple[TaxLine, ...]

    @property
    def net(self) -> Money:
        """Sum of its lines."""
        return total((line.amount for line in self.lines), self.tenant.currency)

    @property
    def total(self) -> Money:
        """Net and taxes."""
        return self.net + total((tax.amount for tax in self.taxes), self.tenant.currency)


class Source(StrEnum):
    """What pays for an invoice beforehand."""

    CREDIT_NOTE = "credit-note"
    PREPAID = "prepaid"


@dataclass(frozen=True)
class Applied:
    """A part of a credit note or of a prepaid balance that an invoice uses up."""

    source: Source
    source_id: str
    amount: Money


@dataclass(frozen=True)
class Invoice:
    """The bill of a month.

    Attributes
    ----------
    number : str
        From its own range.
    tenant : BillTo
        Whom it is for, as it was then.
    period : Period
        The month.
    issued_s, due_s : int
        When it was made, and when it is to be paid.
    lines : tuple of RatedLine
        Usage, then corrections.
    taxes : tuple of TaxLine
        On the net amount.
    applied : tuple of Applied
        Credit notes, then prepaid balances.
    """

    number: str
    tenant: BillTo
    period: Period
    issued_s: int
    due_s: int
    lines: tuple[RatedLine, ...]
    taxes: tuple[TaxLine, ...]
    applied: tuple[Applied, ...] = ()

    @property
    def net(self) -> Money:
        """Sum of its rated lines."""
        return total((line.amount for line in self.lines), self.tenant.currency)

    @property
    def tax(self) -> Money:
        """Sum of its taxes."""
        return total((tax.amount for tax in self.taxes), self.tenant.currency)

    @property
    def total(self) -> Money:
        """Net and taxes."""
        return self.net + self.tax

    @property
    def payable(self) -> Money:
        """Total less credit notes."""
        return self.total - self._applied(Source.CREDIT_NOTE)

    @property
    def amount_due(self) -> Money:
        """Payable less what was prepaid: to be paid still."""
        return self.payable - self._applied(Source.PREPAID)

    def _applied(self, source: Source) -> Money:
        parts = (part.amount for part in self.applied if part.source is source)
        return total(parts, self.tenant.currency)


def total(amounts: Iterable[Money], currency: str) -> Money:
    """Add amounts up; none is zero."""
    added = Money(Decimal(0), currency).rounded()
    for each in amounts:
        added += each
    return added


def tax_lines(
    nets: Sequence[tuple[Period, Money]], tenant: BillTo, rules: Sequence[TaxRule]
) -> tuple[TaxLine, ...]:
    """Return the taxes on net amounts, each by the rules in force at the end of its month.

    Each tax is worked out on the sum of what it applies to, and rounded once.
    """
    bases: dict[TaxRule, Money] = {}
    months: dict[TaxRule, set[Period]] = {}
    for period, net in nets:
        for rule in taxes_on(rules, tenant, period.end_s - 1):
            bases[rule] = bases[rule] + net if rule in bases else net
            months.setdefault(rule, set()).add(period)
    return tuple(
        TaxLine(
            rule.id,
            rule.name,
            rule.rate,
            net,
            (net * rule.rate).rounded(),
            tuple(sorted(months[rule])),
        )
        for rule, net in bases.items()
    )
