"""Carrying on with what has been begun: wipes, letting tenants in, mending, warning."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tidegate.drivers.slurm import hands
from tidegate.drivers.slurm.commands import Commands
from tidegate.drivers.slurm.mender import Mender
from tidegate.drivers.slurm.moves import is_occupied, job_leaves, wants_wipe
from tidegate.drivers.slurm.site import SlurmSite
from tidegate.drivers.slurm.tag import Phase, Tag
from tidegate.drivers.slurm.view import View
from tidegate.drivers.slurm.warden import Warden
from tidegate.drivers.slurm.wipes import Wipes

FORGOTTEN_S: Final = 60
"""A clean node that is not given back by then is opened without being told to."""


class Keeper:
    """Does what is due, from what a view shows.

    Parameters
    ----------
    site : SlurmSite
    commands : Commands
    wipes : Wipes
    now_s : callable
        The driver's clock.

    Attributes
    ----------
    silent_s : dict of str to int
        Since when nodes have not answered slurmctld.
    """

    def __init__(
        self, site: SlurmSite, commands: Commands, wipes: Wipes, now_s: Callable[[], int]
    ) -> None:
        self._site = site
        self._now_s = now_s
        self._commands = commands
        self._wipes = wipes
        self.warden = Warden(site, commands)
        self.mender = Mender(site, commands)
        self.silent_s: dict[str, int] = {}

    def forget(self) -> None:
        """Forget what was: somebody else may have acted since."""
        self.mender.forget_all()
        self.silent_s = {}

    def close(self) -> None:
        """Begin no more wipes."""
        self._wipes.close()

    def carry_on(self, view: View, *, collects: bool = True) -> bool:
        """Do what is due; say whether anything was changed.

        Parameters
        ----------
        view : View
        collects : bool
            Whether wipes that have ended are taken in; those that end while a look goes on are the next one's.

        Raises
        ------
        SlurmError
            When Slurm does not answer; all that is left to do is found again the next time.
        """
        self.warden.count_starts(view)
        self._note_silent(view)
        if collects and self._collect_wipes(view):
            return True  # what else is due is seen at the next look
        self.begin_wipes(view)
        if self._let_in(view):
            return True
        changed = self.mender.mend(view) or self._give_back_forgotten(view)
        self.warden.warn_newcomers(view)
        leaving = [n for n, tag in view.tags.items() if tag.phase in (Phase.DRAINING, Phase.WIPING)]
        if any(not job_leaves(job) for node in leaving for job in view.jobs_on.get(node, ())):
            self.warden.end_jobs(view, leaving)
        if not changed:
            self.mender.recognise(view)
        return changed

    def _note_silent(self, view: View) -> None:
        """Keep in mind since when nodes are silent: Slurm tells it only when it gives them up."""
        silent = {name for name, node in view.nodes.items() if node.silent}
        self.silent_s = {name: self.silent_s.get(name, view.at_s) for name in silent}

    # --- wipes

    def _collect_wipes(self, view: View) -> bool:
        good: dict[str, Tag | None] = {}
        bad: dict[str, dict[str, Tag | None]] = defaultdict(dict)
        for wiped in self._wipes.ended():
            tag = view.tags.get(wiped.node)
            if tag is None or not wants_wipe(tag) or tag.since_s != wiped.since_s:
                continue  # taken, or given to somebody else, meanwhile
            if wiped.problem:
                failed = Tag(Phase.FAILED, view.at_s, tag.lease_id)
                bad[wiped.problem][wiped.node] = failed
            elif tag.phase is Phase.PREPARING:
                good[wiped.node] = replace(tag, is_clean=True)
            else:
                good[wiped.node] = Tag(Phase.CLEAN, view.at_s)
        if good:
            hands.tag_nodes(self._commands, view, good)
        for problem, tags in bad.items():
            hands.drain(self._commands, view, tags, f"wipe failed: {problem}")
        for tags in (good, *bad.values()):
            self.mender.remember(tags)
        return bool(good or bad)

    def begin_wipes(self, view: View) -> None:
        """Begin to wipe what waits for it in a view, whole or in part, and is empty."""
        # None for an old tag: its node may have a tenant again before the wipe has ended.
        behind = set(self.mender.behind(view))
        self._wipes.start(
            {
                node: tag.since_s
                for node, tag in view.tags.items()
                if wants_wipe(tag)
                and node in self._site.pool_of_node
                and node not in behind
                and not is_occupied(view, node)
            }
        )

    def _give_back_forgotten(self, view: View) -> bool:
        """Open clean nodes that nobody has asked for: internal work does not wait for a command that was lost."""
        nodes = [
            node
            for node, tag in view.tags.items()
            if tag.phase is Phase.CLEAN
            and view.at_s - tag.since_s > FORGOTTEN_S
            and node not in view.lease_of_node
        ]
        if nodes:
            hands.resume(self._commands, view, dict.fromkeys(nodes))
            self.mender.leave(nodes, view.at_s)
        return bool(nodes)

    # --- letting in

    def _let_in(self, view: View) -> bool:
        waiting: dict[str, dict[str, Tag]] = defaultdict(dict)
        for node, tag in view.tags.items():
            if tag.phase is Phase.PREPARING:
                waiting[tag.lease_id][node] = tag
        changed = False
        behind = set(self.mender.behind(view))
        for lease_id, tags in waiting.items():
            if not behind.isdisjoint(tags):
                continue  # somebody who has been here, and is shown again after a crash
            reserved = all(view.lease_of_node.get(node) == lease_id for node in tags)
            if not all(tag.is_clean for tag in tags.values()):
                continue
            if reserved:
                # From when its tenant is let in, not from when we looked: between the two lies up to a second.
                since_s = max(view.at_s, self._now_s())
                leased: dict[str, Tag | None] = {
                    node: replace(tag, phase=Phase.LEASED, since_s=since_s, is_clean=False)
                    for node, tag in tags.items()
                }
                hands.resume(self._commands, view, leased)
                self.mender.remember(leased)
            elif any(view.lease_of_node.get(node, lease_id) != lease_id for node in tags):
                continue  # a reservation that came back in a crash is in the way: the mender removes it first
            else:
                # A hand-over that was cut off before its reservation stood.
                self.mender.reserve(view, lease_id, next(iter(tags.values())))
            changed = True
        return changed
