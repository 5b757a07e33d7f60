"""Looking at the cluster: at all of it, or at the few nodes that a command is about."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from tidegate.control.ports import Clock
from tidegate.drivers.slurm.commands import Commands
from tidegate.drivers.slurm.doubts import Doubts
from tidegate.drivers.slurm.moves import is_held
from tidegate.drivers.slurm.site import SlurmPool
from tidegate.drivers.slurm.view import View, look, look_at
from tidegate.errors import SlurmError

CLOCK_S: Final = 600
"""Seconds between two looks at slurmctld's clock."""
NEAR_S: Final = 2
"""Clocks that are no more seconds apart are taken for one."""

_AS_OF: Final = re.compile(r"^Configuration data as of (\S+)$", re.MULTILINE)


def read_time(commands: Commands) -> int | None:
    """Return the time by slurmctld's clock; None when it does not say."""
    found = _AS_OF.search(commands.run("scontrol", "show", "config"))
    try:
        told = datetime.fromisoformat(found[1]) if found else None
    except ValueError:
        return None
    return int(told.replace(tzinfo=UTC).timestamp()) if told else None


def by_clock(view: View, behind_s: int) -> View:
    """Return a view whose times are those of a clock that slurmctld's is so many seconds behind of.

    A time that is not known stays so.
    """
    return View(
        view.at_s,
        {
            name: replace(node, reason_s=node.reason_s + behind_s) if node.reason_s else node
            for name, node in view.nodes.items()
        },
        tuple(
            replace(
                job,
                start_s=job.start_s + behind_s if job.start_s else 0,
                submit_s=job.submit_s + behind_s if job.submit_s else 0,
            )
            for job in view.jobs
        ),
        {
            name: replace(each, start_s=each.start_s + behind_s, end_s=each.end_s + behind_s)
            for name, each in view.reservations.items()
        },
    )


class Eyes:
    """Looks, and keeps in mind which nodes are lent.

    Parameters
    ----------
    commands : Commands
    clock : Clock
        The time that views bear, and all times in them.
    doubts : Doubts
        What is seen is held against.
    """

    def __init__(self, commands: Commands, clock: Clock, doubts: Doubts) -> None:
        self._commands = commands
        self._clock = clock
        self._doubts = doubts
        self._behind_s = 0
        self._next_s: int | None = None
        self._lent: set[str] | None = None

    def all(self) -> View:
        """Look at everything.

        Raises
        ------
        SlurmError
            When Slurm does not answer, or not as it should.
        """
        view = self._by_clock(look(self._commands, self._clock.now_s()))
        self._doubts.check(view)
        self._lent = set()
        self._note(view)
        return view

    def at(self, nodes: Sequence[str], lease_id: str = "") -> View:
        """Look at some nodes, those of a lease's reservation, the jobs on them, and all reservations.

        What it takes does not grow with the cluster; what waits in a queue is not in it.

        Raises
        ------
        SlurmError
            When Slurm does not answer, or not as it should.
        """
        try:
            view = look_at(self._commands, self._clock.now_s(), nodes, lease_id)
        except SlurmError as error:
            if error.code != "TG-SLURM-FAILED":
                raise
            return self.all()  # one of them is not there any more
        view = self._by_clock(view)
        self._doubts.check_some(view, nodes)
        self._note(view)
        return view

    def _by_clock(self, view: View) -> View:
        """Put what Slurm says in its own time into ours, where the two are apart."""
        now_s = self._clock.now_s()
        if self._next_s is None or not 0 < self._next_s - now_s <= CLOCK_S:
            told_s = read_time(self._commands)
            # One that took long to answer says little.
            if told_s is not None and self._clock.now_s() - now_s <= NEAR_S:
                apart_s = self._clock.now_s() - told_s
                self._behind_s = apart_s if abs(apart_s) > NEAR_S else 0
            self._next_s = now_s + CLOCK_S
        return by_clock(view, self._behind_s) if self._behind_s else view

    def lent(self, pool: SlurmPool) -> int:
        """Return how many nodes that are alive are a lease's, or on their way to it."""
        if self._lent is None:
            self.all()
        lent = self._lent or ()
        return sum(node in lent for node in pool.nodes)

    def note_taken(self, nodes: Iterable[str]) -> None:
        """Take in that nodes are on their way back."""
        if self._lent is not None:
            self._lent.difference_update(nodes)

    def forget(self) -> None:
        """Forget what was lent: somebody else may have acted since."""
        self._lent = None

    def _note(self, view: View) -> None:
        if self._lent is None:
            return  # only part of it was seen
        for name, node in view.nodes.items():
            tag = view.tags.get(name)
            if tag is not None and is_held(tag) and not node.dead:
                self._lent.add(name)
            else:
                self._lent.discard(name)
