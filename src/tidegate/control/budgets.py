"""Budgets: what a tenant spends this month, held against what it means to."""

from decimal import Decimal
from typing import Final

from tidegate.billing import Budget, BudgetAlert, Period, alerts, month_name, month_of
from tidegate.control.access import Act, Actor, Reach, not_found, require
from tidegate.control.ids import Prefix, new_id
from tidegate.control.invoicing import wanted_lines
from tidegate.control.money_store import (
    MoneyDoor,
    MoneyRules,
    MoneyStore,
    money_event,
    require_tenant,
)
from tidegate.quantity import Money

BUDGET_REACHED: Final = "budget.reached"

_EVERYBODY: Final = Reach(None)
_ALL: Final = 10_000


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
        for lease in store.accounts.leases_in(Reach(tenant_id), period.start_s, period.end_s)
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


def list_budgets(door: MoneyDoor, actor: Actor, after_id: str | None, limit: int) -> list[Budget]:
    """Return budgets within the actor's reach."""
    require(actor, Act.BUDGETS_READ)
    with door.reading() as store:
        return store.plans.budgets(actor.reach, after_id, limit)


def add_budget(
    door: MoneyDoor, actor: Actor, tenant_id: str | None, amount: Money, shares: tuple[Decimal, ...]
) -> Budget:
    """Set a budget.

    Raises
    ------
    AccessError, RequestError
    """
    require(actor, Act.BUDGETS_WRITE)
    with door.changing() as store:
        owner = require_tenant(store, actor, tenant_id)
        budget = Budget(new_id(Prefix.BUDGET), owner, amount, shares)
        store.plans.save_budget(budget)
    return budget


def drop_budget(door: MoneyDoor, actor: Actor, budget_id: str) -> None:
    """Take a budget away."""
    require(actor, Act.BUDGETS_WRITE)
    with door.changing() as store:
        if budget_id not in {budget.id for budget in store.plans.budgets(actor.reach, limit=_ALL)}:
            raise not_found("budget", budget_id)
        store.plans.drop_budget(budget_id)
