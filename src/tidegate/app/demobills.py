"""How the tenants of the demonstration are billed: where they sit, and what one of them means to spend."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from tidegate.billing import BillTo
from tidegate.control.access import SYSTEM
from tidegate.control.budgets import add_budget, list_budgets
from tidegate.control.documents import change_account
from tidegate.control.money_store import Till
from tidegate.control.tenants import Tenant
from tidegate.quantity import Money

_SEATS: Final = (
    (("Havnegata 7", "7010 Trondheim", "Norway"), "NO"),
    (("Am Markt 1", "28195 Bremen", "Germany"), "DE"),
    (("Skólavörðustígur 3", "101 Reykjavík", "Iceland"), "IS"),
)
_BUDGET: Final = Decimal(2000)


def set_up_bills(till: Till, tenants: Sequence[Tenant], wall_s: int) -> None:
    """Give tenants an address each, and the first one a budget; what is there already stays."""
    for tenant, (address, country) in zip(tenants, _SEATS, strict=False):

        def seated(
            account: BillTo, address: tuple[str, ...] = address, country: str = country
        ) -> BillTo:
            if account.country:
                return account
            return replace(account, address=address, country=country)

        change_account(till.door, SYSTEM, tenant.id, till.rules, seated, wall_s=wall_s)
    if tenants and not list_budgets(till.door, SYSTEM, None, 1):
        amount = Money(_BUDGET, till.rules.currency)
        add_budget(till.door, SYSTEM, tenants[0].id, amount, (Decimal("0.5"), Decimal(1)))
