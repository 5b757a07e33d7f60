"""The rule of GFS, slowly, from the page: feedback from lists of leases, victims with fractions."""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from tidegate.quota import Verdict

HOUR = 3600
LATELY = 4 * HOUR


class PastLease(NamedTuple):
    """What feedback sees of a lease; ``ended_at`` is None while it runs."""

    start: int
    ended_at: int | None
    is_completed: bool
    is_taken: bool


class Victim(NamedTuple):
    """What recall sees of a lease."""

    number: int
    nodes: int
    start: int


def periods(leases: Sequence[PastLease], now: int) -> tuple[int, int]:
    """Count the periods that failed and those that were kept in the last four hours."""
    failed_at, kept_at = list[int](), list[int]()
    for lease in leases:
        until = now if lease.ended_at is None else lease.ended_at
        kept_at += range(lease.start + HOUR, until + 1, HOUR)
        if lease.is_taken:
            failed_at.append(until)
        if lease.is_completed and (until - lease.start) % HOUR > 0:
            kept_at.append(until)
    failed, kept = (
        sum(now - LATELY < time <= now for time in times) for times in (failed_at, kept_at)
    )
    return failed, kept


def waits_since(judged: Sequence[tuple[int, Verdict]]) -> int | None:
    """Say since when the oldest waiting request waits, from times and verdicts in order; None when none does."""
    since = None
    for time, verdict in judged:
        if verdict == Verdict.ADMITTED:
            since = None
        elif verdict == Verdict.SHARE and since is None:
            since = time
    return since


def renewed(eta: float, failed: int, kept: int, *, has_waited: bool) -> float:
    """Feed back the share of failed periods."""
    failed_share = Fraction(failed, failed + kept) if failed + kept else Fraction(0)
    allowed = Fraction(1, 10)
    if failed_share >= Fraction(3, 2) * allowed:
        eta *= float(allowed / failed_share)
    elif failed_share <= allowed / 2 and has_waited:
        eta *= 1.5 - float(failed_share / allowed)
    return min(max(eta, 1e-300), 1e300)


def victims(
    leases: Sequence[Victim], need: int, now: int, periods: tuple[int, int], pool: int
) -> list[Victim]:
    """Take again and again what adds least to the cost per node needed, then let go what is too much."""

    def cost(chosen: Sequence[Victim]) -> Fraction:
        (failed, kept), n = periods, len(chosen)
        lost = sum(x.nodes * max(0, now - x.start) for x in chosen)
        share = Fraction(failed + n, failed + kept + n) if failed + kept + n else Fraction(0)
        return share + Fraction(5 * lost, pool * LATELY)

    chosen: list[Victim] = []
    while (missing := need - sum(x.nodes for x in chosen)) > 0:
        rest = [x for x in leases if x not in chosen]

        def added(lease: Victim, missing: int = missing) -> tuple[Fraction, int]:
            more = cost([*chosen, lease]) - cost(chosen)
            return more / min(lease.nodes, missing), lease.number

        chosen.append(min(rest, key=added))
    for lease in list(chosen):
        if sum(x.nodes for x in chosen) - lease.nodes >= need:
            chosen.remove(lease)
    return chosen
