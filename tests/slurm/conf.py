"""The files of a small real Slurm on loopback: slurm.conf, gres.conf, slurmdbd.conf."""

import os
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BELOW_EPHEMERAL: Final = range(12_000, 32_000)
"""Ports that the kernel gives to no outgoing connection."""
LISTENING: Final = "0A"
"""State of a socket in /proc/net/tcp."""


@dataclass(frozen=True)
class Group:
    """Nodes of one chip: ``prefix0001`` and on.

    Attributes
    ----------
    prefix : str
        Letters before the number.
    nodes, gpus : int
        How many nodes, how many (fake) GPUs in each.
    chip : str
        The GPU's type, as ``--gres=gpu:h100:8`` has it.
    partitions : tuple of str
        Partitions that hold these nodes.
    """

    prefix: str
    nodes: int
    chip: str
    gpus: int = 8
    partitions: tuple[str, ...] = ("internal",)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.prefix}{n:04d}" for n in range(1, self.nodes + 1))

    @property
    def hostlist(self) -> str:
        return f"{self.prefix}[0001-{self.nodes:04d}]"


@dataclass(frozen=True)
class Layout:
    """What a cluster is made of.

    Attributes
    ----------
    groups : tuple of Group
    kill_wait_s : int
        Seconds between SIGTERM and SIGKILL when Slurm ends a job.
    slurmd_timeout_s : int
        Seconds after which a silent node is down.
    extra : str
        Further lines of slurm.conf.
    """

    groups: tuple[Group, ...] = (Group("hh", 6, "h100"), Group("gb", 2, "gb200", gpus=4))
    kill_wait_s: int = 5
    slurmd_timeout_s: int = 30
    extra: str = ""


@dataclass(frozen=True)
class Ports:
    slurmctld: int
    slurmdbd: int
    database: int
    slurmrestd: int
    slurmd: tuple[int, ...]


def _sockets() -> list[list[str]]:
    """All TCP sockets, as the kernel lists them; read rather than tried: tests open no sockets."""
    return [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path("/proc/net", name).read_text().splitlines()[1:]
    ]


def _port(cells: list[str]) -> int:
    return int(cells[1].rpartition(":")[2], 16)


def listened_on() -> set[int]:
    """Ports on which somebody listens."""
    return {_port(cells) for cells in _sockets() if cells[3] == LISTENING}


def free_ports(nodes: int) -> Ports:
    """Ports that nobody listens on."""
    taken = {_port(cells) for cells in _sockets()}
    free = [port for port in BELOW_EPHEMERAL if port not in taken]
    found = random.SystemRandom().sample(free, nodes + 4)
    return Ports(found[0], found[1], found[2], found[3], tuple(found[4:]))


def slurmdbd_conf(folder: Path, ports: Ports, password: str) -> str:
    return f"""\
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
AuthAltTypes=auth/jwt
AuthAltParameters=jwt_key={folder}/jwt.key
CommunicationParameters=NoInAddrAny
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={ports.slurmdbd}
SlurmUser=root
LogFile={folder}/slurmdbd.log
PidFile={folder}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={ports.database}
StorageUser=slurm
StoragePass={password}
StorageLoc=slurm_acct_db
"""


def slurm_conf(folder: Path, layout: Layout, ports: Ports) -> str:
    chips = sorted({group.chip for group in layout.groups})
    tracked = ",".join(["gres/gpu", *(f"gres/gpu:{chip}" for chip in chips)])
    lines = [
        f"""\
ClusterName=tide
SlurmctldHost={os.uname().nodename.split(".")[0]}(127.0.0.1)
SlurmctldPort={ports.slurmctld}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
AuthAltTypes=auth/jwt
AuthAltParameters=jwt_key={folder}/jwt.key
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SlurmdParameters=config_overrides
SlurmctldParameters=preempt_send_user_signal
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
GresTypes=gpu
PreemptType=preempt/qos
PreemptMode=REQUEUE
KillWait={layout.kill_wait_s}
SlurmdTimeout={layout.slurmd_timeout_s}
ReturnToService=2
SchedulerParameters=bf_interval=1,sched_min_interval=100000,sched_interval=1
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={ports.slurmdbd}
AccountingStoragePass={folder}/munge/socket
AccountingStorageTRES={tracked}
AccountingStorageEnforce=associations,limits,qos
JobAcctGatherType=jobacct_gather/none
EnforcePartLimits=ALL
RebootProgram=/bin/true"""
    ]
    port = iter(ports.slurmd)
    for group in layout.groups:
        lines += [
            f"NodeName={name} NodeHostname=localhost NodeAddr=127.0.0.1 Port={next(port)} "
            f"CPUs=16 RealMemory=64000 Gres=gpu:{group.chip}:{group.gpus} State=UNKNOWN"
            for name in group.names
        ]
    names = list(dict.fromkeys(p for group in layout.groups for p in group.partitions))
    for place, name in enumerate(names):
        nodes = ",".join(g.hostlist for g in layout.groups if name in g.partitions)
        default = " Default=YES" if place == 0 else ""
        lines.append(f"PartitionName={name} Nodes={nodes} MaxTime=INFINITE State=UP{default}")
    lines.append(f"include {folder}/extra.conf")
    return "\n".join(lines) + "\n"


def gres_conf(folder: Path, layout: Layout) -> str:
    return "".join(
        f"NodeName={group.hostlist} Name=gpu Type={group.chip} "
        f"File={folder}/dev/{group.chip}[0-{group.gpus - 1}]\n"
        for group in layout.groups
    )
