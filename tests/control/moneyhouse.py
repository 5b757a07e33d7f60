"""A database with leases and holdings, as the loop would have written them, to meter and bill."""

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from tests.billing.making import terms

from tidegate.billing import Issuer, TaxRule
from tidegate.control.money_store import MoneyRules
from tidegate.lease.events import Event
from tidegate.lease.terms import PriceTerms
from tidegate.store import Database, migrate, open_database
from tidegate.store.events import append_events
from tidegate.store.money import SqlMoney
from tidegate.store.tables import access, core

RULES = MoneyRules(
    issuer=Issuer("Northern Compute AS", country="NO", terms_days=14),
    taxes=(TaxRule("vat", "VAT", Decimal("0.25")),),
    invoice_after_s=3600,
)


@dataclass
class MoneyHouse:
    """A database, the door to its money, and a pen for what the loop writes."""

    database: Database
    door: SqlMoney
    leases: int = field(default=0)

    def tenant(self, tenant_id: str = "ten_1") -> None:
        with self.database.transaction() as connection:
            connection.execute(
                sa.insert(access.tenant).values(
                    id=tenant_id,
                    name=f"Tenant {tenant_id}",
                    created_s=0,
                )
            )

    def lease(
        self,
        start_s: int,
        nodes: tuple[str, ...] = ("n1",),
        *,
        tenant_id: str = "ten_1",
        product: str = "flex",
        price: PriceTerms | None = None,
    ) -> str:
        """A running lease that has held its nodes since its start."""
        self.leases += 1
        number = self.leases
        told = price or terms()
        values: dict[str, Any] = {
            "tenant_id": tenant_id,
            "pool_id": "mainstay",
            "product": product,
            "nodes": len(nodes),
            "firm_s": 3600,
            "notice_s": 600,
            "price": told.base.rate,
            "currency": told.currency,
            "price_detail": told.as_json(),
        }
        with self.database.transaction() as connection:
            connection.execute(
                sa.insert(core.lease_order).values(
                    id=f"ord_{number}",
                    duration_s=360_000,
                    actor="test",
                    state="admitted",
                    placed_s=start_s,
                    **values,
                )
            )
            connection.execute(
                sa.insert(core.lease).values(
                    id=f"lea_{number}",
                    number=number,
                    order_id=f"ord_{number}",
                    live_tier="mainstay",
                    state="running",
                    admitted_s=start_s,
                    start_s=start_s,
                    end_s=start_s + 360_000,
                    firm_until_s=start_s + 3600,
                    **values,
                )
            )
            for node in nodes:
                connection.execute(
                    sa.insert(core.holding).values(
                        pool_id="mainstay",
                        node=node,
                        state="leased",
                        lease_id=f"lea_{number}",
                        since_s=start_s,
                    )
                )
        return f"lea_{number}"

    def end(
        self,
        lease_id: str,
        at_s: int,
        state: str = "ended",
        *,
        drained_s: int = 0,
        reason: str = "completed",
    ) -> None:
        """The lease ends; its nodes are told to have left ``drained_s`` later, and are sanitised."""
        with self.database.transaction() as connection:
            connection.execute(
                sa.update(core.lease)
                .where(core.lease.c.id == lease_id)
                .values(state=state, ended_s=at_s, live_tier=None, reason=reason)
            )
            nodes = connection.execute(
                sa.update(core.holding)
                .where(core.holding.c.lease_id == lease_id, core.holding.c.until_s.is_(None))
                .values(until_s=at_s + drained_s)
                .returning(core.holding.c.node)
            ).scalars()
            for node in list(nodes):
                connection.execute(
                    sa.insert(core.holding).values(
                        pool_id="mainstay",
                        node=node,
                        state="sanitising",
                        lease_id=None,
                        since_s=at_s + drained_s,
                    )
                )
            append_events(
                connection, [Event(at_s, "test", f"lease.{state}", lease_id, {}, tenant_id="ten_1")]
            )

    def correct(self, lease_id: str, node: str, **changes: int | None) -> None:
        """A fact turns out to have been another."""
        with self.database.transaction() as connection:
            connection.execute(
                sa.update(core.holding)
                .where(core.holding.c.lease_id == lease_id, core.holding.c.node == node)
                .values(**changes)
            )

    def free(self, node: str) -> None:
        """The node is through with sanitising, and its row closed."""
        with self.database.transaction() as connection:
            connection.execute(
                sa.delete(core.holding).where(
                    core.holding.c.node == node, core.holding.c.state == "sanitising"
                )
            )

    def events(self, kind: str) -> list[Any]:
        """Events of a kind, in order."""
        with self.database.reading() as connection:
            query = sa.select(core.event).where(core.event.c.kind == kind)
            return list(connection.execute(query.order_by(core.event.c.seq)))


def money_house(folder: Path) -> MoneyHouse:
    """A house on SQLite in a folder."""
    database = open_database(f"sqlite:///{folder / 'money.db'}")
    migrate(database)
    return house_on(database)


def house_on(database: Database) -> MoneyHouse:
    """A house on a database with its tables: one pool of eight-GPU nodes."""
    with database.transaction() as connection:
        connection.execute(
            sa.insert(core.pool).values(
                id="mainstay",
                site="north",
                chip="H100-SXM",
                tier="mainstay",
                nodes=16,
                gpus_per_node=8,
                sanitise_s=300,
            )
        )
    return MoneyHouse(database, SqlMoney(database))
