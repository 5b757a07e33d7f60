"""Where usage comes from: a backtest, its written result, or the running system's meters and invoices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Final, Protocol

from tidegate.finance.month import Month

_ZERO: Final = Decimal(0)


@dataclass(frozen=True)
class Split:
    """What a pool's GPU-hours went into.

    Attributes
    ----------
    own, leased, sanitising, idle, failed : Decimal
        GPU-hours held by the owner's jobs, held by tenants, between two holders, free, broken.
    """

    own: Decimal = _ZERO
    leased: Decimal = _ZERO
    sanitising: Decimal = _ZERO
    idle: Decimal = _ZERO
    failed: Decimal = _ZERO

    def __add__(self, other: "Split") -> "Split":
        return Split(*(getattr(self, n) + getattr(other, n) for n in HOLDERS))

    def __mul__(self, share: Decimal) -> "Split":
        return Split(*(getattr(self, n) * share for n in HOLDERS))

    @property
    def total(self) -> Decimal:
        """All GPU-hours."""
        return sum((getattr(self, n) for n in HOLDERS), _ZERO)

    @property
    def busy(self) -> Decimal:
        """GPU-hours at full draw: own, leased and sanitising."""
        return self.own + self.leased + self.sanitising

    def share(self, holder: str) -> Decimal:
        """Return a holder's share of all GPU-hours; 0 when there are none."""
        held: Decimal = getattr(self, holder)
        return held / self.total if self.total else _ZERO


HOLDERS: Final = tuple(f.name for f in fields(Split))


@dataclass(frozen=True)
class UsageMonth:
    """What a pool did in a month, or in the part of it that was measured.

    Attributes
    ----------
    pool : str
    month : Month
    hours : Split
    leased : mapping of str to Decimal
        GPU-hours delivered, by product.
    rent : mapping of str to Decimal
        Charged, by product, before refunds and credits.
    returned : Decimal
        Refunds and credits for broken promises.
    waiting_gpu_hours : Decimal
        What leasing made the owner's own jobs wait, in GPU-hours.
    origin : str
        Where it comes from, for the way back to the source.
    """

    pool: str
    month: Month
    hours: Split
    leased: Mapping[str, Decimal] = field(default_factory=dict)
    rent: Mapping[str, Decimal] = field(default_factory=dict)
    returned: Decimal = _ZERO
    waiting_gpu_hours: Decimal = _ZERO
    origin: str = ""

    @property
    def charged(self) -> Decimal:
        """Rent of all products."""
        return sum(self.rent.values(), _ZERO)


class UsageSource(Protocol):
    """Gives a fleet's usage, with leasing and without it."""

    @property
    def label(self) -> str:
        """What it is, such as ``backtest of policy tidegate, seeds 0 to 4``."""
        ...

    @property
    def currency(self) -> str:
        """ISO 4217 code of its rents."""
        ...

    def usage(self) -> Sequence[UsageMonth]:
        """Return what each pool did in each month."""
        ...

    def usage_without_leasing(self) -> Sequence[UsageMonth]:
        """Return the same, had nothing been leased; empty when that is not known."""
        ...
