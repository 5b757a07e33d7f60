"""The nouns of ``/v1``, each with its schemas and routes in one file."""

from typing import Final

from fastapi import APIRouter

from tidegate.api.resources import (
    audit,
    billing_accounts,
    books,
    budgets,
    credit_notes,
    events,
    focus,
    grants,
    invoices,
    keys,
    leases,
    me,
    notices,
    orders,
    pools,
    prepayments,
    prices,
    problems,
    quotes,
    steering,
    tenants,
    usage,
    users,
    webhooks,
)

ROUTERS: Final[tuple[APIRouter, ...]] = (
    me.router,
    pools.router,
    steering.router,
    quotes.router,
    orders.router,
    leases.router,
    events.router,
    notices.router,
    tenants.router,
    keys.router,
    users.router,
    webhooks.router,
    prices.router,
    usage.router,
    invoices.router,
    credit_notes.router,
    focus.router,
    prepayments.router,
    budgets.router,
    grants.router,
    billing_accounts.router,
    books.router,
    audit.router,
    problems.router,
)
"""Every noun, in the order in which the document shows them."""
