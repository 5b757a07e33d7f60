"""Usage: what was metered by lease and hour, and what the nodes of each pool were."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tidegate.control.access import Act, Actor, Reach, require, tenant_of
from tidegate.control.money_store import MoneyDoor, Till
from tidegate.errors import AccessError, Place, RequestError
from tidegate.lease.states import HoldingState
from tidegate.meter import by_hour

LONGEST_S: Final = 92 * 86_400
"""The longest time that is reported at once: a quarter."""


@dataclass(frozen=True)
class UsageHour:
    """GPU-seconds of a lease in an hour.

    Attributes
    ----------
    tenant_id, lease_id, pool, chip, product : str
    start_s : int
        First second of the hour.
    gpu_seconds : int
    """

    tenant_id: str
    lease_id: str
    pool: str
    chip: str
    product: str
    start_s: int
    gpu_seconds: int


def usage(
    door: MoneyDoor, actor: Actor, from_s: int, until_s: int, tenant_id: str | None = None
) -> list[UsageHour]:
    """Return what was metered within ``[from_s, until_s)``, by hour, then lease.

    Parameters
    ----------
    door : MoneyDoor
    actor : Actor
    from_s, until_s : int
        At most :data:`LONGEST_S` apart.
    tenant_id : str or None
        Of one tenant; None for all within the actor's reach.

    Raises
    ------
    AccessError, RequestError
    """
    require(actor, Act.USAGE_READ)
    _check_span(from_s, until_s)
    reach = actor.reach if tenant_id is None else Reach(tenant_of(actor, tenant_id))
    with door.reading() as store:
        leases = {
            lease.lease_id: lease for lease in store.accounts.leases_in(reach, from_s, until_s)
        }
        records = store.meter.sums(list(leases))
    hours = by_hour(records, from_s, until_s)
    return [
        UsageHour(
            leases[lease_id].tenant_id,
            lease_id,
            leases[lease_id].pool,
            leases[lease_id].chip,
            leases[lease_id].product,
            hour_s,
            seconds,
        )
        for (lease_id, hour_s), seconds in sorted(hours.items(), key=lambda h: (h[0][1], h[0][0]))
    ]


@dataclass(frozen=True)
class PoolUse:
    """What the nodes of a pool were, in GPU-seconds.

    Attributes
    ----------
    pool : str
    own, leased, sanitising, idle, failed : int
        Held by the owner's jobs (a node with any of them counts whole), held by tenants, between two holders, free,
        broken.
    """

    pool: str
    own: int
    leased: int
    sanitising: int
    idle: int
    failed: int

    @property
    def watched(self) -> int:
        """All GPU-seconds of which it is known what they were."""
        return self.own + self.leased + self.sanitising + self.idle + self.failed


_STATES: Final[Mapping[str, tuple[HoldingState, ...]]] = {
    "own": (HoldingState.INTERNAL,),
    "leased": (HoldingState.LEASED, HoldingState.NOTICED),
    "sanitising": (HoldingState.DRAINING, HoldingState.SANITISING),
    "idle": (HoldingState.FREE,),
    "failed": (HoldingState.FAILED,),
}


def pool_use(till: Till, actor: Actor, from_s: int, until_s: int) -> list[PoolUse]:
    """Return what the nodes of each pool were within ``[from_s, until_s)``, and not after now, by pool.

    Parameters
    ----------
    till : Till
    actor : Actor
        Of the owner's people, because it tells what others hold.
    from_s, until_s : int
        At most :data:`LONGEST_S` apart.

    Raises
    ------
    AccessError, RequestError
    """
    require(actor, Act.USAGE_READ)
    if actor.tenant_id is not None:
        raise AccessError("TG-ACCESS-RIGHT", "What a pool was used for is the owner's to know.")
    _check_span(from_s, until_s)
    end_s = min(until_s, till.now_s())
    if end_s <= from_s:
        return []
    with till.door.reading() as store:
        found = store.meter.pool_seconds(from_s, end_s)
    return [
        PoolUse(pool, **{name: sum(by_state.get(s, 0) for s in of) for name, of in _STATES.items()})
        for pool, by_state in sorted(found.items())
    ]


def _check_span(from_s: int, until_s: int) -> None:
    if not 0 < until_s - from_s <= LONGEST_S:
        raise RequestError(
            "TG-API-FIELD",
            "the time asked for is empty or too long.",
            place=Place(field="until"),
            expected="an end after the start, at most 92 days later.",
        )
