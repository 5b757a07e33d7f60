"""What the lease's life asks of a store, on SQLite and on PostgreSQL."""

import contextlib
from dataclasses import replace
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from tests.control.living import START_S, Living, a_pool, an_order

from tidegate.control.book import Book
from tidegate.control.changes import Changes
from tidegate.control.ids import Prefix, new_id
from tidegate.control.store import LEADER
from tidegate.errors import FencedError, RequestError, StoreError
from tidegate.fleet import Tier
from tidegate.lease.events import Event
from tidegate.lease.lease import Holding, Lease, Order, Quote
from tidegate.lease.replay import Life, replay
from tidegate.lease.states import HoldingState, OrderState, QuoteState
from tidegate.store import Database
from tidegate.store.events import append_events, read_events
from tidegate.store.leadership import LeadershipTable
from tidegate.store.leaserows import holding_of, thing_of, values_of
from tidegate.store.leases import LeaseTables
from tidegate.store.tables import core

POOL = a_pool(4)


def a_quote(**more: object) -> Quote:
    terms: dict[str, object] = {
        "id": new_id(Prefix.QUOTE),
        "tenant_id": "ten_one",
        "pool_id": POOL.id,
        "product": "flex",
        "nodes": 1,
        "duration_s": 3600,
        "start_at_s": None,
        "price": Decimal("1.4000"),
        "currency": "USD",
        "price_detail": {"rates": ["1.4"]},
        "opened_s": START_S,
        "expires_s": START_S + 900,
    }
    return Quote(**(terms | more))  # type: ignore[arg-type]


def row_of_lease(
    pool_id: str, order_id: str, live_tier: str | None, number: int = 1
) -> dict[str, object]:
    lease = Lease(
        id=new_id(Prefix.LEASE),
        order_id=order_id,
        tenant_id="ten_one",
        pool_id=pool_id,
        product="flex",
        number=number,
        nodes=1,
        admitted_s=START_S,
        start_s=START_S,
        end_s=START_S + 3600,
        firm_s=3600,
        firm_until_s=START_S + 3600,
        notice_s=600,
        price=Decimal(1),
        currency="USD",
    )
    return {**values_of(lease), "live_tier": live_tier}


def test_an_order_comes_back_as_it_was(database: Database):
    store = LeaseTables(database)
    store.set_up([POOL])
    order = an_order(POOL, price=Decimal("1.230"), price_detail={"b": [1, "ø"], "a": None})
    assert store.place(order) == order
    assert store.order(order.id) == order
    assert store.placed(POOL.id) == [order]


def test_a_key_makes_one_order_however_often_it_comes(database: Database):
    store = LeaseTables(database)
    store.set_up([POOL])
    first = store.place(an_order(POOL, idempotency_key="k"))
    assert store.place(an_order(POOL, idempotency_key="k")) == first
    other = store.place(an_order(POOL, idempotency_key="k", tenant_id="ten_two"))
    assert store.placed(POOL.id) == [first, other]


def test_a_quote_is_taken_once(database: Database):
    store = LeaseTables(database)
    store.set_up([POOL])
    quote = a_quote()
    store.add_quote(quote, "key_one")
    assert store.quote(quote.id) == quote
    store.place(an_order(POOL, quote_id=quote.id))
    taken = store.quote(quote.id)
    assert taken is not None
    assert taken.state is QuoteState.TAKEN
    with pytest.raises(RequestError) as caught:
        store.place(an_order(POOL, quote_id=quote.id))
    assert caught.value.code == "TG-LIVE-QUOTE"
    with pytest.raises(RequestError) as caught:
        store.withdraw_quote(quote, START_S, "key_one")
    assert caught.value.code == "TG-LIVE-STATE"
    assert len(store.placed(POOL.id)) == 1


@pytest.mark.parametrize("spoil", ["expired", "withdrawn"])
def test_a_quote_that_is_over_leaves_no_order_behind(database: Database, spoil: str):
    store = LeaseTables(database)
    store.set_up([POOL])
    quote = a_quote(expires_s=START_S if spoil == "expired" else START_S + 900)
    store.add_quote(quote, "key_one")
    if spoil == "withdrawn":
        store.withdraw_quote(quote, START_S, "key_one")
    with pytest.raises(RequestError):
        store.place(an_order(POOL, quote_id=quote.id))
    assert store.placed(POOL.id) == []


@pytest.mark.parametrize("live_tier", ["frontier", "mainstay", "retired", None])
def test_the_database_refuses_a_lease_of_a_frontier_gpu(database: Database, live_tier: str | None):
    frontier = a_pool(4, tier=Tier.FRONTIER, id="gb200")
    store = LeaseTables(database)
    store.set_up([POOL, frontier])
    order = store.place(replace(an_order(POOL), pool_id="gb200"))
    with pytest.raises(IntegrityError), database.transaction() as connection:
        connection.execute(sa.insert(core.lease).values(row_of_lease("gb200", order.id, live_tier)))


def test_a_leased_pool_does_not_become_frontier(database: Database):
    living = Living(database, POOL, quiet_days=14)
    living.step()
    living.place(an_order(POOL, nodes=2))
    living.clock.time_s += 300
    living.step()
    frontier = replace(POOL, pool=replace(POOL.pool, tier=Tier.FRONTIER), offers=())
    with pytest.raises(StoreError) as caught:
        living.store.set_up([frontier])
    assert caught.value.code == "TG-LIVE-FRONTIER"
    # Another tier that may be leased is taken over by the lease.
    living.store.set_up([replace(POOL, pool=replace(POOL.pool, tier=Tier.LEGACY))])
    with database.reading() as connection:
        tiers = connection.execute(sa.select(core.lease.c.live_tier)).scalars().all()
    assert list(tiers) == ["legacy"]


def test_the_database_refuses_a_node_in_two_hands(database: Database):
    living = Living(database, POOL, quiet_days=14)
    living.step()
    living.place(an_order(POOL))
    living.clock.time_s += 300
    living.step()
    with database.reading() as connection:
        held = connection.execute(
            sa.select(core.holding).where(core.holding.c.lease_id.is_not(None))
        ).mappings()
        row = next(dict(row) for row in held if row["until_s"] is None)
    row["id"] = None
    with pytest.raises(IntegrityError), database.transaction() as connection:
        connection.execute(sa.insert(core.holding).values({k: v for k, v in row.items() if v}))


def test_a_leader_that_was_followed_cannot_write(database: Database):
    living = Living(database, POOL, quiet_days=14)
    leadership = LeadershipTable(database)
    epoch = leadership.lead(LEADER, "test", 3600)
    assert epoch == 1
    assert leadership.lead(LEADER, "other", 6) is None
    leadership.resign(LEADER, "test")
    assert leadership.lead(LEADER, "other", 6) == 2
    living.place(an_order(POOL))
    with pytest.raises(FencedError):
        living.step()
    assert [order.state for order in living.store.placed(POOL.id)] == [OrderState.PLACED]


def test_numbers_of_events_have_no_gaps_and_nothing_is_lost_with_a_rollback(database: Database):
    told = [Event(START_S, "me", "test.told", str(i)) for i in range(3)]
    with database.transaction() as connection:
        append_events(connection, told)
    with contextlib.suppress(RuntimeError), database.transaction() as connection:
        append_events(connection, told)
        raise RuntimeError
    with database.transaction() as connection:
        append_events(connection, told[:1])
    with database.reading() as connection:
        assert [event.seq for event in read_events(connection)] == [1, 2, 3, 4]


def state_in_tables(database: Database) -> Life:
    life = Life()
    with database.reading() as connection:
        for row in connection.execute(sa.select(core.quote)).mappings():
            life.things[row["id"]] = thing_of(Quote, row)
        for row in connection.execute(sa.select(core.lease_order)).mappings():
            life.things[row["id"]] = thing_of(Order, row)
        for row in connection.execute(sa.select(core.lease)).mappings():
            life.things[row["id"]] = thing_of(Lease, row)
        rows = connection.execute(sa.select(core.holding).order_by(core.holding.c.id)).mappings()
        for holding in map(holding_of, rows):
            if holding.until_s is None:
                life.holdings[holding.pool_id, holding.node] = holding
            else:
                life.past.append(holding)
    return life


def test_the_state_follows_from_the_events_alone(database: Database):
    from tests.control.test_life import a_busy_day  # noqa: PLC0415 - one day, told once

    a_busy_day(database)
    with database.reading() as connection:
        life = replay(read_events(connection))
    tables = state_in_tables(database)
    assert life.things == tables.things
    assert life.holdings == tables.holdings

    def order(holding: Holding) -> tuple[str, int, int, str]:
        assert holding.until_s is not None
        return (holding.node, holding.since_s, holding.until_s, holding.state)

    assert sorted(life.past, key=order) == sorted(tables.past, key=order)
    assert {type(thing).__name__ for thing in life.things.values()} == {"Quote", "Order", "Lease"}


def test_a_new_leader_finds_what_the_old_one_knew(database: Database):
    living = Living(database, POOL, quiet_days=14)
    living.step()
    for nodes in (1, 2):
        living.place(an_order(POOL, nodes=nodes))
    living.run_until(START_S + 3600)
    old = living.line.book
    new = Book(POOL, living.store.kept(POOL.id), old.steering)
    assert new.leases == old.leases
    assert new.holdings == old.holdings
    assert new.roster.nodes_of == old.roster.nodes_of
    assert new.record == old.record
    assert (new.curve == old.curve).all()
    assert new.next_lease_number() == old.next_lease_number()
    assert new.roster.count(HoldingState.LEASED) == 3


def test_nothing_is_written_of_a_step_that_fails(database: Database):
    living = Living(database, POOL, quiet_days=14)
    order = living.place(an_order(POOL))
    twice = Changes(leases={"x": None}, new_leases=set())  # type: ignore[dict-item]
    with pytest.raises(AttributeError):
        living.store.write(POOL.id, 1, twice)
    assert living.store.placed(POOL.id) == [order]
