"""How many nodes of a pool the jobs of its leases may hold: a limit in slurmdbd, and a watch over it.

The limit is that of the pool's QOS. Jobs are held to what slurmctld has of it in memory, so that is where it is looked
at: the question costs slurmdbd nothing.
"""

import re
import time
from typing import Final

import structlog

from tidegate.drivers.slurm.commands import Commands
from tidegate.drivers.slurm.site import Drift, SlurmPool, SlurmSite
from tidegate.errors import SlurmError

log = structlog.get_logger(__name__)

WRITE_S: Final = 6.0
"""Deadline for slurmdbd to take a limit, in seconds: nothing waits for it longer."""
READ_S: Final = 3.0
"""Deadline for slurmctld to tell limits, in seconds."""
WATCH_S: Final = 60.0
"""Seconds between two looks at the limits."""
ON_ITS_WAY_S: Final = 5.0
"""So long a limit may take from slurmdbd to slurmctld: no look before that says anything of it."""

_LIMIT: Final = re.compile(r"^QOS=([^\s(]+)\(.*?\sGrpTRES=\S*?\bnode=(\d+|N)\(")


class Limits:
    """Sets the limits, and finds those that somebody has changed.

    Parameters
    ----------
    site : SlurmSite
    commands : Commands
    watch_s : float
        Seconds between two looks.
    """

    def __init__(self, site: SlurmSite, commands: Commands, watch_s: float = WATCH_S) -> None:
        self._site = site
        self._commands = commands
        self._watch_s = watch_s
        self._most: dict[str, int] = {}
        self._wanted: dict[str, int] = {}
        self._set: dict[str, int] = {}
        self._before: dict[str, tuple[int | None, float]] = {}
        self._changed: dict[str, int | None] = {}
        self._drift: dict[str, str] = {}
        self._next = 0.0
        self._turn = 0

    def forget(self) -> None:
        """Forget what was set: somebody else may have set it since."""
        for kept in (self._most, self._wanted, self._set, self._before, self._changed, self._drift):
            kept.clear()

    def most(self, pool: SlurmPool) -> int | None:
        """Return how many nodes may be lent at most; None while nobody has said."""
        most, changed = self._most.get(pool.id), self._changed.get(pool.id)
        return most if most is None or changed is None else min(most, changed)

    def drift(self, pool: SlurmPool) -> tuple[str, ...]:
        """Return what the latest look found changed."""
        return tuple(filter(None, [self._drift.get(pool.id)]))

    def hold(self, pool: SlurmPool, most: int, leased: int) -> None:
        """Hold hand-overs to a quota at once, and jobs as soon as slurmdbd has it; never to fewer than are leased.

        Raises
        ------
        SlurmError
            When Slurm does not answer.
        """
        self._most[pool.id] = most
        self._wanted[pool.id] = wanted = max(most, leased)
        last = self._set.get(pool.id)
        if last == wanted:
            return
        if last is not None:
            # Whatever was changed since is found before it is written over.
            self._look(pool, mends=False)
        if pool.id in self._changed:
            return
        self._write(pool, wanted)

    def watch(self) -> None:
        """Look at one pool's limit, each in its turn; whatever goes wrong with it, the next time is a while later."""
        now = time.monotonic()
        there = [pool for pool in self._site.pools if pool.id in self._set]
        if now < self._next or not there:
            return
        self._next = now + self._watch_s / len(there)
        self._turn += 1
        try:
            self._look(there[self._turn % len(there)])
        except SlurmError as error:
            log.warning("limits not looked at", trouble=str(error))

    def _look(self, pool: SlurmPool, *, mends: bool = True) -> None:
        there = read_limits(self._commands, pool.lease_name)
        name, wanted, last = pool.lease_name, self._wanted[pool.id], self._set[pool.id]
        self._changed.pop(pool.id, None)
        self._drift.pop(pool.id, None)
        if name not in there:
            self._before.pop(pool.id, None)
            self._drift[pool.id] = (
                f"Slurm has no QOS {name} any more, and jobs of leases no limit: "
                "`tidegate slurm install` makes it anew"
            )
        elif there[name] == wanted:
            self._set[pool.id] = wanted  # though it was not heard that it had been taken
        elif there[name] == last or self._is_on_its_way(pool, there[name]):
            # As it was before the quota changed: somebody else's limit stood then, and it was not followed.
            if mends and there[name] == last:
                self._write(pool, wanted)
        else:
            found = "no limit" if there[name] is None else f"node={there[name]}"
            told = f"QOS {name} has {found} in place of node={last}"
            self._drift[pool.id] = f"{told}: {self._mend(pool) if mends else self._to_come()}"
            if self._site.drift is Drift.RESPECT:
                self._changed[pool.id] = there[name]

    def _is_on_its_way(self, pool: SlurmPool, found: int | None) -> bool:
        """Whether slurmctld has the limit of before, and may not have heard of the latest yet."""
        before, until = self._before.get(pool.id, (None, 0.0))
        return found == before and time.monotonic() < until

    def _to_come(self) -> str:
        return "left as it is" if self._site.drift is Drift.RESPECT else "set again"

    def _mend(self, pool: SlurmPool) -> str:
        """Set a limit again, or leave it; say what was done."""
        if self._site.drift is Drift.REPAIR:
            try:
                self._write(pool, self._wanted[pool.id])
            except SlurmError as error:
                return f"not set again ({error.message})"
        return self._to_come()

    def _write(self, pool: SlurmPool, nodes: int) -> None:
        limit = ("set", f"GrpTRES=node={nodes}")
        self._commands.run(
            "sacctmgr", "-i", "modify", "qos", pool.lease_name, *limit, seconds=WRITE_S
        )
        now = time.monotonic()
        self._before[pool.id] = self._set.get(pool.id), now + ON_ITS_WAY_S
        self._set[pool.id] = nodes
        self._next = max(self._next, now + min(ON_ITS_WAY_S, self._watch_s))


def read_limits(commands: Commands, *names: str) -> dict[str, int | None]:
    """Return how many nodes slurmctld lets jobs under each QOS hold; None where it has no limit.

    Raises
    ------
    SlurmError
        When it does not answer, or not as it should.
    """
    asked = f"qos={','.join(names)}"
    return parse_limits(
        commands.run("scontrol", "-o", "show", "assoc_mgr", "flags=qos", asked, seconds=READ_S)
    )


def parse_limits(text: str) -> dict[str, int | None]:
    """Read ``scontrol -o show assoc_mgr flags=qos``.

    Raises
    ------
    SlurmError
        ``TG-SLURM-GARBAGE`` when it is something else, or a part of it.
    """
    found: dict[str, int | None] = {}
    is_none = False
    for line in text.splitlines():
        is_none |= line.startswith("No QOS currently cached")
        if not line.startswith("QOS="):
            continue
        limit = _LIMIT.match(line)
        if limit is None:
            raise SlurmError(
                "TG-SLURM-GARBAGE", f"scontrol tells no limit of nodes in {line[:80]!r}."
            )
        found[limit[1]] = None if limit[2] == "N" else int(limit[2])
    if not found and not is_none:
        raise SlurmError("TG-SLURM-GARBAGE", f"scontrol tells of no QOS in {text[:80]!r}.")
    return found
