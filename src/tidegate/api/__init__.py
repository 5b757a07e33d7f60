"""The HTTP interface ``/v1``: schemas, routes, and what holds for every one of them."""

from tidegate.api.app import create_app
from tidegate.api.services import Services

__all__ = ["Services", "create_app"]
