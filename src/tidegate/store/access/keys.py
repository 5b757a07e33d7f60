"""API keys as rows."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from tidegate.control.access import Act, Reach, Role
from tidegate.control.keys import ApiKey
from tidegate.store.rows import Rows
from tidegate.store.tables.access import api_key


class SqlKeys:
    """Keys on a connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._rows = Rows(connection, api_key, "tenant_id", _read, _write)

    def key(self, key_id: str, reach: Reach, *, to_change: bool = False) -> ApiKey | None:
        """Key by id, when within reach."""
        return self._rows.get(key_id, reach, to_change=to_change)

    def keys(self, reach: Reach, after_id: str | None, limit: int) -> list[ApiKey]:
        """Keys within reach."""
        return self._rows.page(reach, after_id, limit)

    def save_key(self, key: ApiKey) -> None:
        """Add or replace."""
        self._rows.save(key)


def _read(row: Any) -> ApiKey:
    return ApiKey(
        row.id,
        row.name,
        Role(row.role),
        row.tenant_id,
        None if row.scopes is None else frozenset(Act(scope) for scope in row.scopes),
        row.digest,
        row.created_s,
        row.expires_s,
        row.revoked_s,
    )


def _write(key: ApiKey) -> Mapping[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "role": key.role.value,
        "tenant_id": key.tenant_id,
        "scopes": None if key.scopes is None else sorted(key.scopes),
        "digest": key.digest,
        "created_s": key.created_s,
        "expires_s": key.expires_s,
        "revoked_s": key.revoked_s,
    }
