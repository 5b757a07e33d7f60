"""What is known of tenants when they buy, kept for a moment: a busy tenant is not looked up for each order."""

from dataclasses import dataclass

from tidegate.billing import BillTo
from tidegate.control.access import not_found
from tidegate.control.money_store import Till
from tidegate.control.recent import Recent
from tidegate.errors import RequestError
from tidegate.lease.pricebook import PriceBook


@dataclass(frozen=True, slots=True)
class Standing:
    """A tenant as a buyer.

    Attributes
    ----------
    tenant_id : str
    is_known, is_suspended : bool
    account : BillTo
        In which currency it pays, and of which class it is.
    book : PriceBook
        The prices in force.
    """

    tenant_id: str
    is_known: bool
    is_suspended: bool
    account: BillTo
    book: PriceBook

    def require_buyer(self) -> None:
        """Let it buy only when it may.

        Raises
        ------
        RequestError
            ``TG-API-NOT-FOUND``; ``TG-API-CONFLICT`` when it is suspended.
        """
        if not self.is_known:
            raise not_found("tenant", self.tenant_id)
        if self.is_suspended:
            raise RequestError("TG-API-CONFLICT", f"Tenant {self.tenant_id} is suspended.")


class Standings:
    """Standings of tenants.

    Parameters
    ----------
    till : Till
    """

    def __init__(self, till: Till) -> None:
        self._till = till
        self._recent = Recent(self._look)
        self.known, self.forget = self._recent.known, self._recent.forget
        self.close = self._recent.close

    def of(self, tenant_id: str) -> Standing:
        """Return a tenant's standing."""
        standing = self._recent.of(tenant_id)
        assert standing is not None, "everybody has one, known or not"
        return standing

    def _look(self, tenant_id: str) -> Standing:
        with self._till.door.reading() as store:
            book = store.plans.price_book() or self._till.offered
            accounts = store.accounts
            return Standing(
                tenant_id,
                accounts.has_tenant(tenant_id),
                accounts.is_suspended(tenant_id),
                accounts.account(tenant_id, book.currency),
                book,
            )
