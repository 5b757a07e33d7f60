"""The audit log as rows; triggers keep them from being changed."""

import json
from collections.abc import Generator, Iterable, Mapping
from dataclasses import asdict
from typing import Any, Final

import sqlalchemy as sa

from tidegate.control.access import Reach
from tidegate.control.audit import AuditEntry, AuditSeal
from tidegate.store.rows import Rows
from tidegate.store.tables.access import audit_entry, audit_seal

_SEALING: Final = 0x7365_616C
"""Key of PostgreSQL's advisory lock: one sealer at a time."""
_AT_ONCE: Final = 1_000


class SqlAudit:
    """The log on a connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._rows = Rows(connection, audit_entry, "tenant_id", _read, _write)

    def add(self, entry: AuditEntry) -> None:
        """Write an entry."""
        self._connection.execute(sa.insert(audit_entry).values(_write(entry)))

    def entries(self, reach: Reach, before_id: str | None, limit: int) -> list[AuditEntry]:
        """Entries, youngest first."""
        return self._rows.page(reach, before_id, limit, youngest_first=True)

    def unsealed(self, limit: int) -> list[AuditEntry]:
        """Entries that no seal names."""
        named = sa.select(audit_seal.c.entry_id).where(audit_seal.c.entry_id == audit_entry.c.id)
        query = sa.select(audit_entry).where(~named.exists()).order_by(audit_entry.c.id)
        return [_read(row) for row in self._connection.execute(query.limit(limit))]

    def last_seal(self) -> AuditSeal | None:
        """The youngest seal; on PostgreSQL other sealers wait."""
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(
                sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SEALING}
            )
        query = sa.select(audit_seal).order_by(audit_seal.c.position.desc()).limit(1)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else AuditSeal(row.position, row.entry_id, row.digest)

    def add_seals(self, seals: Iterable[AuditSeal]) -> None:
        """Write seals."""
        rows = [asdict(each) for each in seals]
        if rows:
            self._connection.execute(sa.insert(audit_seal), rows)

    def sealed(self) -> Generator[tuple[AuditSeal, AuditEntry | None], None, None]:
        """All seals with their entries, in order."""
        joined = audit_seal.outerjoin(audit_entry, audit_entry.c.id == audit_seal.c.entry_id)
        query = (
            sa.select(audit_seal, *audit_entry.c)
            .select_from(joined)
            .order_by(audit_seal.c.position)
            .execution_options(yield_per=_AT_ONCE)
        )
        with self._connection.execute(query) as rows:
            for row in rows:
                link = AuditSeal(row.position, row.entry_id, row.digest)
                yield link, None if row.id is None else _read(row)


def _read(row: Any) -> AuditEntry:
    return AuditEntry(
        row.id,
        row.at_s,
        row.actor_id,
        row.role,
        row.tenant_id,
        row.act,
        row.subject,
        _data(row.data),
    )


def _data(text: str) -> Mapping[str, object]:
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    return data if isinstance(data, dict) else {"unreadable": text}


def _write(entry: AuditEntry) -> dict[str, Any]:
    return {**asdict(entry), "data": json.dumps(dict(entry.data), sort_keys=True)}
