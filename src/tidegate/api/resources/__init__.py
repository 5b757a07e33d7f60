"""The nouns of ``/v1``, each with its schemas and routes in one file."""

from typing import Final

from fastapi import APIRouter

from tidegate.api.resources import audit, keys, me, notices, problems, tenants, users, webhooks

ROUTERS: Final[tuple[APIRouter, ...]] = (
    me.router,
    notices.router,
    tenants.router,
    keys.router,
    users.router,
    webhooks.router,
    audit.router,
    problems.router,
)
"""Every noun, in the order in which the document shows them."""
