"""Receivers of webhooks as rows."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import sqlalchemy as sa

from tidegate.control.access import Reach
from tidegate.control.webhooks import Endpoint
from tidegate.store.rows import Rows
from tidegate.store.tables.access import webhook


class SqlHooks:
    """Receivers on a connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._rows = Rows(connection, webhook, "tenant_id", read_endpoint, _write)

    def endpoint(
        self, endpoint_id: str, reach: Reach, *, to_change: bool = False
    ) -> Endpoint | None:
        """Receiver by id, when within reach."""
        return self._rows.get(endpoint_id, reach, to_change=to_change)

    def endpoints(self, reach: Reach, after_id: str | None, limit: int) -> list[Endpoint]:
        """Receivers within reach."""
        return self._rows.page(reach, after_id, limit)

    def save_endpoint(self, endpoint: Endpoint) -> None:
        """Add or replace."""
        self._rows.save(endpoint)

    def remove_endpoint(self, endpoint_id: str) -> None:
        """Forget one, with its deliveries."""
        self._connection.execute(sa.delete(webhook).where(webhook.c.id == endpoint_id))


def read_endpoint(row: Any) -> Endpoint:
    """Receiver of a row."""
    values = {each.name: getattr(row, each.name) for each in fields(Endpoint)}
    return Endpoint(**{**values, "kinds": tuple(row.kinds)})


def _write(endpoint: Endpoint) -> Mapping[str, Any]:
    return {**asdict(endpoint), "kinds": list(endpoint.kinds)}
