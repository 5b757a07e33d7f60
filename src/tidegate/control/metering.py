"""Metering: the ledger is brought into line with the holdings, again and again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tidegate.control.money_store import MoneyDoor, MoneyRules, MoneyStore, money_event
from tidegate.lease.events import Event
from tidegate.meter import settle

MARK: Final = "meter"

METER_CONFLICT: Final = "meter.conflict"
"""Two leases claim a node at the same time; it is metered for neither until the facts are corrected."""

_AT_ONCE: Final = 200


@dataclass(frozen=True)
class Metered:
    """What a pass came to.

    Attributes
    ----------
    records, gpu_seconds : int
        Added to the ledger.
    conflicts : int
        Found for the first time.
    """

    records: int = 0
    gpu_seconds: int = 0
    conflicts: int = 0


def meter(door: MoneyDoor, rules: MoneyRules, now_s: int, *, looks_back: bool = True) -> Metered:
    """Meter all that was held until now.

    May be run by anybody at any time, twice or after a crash: what is in the ledger already is not added again.

    Parameters
    ----------
    door : MoneyDoor
    rules : MoneyRules
    now_s : int
    looks_back : bool
        Whether facts are held against the ledger again as far back as they may come late; else only since
        shortly before the last pass, which costs no more the longer leases last.
    """
    with door.changing() as store:
        return meter_within(store, rules, now_s, looks_back=looks_back)


def meter_within(
    store: MoneyStore, rules: MoneyRules, now_s: int, *, looks_back: bool = True
) -> Metered:
    """Meter inside a transaction that goes on to bill."""
    before = store.meter.mark(MARK)
    if before is None:
        from_s = 0
    elif looks_back or now_s < before:
        from_s = max(0, min(now_s, before) - rules.late_s)
    else:
        # Facts are as a rule late by less than the time between two passes.
        from_s = max(0, before - rules.meter_every_s)
    metered, events = meter_leases(store, store.meter.to_settle(from_s), now_s, from_s)
    store.meter.set_mark(MARK, max(now_s, before or 0))
    if events:
        store.events.append(events)
    return metered


def meter_leases(
    store: MoneyStore, lease_ids: Sequence[str], now_s: int, from_s: int = 0
) -> tuple[Metered, list[Event]]:
    """Bring the ledger of some leases into line; return what that came to, and the events to be told."""
    events: list[Event] = []
    records = seconds = 0
    for place in range(0, len(lease_ids), _AT_ONCE):
        asked = lease_ids[place : place + _AT_ONCE]
        held = store.meter.held(asked, from_s)
        stops = store.meter.stops({each.lease_id for each in held})
        settled = settle(asked, held, store.meter.ledger(asked, from_s), stops, now_s, from_s)
        store.meter.record(settled.records)
        records += len(settled.records)
        seconds += sum(record.gpu_seconds for record in settled.records)
        for conflict in settled.conflicts:
            if store.meter.note_conflict(conflict, now_s):
                data = {
                    "node": conflict.node,
                    "start_s": conflict.start_s,
                    "end_s": conflict.end_s,
                    "lease_ids": list(conflict.lease_ids),
                }
                events.append(money_event(METER_CONFLICT, conflict.node, None, data, now_s))
    return Metered(records, seconds, len(events)), events
