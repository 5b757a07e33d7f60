"""What leases need of a cluster: set up, and undone without a trace."""

import re
from collections.abc import Sequence
from typing import Final

from tidegate.drivers.slurm import hands
from tidegate.drivers.slurm.commands import Commands
from tidegate.drivers.slurm.hostlist import compress
from tidegate.drivers.slurm.site import PREFIX, SlurmSite, account_of, lease_of
from tidegate.drivers.slurm.view import look
from tidegate.errors import SlurmError

LEASE_QOS: Final = f"{PREFIX}lease"
"""The only QOS of tenants: no job under it starts outside a reservation."""


def conf_lines(site: SlurmSite) -> tuple[str, ...]:
    """Return the lines to add to slurm.conf: a partition for the leases of each pool that may be leased."""
    return tuple(
        f"PartitionName={pool.lease_name} Nodes={compress(pool.nodes)} AllowQos={LEASE_QOS} "
        f"QOS={pool.lease_name} OverSubscribe=EXCLUSIVE MaxTime=UNLIMITED State=UP"
        for pool in site.pools
        if pool.tier.may_lease
    )


def read_partitions(commands: Commands) -> dict[str, dict[str, str]]:
    """Return partitions with what ``scontrol`` tells of them."""
    found = {}
    for line in commands.run("scontrol", "-o", "show", "partition").splitlines():
        told = dict(re.findall(r"(\w+)=(\S*)", line))
        if "PartitionName" not in told:
            raise SlurmError(
                "TG-SLURM-GARBAGE", f"A line of scontrol is no partition: {line[:80]!r}."
            )
        found[told["PartitionName"]] = told
    return found


def install(commands: Commands, site: SlurmSite) -> None:
    """Make the QOS of tenants and one for each pool, without a limit yet; slurm.conf is left to its owner.

    Raises
    ------
    SlurmError
        When slurmdbd does not answer, or does not allow it.
    """
    there = _names(commands, "qos")
    if LEASE_QOS not in there:
        commands.run("sacctmgr", "-i", "add", "qos", LEASE_QOS, "Flags=RequiresReservation")
    for pool in site.pools:
        if pool.tier.may_lease and pool.lease_name not in there:
            commands.run("sacctmgr", "-i", "add", "qos", pool.lease_name)


def add_tenant(commands: Commands, tenant_id: str, users: Sequence[str]) -> None:
    """Make a tenant's account, and let these Unix users run jobs under it.

    Raises
    ------
    SlurmError
        When slurmdbd does not answer, or does not allow it.
    """
    account = account_of(tenant_id)
    if account not in _names(commands, "account"):
        commands.run(
            "sacctmgr", "-i", "add", "account", account, f"Description=Tidegate {tenant_id}"
        )
    told = commands.run("sacctmgr", "-nP", "show", "assoc", f"account={account}", "format=user")
    for user in users:
        if user not in told.split():
            commands.run(
                "sacctmgr",
                "-i",
                "add",
                "user",
                user,
                f"Account={account}",
                f"QOS={LEASE_QOS}",
                f"DefaultQOS={LEASE_QOS}",
            )


def uninstall(commands: Commands) -> tuple[str, ...]:
    """Remove every trace: jobs and reservations of leases, tags, drained nodes, accounts, QOS.

    Returns
    -------
    tuple of str
        What is left to do by hand: lines of slurm.conf.

    Raises
    ------
    SlurmError
        When Slurm does not answer, or a job does not leave; it may be called again.
    """
    view = look(commands, 0)
    nodes = [name for name, node in view.nodes.items() if "[tidegate " in node.comment]
    inside = {job.id: job for job in view.jobs if job.account.startswith(PREFIX)}
    if inside:
        hands.end(commands, inside.values())
    for name in view.reservations:
        lease_id = lease_of(name)
        if lease_id is not None and not hands.unreserve(commands, lease_id):
            raise SlurmError(
                "TG-SLURM-FAILED",
                f"The reservation {name} is still in use.",
                expected="to be called again.",
            )
    hands.resume(commands, view, dict.fromkeys(nodes))
    for account in _names(commands, "account"):
        if account.startswith(PREFIX):
            told = commands.run(
                "sacctmgr", "-nP", "show", "assoc", f"account={account}", "format=user"
            )
            for user in told.split():
                commands.run("sacctmgr", "-i", "delete", "user", user, f"Account={account}")
            commands.run("sacctmgr", "-i", "delete", "account", account)
    partitions = read_partitions(commands)
    left = [f"PartitionName={name}" for name in partitions if name.startswith(PREFIX)]
    left += [
        f"DenyQos={LEASE_QOS} of {n}"
        for n, t in partitions.items()
        if LEASE_QOS in t.get("DenyQos", "")
    ]
    if not left:
        for qos in _names(commands, "qos"):
            if qos.startswith(PREFIX):
                commands.run("sacctmgr", "-i", "delete", "qos", qos)
    return tuple(left)


def _names(commands: Commands, what: str) -> set[str]:
    return set(
        commands.run(
            "sacctmgr", "-nP", "show", what, "format=name" if what == "qos" else f"format={what}"
        ).split()
    )
