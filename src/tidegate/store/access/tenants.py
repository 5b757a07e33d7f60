"""Tenants as rows."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from tidegate.control.access import Reach
from tidegate.control.tenants import Tenant
from tidegate.store.rows import Rows
from tidegate.store.tables.access import tenant
from tidegate.store.tables.money import billing_account


class SqlTenants:
    """Tenants on a connection; a tenant sees itself."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._rows = Rows(connection, tenant, "id", _read, asdict)

    def tenant(self, tenant_id: str, reach: Reach, *, to_change: bool = False) -> Tenant | None:
        """Tenant by id, when within reach."""
        return self._rows.get(tenant_id, reach, to_change=to_change)

    def tenants(self, reach: Reach, after_id: str | None, limit: int) -> list[Tenant]:
        """Tenants within reach."""
        return self._rows.page(reach, after_id, limit)

    def price_classes(self) -> Mapping[str, str]:
        """Classes of tenants, from their accounts."""
        rows = self._connection.execute(sa.select(billing_account))
        return {
            row.tenant_id: str(row.body["tenant_class"])
            for row in rows
            if row.body.get("tenant_class")
        }

    def save_tenant(self, tenant: Tenant) -> None:
        """Add or replace."""
        self._rows.save(tenant)


def _read(row: Any) -> Tenant:
    return Tenant(**row._mapping)
