"""What the driver says when it does not do what it is told, and why."""

from collections.abc import Sequence

from tidegate.drivers.slurm.site import SlurmPool, account_of
from tidegate.drivers.slurm.tag import is_word
from tidegate.drivers.slurm.view import View
from tidegate.errors import DriverError, SlurmError


def _some(nodes: Sequence[str]) -> str:
    return f"{', '.join(nodes[:5])}{' ...' if nodes[5:] else ''}"


def refuse_words(*ids: str) -> None:
    """Refuse ids that cannot stand in names and comments of Slurm.

    Raises
    ------
    DriverError
        ``TG-DRIVER-UNKNOWN``.
    """
    for text in ids:
        if not is_word(text):
            raise DriverError(
                "TG-DRIVER-UNKNOWN",
                f"{text!r} cannot stand in Slurm.",
                expected="letters, figures, _ . : -",
            )


def refuse_nodes(pool: SlurmPool, nodes: Sequence[str]) -> None:
    """Refuse a pool that is never leased, and nodes that are not in it.

    Raises
    ------
    DriverError
        ``TG-DRIVER-FRONTIER``, ``TG-DRIVER-UNKNOWN``.
    """
    if not pool.tier.may_lease:
        raise DriverError(
            "TG-DRIVER-FRONTIER", f"Pool {pool.id} is {pool.tier.value} and is never leased."
        )
    known = set(pool.nodes)
    if strange := [node for node in nodes if node not in known]:
        raise DriverError(
            "TG-DRIVER-UNKNOWN",
            f"{_some(strange)}: not in pool {pool.id}.",
            expected="nodes of the pool.",
        )


def refuse_beyond(most: int | None, leased: int, more: int) -> None:
    """Refuse what would be more than a quota.

    Raises
    ------
    DriverError
        ``TG-DRIVER-QUOTA``.
    """
    if most is not None and more and leased + more > most:
        raise DriverError(
            "TG-DRIVER-QUOTA", f"{leased} nodes are lent, {more} more would be above {most}."
        )


def busy(nodes: Sequence[str]) -> DriverError:
    """Say that nodes are in other hands."""
    return DriverError("TG-DRIVER-BUSY", f"In other hands: {_some(nodes)}.")


def not_heard(view: View, nodes: Sequence[str]) -> DriverError | None:
    """Say that slurmctld has to hear from nodes first, where it has; later releases start anew to be reconfigured."""
    unheard = [node for node in nodes if node in view.nodes and view.nodes[node].unheard]
    if not unheard:
        return None
    return SlurmError(
        "TG-SLURM-DOWN", f"slurmctld has just started: it has not heard from {_some(unheard)}."
    )


def not_shown(nodes: Sequence[str]) -> DriverError:
    """Say that what was written on nodes does not show."""
    return SlurmError(
        "TG-SLURM-GARBAGE", f"Slurm does not show what was written on {_some(nodes)}."
    )


def still_leaving(nodes: Sequence[str]) -> DriverError:
    """Say that nodes are not free of their lease yet."""
    return SlurmError(
        "TG-SLURM-FAILED", f"A job is still leaving the reservation of {_some(nodes)}."
    )


def no_account(tenant_id: str) -> DriverError:
    """Say that a tenant has not been set up."""
    return DriverError(
        "TG-DRIVER-UNKNOWN",
        f"Slurm has no account {account_of(tenant_id)}.",
        expected=f"`tidegate slurm tenant SLURM_FILE {tenant_id} --user NAME` beforehand.",
    )
