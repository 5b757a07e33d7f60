"""What holds in every play, whoever plays it (DESIGN.md, section 4)."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from tests.simulate.strategies import Case

from tidegate.quota import Verdict
from tidegate.simulate.model import Holder, Outcome, Played


class Row(NamedTuple):
    """A row of ``Played.holdings``."""

    node: int
    holder: int
    id: int
    start: int
    end: int


def rows_by_node(case: Case, played: Played) -> list[list[Row]]:
    """The holdings of each node, in order of time."""
    by_node: list[list[Row]] = [[] for _ in range(case.cluster.nodes)]
    for values in played.holdings.tolist():
        row = Row(*values)
        by_node[row.node].append(row)
    return by_node


def gpus_of(case: Case, row: Row) -> int:
    """GPUs of its node that a row holds."""
    per_node = case.cluster.gpus_per_node
    return min(per_node, int(case.jobs.gpus[row.id])) if row.holder == Holder.INTERNAL else per_node


def segments(case: Case, rows: list[Row]) -> Iterator[tuple[int, int, list[Row]]]:
    """Cut a node's time where a holder or the window begins or ends: start, end, who holds."""
    window = case.window
    cuts = {window.lease_from_s, window.stop_s}
    cuts |= {time for row in rows for time in (row.start, row.end)}
    ordered = sorted(cuts)
    for start, end in pairwise(ordered):
        yield start, end, [row for row in rows if row.start <= start and end <= row.end]


def check_holdings_are_sorted(_: Case, played: Played) -> None:
    rows = [Row(*values) for values in played.holdings.tolist()]
    assert rows == sorted(rows, key=lambda row: (row.node, row.start, row.holder, row.id))
    assert all(row.start < row.end for row in rows)


def check_one_holder_per_node(case: Case, played: Played) -> None:
    for rows in rows_by_node(case, played):
        for _, _, holders in segments(case, rows):
            assert sum(gpus_of(case, row) for row in holders) <= case.cluster.gpus_per_node
            if len(holders) > 1:
                assert {row.holder for row in holders} == {Holder.INTERNAL}


def check_sanitised_between_holders(case: Case, played: Played) -> None:
    sanitise_s, stop_s = case.cluster.sanitise_s, case.window.stop_s
    for rows in rows_by_node(case, played):
        dirty = False
        for i, row in enumerate(rows):
            if row.holder == Holder.INTERNAL:
                dirty = True
            elif row.holder == Holder.FAILED:
                dirty = False
            elif row.holder == Holder.LEASE:
                # One that replaces a failed node is sanitised while the lease runs on.
                if dirty and row.start <= played.leases.start_s[row.id]:
                    assert played.leases.start_s[row.id] - row.start >= sanitise_s
                dirty = False
                if sanitise_s > 0 and i + 1 < len(rows) and row.end < stop_s:
                    following = rows[i + 1]
                    assert following.start == row.end
                    # A lease that displaced this one has the node sanitised before it starts.
                    if following.holder == Holder.LEASE:
                        assert played.leases.displaced_for[row.id] == following.id
                        dirty = True
                    else:
                        assert following.holder in (Holder.SANITISING, Holder.FAILED)
            elif i + 1 < len(rows) and rows[i + 1].holder != Holder.FAILED and row.end < stop_s:
                assert row.end - row.start == sanitise_s


def check_internal_work_is_never_refused(case: Case, played: Played) -> None:
    assert np.all(played.job_start_s >= case.jobs.submit_s)
    last: dict[int, tuple[int, int]] = {}
    for row in map(Row._make, played.holdings.tolist()):
        if row.holder == Holder.INTERNAL:
            last[row.id] = max(last.get(row.id, (0, 0)), (row.start, row.end))
    for job, (start, end) in last.items():
        if case.jobs.duration_s[job] > 0:
            assert start == played.job_start_s[job]
            assert end == start + case.jobs.duration_s[job]


def check_promises_are_kept_or_breaks_recorded(case: Case, played: Played) -> None:
    leases = played.leases
    for i in np.flatnonzero(leases.verdict == Verdict.ADMITTED).tolist():
        outcome, end = leases.outcome[i], leases.end_s[i]
        due = leases.start_s[i] + case.requests.duration_s[i]
        firm_until = leases.start_s[i] + case.requests.firm_s[i]
        assert end <= due
        assert outcome != Outcome.REFUSED
        if outcome == Outcome.COMPLETED:
            assert end == due
        if outcome == Outcome.RECALLED:
            assert firm_until <= end < due
        if outcome == Outcome.BROKEN:
            assert leases.broken_s[i] > 0
        if outcome in (Outcome.RECALLED, Outcome.BROKEN):
            assert end == leases.notice_at_s[i] + case.requests.notice_s[i]
        if outcome == Outcome.OPEN:
            assert end == case.window.stop_s
        broken = outcome in (Outcome.BROKEN, Outcome.FAILED)
        # What fails before it starts loses no more than was promised.
        lost = max(0, firm_until - max(end, leases.start_s[i]))
        assert leases.broken_s[i] == (lost if broken else 0)
        if leases.start_s[i] > case.requests.time_s[i] + case.cluster.sanitise_s:
            displaced = np.flatnonzero(leases.displaced_for == i)
            taken = case.requests.notice_s[displaced] + leases.notice_at_s[displaced]
            assert leases.start_s[i] == taken.max() + case.cluster.sanitise_s
    for i in np.flatnonzero(leases.displaced_for >= 0).tolist():
        assert case.requests.price[leases.displaced_for[i]] > case.requests.price[i]
        assert leases.outcome[i] != Outcome.BROKEN
    refused = leases.verdict > Verdict.ADMITTED
    assert np.all(leases.outcome[refused] == Outcome.REFUSED)
    assert np.all((leases.horizon >= 0) == (leases.verdict == Verdict.QUOTA))


def check_requests_outside_the_window_are_not_judged(case: Case, played: Played) -> None:
    times, window = case.requests.time_s, case.window
    inside = (window.lease_from_s <= times) & (times < window.stop_s)
    assert np.array_equal(played.leases.verdict >= 0, inside)


def check_every_gpu_second_is_metered_once(case: Case, played: Played) -> None:
    lease_from, stop = case.window.lease_from_s, case.window.stop_s
    held = dict.fromkeys(Holder, 0)
    idle = 0
    for rows in rows_by_node(case, played):
        for start, end, holders in segments(case, rows):
            if lease_from <= start and end <= stop:
                for row in holders:
                    held[Holder(row.holder)] += (end - start) * gpus_of(case, row)
                used = sum(gpus_of(case, row) for row in holders)
                idle += (end - start) * (case.cluster.gpus_per_node - used)
    assert played.held.tolist() == list(held.values())
    capacity = case.cluster.nodes * case.cluster.gpus_per_node * (stop - lease_from)
    assert sum(held.values()) + idle == capacity


def check_leases_are_metered_once(case: Case, played: Played) -> None:
    """Each lease has one row for each of its nodes, from admission to its end.

    A node of a lease displaced for it comes when that one ends, and one that replaces a failed node when it fails.
    """
    failed = {
        (int(node), int(time))
        for time, node in zip(case.failures.time_s, case.failures.node, strict=True)
    }
    rows_of: dict[int, list[Row]] = {}
    for row in map(Row._make, played.holdings.tolist()):
        if row.holder == Holder.LEASE:
            rows_of.setdefault(row.id, []).append(row)
    total = 0
    for i in np.flatnonzero(played.leases.verdict == Verdict.ADMITTED).tolist():
        start, end = int(case.requests.time_s[i]), int(played.leases.end_s[i])
        rows = rows_of.pop(i, [])
        displaced = np.flatnonzero(played.leases.displaced_for == i)
        starts = {start, *played.leases.end_s[displaced].tolist()}
        total += sum(row.end - row.start for row in rows) * case.cluster.gpus_per_node
        lost = [row for row in rows if row.end < end]
        assert all((row.node, row.end) in failed for row in lost)
        to_its_end = [row for row in rows if row.end == end]
        assert len({row.node for row in to_its_end}) == len(to_its_end)
        assert len(lost) + len(to_its_end) == len(rows)
        assert len(to_its_end) <= case.requests.nodes[i]
        if end > played.leases.start_s[i]:
            assert len(to_its_end) == case.requests.nodes[i]
        assert {row.start for row in rows} <= starts | {row.end for row in lost}
    assert not rows_of
    assert played.held[Holder.LEASE] == total


def check_ticks_add_up(case: Case, played: Played) -> None:
    tick, stop = case.window.tick_s, case.window.stop_s
    ticks, nodes = played.ticks, case.cluster.nodes
    assert len(ticks.demand) == (len(range(0, stop, tick)) if tick else 0)
    assert np.array_equal(ticks.demand, ticks.busy + ticks.pending)
    assert np.all(ticks.busy + ticks.leased.sum(axis=1) + ticks.sanitising + ticks.failed <= nodes)


CHECKS = (
    check_holdings_are_sorted,
    check_one_holder_per_node,
    check_sanitised_between_holders,
    check_internal_work_is_never_refused,
    check_promises_are_kept_or_breaks_recorded,
    check_requests_outside_the_window_are_not_judged,
    check_every_gpu_second_is_metered_once,
    check_leases_are_metered_once,
    check_ticks_add_up,
)
