"""What must hold of a database whatever was killed when."""

import itertools
from collections import Counter, defaultdict
from pathlib import Path

import sqlalchemy as sa
from tests.contract.test_store import state_in_tables

from tidegate.control.metering import meter
from tidegate.control.money_store import MoneyRules
from tidegate.drivers.embedded.journal import Journal
from tidegate.lease.replay import replay
from tidegate.lease.states import BILLABLE, HoldingState, OrderState
from tidegate.store import Database
from tidegate.store.events import read_events
from tidegate.store.money import SqlMoney
from tidegate.store.tables import core
from tidegate.store.tables import money as money_tables


def check_whole(database: Database, folder: Path, now_s: int) -> Counter[str]:
    """Check it; return how many of what there were."""
    with database.reading() as connection:
        events = list(read_events(connection))
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    life, tables = replay(events), state_in_tables(database)
    # An order that nobody has judged yet has its row, and no event.
    placed = {
        id
        for id, thing in tables.things.items()
        if thing.state is OrderState.PLACED and id not in life.things
    }
    assert {id: life.things[id] for id in life.things} == {
        id: thing for id, thing in tables.things.items() if id not in placed
    }
    assert life.holdings == tables.holdings
    assert Counter(life.past) == Counter(tables.past)
    _check_orders(database)
    _check_holdings(database)
    _check_journal(folder)
    _check_meter(database, now_s)
    return Counter(event.kind for event in events)


def _check_orders(database: Database) -> None:
    with database.reading() as connection:
        orders = connection.execute(sa.select(core.lease_order)).mappings().all()
        leases = connection.execute(sa.select(core.lease)).mappings().all()
    lease_of = {row["order_id"]: row["id"] for row in leases}
    assert len(lease_of) == len(leases), "an order has two leases"
    for row in orders:
        assert lease_of.get(row["id"]) == row["lease_id"]
        assert (row["lease_id"] is not None) == (row["state"] == "admitted")


def _check_holdings(database: Database) -> None:
    with database.reading() as connection:
        rows = connection.execute(sa.select(core.holding).order_by(core.holding.c.id)).mappings()
        by_node = defaultdict(list)
        for row in rows:
            by_node[row["pool_id"], row["node"]].append(row)
    for key, held in by_node.items():
        for before, after in itertools.pairwise(held):
            assert before["until_s"] == after["since_s"], f"{key} has a gap or is held twice"
        assert held[-1]["until_s"] is None


def _check_journal(folder: Path) -> None:
    """Every command took effect once, however often it was sent."""
    for path in (folder / "data" / "embedded").glob("*.journal"):
        journal = Journal(path)
        tokens = [entry["command"]["token"] for entry in journal.news()]
        journal.close()
        assert len(tokens) == len(set(tokens))


def _check_meter(database: Database, now_s: int) -> None:
    """Every second that a tenant had a node is in the ledger once."""
    meter(SqlMoney(database), MoneyRules(late_s=10 * 365 * 86_400), now_s)
    states = [str(state) for state in BILLABLE]
    holding, record = core.holding, money_tables.meter_record
    with database.reading() as connection:
        gpus = dict(connection.execute(sa.select(core.pool.c.id, core.pool.c.gpus_per_node)).all())
        ends = dict(connection.execute(sa.select(core.lease.c.id, core.lease.c.ended_s)).all())
        held: Counter[str] = Counter()
        for row in connection.execute(
            sa.select(holding).where(holding.c.state.in_(states))
        ).mappings():
            until_s = row["until_s"] if row["until_s"] is not None else now_s
            if ends[row["lease_id"]] is not None:
                until_s = min(until_s, ends[row["lease_id"]])
            held[row["lease_id"]] += max(0, until_s - row["since_s"]) * gpus[row["pool_id"]]
        metered: Counter[str] = Counter()
        for row in connection.execute(sa.select(record)).mappings():
            metered[row["lease_id"]] += row["gpus"] * (row["end_s"] - row["start_s"])
    assert +metered == +held


def leased_nodes(database: Database) -> dict[str, str]:
    """Nodes that the tables have with tenants, each with its lease."""
    states = [str(HoldingState.LEASED), str(HoldingState.NOTICED)]
    with database.reading() as connection:
        rows = connection.execute(
            sa.select(core.holding.c.node, core.holding.c.lease_id).where(
                core.holding.c.until_s.is_(None), core.holding.c.state.in_(states)
            )
        ).all()
    return dict(rows)
