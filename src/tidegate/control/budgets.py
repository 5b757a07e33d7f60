"""Budgets: what a tenant spends this month, held against what it means to."""

from decimal import Decimal
from typing import Final

from tidegate.billing import Budget, BudgetAlert, Period, alerts, month_name, month_of
from tidegate.control.access import Reach
from tidegate.control.invoicing import wanted_lines
from tidegate.control.money_store import MoneyDoor, MoneyRules, MoneyStore, money_event
from tidegate.quantity import Money

BUDGET_REACHED: Final = "budget.reached"

_EVERYBODY: Final = Reach(None)


def check_budgets(door: MoneyDoor, rules: MoneyRules, now_s: int) -> list[BudgetAlert]:
    """Tell tenants of the shares of their budgets that they have spent; each share once a month."""
    with door.reading() as store:
        budgets = store.plans.budgets(_EVERYBODY)
    period = month_of(now_s, rules.zone)
    told: list[BudgetAlert] = []
    for tenant_id in sorted({budget.tenant_id for budget in budgets}):
        with door.changing() as store:
            own = store.plans.budgets(Reach(tenant_id))
            events = []
            for budget in own:
                spent = spent_in(store, rules, tenant_id, budget.amount.currency, period)
                before = store.plans.told(budget.id, period.start_s)
                for alert in alerts(budget, spent, before):
                    store.plans.tell(budget.id, period.start_s, alert.share, now_s)
                    events.append(
                        money_event(
                            BUDGET_REACHED,
                            budget.id,
                            tenant_id,
                            _data(alert, period, rules.zone),
                            now_s,
                        )
                    )
                    told.append(alert)
            if events:
                store.events.append(events)
    return told


def spent_in(
    store: MoneyStore, rules: MoneyRules, tenant_id: str, currency: str, period: Period
) -> Money:
    """Return what a tenant's metered usage of a month comes to, net of taxes and before credits."""
    leases = [
        lease
        for lease in store.bills.leases_in(Reach(tenant_id), period.start_s, period.end_s)
        if lease.currency == currency
    ]
    total = Money(Decimal(0), currency)
    for line in wanted_lines(store, leases, rules.zone).values():
        if line.period == period:
            total += line.amount
    return total


def _data(alert: BudgetAlert, period: Period, zone: str) -> dict[str, object]:
    budget: Budget = alert.budget
    return {
        "month": month_name(period, zone),
        "share": str(alert.share),
        "budget": str(budget.amount.amount),
        "spent": str(alert.spent.amount),
        "currency": budget.amount.currency,
    }
