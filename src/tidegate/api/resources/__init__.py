"""The nouns of ``/v1``, each with its schemas and routes in one file."""

from typing import Final

from fastapi import APIRouter

from tidegate.api.resources import keys, problems, tenants

ROUTERS: Final[tuple[APIRouter, ...]] = (
    tenants.router,
    keys.router,
    problems.router,
)
"""Every noun, in the order in which the document shows them."""
