"""Usage: what was metered, by lease and hour."""

from dataclasses import dataclass
from typing import Final

from tidegate.control.access import Act, Actor, Reach, require, tenant_of
from tidegate.control.money_store import MoneyDoor
from tidegate.errors import Place, RequestError
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
    if not 0 < until_s - from_s <= LONGEST_S:
        raise RequestError(
            "TG-API-FIELD",
            "the time asked for is empty or too long.",
            place=Place(field="until"),
            expected="an end after the start, at most 92 days later.",
        )
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
