"""The port's driver on Slurm.

A node on its way between two holders is *drained*, with a tag that says where it stands; a lease is a *reservation* for
its tenant's account in a partition of its own, whose QOS lets no job start outside a reservation. So a node is never
open to two: it is resumed only when its reservation stands, or when no reservation has it any more. All that the
driver knows lies in the cluster; any step may be repeated, by this process or by the next.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from tidegate.control.ports import (
    Clock,
    Command,
    GiveBack,
    HandOver,
    Notice,
    PoolFacts,
    Sanitise,
    Take,
)
from tidegate.drivers.slurm import hands
from tidegate.drivers.slurm.answers import read_jobs
from tidegate.drivers.slurm.commands import Commands
from tidegate.drivers.slurm.doubts import Doubts
from tidegate.drivers.slurm.eyes import Eyes
from tidegate.drivers.slurm.keeper import Keeper
from tidegate.drivers.slurm.limits import WATCH_S, Limits
from tidegate.drivers.slurm.moves import (
    held_by,
    is_at,
    is_held,
    may_be_had,
    may_be_taken,
    may_be_wiped,
    nodes_of,
    noticed,
    preparing,
    taken,
)
from tidegate.drivers.slurm.refusals import (
    busy,
    no_account,
    not_heard,
    not_shown,
    refuse_beyond,
    refuse_nodes,
    refuse_words,
    still_leaving,
)
from tidegate.drivers.slurm.site import SlurmPool, SlurmSite, account_of
from tidegate.drivers.slurm.tag import Phase, Tag
from tidegate.drivers.slurm.view import View, facts_of
from tidegate.drivers.slurm.watch import Watch
from tidegate.drivers.slurm.wipes import Wipes
from tidegate.errors import DriverError

_TOKENS: Final = 10_000
_ROUNDS: Final = 6


class SlurmDriver:
    """Hands nodes over and takes them back.

    Parameters
    ----------
    site : SlurmSite
        Pools, the wipe, and what is done about jobs and drift.
    commands : Commands
        What runs Slurm's commands.
    clock : Clock
        The time that facts bear.
    watch_s : float
        Seconds between two looks at limits that somebody may have changed.
    """

    def __init__(
        self, site: SlurmSite, commands: Commands, clock: Clock, *, watch_s: float = WATCH_S
    ) -> None:
        self._site = site
        self._commands = commands
        self._clock = clock
        self._doubts = Doubts(site, commands)
        self._eyes = Eyes(commands, clock, self._doubts)
        self._keeper = Keeper(site, commands, Wipes(site.wipe, self._stir), clock.now_s)
        self._watch = Watch(commands, site.watch_per_s, self._stir)
        self._stirs: list[Callable[[], None]] = []
        self._tokens: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.RLock()
        self._may_be_old = threading.Event()
        self._limits = Limits(site, commands, watch_s)

    def close(self) -> None:
        """Begin no more wipes."""
        self._watch.close()
        self._keeper.close()

    def on_stir(self, call: Callable[[], None]) -> None:
        """Have this called when a look would show something new.

        That is when a wipe has ended: the look lets its tenant in, or shows it clean; and when a job has been
        submitted while nodes are lent.
        """
        self._stirs.append(call)
        self._watch.start()

    def forget(self) -> None:
        """Take in that another process may have acted since: what was remembered of the cluster may be untrue."""
        self._may_be_old.set()

    def _stir(self) -> None:
        for call in self._stirs:
            call()

    # --- the port

    def facts(self, pool: str) -> PoolFacts:
        """Look at a pool, and carry on with whatever has been begun.

        Raises
        ------
        DriverError
            ``TG-DRIVER-UNKNOWN`` when there is no such pool; ``TG-SLURM-...`` when Slurm does not answer.
        """
        found = self._pool(pool)
        with self._held():
            began = time.monotonic()
            view = self._settled()
            is_lent = any(is_held(tag) for tag in view.tags.values())
            self._watch.heed(is_wanted=is_lent, took_s=time.monotonic() - began)
            facts = facts_of(
                view,
                self._site,
                found,
                self._keeper.warden.started[pool],
                self._keeper.warden.late[pool],
                self._keeper.silent_s,
            )
            self._limits.watch()
            return replace(facts, drift=self._limits.drift(found))

    def hand_over(self, command: HandOver) -> None:
        """Drain nodes, reserve them for the tenant, and begin to wipe those that are not clean.

        Raises
        ------
        DriverError
            ``TG-DRIVER-FRONTIER``, ``TG-DRIVER-UNKNOWN``, ``TG-DRIVER-QUOTA``; ``TG-DRIVER-BUSY`` when a node is in
            other hands, or an internal job was quicker; ``TG-SLURM-...`` when Slurm does not answer, or has not heard
            from a node since it started.
        """
        with self._once(command) as again:
            if again:
                return
            pool = self._leasable(command.pool, command.nodes)
            refuse_words(command.lease_id, command.tenant_id, command.product)
            view = self._at(command.nodes, command.lease_id)
            fresh = [node for node in command.nodes if not held_by(view, node, command.lease_id)]
            refuse_beyond(self._limits.most(pool), self._eyes.lent(pool), len(fresh))
            if refused := [node for node in fresh if not may_be_had(view, node)]:
                raise not_heard(view, refused) or busy(refused)
            now_s = self._clock.now_s()
            tags = {node: preparing(view, node, command, now_s) for node in fresh}
            try:
                if tags:
                    hands.drain(self._commands, view, tags, f"for {command.lease_id}")
                    self._keeper.mender.remember(tags)
                after = self._eyes.at(command.nodes, command.lease_id)
                if late := [
                    node for node in fresh if after.jobs_on.get(node) or after.nodes[node].busy
                ]:
                    raise busy(late)
                kept = nodes_of(after, command.lease_id)
                if not set(kept).issuperset(fresh):
                    raise not_shown(fresh)
                account, partition = account_of(command.tenant_id), pool.lease_name
                hands.reserve(self._commands, after, command.lease_id, kept, account, partition)
            except DriverError as error:
                self._undo(command.lease_id, fresh, view)
                if "Invalid account" in error.message:
                    raise no_account(command.tenant_id) from error
                raise
            self._keeper.begin_wipes(after)
            self._stir()

    def notice(self, command: Notice) -> None:
        """Send every job of the lease on these nodes its signal, whatever it asked for.

        Raises
        ------
        DriverError
            ``TG-DRIVER-UNKNOWN``; ``TG-SLURM-...`` when Slurm does not answer.
        """
        with self._once(command) as again:
            if again:
                return
            self._leasable(command.pool, command.nodes)
            view = self._at(command.nodes)
            tags = {n: view.tags[n] for n in command.nodes if held_by(view, n, command.lease_id)}
            fresh = [node for node, tag in tags.items() if tag.take_at_s != command.take_at_s]
            now_s = self._clock.now_s()
            self._keeper.warden.warn(view, fresh)
            changed = {n: noticed(tags[n], now_s, command.take_at_s) for n in fresh}
            hands.tag_nodes(self._commands, view, changed)
            self._keeper.mender.remember(changed)

    def take(self, command: Take) -> None:
        """Drain the nodes, end what runs there, and take them out of the lease's reservation.

        Raises
        ------
        DriverError
            ``TG-DRIVER-UNKNOWN``; ``TG-SLURM-...`` when Slurm does not answer.
        """
        with self._once(command) as again:
            if again:
                return
            self._leasable(command.pool, command.nodes)
            view = self._at(command.nodes, command.lease_id)
            now_s = self._clock.now_s()
            tags: dict[str, Tag | None] = {
                node: taken(view, node, command.lease_id, now_s)
                for node in command.nodes
                if may_be_taken(view, node, command.lease_id)
            }
            if tags:
                hands.take(self._commands, view, tags, f"taken from {command.lease_id}")
                self._keeper.mender.remember(tags)
                self._eyes.note_taken(tags)
                # Jobs that came before it was drained are among them.
                now = replace(view, jobs=read_jobs(self._commands, list(tags)))
                self._keeper.warden.end_jobs(now, list(tags))
                # What else is due, such as their reservation, the next look sees to.

    def sanitise(self, command: Sanitise) -> None:
        """Wipe nodes as soon as no job is left on them.

        Raises
        ------
        DriverError
            ``TG-DRIVER-UNKNOWN``; ``TG-DRIVER-BUSY`` when a tenant has a node, or an internal job runs on it;
            ``TG-SLURM-...`` when Slurm does not answer.
        """
        with self._once(command) as again:
            if again:
                return
            self._leasable(command.pool, command.nodes)
            view = self._at(command.nodes)
            if not all(is_at(view, node, Phase.DRAINING) for node in command.nodes):
                # What slurmctld has forgotten in a crash is restored before it is judged.
                view = self._settled()
            if refused := [node for node in command.nodes if not may_be_wiped(view, node)]:
                raise busy(refused)
            now_s = self._clock.now_s()
            tags: dict[str, Tag | None] = {
                node: Tag(Phase.WIPING, now_s)
                for node in command.nodes
                if node not in view.tags or view.tags[node].phase not in (Phase.WIPING, Phase.CLEAN)
            }
            if tags:
                hands.drain(self._commands, view, tags, "being wiped")
                self._keeper.mender.remember(tags)
            self._keeper.begin_wipes(self._eyes.at(command.nodes))
            self._stir()

    def give_back(self, command: GiveBack) -> None:
        """Resume nodes that are clean.

        Raises
        ------
        DriverError
            ``TG-DRIVER-UNKNOWN``; ``TG-DRIVER-BUSY`` when a node is not wiped; ``TG-SLURM-...`` when Slurm does not
            answer.
        """
        with self._once(command) as again:
            if again:
                return
            self._leasable(command.pool, command.nodes)
            view = self._at(command.nodes)
            if not all(is_at(view, node, Phase.CLEAN) for node in command.nodes):
                view = self._settled()
            tagged = [node for node in command.nodes if node in view.tags]
            if refused := [node for node in tagged if view.tags[node].phase is not Phase.CLEAN]:
                raise busy(refused)
            if still := [node for node in tagged if node in view.lease_of_node]:
                raise still_leaving(still)
            hands.resume(self._commands, view, dict.fromkeys(tagged))
            self._keeper.mender.leave(tagged, self._clock.now_s())

    def set_leasable(self, pool: str, nodes: int) -> None:
        """Lend no more nodes of a pool than these, and let jobs of leases hold no more; never fewer than are leased.

        Hand-overs are held to it at once, jobs as soon as slurmdbd has it.

        Raises
        ------
        DriverError
            ``TG-DRIVER-UNKNOWN``, ``TG-DRIVER-FRONTIER``; ``TG-SLURM-...`` when slurmdbd does not answer.
        """
        found = self._leasable(pool, ())
        with self._held():
            self._limits.hold(found, nodes, self._eyes.lent(found))

    # --- what they share

    def _at(self, nodes: Sequence[str], lease_id: str = "") -> View:
        """Look at some nodes; what is shown as it was before is put right first, or refused."""
        view = self._eyes.at(nodes, lease_id)
        return self._settled() if self._keeper.mender.behind(view) else view

    def _settled(self) -> View:
        """Look, and carry on with what has been begun until there is nothing more to do now."""
        view = self._eyes.all()
        for count in range(_ROUNDS):
            # Wipes are taken in once: where many nodes are wiped one ends in every round.
            if not self._keeper.carry_on(view, collects=count == 0):
                break
            view = self._eyes.all()
        else:
            raise not_shown(list(view.tags))
        mender = self._keeper.mender
        mender.forget(self._doubts.settle(mender.behind(view), view.at_s))
        return view

    def _pool(self, name: str) -> SlurmPool:
        found = self._site.pool(name)
        if found is None:
            raise DriverError("TG-DRIVER-UNKNOWN", f"There is no pool {name!r} in this cluster.")
        return found

    def _leasable(self, name: str, nodes: Sequence[str]) -> SlurmPool:
        pool = self._pool(name)
        refuse_nodes(pool, nodes)
        return pool

    @contextmanager
    def _held(self) -> Iterator[None]:
        """One at a time, with nothing in mind that may be old."""
        with self._lock:
            if self._may_be_old.is_set():
                self._may_be_old.clear()
                self._eyes.forget()
                self._keeper.forget()
                self._limits.forget()
                self._watch.pause()
            yield

    @contextmanager
    def _once(self, command: Command) -> Iterator[bool]:
        """Whether a command has been carried out before; when it ends well, it has."""
        with self._held():
            if command.token in self._tokens:
                yield True
                return
            yield False
            self._tokens[command.token] = None
            while len(self._tokens) > _TOKENS:
                self._tokens.popitem(last=False)

    def _undo(self, lease_id: str, fresh: Sequence[str], before: View) -> None:
        """Put nodes back to what they were; where Slurm does not answer, the facts show what is left to be done."""
        try:
            now = self._eyes.all()
            tagged = [node for node in fresh if held_by(now, node, lease_id)]
            self._keeper.mender.forget(tagged)
            hands.resume(
                self._commands, now, {n: None for n in tagged if not before.nodes[n].drained}
            )
            hands.tag_nodes(
                self._commands,
                now,
                {n: before.tags.get(n) for n in tagged if before.nodes[n].drained},
            )
            self._eyes.note_taken(tagged)
            kept = [node for node in nodes_of(now, lease_id) if node not in fresh]
            self._keeper.mender.fit_reservation(now, lease_id, kept)
        except DriverError:
            return
