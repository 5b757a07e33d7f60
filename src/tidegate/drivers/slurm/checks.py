"""What leases need of a cluster, looked for; nothing is changed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tidegate.drivers.slurm.answers import read_config
from tidegate.drivers.slurm.commands import Commands
from tidegate.drivers.slurm.rest import READ, RestCommands
from tidegate.drivers.slurm.setup import LEASE_QOS, conf_lines, read_partitions
from tidegate.drivers.slurm.site import PREFIX, SlurmSite
from tidegate.drivers.slurm.view import View, look
from tidegate.errors import SlurmError

LEAST_VERSION: Final = (20, 11)

PASSES_S: Final = {"sched_interval": 60, "bf_interval": 30}
"""Seconds between two passes of slurmctld's schedulers, where slurm.conf says nothing."""


@dataclass(frozen=True)
class Finding:
    """One thing looked at.

    Attributes
    ----------
    what : str
    is_good : bool
        Leases may be handed over.
    is_needed : bool
        Whether they may not, when it is not good.
    found : str
    todo : str
        Empty when nothing.
    """

    what: str
    is_good: bool
    is_needed: bool
    found: str
    todo: str = ""


def version_of(text: str) -> tuple[int, int]:
    """Return year and month of a version such as ``22.05.8``; zeros when it has none."""
    found = re.search(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def check(commands: Commands, site: SlurmSite) -> tuple[Finding, ...]:
    """Say what of a cluster is as leases need it, and what to do about the rest. Nothing is changed.

    Raises
    ------
    SlurmError
        When slurmctld does not answer.
    """
    config = read_config(commands)
    partitions = read_partitions(commands)
    return (
        *_of_config(config, site),
        *_of_rest(commands),
        *_of_partitions(site, partitions),
        *_of_nodes(site, look(commands, 0)),
    )


def _of_config(config: Mapping[str, str], site: SlurmSite) -> tuple[Finding, ...]:
    version = config.get("SLURM_VERSION", "?")
    enforced = set(re.split(r"[,\s]+", config.get("AccountingStorageEnforce", "").lower()))
    missing = {"associations", "limits", "qos"} - enforced
    private = set(re.split(r"[,\s]+", config.get("PrivateData", "").lower()))
    tracked = set(re.split(r"[,\s]+", config.get("AccountingStorageTRES", "").lower()))
    types = {f"gres/gpu:{pool.gpu_type}" for pool in site.pools if pool.gpu_type}
    untracked = sorted(({"gres/gpu"} | (types if len(site.pools) > 1 else set())) - tracked)
    open_data = sorted({"accounts", "jobs", "nodes", "reservations", "usage", "users"} - private)
    return (
        Finding(
            "version",
            version_of(version) >= LEAST_VERSION,
            is_needed=True,
            found=version,
            todo="" if version_of(version) >= LEAST_VERSION else "Slurm 20.11 or later",
        ),
        Finding(
            "accounting",
            config.get("AccountingStorageType", "").endswith("slurmdbd"),
            is_needed=True,
            found=config.get("AccountingStorageType", "none"),
            todo="AccountingStorageType=accounting_storage/slurmdbd: leases are kept to accounts",
        ),
        Finding(
            "enforcement",
            not missing,
            is_needed=True,
            found=config.get("AccountingStorageEnforce", "none"),
            todo="AccountingStorageEnforce=associations,limits,qos: else a tenant may use any partition",
        ),
        Finding(
            "tracked GPUs",
            not untracked,
            is_needed=True,
            found="as needed"
            if not untracked
            else "none"
            if "gres/gpu" in untracked
            else "no types",
            todo=f"AccountingStorageTRES={','.join(untracked)}: else it is not told which GPUs a job waits for",
        ),
        Finding(
            "privacy",
            not open_data,
            is_needed=False,
            found=config.get("PrivateData", "none"),
            todo=f"PrivateData={','.join(open_data)}: else tenants see each other's jobs and nodes",
        ),
        Finding(
            "notice of preemption",
            "preempt_send_user_signal" in config.get("SlurmctldParameters", ""),
            is_needed=False,
            found=config.get("SlurmctldParameters", "none"),
            todo="SlurmctldParameters=preempt_send_user_signal, where internal QOS preempt each other: "
            "else a job's own --signal is not sent when it is preempted",
        ),
        passes_of(config.get("SchedulerParameters", "")),
    )


def passes_of(parameters: str) -> Finding:
    """Say how long a job may wait for slurmctld to look at it, once its nodes are back."""
    told = dict(re.findall(r"(\w+)=(\d+)", parameters))
    passes = {name: int(told.get(name, usual)) for name, usual in PASSES_S.items()}
    return Finding(
        "passes of the scheduler",
        all(seconds <= 1 for seconds in passes.values()),
        is_needed=False,
        found=", ".join(f"{name}={seconds}" for name, seconds in passes.items()),
        todo="SchedulerParameters=sched_interval=1,bf_interval=1: "
        "else internal jobs wait longer for nodes that are back already",
    )


def _of_rest(commands: Commands) -> list[Finding]:
    if not isinstance(commands, RestCommands):
        return []
    try:
        offered = commands.rest.abilities()
    except SlurmError as error:
        todo = f"{error}; until then Slurm's commands are asked"
        return [Finding("slurmrestd", is_good=False, is_needed=False, found="no answer", todo=todo)]
    version = next(iter(offered.values()), "/slurm/none/").split("/")[2]
    missing = [what for what in READ if what not in offered]
    return [
        Finding(
            "slurmrestd",
            not missing,
            is_needed=False,
            found=f"{version}: {', '.join(what for what in READ if what in offered)}",
            todo=f"{', '.join(missing)}: read by commands" if missing else "",
        )
    ]


def _of_partitions(site: SlurmSite, partitions: Mapping[str, Mapping[str, str]]) -> list[Finding]:
    found = []
    for pool, line in zip(
        [p for p in site.pools if p.tier.may_lease], conf_lines(site), strict=True
    ):
        told = partitions.get(pool.lease_name, {})
        good = (
            told.get("AllowQos") == LEASE_QOS
            and told.get("QoS") == pool.lease_name
            and gives_whole_nodes(told)
        )
        found.append(
            Finding(
                f"partition {pool.lease_name}",
                good,
                is_needed=True,
                found="as needed" if good else "not as needed" if told else "missing",
                todo="" if good else f"in slurm.conf: {line}",
            )
        )
    for name, told in partitions.items():
        if not name.startswith(PREFIX):
            shut = keeps_tenants_out(told)
            found.append(
                Finding(
                    f"partition {name}",
                    shut,
                    is_needed=True,
                    found="shut to tenants" if shut else "open to tenants",
                    todo=""
                    if shut
                    else f"in slurm.conf: PartitionName={name} ... DenyQos={LEASE_QOS}",
                )
            )
    return found


def gives_whole_nodes(told: Mapping[str, str]) -> bool:
    """Whether a partition gives a job its nodes alone; from 26.05 on that is told under a key of its own."""
    return told.get("OverSubscribe") == "EXCLUSIVE" or told.get("Exclusive") == "NODE"


def keeps_tenants_out(told: Mapping[str, str]) -> bool:
    """Whether a partition takes no job under the QOS of leases."""
    allowed, denied = told.get("AllowQos", "ALL"), told.get("DenyQos", "")
    if allowed != "ALL":
        return LEASE_QOS not in allowed.split(",")
    return LEASE_QOS in denied.split(",")


def _of_nodes(site: SlurmSite, view: View) -> list[Finding]:
    found = []
    for pool in site.pools:
        strange = [name for name in pool.nodes if name not in view.nodes]
        other = [
            name
            for name in pool.nodes
            if name in view.nodes
            and (view.nodes[name].gpu_type, view.nodes[name].gpus)
            != (pool.gpu_type, pool.gpus_per_node)
        ]
        wrong = strange or other
        found.append(
            Finding(
                f"pool {pool.id}",
                not wrong,
                is_needed=True,
                found=f"{len(pool.nodes)} nodes" if not wrong else f"wrong: {', '.join(wrong[:5])}",
                todo=""
                if not wrong
                else "name the nodes, their GPU type and count as slurm.conf does",
            )
        )
    return found
