"""Bringing tags, drained nodes and reservations into line: what a crash or a hand has left behind."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from tidegate.drivers.slurm import hands
from tidegate.drivers.slurm.commands import Commands
from tidegate.drivers.slurm.moves import is_held, is_occupied, is_older
from tidegate.drivers.slurm.records import Reservation
from tidegate.drivers.slurm.site import PREFIX, Drift, SlurmSite, account_of, lease_of
from tidegate.drivers.slurm.tag import Phase, Tag
from tidegate.drivers.slurm.view import View, is_tenants
from tidegate.errors import SlurmError

PROLONG_S: Final = 30 * 86_400
"""A reservation that would end sooner is prolonged."""


class Mender:
    """Knows what tags were, and what they should be.

    Parameters
    ----------
    site : SlurmSite
    commands : Commands
    """

    def __init__(self, site: SlurmSite, commands: Commands) -> None:
        self._site = site
        self._commands = commands
        self._known: dict[str, Tag] = {}
        self._left_s: dict[str, int] = {}

    def remember(self, tags: Mapping[str, Tag | None]) -> None:
        """Keep tags in mind, in case slurmctld is killed before it has saved them."""
        for node, tag in tags.items():
            if tag is None:
                self._known.pop(node, None)
            else:
                self._known[node] = tag
                self._left_s.pop(node, None)

    def forget_all(self) -> None:
        """Forget everything: somebody else may have acted since."""
        self._known.clear()
        self._left_s.clear()

    def recognise(self, view: View) -> None:
        """Keep the tags of a view in mind, but for those that are older than what we know."""
        behind = set(self.behind(view))
        self.remember({node: tag for node, tag in view.tags.items() if node not in behind})

    def behind(self, view: View) -> list[str]:
        """Return the nodes that a view shows as they were before what we know of them."""
        return [
            node
            for node in (*self._known, *self._left_s)
            if node in view.nodes and self._is_behind(view, node)
        ]

    def _is_behind(self, view: View, node: str) -> bool:
        there, known = view.tags.get(node), self._known.get(node)
        if known is None:
            return there is not None and is_held(there) and self._has_left(node, there)
        if known.phase is Phase.CLEAN and there is None:
            return False  # it has been given back; one with an older tag may have let its tenant in again
        return is_older(view, node, known)

    def _has_left(self, node: str, tag: Tag) -> bool:
        """Whether a node has been given back since it was what its tag says."""
        return tag.since_s <= self._left_s.get(node, -1)

    def mend(self, view: View) -> bool:
        """Do it; say whether anything was changed."""
        changed = self._leave_again(view) or self._drain_again(view) or self._open_again(view)
        repair = self._site.drift is Drift.REPAIR
        held: dict[str, dict[str, Tag]] = defaultdict(dict)
        for node, tag in view.tags.items():
            if is_held(tag) and not self._has_left(node, tag):
                held[tag.lease_id][node] = tag
        for name, reservation in view.reservations.items():
            lease_id = lease_of(name)
            if lease_id is None:
                continue
            untagged = [
                node
                for node in reservation.nodes
                if node not in view.tags and node not in self._left_s
            ]
            if untagged and repair:
                self._tag_again(view, lease_id, untagged, reservation)
                changed = True
                continue
            kept = {*held.get(lease_id, {}), *untagged}
            if not kept or kept < set(reservation.nodes):
                changed |= self.fit_reservation(view, lease_id, sorted(kept))
            elif reservation.end_s - view.at_s < PROLONG_S:
                hands.prolong(self._commands, lease_id)  # which nothing else waits for
        if repair:
            changed |= self._recall_lost(view)
            for lease_id, tags in held.items():
                changed |= self._reserve_again(view, lease_id, tags)
        return changed

    def _leave_again(self, view: View) -> bool:
        """Give nodes back again that a view shows as ours though they have been given back."""
        tags: dict[str, Tag | None] = {
            node: None
            for node in self._left_s
            if (tag := view.tags.get(node)) is not None
            and self._has_left(node, tag)
            and tag.phase in (Phase.CLEAN, Phase.LEASED)
            and node not in view.lease_of_node
        }
        if tags:
            hands.undrain(self._commands, view, tags)
        return bool(tags)

    def _recall_lost(self, view: View) -> bool:
        """Restore tags of which nothing is left: slurmctld was killed before it had saved them, or did not write them.

        No internal job can have started meanwhile: until slurmctld has heard from a node it starts none there.
        """
        gone = {
            node: tag
            for node, tag in self._known.items()
            if node in view.nodes
            and self._is_behind(view, node)
            and (not is_occupied(view, node) or _has_tenants_alone(view, node))
        }
        leased: dict[str, Tag | None] = {
            n: tag for n, tag in gone.items() if tag.phase is Phase.LEASED
        }
        others: dict[str, Tag | None] = {
            n: replace(
                tag,
                phase=Phase.WIPING if tag.phase in (Phase.CLEAN, Phase.FAILED) else tag.phase,
                is_clean=False,
            )
            for n, tag in gone.items()
            if n not in leased
        }
        if leased:
            hands.tag_nodes(self._commands, view, leased)
        if others:
            hands.drain(self._commands, view, others, "between two holders")
        return bool(gone)

    def _open_again(self, view: View) -> bool:
        """Open leased nodes that are reserved and, after a fault, still drained by us."""
        tags: dict[str, Tag | None] = {
            node: tag
            for node, tag in view.tags.items()
            if tag.phase is Phase.LEASED
            and not (node in self._known and self._is_behind(view, node))
            and view.lease_of_node.get(node) == tag.lease_id
            and node in view.nodes
            and view.nodes[node].drained
            and view.nodes[node].reason.startswith(hands.OURS)
        }
        if tags:
            hands.resume(self._commands, view, tags)
        return bool(tags)

    def _drain_again(self, view: View) -> bool:
        """Drain nodes that somebody opened while they were between two holders; where a wipe had failed, wipe again."""
        tags: dict[str, Tag | None] = {
            node: Tag(Phase.WIPING, view.at_s) if tag.phase is Phase.FAILED else tag
            for node, tag in view.tags.items()
            if tag.phase is not Phase.LEASED and node in view.nodes and not view.nodes[node].drained
        }
        if tags:
            hands.drain(self._commands, view, tags, "between two holders")
        return bool(tags)

    def _tag_again(
        self, view: View, lease_id: str, nodes: Sequence[str], reservation: Reservation
    ) -> None:
        """Restore tags that are gone: from memory, from the tenant's jobs, or else by wiping again."""
        tenant = next(iter(reservation.accounts), "").removeprefix(PREFIX)
        since_s = min(reservation.start_s, view.at_s)
        for node in nodes:
            known = self._known.get(node)
            if known is not None and known.lease_id == lease_id and known.phase is Phase.LEASED:
                hands.tag_nodes(self._commands, view, {node: known})
            elif any(is_tenants(job) for job in view.jobs_on.get(node, ())):
                tag = Tag(Phase.LEASED, since_s, lease_id, tenant)
                hands.tag_nodes(self._commands, view, {node: tag})
            else:
                tag = Tag(Phase.PREPARING, view.at_s, lease_id, tenant)
                hands.drain(self._commands, view, {node: tag}, f"for {lease_id}")

    def _reserve_again(self, view: View, lease_id: str, tags: Mapping[str, Tag]) -> bool:
        """Restore a reservation that is gone, lacks nodes, or has been given to somebody else."""
        there = view.reservations.get(f"{PREFIX}{lease_id}")
        astray = [node for node in tags if view.lease_of_node.get(node) != lease_id]
        accounts = tuple({account_of(tag.tenant_id) for tag in tags.values()})
        if not astray and (there is None or there.accounts == accounts):
            return False
        if any(not is_tenants(job) for node in astray for job in view.jobs_on.get(node, ())):
            return False  # internal work is there: it stays, and the facts show it
        self.reserve(view, lease_id, next(iter(tags.values())))
        return True

    def forget(self, nodes: Iterable[str]) -> None:
        """Forget nodes that are nobody's any more, or others than we thought."""
        for node in nodes:
            self._known.pop(node, None)
            self._left_s.pop(node, None)

    def leave(self, nodes: Iterable[str], now_s: int) -> None:
        """Keep in mind that nodes have been given back: who shows them as ours since before then is behind."""
        self.forget(nodes)
        self._left_s |= dict.fromkeys(nodes, now_s)

    def fit_reservation(self, view: View, lease_id: str, nodes: Sequence[str]) -> bool:
        """Cut a lease's reservation down to these nodes, or remove it; say whether that was possible."""
        there = view.reservations.get(f"{PREFIX}{lease_id}")
        if there is None:
            return False
        if not nodes:
            # A job that waits in a reservation keeps it from being removed, as one that runs does.
            if any(job.reservation == there.name and job.waits for job in view.jobs):
                hands.close(self._commands, lease_id)
            return hands.unreserve(self._commands, lease_id)
        try:
            hands.reserve(self._commands, view, lease_id, nodes, there.accounts[0], there.partition)
        except SlurmError as error:
            if error.code != "TG-SLURM-FAILED":
                raise
            return False  # a job is still leaving: the next time
        return True

    def reserve(self, view: View, lease_id: str, tag: Tag) -> None:
        """Make a lease's reservation what its nodes' tags say."""
        nodes = [n for n, t in view.tags.items() if t.lease_id == lease_id and is_held(t)]
        pool = self._site.pool_of_node[nodes[0]]
        hands.reserve(
            self._commands, view, lease_id, nodes, account_of(tag.tenant_id), pool.lease_name
        )


def _has_tenants_alone(view: View, node: str) -> bool:
    jobs = view.jobs_on.get(node, ())
    return bool(jobs) and all(is_tenants(job) for job in jobs)
