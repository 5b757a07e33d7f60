"""The history of internal demand, from sacct: what a forecast begins with."""

import time
from collections.abc import Callable, Iterable, Iterator
from math import ceil
from typing import Final

from tidegate.control.ports import Clock, DemandPoint
from tidegate.drivers.slurm.commands import Commands
from tidegate.drivers.slurm.history import Row, by_pool, history, moment
from tidegate.drivers.slurm.records import gpus_of_tres
from tidegate.drivers.slurm.site import SlurmPool, SlurmSite
from tidegate.errors import DriverError

TICK_S: Final = 300
MOST_HISTORY_S: Final = 56 * 86_400
"""No forecast looks further back."""


class SlurmFeed:
    """Demand of the past, job by job from submission to end, in whole nodes.

    Parameters
    ----------
    site : SlurmSite
    commands : Commands
        What runs sacct.
    clock : Clock
    pause : callable
        Waits so many seconds between two queries.
    """

    def __init__(
        self,
        site: SlurmSite,
        commands: Commands,
        clock: Clock,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._site = site
        self._commands = commands
        self._clock = clock
        self._pause = pause

    def demand(self, pool: str, since_s: int) -> Iterable[DemandPoint]:
        """Return a pool's internal demand every five minutes from ``since_s`` on.

        Raises
        ------
        DriverError
            ``TG-DRIVER-UNKNOWN`` when there is no such pool; ``TG-SLURM-...`` when sacct does not answer.
        """
        found = self._site.pool(pool)
        if found is None:
            raise DriverError("TG-DRIVER-UNKNOWN", f"There is no pool {pool!r} in this cluster.")
        now_s = self._clock.now_s()
        since_s = max(since_s, now_s - MOST_HISTORY_S)
        rows = history(self._commands, since_s, max(now_s, since_s + 1), pause=self._pause)
        nodes = {node: p.id for p in self._site.pools for node in p.nodes}
        kinds = {p.gpu_type: p.id for p in self._site.pools}
        return series(by_pool(rows, nodes, kinds).get(pool, []), found, since_s, now_s)


def series(rows: Iterable[Row], pool: SlurmPool, since_s: int, now_s: int) -> Iterator[DemandPoint]:
    """Return the nodes that runs held or waited for, at each tick of [since, now].

    Parameters
    ----------
    rows : iterable of Row
        The pool's internal runs.
    pool : SlurmPool
    since_s, now_s : int
        Unix seconds.
    """
    first = -(-since_s // TICK_S)
    ticks = max(0, now_s // TICK_S - first + 1)
    change = [0.0] * (ticks + 1)
    for row in rows:
        begin, end = moment(row["Submit"]), moment(row["End"]) or now_s + 1
        gpus = gpus_of_tres(row["AllocTRES"] or row["ReqTRES"])[1]
        if not (begin and gpus) or (row["Start"] in ("Unknown", "None") and not row.open):
            continue  # never started, and will not
        share = gpus / pool.gpus_per_node
        nodes = float(ceil(share)) if share >= 1 else share
        low = min(max(-(-begin // TICK_S) - first, 0), ticks)
        high = min(max(-(-end // TICK_S) - first, 0), ticks)
        change[low] += nodes
        change[high] -= nodes
    level = 0.0
    for tick in range(ticks):
        level += change[tick]
        yield DemandPoint((first + tick) * TICK_S, min(len(pool.nodes), ceil(level - 1e-9)))
