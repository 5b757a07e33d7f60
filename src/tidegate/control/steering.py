"""What an operator says of a pool while it runs: its risk, whether it leases, runs to come, nodes to spare.

The fleet file says how a pool begins; steering goes before it, is kept in the database, and is undone by hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Protocol

from tidegate.control.access import Act, Actor, not_found, require
from tidegate.control.ids import Prefix, new_id
from tidegate.errors import Place, RequestError
from tidegate.fleet.tier import Tier
from tidegate.lease.events import Event

LONGEST_RUN_S: Final = 366 * 86_400
LONGEST_NAME: Final = 120
_SHORT: Final = f"a text of 1 to {LONGEST_NAME} characters."


class Leasing(StrEnum):
    """Whether a pool leases."""

    OPEN = "open"
    DRAINING = "draining"  # no new lease; those that run keep their time
    STOPPED = "stopped"  # no new lease; those that run are called back, firm or not


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A node that is not to be lent, and why.

    A lease that holds it keeps it; once it is back it stays with the owner.
    """

    node: str
    reason: str
    actor: str
    since_s: int


@dataclass(frozen=True, slots=True)
class AnnouncedRun:
    """Work that is known to come.

    Attributes
    ----------
    id, name : str
    from_s, to_s : int
    gpus : int
    is_firm : bool
        Whether it is certain; else likely.
    actor : str
        Who announced it.
    """

    id: str
    name: str
    from_s: int
    to_s: int
    gpus: int
    is_firm: bool
    actor: str


@dataclass(frozen=True, slots=True)
class Steering:
    """Everything that an operator has said of a pool.

    Attributes
    ----------
    pool_id : str
    risk : float or None
        None: that of the fleet file.
    leasing : Leasing
    tier : Tier or None
        None: that of the fleet file.
    quarantined : mapping of str to Quarantine
        By node.
    announced : tuple of AnnouncedRun
        In order of their starts.
    version : int
        Goes up with every change; 0 when nothing was ever said.
    """

    pool_id: str
    risk: float | None = None
    leasing: Leasing = Leasing.OPEN
    tier: Tier | None = None
    quarantined: Mapping[str, Quarantine] = field(default_factory=lambda: MappingProxyType({}))
    announced: tuple[AnnouncedRun, ...] = ()
    version: int = 0


class SteeringStore(Protocol):
    """Where steering is kept."""

    def steering(self, pool_id: str) -> Steering:
        """Return what was said of a pool.

        Raises
        ------
        RequestError
            ``TG-API-NOT-FOUND`` when there is no such pool.
        """
        ...

    def version(self, pool_id: str) -> int:
        """Return the version of what was said of a pool; 0 when nothing was."""
        ...

    def steer(self, changed: Steering, event: Event, actor: Actor) -> None:
        """Keep a change with its event and audit entry, unless somebody else made one since it was read.

        Raises
        ------
        RequestError
            ``TG-API-CONFLICT`` when somebody did, or when leases keep the pool from its new tier.
        """
        ...


def _kept(
    store: SteeringStore, actor: Actor, now_s: int, changed: Steering, kind: str, **data: object
) -> Steering:
    changed = replace(changed, version=changed.version + 1)
    store.steer(changed, Event(now_s, actor.id, f"pool.{kind}", changed.pool_id, data), actor)
    return changed


def set_risk(
    store: SteeringStore, actor: Actor, now_s: int, pool_id: str, risk: float | None
) -> Steering:
    """Change the risk at which a pool promises; None for that of the fleet file.

    Raises
    ------
    AccessError
        When the actor has no right to ``pools:write``; so in all that follows.
    RequestError
        ``TG-API-FIELD`` when the risk is not above 0 and below 1.
    """
    require(actor, Act.POOLS_WRITE)
    if risk is not None and not 0 < risk < 1:
        raise _wrong("risk", f"{risk} is no risk.", "a number above 0 and below 1.")
    was = store.steering(pool_id)
    return _kept(
        store, actor, now_s, replace(was, risk=risk), "risk-set", risk=risk, before=was.risk
    )


def set_leasing(
    store: SteeringStore, actor: Actor, now_s: int, pool_id: str, leasing: Leasing
) -> Steering:
    """Open a pool to leasing, drain it gently, or stop it now."""
    require(actor, Act.POOLS_WRITE)
    was = store.steering(pool_id)
    changed = replace(was, leasing=leasing)
    return _kept(
        store, actor, now_s, changed, f"leasing-{leasing}", leasing=leasing, before=was.leasing
    )


def quarantine(
    store: SteeringStore, actor: Actor, now_s: int, pool_id: str, node: str, reason: str
) -> Steering:
    """Keep a node from being lent.

    Raises
    ------
    RequestError
        ``TG-API-FIELD`` without a reason; ``TG-API-CONFLICT`` when the node is in quarantine already.
    """
    require(actor, Act.POOLS_WRITE)
    said = reason.strip()
    if not 0 < len(said) <= LONGEST_NAME:
        raise _wrong("reason", "a reason is missing or too long.", _SHORT)
    was = store.steering(pool_id)
    if node in was.quarantined:
        raise RequestError("TG-API-CONFLICT", f"{node} is in quarantine already.")
    nodes = {**was.quarantined, node: Quarantine(node, said, actor.id, now_s)}
    changed = replace(was, quarantined=MappingProxyType(nodes))
    return _kept(store, actor, now_s, changed, "node-quarantined", node=node, reason=said)


def release(store: SteeringStore, actor: Actor, now_s: int, pool_id: str, node: str) -> Steering:
    """Let a node be lent again.

    Raises
    ------
    RequestError
        ``TG-API-NOT-FOUND`` when the node is not in quarantine.
    """
    require(actor, Act.POOLS_WRITE)
    was = store.steering(pool_id)
    if node not in was.quarantined:
        raise not_found("node in quarantine", node)
    nodes = {name: it for name, it in was.quarantined.items() if name != node}
    changed = replace(was, quarantined=MappingProxyType(nodes))
    return _kept(store, actor, now_s, changed, "node-released", node=node)


def announce(  # noqa: PLR0913  a run is said in one sentence
    store: SteeringStore,
    actor: Actor,
    now_s: int,
    pool_id: str,
    *,
    name: str,
    from_s: int,
    to_s: int,
    gpus: int,
    is_firm: bool,
) -> Steering:
    """Announce work that is to come, so that its GPUs are not promised away.

    Raises
    ------
    RequestError
        ``TG-API-FIELD`` when a field of the run cannot be.
    """
    require(actor, Act.POOLS_WRITE)
    said = name.strip()
    if not 0 < len(said) <= LONGEST_NAME:
        raise _wrong("name", "a name is missing or too long.", _SHORT)
    if to_s <= max(from_s, now_s) or to_s - from_s > LONGEST_RUN_S:
        raise _wrong(
            "to", "a run ends in the future, after it begins, within a year.", "such an end."
        )
    if gpus < 1:
        raise _wrong("gpus", f"a run takes {gpus} GPUs.", "a whole number from 1 on.")
    was = store.steering(pool_id)
    run = AnnouncedRun(new_id(Prefix.RUN), said, from_s, to_s, gpus, is_firm, actor.id)
    runs = tuple(sorted((*was.announced, run), key=lambda each: (each.from_s, each.id)))
    return _kept(
        store, actor, now_s, replace(was, announced=runs), "run-announced",
        run=run.id, name=said, from_s=from_s, to_s=to_s, gpus=gpus, is_firm=is_firm,
    )  # fmt: skip


def withdraw(store: SteeringStore, actor: Actor, now_s: int, pool_id: str, run_id: str) -> Steering:
    """Take an announcement back.

    Raises
    ------
    RequestError
        ``TG-API-NOT-FOUND`` when there is none of this id.
    """
    require(actor, Act.POOLS_WRITE)
    was = store.steering(pool_id)
    runs = tuple(run for run in was.announced if run.id != run_id)
    if len(runs) == len(was.announced):
        raise not_found("announced run", run_id)
    return _kept(store, actor, now_s, replace(was, announced=runs), "run-withdrawn", run=run_id)


def move_tier(
    store: SteeringStore, actor: Actor, now_s: int, pool_id: str, tier: Tier, live_leases: int
) -> Steering:
    """Move a pool to another tier.

    A pool with leases cannot go where nothing may be leased: stop leasing first, and wait for the last one.

    Raises
    ------
    RequestError
        ``TG-API-CONFLICT`` when leases stand in the way.
    """
    require(actor, Act.POOLS_WRITE)
    if live_leases and not tier.may_lease:
        raise RequestError(
            "TG-API-CONFLICT",
            f"{live_leases} leases run in {pool_id}, and nothing may be leased in the tier {tier}.",
            expected="stop leasing in the pool, wait for the last lease to end, then move it.",
        )
    was = store.steering(pool_id)
    changed = replace(was, tier=tier)
    return _kept(store, actor, now_s, changed, "tier-moved", tier=tier, before=was.tier)


def _wrong(field_name: str, message: str, expected: str) -> RequestError:
    return RequestError("TG-API-FIELD", message, place=Place(field=field_name), expected=expected)
