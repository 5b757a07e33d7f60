"""The safe-set rule, checked on every decision that was written."""

import sqlalchemy as sa

from tidegate.control.snapshot import read_snapshot
from tidegate.store import Database
from tidegate.store.tables import core


def unsafe(database: Database) -> tuple[int, int]:
    """Return how many decisions left a set of leases that is not safe, and how many there were.

    Written from the rule, not with the code that decides: for every horizon, the nodes whose remaining firm time is at
    least that horizon may not be more than the curve promises; and no more nodes than were idle were given away.
    """
    wrong = count = 0
    with database.reading() as connection:
        rows = connection.execute(sa.select(core.decision)).mappings()
        for row in rows:
            count += 1
            snapshot = read_snapshot(row["snapshot"])
            remaining = []
            for lease in snapshot.held:
                until_s = max(int(lease["firm_until_s"]), snapshot.now_s + int(lease["notice_s"]))
                until_s = min(until_s, int(lease["end_s"]))
                if lease["take_s"] >= 0:
                    until_s = int(lease["take_s"])
                remaining.append((until_s - snapshot.now_s, int(lease["nodes"])))
            given = 0
            for asked, verdict in zip(snapshot.asked, row["plan"]["verdicts"], strict=True):
                if verdict["verdict"] != "admitted":
                    continue
                firm_s = max(int(asked["firm_s"]), int(asked["notice_s"]))
                remaining.append((min(firm_s, int(asked["duration_s"])), int(asked["nodes"])))
                given += int(asked["nodes"])
            admitted = given > 0
            over = any(
                sum(nodes for left_s, nodes in remaining if left_s >= horizon_s) > promised
                for horizon_s, promised in zip(snapshot.horizons_s, snapshot.curve, strict=True)
            )
            wrong += admitted and (over or given > snapshot.idle - snapshot.pending)
    return wrong, count
