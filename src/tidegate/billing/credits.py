"""Credits: what a break gives back, and what pays for an invoice before money does."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Self

from tidegate.billing.documents import Applied, CreditLine, Source
from tidegate.billing.periods import Period
from tidegate.billing.rating import RatedLine
from tidegate.quantity import Money


@dataclass(frozen=True)
class BreakPolicy:
    """What a broken promise gives back, as shares of all that the lease was charged.

    Attributes
    ----------
    refund_share : Decimal
        Of the charge itself.
    credit_share : Decimal
        On top. Refunds and credits are those of the harvest benchmark by default.
    """

    refund_share: Decimal = Decimal(1)
    credit_share: Decimal = Decimal("0.30")

    def of_share(self, share: Fraction) -> Self:
        """Return what a promise broken in part gives back: for nodes lost, of all nodes."""
        refund, credit = (
            Fraction(whole) * share for whole in (self.refund_share, self.credit_share)
        )
        return replace(self, refund_share=_decimal(refund), credit_share=_decimal(credit))


def _decimal(share: Fraction) -> Decimal:
    return Decimal(share.numerator) / Decimal(share.denominator)


def break_credit(
    charged: Iterable[RatedLine],
    credited: Iterable[CreditLine],
    broken: Period,
    policy: BreakPolicy,
) -> tuple[CreditLine, ...]:
    """Return what a broken lease is still owed.

    Parameters
    ----------
    charged : iterable of RatedLine
        All that the lease comes to, billed or not yet.
    credited : iterable of CreditLine
        What credit notes have given back for this break before.
    broken : Period
        The month of the break: that of the credit on top.
    policy : BreakPolicy
        How much is given back.

    Returns
    -------
    tuple of CreditLine
        By month; empty when nothing is owed. What was given back too much, because facts were
        corrected afterwards, is not taken back.
    """
    by_month: dict[Period, Money] = {}
    whole: Money | None = None
    for line in charged:
        before = by_month.get(line.period)
        by_month[line.period] = before + line.amount if before else line.amount
        whole = whole + line.amount if whole else line.amount
    if whole is None:
        return ()
    owed = {
        ("refund", period): (money * policy.refund_share).rounded()
        for period, money in by_month.items()
    }
    owed["credit", broken] = (whole * policy.credit_share).rounded()
    for given in credited:
        key = (given.text, given.period)
        if key in owed:
            owed[key] -= given.amount
    return tuple(
        CreditLine(text, period, money)
        for (text, period), money in owed.items()
        if money.amount > 0
    )


@dataclass(frozen=True)
class Balance:
    """What is left of a credit note or of a prepayment.

    Attributes
    ----------
    source, source_id : Source, str
        Which.
    left : Money
        What has not been used up.
    from_s : int
        When it came into being.
    expires_s : int or None
        From when on it cannot be used; None for never.
    """

    source: Source
    source_id: str
    left: Money
    from_s: int
    expires_s: int | None = None


def apply_credits(total: Money, balances: Sequence[Balance], at_s: int) -> tuple[Applied, ...]:
    """Return what pays for an amount beforehand.

    Credit notes come first, the oldest first; then prepayments, the one that expires first first. Balances
    in another currency, not begun, or expired are left alone.
    """
    usable = [
        balance
        for balance in balances
        if balance.left.currency == total.currency
        and balance.from_s <= at_s
        and (balance.expires_s is None or at_s < balance.expires_s)
    ]
    usable.sort(
        key=lambda b: (
            b.source is Source.PREPAID,
            b.expires_s is None,
            b.expires_s or 0,
            b.from_s,
            b.source_id,
        )
    )
    open_amount = total.amount
    applied: list[Applied] = []
    for balance in usable:
        part = min(open_amount, balance.left.amount)
        if part > 0:
            money = Money(part, total.currency)
            applied.append(Applied(balance.source, balance.source_id, money))
            open_amount -= part
    return tuple(applied)
