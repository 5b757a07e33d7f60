"""Deliveries of webhooks as rows."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from tidegate.control.access import Reach
from tidegate.control.webhooks import CLAIM_S, Delivery, DeliveryState, Endpoint
from tidegate.store.access.hooks import read_endpoint
from tidegate.store.rows import Rows
from tidegate.store.tables.access import delivery, webhook


class SqlDeliveries:
    """Deliveries on a connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._rows = Rows(connection, delivery, "tenant_id", _read, _write)

    def delivery(
        self, delivery_id: str, reach: Reach, *, to_change: bool = False
    ) -> Delivery | None:
        """Delivery by id, when within reach."""
        return self._rows.get(delivery_id, reach, to_change=to_change)

    def deliveries(
        self,
        reach: Reach,
        endpoint_id: str,
        state: DeliveryState | None,
        before_id: str | None,
        limit: int,
    ) -> list[Delivery]:
        """Deliveries to a receiver, youngest first."""
        where = [delivery.c.webhook_id == endpoint_id]
        if state is not None:
            where.append(delivery.c.state == state.value)
        return self._rows.page(reach, before_id, limit, *where, youngest_first=True)

    def save_delivery(self, value: Delivery) -> None:
        """Add or replace."""
        self._rows.save(value)

    def drop_before(self, done_s: int) -> int:
        """Forget the old ones."""
        old = delivery.c.done_s < done_s
        return self._connection.execute(sa.delete(delivery).where(old)).rowcount

    def claim_due(self, wall_s: int, limit: int) -> list[tuple[Delivery, Endpoint]]:
        """Take what is due; whoever asks next gets it only after a while."""
        due = (
            sa.select(delivery)
            .where(delivery.c.state == DeliveryState.WAITING.value, delivery.c.next_s <= wall_s)
            .order_by(delivery.c.next_s, delivery.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        found = [_read(row) for row in self._connection.execute(due)]
        if not found:
            return []
        self._connection.execute(
            sa.update(delivery)
            .where(delivery.c.id.in_([each.id for each in found]))
            .values(next_s=wall_s + CLAIM_S)
        )
        rows = self._connection.execute(
            sa.select(webhook).where(webhook.c.id.in_({each.endpoint_id for each in found}))
        )
        endpoints = {row.id: read_endpoint(row) for row in rows}
        return [(each, endpoints[each.endpoint_id]) for each in found]


def _read(row: Any) -> Delivery:
    values = dict(row._mapping)
    endpoint_id = values.pop("webhook_id")
    return Delivery(**{**values, "endpoint_id": endpoint_id, "state": DeliveryState(row.state)})


def _write(value: Delivery) -> Mapping[str, Any]:
    columns = asdict(value)
    columns["webhook_id"] = columns.pop("endpoint_id")
    return {**columns, "state": value.state.value}
