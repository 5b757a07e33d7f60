"""The safe-set rule, checked on every decision that was written."""

import numpy as np
import sqlalchemy as sa

from tidegate.control.packing import read_snapshot
from tidegate.quota import Snapshot
from tidegate.store import Database
from tidegate.store.tables import core
from tidegate.store.views import ViewTables


def unsafe(database: Database) -> tuple[int, int]:
    """Return how many decisions left a set of leases that is not safe, and how many there were.

    Written from the rule, not with the code that decides: for every horizon, the nodes whose remaining firm time is at
    least that horizon may not be more than the curve promises; and no more nodes than were idle were given away.
    """
    views = ViewTables(database)
    with database.looking() as connection:
        ids = list(connection.execute(sa.select(core.decision.c.id)).scalars())
    wrong = 0
    for id in ids:
        row = views.decision(id)
        assert row is not None
        snapshot = read_snapshot(row.snapshot, views.packed_snapshot)
        verdicts = row.plan["verdicts"]
        assert isinstance(verdicts, list)
        wrong += not _is_safe(snapshot, [each["verdict"] == "admitted" for each in verdicts])
    return wrong, len(ids)


def _is_safe(snapshot: Snapshot, admitted: list[bool]) -> bool:
    if not any(admitted):
        return True
    held, new = snapshot.held, snapshot.asked[np.array(admitted)]
    until_s = np.maximum(held["firm_until_s"], snapshot.now_s + held["notice_s"])
    until_s = np.minimum(until_s, held["end_s"])
    until_s = np.where(held["take_s"] >= 0, held["take_s"], until_s)
    firm_s = np.minimum(np.maximum(new["firm_s"], new["notice_s"]), new["duration_s"])
    left_s = np.concatenate((until_s - snapshot.now_s, firm_s))
    nodes = np.concatenate((held["nodes"], new["nodes"]))
    if int(new["nodes"].sum()) > snapshot.idle - snapshot.pending:
        return False
    return all(
        int(nodes[left_s >= horizon_s].sum()) <= promised
        for horizon_s, promised in zip(snapshot.horizons_s, snapshot.curve, strict=True)
    )
