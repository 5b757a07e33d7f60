"""Quotes in tables: the one thing of the lease's life that moves without the loop."""

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from tidegate.errors import RequestError, StoreError
from tidegate.lease.events import LOOP, Event
from tidegate.lease.lease import Order, Quote, plain
from tidegate.lease.states import QuoteState
from tidegate.store.events import append_events
from tidegate.store.leaserows import thing_of, values_of
from tidegate.store.tables import core

_MOVABLE = (QuoteState.OPEN.value, QuoteState.HELD.value)


def gone(quote_id: str) -> RequestError:
    """Return what to raise when a quote cannot be taken."""
    return RequestError(
        "TG-LIVE-QUOTE", f"quote {quote_id} is no longer open.", expected="a quote that is open."
    )


def add(connection: sa.Connection, quote: Quote, actor: str) -> None:
    """Write a quote with its event."""
    connection.execute(sa.insert(core.quote).values(values_of(quote)))
    append_events(
        connection,
        [
            Event(
                quote.opened_s,
                actor,
                f"quote.{quote.state}",
                quote.id,
                quote.as_data(),
                tenant_id=quote.tenant_id,
            )
        ],
    )


def _move(connection: sa.Connection, quote_id: str, state: QuoteState, **where: int) -> int | None:
    """Move a quote that is open; return its new version, None when it is not."""
    table = core.quote
    query = sa.update(table).where(table.c.id == quote_id, table.c.state.in_(_MOVABLE))
    if "at_s" in where:
        query = query.where(table.c.expires_s > where["at_s"])
    version = connection.execute(
        query.values(state=state.value, version=table.c.version + 1).returning(table.c.version)
    ).scalar()
    return None if version is None else int(version)


def _tell(
    connection: sa.Connection, quote_id: str, tenant_id: str, actor: str, at_s: int, **changed: Any
) -> None:
    kind = f"quote.{changed['state']}"
    event = Event(at_s, actor, kind, quote_id, plain(changed), tenant_id=tenant_id)
    append_events(connection, [event])


def move(connection: sa.Connection, quote: Quote) -> None:
    """Write where the loop has moved a quote, provided that nobody else has moved it meanwhile.

    Raises
    ------
    StoreError
        ``TG-STORE-MOVED``: nothing of the step is written, and it is made anew.
    """
    table = core.quote
    moved = connection.execute(
        sa.update(table)
        .where(table.c.id == quote.id, table.c.version == quote.version - 1)
        .values(state=quote.state.value, held_until_s=quote.held_until_s, version=quote.version)
    )
    if moved.rowcount != 1:
        raise StoreError("TG-STORE-MOVED", f"quote {quote.id} has moved meanwhile.")


def take(connection: sa.Connection, order: Order) -> None:
    """Take the quote of an order."""
    quote_id = str(order.quote_id)
    version = _move(connection, quote_id, QuoteState.TAKEN, at_s=order.placed_s)
    if version is None:
        raise gone(quote_id)
    _tell(
        connection,
        quote_id,
        order.tenant_id,
        order.actor,
        order.placed_s,
        state=QuoteState.TAKEN,
        version=version,
    )


def withdraw(connection: sa.Connection, quote: Quote, now_s: int, actor: str) -> Quote:
    """Withdraw a quote."""
    version = _move(connection, quote.id, QuoteState.WITHDRAWN)
    if version is None:
        raise RequestError(
            "TG-LIVE-STATE", f"quote {quote.id} is {quote.state}.", expected="a quote that is open."
        )
    state = QuoteState.WITHDRAWN
    _tell(connection, quote.id, quote.tenant_id, actor, now_s, state=state, version=version)
    return replace(quote, state=state, version=version)


def _due(pool_id: str, now_s: int) -> sa.ColumnElement[bool]:
    table = core.quote
    return sa.and_(
        table.c.pool_id == pool_id,
        sa.or_(
            sa.and_(table.c.state.in_(_MOVABLE), table.c.expires_s <= now_s),
            sa.and_(table.c.state == QuoteState.HELD.value, table.c.held_until_s <= now_s),
        ),
    )


def has_due(connection: sa.Connection, pool_id: str, now_s: int) -> bool:
    """Whether quotes of a pool expire, or their holds end."""
    query = sa.select(core.quote.c.id).where(_due(pool_id, now_s)).limit(1)
    return connection.execute(query).first() is not None


def end_due(connection: sa.Connection, pool_id: str, now_s: int) -> None:
    """Let quotes expire whose time is over, and open those again whose hold is."""
    table = core.quote
    query = sa.select(table).where(_due(pool_id, now_s)).order_by(table.c.id).with_for_update()
    events = []
    for row in connection.execute(query).mappings().all():
        quote = thing_of(Quote, row)
        is_over = quote.expires_s <= now_s
        state = QuoteState.EXPIRED if is_over else QuoteState.OPEN
        changed = {"state": state, "held_until_s": None, "version": quote.version + 1}
        connection.execute(
            sa.update(table).where(table.c.id == quote.id).values(changed | {"state": state.value})
        )
        events.append(
            Event(
                now_s, LOOP, f"quote.{state}", quote.id, plain(changed), tenant_id=quote.tenant_id
            )
        )
    append_events(connection, events)


def held(connection: sa.Connection, pool_id: str) -> dict[str, Quote]:
    """Return the quotes of a pool whose nodes are kept."""
    table = core.quote
    query = sa.select(table).where(
        table.c.pool_id == pool_id, table.c.state == QuoteState.HELD.value
    )
    rows = connection.execute(query).mappings()
    return {row["id"]: thing_of(Quote, row) for row in rows}
