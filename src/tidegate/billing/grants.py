"""Grants: GPU-hours for approved projects, and the report of what became of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from tidegate.billing.periods import Period, month_of
from tidegate.lease.terms import amount
from tidegate.meter import MeterRecord
from tidegate.quantity import Money, Step, steps


@dataclass(frozen=True)
class Grant:
    """GPU time given to a project.

    Attributes
    ----------
    id, tenant_id : str
        Which grant to whom.
    project : str
        What it is for: name or address of the project.
    chip : str
        On which chip.
    gpu_hours : int
        The quota.
    from_s, until_s : int
        When it may be used.
    """

    id: str
    tenant_id: str
    project: str
    chip: str
    gpu_hours: int
    from_s: int
    until_s: int

    def __post_init__(self) -> None:
        if self.gpu_hours <= 0:
            raise ValueError("a grant is of at least one GPU-hour")
        if self.until_s <= self.from_s:
            raise ValueError("a grant ends after it begins")


def grant_has_room(
    grant: Grant, used_gpu_s: int, *, chip: str, gpus: int, start_s: int, wanted_s: int
) -> bool:
    """Whether a lease fits into what is left of a grant.

    Parameters
    ----------
    grant : Grant
        The grant.
    used_gpu_s : int
        GPU-seconds that its leases have used, or may still use.
    chip, gpus : str, int
        What is asked for.
    start_s, wanted_s : int
        From when, and for how long; a lease under a grant states its end.
    """
    in_time = grant.from_s <= start_s and start_s + wanted_s <= grant.until_s
    left = grant.gpu_hours * 3600 - used_gpu_s
    return chip == grant.chip and in_time and gpus * wanted_s <= left


@dataclass(frozen=True)
class GrantReport:
    """What a grant was used for.

    Attributes
    ----------
    grant : Grant
        The grant.
    gpu_seconds : int
        Used in all.
    by_month : tuple of (Period, int)
        GPU-seconds by month, months without use left out.
    leases : int
        Leases that used it.
    worth : Money or None
        What it would have cost at the rate given; None without one.
    """

    grant: Grant
    gpu_seconds: int
    by_month: tuple[tuple[Period, int], ...]
    leases: int
    worth: Money | None

    @property
    def left_gpu_seconds(self) -> int:
        """What may still be used."""
        return max(0, self.grant.gpu_hours * 3600 - self.gpu_seconds)


def grant_report(
    grant: Grant,
    records: Iterable[MeterRecord],
    *,
    zone: str = "UTC",
    reference: tuple[Decimal, str] | None = None,
) -> GrantReport:
    """Report what a grant was used for.

    Parameters
    ----------
    grant : Grant
        The grant.
    records : iterable of MeterRecord
        The meter's ledger of the leases under it.
    zone : str
        IANA zone of the months.
    reference : (Decimal, str) or None
        Rate of a GPU-hour and its currency, to say what the time would have cost.
    """
    told = list(records)
    months: dict[Period, int] = {}
    for start_s, end_s, gpus in steps(Step(r.start_s, r.end_s, r.gpus) for r in told):
        at_s = start_s
        while at_s < end_s:
            month = month_of(at_s, zone)
            next_s = min(end_s, month.end_s)
            months[month] = months.get(month, 0) + gpus * (next_s - at_s)
            at_s = next_s
    used = sum(months.values())
    return GrantReport(
        grant=grant,
        gpu_seconds=used,
        by_month=tuple(sorted(months.items())),
        leases=len({record.lease_id for record in told}),
        worth=amount(reference[0], used, reference[1]) if reference else None,
    )
