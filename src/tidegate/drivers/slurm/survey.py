"""A cluster as one of its users sees it, and the pools and tiers that this suggests."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from tidegate.drivers.slurm.answers import read_config, read_jobs, read_nodes, read_reservations
from tidegate.drivers.slurm.commands import Commands
from tidegate.drivers.slurm.records import Job, Node
from tidegate.errors import OptionError, Place, SlurmError
from tidegate.fleet import Chip, Tier, catalogue

FRONTIER_YEARS: Final = 3
"""A generation launched less than so many years ago is proposed as frontier."""
LEGACY_YEARS: Final = 5
"""One launched more than so many years ago is proposed as legacy."""

# GPU types as sites name them (by hand, or as NVML reports them: "nvidia_h100_80gb_hbm3"), first match counts.
CHIP_OF_TYPE: Final = (
    (r"gb300", "GB300"),
    (r"gb200", "GB200"),
    (r"b200", "B200-SXM"),
    (r"h200", "H200-SXM"),
    (r"h100.*pcie", "H100-PCIe"),
    (r"h100", "H100-SXM"),
    (r"a100.*40", "A100-40-SXM"),
    (r"a100", "A100-80-SXM"),
    (r"v100.*32", "V100-SXM2-32"),
    (r"v100", "V100-SXM2-16"),
    (r"l40s", "L40S"),
    (r"mi300x", "MI300X"),
)

FACTS: Final[tuple[str, ...]] = (
    "ClusterName",
    "SLURM_VERSION",
    "SelectType",
    "SchedulerType",
    "PreemptType",
    "PreemptMode",
    "KillWait",
    "SlurmctldParameters",
    "PrivateData",
    "AccountingStorageType",
    "AccountingStorageTRES",
    "AccountingStorageEnforce",
)
"""What of slurm.conf matters to leasing."""


@dataclass(frozen=True)
class ProposedPool:
    """Nodes of one GPU type and size.

    Attributes
    ----------
    id : str
    gpu_type : str
        As the site names it.
    chip : Chip
    nodes : tuple of str
    gpus_per_node : int
    partitions : tuple of str
    tier : Tier
    why : str
        Why this tier, in a sentence.
    busy_nodes, dead_nodes, waiting_jobs, waiting_gpus : int
        Now.
    """

    id: str
    gpu_type: str
    chip: Chip
    nodes: tuple[str, ...]
    gpus_per_node: int
    partitions: tuple[str, ...]
    tier: Tier
    why: str
    busy_nodes: int
    dead_nodes: int
    waiting_jobs: int
    waiting_gpus: int


@dataclass(frozen=True)
class Survey:
    """What was seen.

    Attributes
    ----------
    facts : mapping of str to str
        Of slurm.conf: those of :data:`FACTS` that it has.
    pools : tuple of ProposedPool
        The largest first.
    remarks : tuple of str
        What was left out, and what a reader should know, in sentences.
    """

    facts: Mapping[str, str]
    pools: tuple[ProposedPool, ...]
    remarks: tuple[str, ...]


def survey(commands: Commands, today: date, chips: Mapping[str, str] | None = None) -> Survey:
    """Look at a cluster; nothing of it is changed.

    Parameters
    ----------
    commands : Commands
        Only commands that read are run.
    today : date
        Ages of generations are counted to this day.
    chips : mapping of str to str, optional
        The site's GPU type to an id of the chip catalogue, where the name does not tell.

    Raises
    ------
    SlurmError
        ``TG-SLURM-EMPTY`` when no node has GPUs of a chip that is known; else as the commands say.
    OptionError
        ``TG-OPTION`` when ``chips`` names a chip that the catalogue does not have.
    """
    given = _given(chips or {})
    config = read_config(commands)
    facts = {key: config[key] for key in FACTS if key in config}
    nodes = read_nodes(commands)
    jobs = read_jobs(commands)
    remarks = list(_remarks(facts))
    if any(found.name for found in read_reservations(commands)):
        remarks.append("There are reservations: nodes in them count as their owner's all the same.")
    groups: dict[tuple[str, int], list[Node]] = defaultdict(list)
    for node in nodes:
        if node.gpus:
            groups[node.gpu_type, node.gpus].append(node)
    pools: list[ProposedPool] = []
    for (kind, gpus), members in sorted(groups.items(), key=lambda item: -len(item[1])):
        chip = given.get(kind) or chip_of(kind)
        if chip is None:
            remarks.append(
                f"{len(members)} nodes of {gpus} GPUs are left out: the type {kind or '(none)'!r} names no chip "
                f"of the catalogue. --chip {kind or 'TYPE'}=H100-SXM says which it is."
            )
            continue
        pools.append(_pool(kind, gpus, chip, members, jobs, today, taken={p.id for p in pools}))
    if not pools:
        raise SlurmError(
            "TG-SLURM-EMPTY",
            f"None of {len(nodes)} nodes has GPUs of a known chip. {' '.join(remarks)}",
            expected="GresTypes=gpu and typed GPUs in slurm.conf, or --chip TYPE=CHIP.",
        )
    return Survey(facts, tuple(pools), tuple(remarks))


def _given(chips: Mapping[str, str]) -> dict[str, Chip]:
    known = catalogue()
    for kind, name in chips.items():
        if name not in known:
            raise OptionError(
                "TG-OPTION",
                f"{name!r} for type {kind!r} is no chip of the catalogue.",
                place=Place(field="--chip"),
                expected=f"one of {', '.join(known)}.",
            )
    return {kind.lower(): known[name] for kind, name in chips.items()}


def chip_of(kind: str) -> Chip | None:
    """Return the chip that a site's GPU type names; None when it names none."""
    found = next((chip for pattern, chip in CHIP_OF_TYPE if re.search(pattern, kind.lower())), None)
    return None if found is None else catalogue()[found]


def propose_tier(chip: Chip, today: date) -> tuple[Tier, str]:
    """Return the tier that a generation's age suggests, and why."""
    launches = [
        each.launch
        for each in catalogue().values()
        if each.generation == chip.generation and each.launch
    ]
    if not launches:
        return Tier.MAINSTAY, f"the catalogue knows no launch of {chip.generation}"
    first = min(launches)
    year, month = int(first[:4]), int(first[5:7] or 1)
    age = (today.year - year) + (today.month - month) / 12
    if age < FRONTIER_YEARS:
        return Tier.FRONTIER, f"{chip.generation} came {first}, under {FRONTIER_YEARS} years ago"
    if age > LEGACY_YEARS:
        return Tier.LEGACY, f"{chip.generation} came {first}, over {LEGACY_YEARS} years ago"
    return (
        Tier.MAINSTAY,
        f"{chip.generation} came {first}, between {FRONTIER_YEARS} and {LEGACY_YEARS} years ago",
    )


def _pool(
    kind: str,
    gpus: int,
    chip: Chip,
    members: list[Node],
    jobs: tuple[Job, ...],
    today: date,
    *,
    taken: set[str],
) -> ProposedPool:
    tier, why = propose_tier(chip, today)
    name = re.sub(r"[^a-z0-9-]+", "-", kind or chip.id.lower()).strip("-")
    partitions = frozenset(p for node in members for p in node.partitions)
    waiting = [job for job in jobs if asks_for(job, kind, partitions)]
    return ProposedPool(
        id=name if name not in taken else f"{name}-x{gpus}",
        gpu_type=kind,
        chip=chip,
        nodes=tuple(sorted(node.name for node in members)),
        gpus_per_node=gpus,
        partitions=tuple(sorted(partitions)),
        tier=tier,
        why=why,
        busy_nodes=sum(node.busy for node in members),
        dead_nodes=sum(node.dead for node in members),
        waiting_jobs=sum(job.tasks for job in waiting),
        waiting_gpus=sum(job.tasks * job.gpus for job in waiting),
    )


def asks_for(job: Job, kind: str, partitions: frozenset[str]) -> bool:
    """Whether a job waits for GPUs of this type in one of these partitions."""
    if not (job.waits and job.gpus and partitions.intersection(job.partitions)):
        return False
    return job.gpu_type in ("", kind)


def _remarks(facts: Mapping[str, str]) -> list[str]:
    said = []
    if "jobs" in facts.get("PrivateData", ""):
        said.append(
            "PrivateData hides the jobs of others from users: demand is too low unless this user is an operator."
        )
    if not facts.get("AccountingStorageType", "").endswith("slurmdbd"):
        said.append(
            "There is no slurmdbd: sacct has no history, and leases cannot be kept to accounts."
        )
    return said
