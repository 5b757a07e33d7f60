"""Notices as rows."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, Final

import sqlalchemy as sa

from tidegate.control.access import Reach
from tidegate.control.notices import MailState, Notice
from tidegate.store.rows import Rows
from tidegate.store.tables.access import account_notice, tenant

_CLAIM_S: Final = 60


class SqlNotices:
    """Notices on a connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._rows = Rows(connection, account_notice, "tenant_id", _read, _write)

    def notice(self, notice_id: str, reach: Reach, *, to_change: bool = False) -> Notice | None:
        """Notice by id, when within reach."""
        return self._rows.get(notice_id, reach, to_change=to_change)

    def notices(
        self, reach: Reach, before_id: str | None, limit: int, *, unseen: bool = False
    ) -> list[Notice]:
        """Notices within reach, youngest first."""
        where = [account_notice.c.seen_s.is_(None)] if unseen else []
        return self._rows.page(reach, before_id, limit, *where, youngest_first=True)

    def save_notice(self, notice: Notice) -> None:
        """Add or replace."""
        self._rows.save(notice)

    def claim_due(self, wall_s: int, limit: int) -> list[tuple[Notice, str]]:
        """Take those whose e-mail is due."""
        due = (
            sa.select(account_notice, tenant.c.email)
            .join(tenant, tenant.c.id == account_notice.c.tenant_id)
            .where(
                account_notice.c.mail == MailState.WAITING.value,
                account_notice.c.mail_next_s <= wall_s,
                tenant.c.email.is_not(None),
            )
            .order_by(account_notice.c.mail_next_s, account_notice.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True, of=account_notice)
        )
        found = [(_read(row), str(row.email)) for row in self._connection.execute(due)]
        if found:
            self._connection.execute(
                sa.update(account_notice)
                .where(account_notice.c.id.in_([each.id for each, _ in found]))
                .values(mail_next_s=wall_s + _CLAIM_S)
            )
        return found


def _read(row: Any) -> Notice:
    values = {each.name: getattr(row, each.name) for each in fields(Notice)}
    return Notice(**{**values, "mail": MailState(row.mail)})


def _write(notice: Notice) -> Mapping[str, Any]:
    return {**asdict(notice), "data": dict(notice.data), "mail": notice.mail.value}
