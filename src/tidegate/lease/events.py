"""Events: every move of the lease's life, with who, why and when. They are only ever added to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

LOOP: Final = "system:loop"
"""The actor of what the running system does by itself."""

NODES_MOVED: Final = "nodes.moved"
"""Nodes of a pool came into another state: ``state``, ``lease_id``, ``since_s``, ``nodes``."""

LEASE_CHANGED: Final = "lease.changed"
"""A lease became longer or smaller, or started at another time than expected, in the state it was in."""

NODES_REPLACED: Final = "nodes.replaced"
"""Nodes of a lease failed and it gets others: ``failed``, ``nodes``. The subject is the lease."""

NODES_LOST: Final = "nodes.lost"
"""Nodes of a lease failed and it goes on without them: ``nodes``, ``since_s``, ``lost`` of how many (``of``), and the
firm node-seconds not kept, ``lost_s``. The subject is the lease; where ``lost_s`` is above 0 this proves the break."""

DRIFT: Final = "pool.drift"
"""A driver shows what cannot be, or what was not asked for."""

POOL_STALE: Final = "pool.stale"
POOL_FRESH: Final = "pool.fresh"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Attributes
    ----------
    at_s : int
        When.
    actor : str
        Who.
    kind : str
        ``quote.``, ``order.`` or ``lease.`` and the new state; or one of the kinds above.
    subject : str
        The id of what it happened to.
    data : mapping
        The first event of a thing holds all of it, a later one what changed: enough to have the state again.
    tenant_id : str or None
        The tenant that may see it; None for the owner alone.
    decision_id : str or None
        The decision that it follows from; the decision holds the snapshot.
    seq : int
        Its number, given when it is written: without gaps, in the order in which they can be seen.
    """

    at_s: int
    actor: str
    kind: str
    subject: str
    data: Mapping[str, Any] = field(default_factory=dict)
    tenant_id: str | None = None
    decision_id: str | None = None
    seq: int = 0
