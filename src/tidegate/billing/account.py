"""Who bills, who is billed, and which taxes come on top."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Issuer:
    """Who sends the invoices, as it stands on them.

    Attributes
    ----------
    name : str
        Its legal name.
    address : tuple of str
        Lines of its address.
    country : str
        ISO 3166-1 alpha-2 code.
    tax_id : str
        Its number with the tax office; empty without one.
    payment : tuple of str
        Lines that say how to pay: bank and account.
    terms_days : int
        Days until an invoice is due.
    """

    name: str
    address: tuple[str, ...] = ()
    country: str = ""
    tax_id: str = ""
    payment: tuple[str, ...] = ()
    terms_days: int = 30


@dataclass(frozen=True)
class BillTo:
    """A tenant as it is billed.

    Attributes
    ----------
    tenant_id, name : str
        Who it is.
    currency : str
        ISO 4217 code of its quotes and invoices.
    address : tuple of str
        Lines of its address.
    country : str
        ISO 3166-1 alpha-2 code: which taxes apply.
    tax_id : str
        Its number with the tax office; empty without one.
    reverse_charge : bool
        Whether it owes the tax itself, so that none is charged.
    tenant_class : str or None
        Its class in the price book.
    """

    tenant_id: str
    name: str
    currency: str
    address: tuple[str, ...] = ()
    country: str = ""
    tax_id: str = ""
    reverse_charge: bool = False
    tenant_class: str | None = None


@dataclass(frozen=True)
class TaxRule:
    """A tax on what is sold to tenants of a country; the rate is configured, not known.

    Attributes
    ----------
    id, name : str
        What it is called here and on invoices.
    rate : Decimal
        Share of the net amount, in [0, 1].
    country : str or None
        ISO 3166-1 alpha-2 code; None for every country.
    from_s, until_s : int or None
        When it holds, ``[from_s, until_s)``; None without a bound.
    """

    id: str
    name: str
    rate: Decimal
    country: str | None = None
    from_s: int | None = None
    until_s: int | None = None

    def __post_init__(self) -> None:
        if not (self.rate.is_finite() and 0 <= self.rate <= 1):
            raise ValueError("a tax rate is a share from 0 to 1")

    def applies(self, tenant: BillTo, at_s: int) -> bool:
        """Whether a tenant pays it on what it uses at an instant."""
        begun = self.from_s is None or self.from_s <= at_s
        holds = begun and (self.until_s is None or at_s < self.until_s)
        return holds and self.country in (None, tenant.country) and not tenant.reverse_charge


def taxes_on(rules: Iterable[TaxRule], tenant: BillTo, at_s: int) -> tuple[TaxRule, ...]:
    """Return the taxes that a tenant pays on what it uses at an instant."""
    return tuple(rule for rule in rules if rule.applies(tenant, at_s))
