"""Accounts, and leases as billing sees them, as rows."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import sqlalchemy as sa

from tidegate.billing import BilledLease, BillTo
from tidegate.control.access import Reach
from tidegate.control.money_kept import BrokenLease
from tidegate.lease.events import NODES_LOST
from tidegate.lease.states import LeaseState
from tidegate.store.money.documents import account_data, account_of, billed_lease_of
from tidegate.store.reach import within
from tidegate.store.rows import upsert
from tidegate.store.tables import access, core, money

_LEASE: Final = sa.select(
    core.lease.c.id,
    core.lease.c.tenant_id,
    core.lease.c.pool_id,
    core.lease.c.product,
    core.lease.c.price,
    core.lease.c.currency,
    core.lease.c.price_detail,
    core.lease.c.start_s,
    core.lease.c.ended_s,
    core.lease.c.noticed_s,
    core.lease.c.reason,
    core.pool.c.site,
    core.pool.c.chip,
).select_from(core.lease.join(core.pool, core.pool.c.id == core.lease.c.pool_id))


class SqlAccounts:
    """A :class:`tidegate.control.money_ports.AccountStore` on a connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def is_suspended(self, tenant_id: str) -> bool:
        """Whether nothing new is sold to a tenant."""
        query = sa.select(access.tenant.c.suspended_s).where(access.tenant.c.id == tenant_id)
        return self._connection.execute(query).scalar() is not None

    def has_tenant(self, tenant_id: str) -> bool:
        """Whether there is such a tenant."""
        query = sa.select(access.tenant.c.id).where(access.tenant.c.id == tenant_id)
        return self._connection.execute(query).first() is not None

    def account(self, tenant_id: str, currency: str) -> BillTo:
        """Tenant as it is billed."""
        tenant = self._connection.execute(
            sa.select(access.tenant).where(access.tenant.c.id == tenant_id)
        ).one_or_none()
        kept = self._connection.execute(
            sa.select(money.billing_account.c.body).where(
                money.billing_account.c.tenant_id == tenant_id
            )
        ).scalar()
        if kept is not None:
            return account_of(kept)
        return BillTo(tenant_id, tenant.name if tenant else tenant_id, currency)

    def save_account(self, account: BillTo) -> None:
        """Keep how a tenant is billed."""
        row = {"tenant_id": account.tenant_id, "body": account_data(account)}
        upsert(self._connection, money.billing_account, row, ["tenant_id"])

    def leases_metered(self, since_s: int, tenant_id: str | None = None) -> list[BilledLease]:
        """Leases of which something was recorded since a time."""
        recorded = sa.select(money.meter_record.c.lease_id).where(
            money.meter_record.c.recorded_s >= since_s
        )
        query = within(
            _LEASE.where(core.lease.c.id.in_(recorded)), core.lease.c.tenant_id, Reach(tenant_id)
        )
        rows = self._connection.execute(query.order_by(core.lease.c.id))
        return [billed_lease_of(row) for row in rows]

    def leases_in(self, reach: Reach, from_s: int, until_s: int) -> list[BilledLease]:
        """Leases of which something was metered within a time."""
        record = money.meter_record
        metered = sa.select(record.c.lease_id).where(
            record.c.end_s > from_s, record.c.start_s < until_s
        )
        query = within(_LEASE.where(core.lease.c.id.in_(metered)), core.lease.c.tenant_id, reach)
        rows = self._connection.execute(query.order_by(core.lease.c.id))
        return [billed_lease_of(row) for row in rows]

    def broken(self, since_s: int) -> list[BrokenLease]:
        """Leases that were broken since a time, or lost nodes that were firm, each with its event."""
        return [*self._broken_whole(since_s), *self._broken_in_part(since_s)]

    def _broken_whole(self, since_s: int) -> Iterator[BrokenLease]:
        lease, event = core.lease, core.event
        ends = [f"lease.{LeaseState.BROKEN}", f"lease.{LeaseState.FAILED}"]
        proof = (
            sa.select(sa.func.max(event.c.seq))
            .where(event.c.subject == lease.c.id, event.c.kind.in_(ends))
            .scalar_subquery()
        )
        has_failed = sa.and_(lease.c.state == str(LeaseState.FAILED), lease.c.broken_s > 0)
        query = (
            _LEASE.add_columns(proof.label("event_seq"))
            .where(sa.or_(lease.c.state == str(LeaseState.BROKEN), has_failed))
            .where(lease.c.ended_s >= since_s)
            .order_by(lease.c.id)
        )
        for row in self._connection.execute(query):
            if row.event_seq is not None:
                yield BrokenLease(billed_lease_of(row), row.ended_s, row.event_seq)

    def _broken_in_part(self, since_s: int) -> Iterator[BrokenLease]:
        event = core.event
        query = (
            _LEASE.join_from(core.lease, event, event.c.subject == core.lease.c.id)
            .add_columns(event.c.seq, event.c.data)
            .where(core.lease.c.lost_s > 0, event.c.kind == NODES_LOST, event.c.at_s >= since_s)
            .order_by(event.c.seq)
        )
        for row in self._connection.execute(query):
            if row.data["lost_s"]:
                share = Fraction(row.data["lost"], row.data["of"])
                yield BrokenLease(billed_lease_of(row), row.data["since_s"], row.seq, share)
