"""Slurm files: how the pools of a fleet stand in a cluster (TOML)."""

import getpass
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pydantic import Field

from tidegate.drivers.slurm.commands import Commands, LocalCommands
from tidegate.drivers.slurm.hostlist import expand
from tidegate.drivers.slurm.rest import Rest, RestCommands, RestPlace
from tidegate.drivers.slurm.site import (
    Drift,
    OnTake,
    ProductRule,
    SlurmPool,
    SlurmSite,
    WipeHook,
)
from tidegate.errors import SlurmError, SlurmFileError
from tidegate.feeds.fleetfile import read_fleet
from tidegate.feeds.fleetfile.document import read_tables
from tidegate.feeds.fleetfile.problems import FileKind, Problems
from tidegate.feeds.fleetfile.tables import Duration, Table, Text
from tidegate.plan import Scenario
from tidegate.quantity.timetext import DURATION_EXAMPLE

SLURM: Final = FileKind("TG-SLURM-FILE", SlurmFileError)

MOST_AT_ONCE: Final = 1_000
MOST_WATCHED: Final = 10
REST_EXAMPLE: Final = (
    "'unix:/run/slurmrestd/slurmrestd.socket', 'https://...', or 'http://' on this machine alone"
)
# A token in the clear goes to nobody but this machine.
_REST: Final = re.compile(
    r"unix:(//)?/.+|https://.+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?/?"
)


class ProductTable(Table):
    """How jobs under a product are warned and taken."""

    signal: Text | None = Field(
        None, description="a signal that scancel knows, such as 'TERM' or 'USR1'"
    )
    on_take: OnTake = Field(OnTake.CANCEL, description="'cancel', 'requeue' or 'checkpoint'")

    def rule(self) -> ProductRule:
        """Return it as the driver has it: who is to save work gets a signal that can be told from an end."""
        usual = "USR1" if self.on_take is OnTake.CHECKPOINT else "TERM"
        return ProductRule(self.on_take, self.signal or usual)


class PoolTable(Table):
    """A pool, as Slurm knows it."""

    id: Text = Field(description="the id of a pool of the fleet file")
    nodes: Text = Field(description="a list of nodes as Slurm writes it, such as 'gpu[001-118]'")
    gpu_type: str = Field("", description="the type of the GPUs in Gres, such as 'h100'")


class SlurmTable(Table):
    """The whole file."""

    fleet: Text = Field(description="a fleet file, relative to this file")
    wipe: list[Text] = Field(
        min_length=1, description="a list: the program that wipes a node, and its arguments"
    )
    wipe_timeout: Duration = Field(900, description=DURATION_EXAMPLE)
    wipe_at_once: int = Field(
        32, ge=1, le=MOST_AT_ONCE, description=f"a whole number, 1 to {MOST_AT_ONCE}"
    )
    drift: Drift = Field(Drift.REPAIR, description="'repair' or 'respect'")
    watch_per_s: int = Field(
        4, ge=0, le=MOST_WATCHED, description=f"a whole number, 0 to {MOST_WATCHED}"
    )
    conf: Text | None = Field(
        None, description="the path of slurm.conf, where it is not Slurm's default"
    )
    raise_with: list[Text] = Field(
        default_factory=list,
        description="a list that stands before commands that take an administrator, such as ['sudo', '-n']",
    )
    rest: Text | None = Field(None, description=REST_EXAMPLE)
    rest_user: Text | None = Field(
        None, description="the user of the token, where it is not the one that Tidegate runs as"
    )
    rest_token_file: Text | None = Field(
        None, description="the path of a file that holds a token of scontrol"
    )
    pool: list[PoolTable] = Field(
        min_length=1, description="one table for each pool that stands in this cluster"
    )
    products: dict[str, ProductTable] = Field(default_factory=dict, description="tables by product")


@dataclass(frozen=True)
class SlurmFile:
    """What a Slurm file says.

    Attributes
    ----------
    fleet : Scenario
        Its fleet file, with the pools that stand in the cluster.
    site : SlurmSite
    commands : Commands
        On this machine; they read over slurmrestd where the file names one.
    """

    fleet: Scenario
    site: SlurmSite
    commands: Commands


def read_slurm_file(path: str | Path) -> SlurmFile:
    """Read a Slurm file and the fleet file that it names.

    Raises
    ------
    SlurmFileError
        If the file cannot be used; all its errors are reported together.
    FleetFileError
        If the fleet file cannot be used.
    """
    table, problems = read_tables(path, SlurmTable, SLURM)
    fleet = read_fleet(Path(path).parent / table.fleet)
    cases = {case.pool.id: case.pool for case in fleet.cases}
    pools: list[SlurmPool] = []
    taken: dict[str, str] = {}
    for place, told in enumerate(table.pool):
        owned = cases.get(told.id)
        nodes = _nodes(told.nodes, ("pool", place, "nodes"), problems)
        if owned is None:
            problems.add(
                "TG-SLURM-FILE-VALUE",
                ("pool", place, "id"),
                f"the fleet file has no pool {told.id!r}.",
                f"one of {', '.join(cases)}.",
            )
            continue
        if nodes and len(nodes) != owned.nodes:
            problems.add(
                "TG-SLURM-FILE-VALUE",
                ("pool", place, "nodes"),
                f"{len(nodes)} nodes are named; the fleet file says {owned.nodes}.",
                "as many as the fleet file says.",
            )
        if twice := [node for node in nodes if taken.setdefault(node, told.id) != told.id]:
            problems.add(
                "TG-SLURM-FILE-VALUE",
                ("pool", place, "nodes"),
                f"{twice[0]} stands in two pools.",
                "each node in one pool.",
            )
        pools.append(
            SlurmPool(told.id, nodes, told.gpu_type.lower(), owned.gpus_per_node, owned.tier)
        )
    if table.rest is not None and not _REST.fullmatch(table.rest):
        problems.add(
            "TG-SLURM-FILE-VALUE",
            ("rest",),
            f"{table.rest!r} cannot be used.",
            f"{REST_EXAMPLE}.",
        )
    problems.raise_if_any()
    named = {pool.id for pool in pools}
    return SlurmFile(
        fleet=replace(fleet, cases=tuple(c for c in fleet.cases if c.pool.id in named)),
        site=SlurmSite(
            pools=tuple(pools),
            wipe=WipeHook(tuple(table.wipe), float(table.wipe_timeout), table.wipe_at_once),
            products={name: table.rule() for name, table in table.products.items()},
            drift=table.drift,
            late_after_s=_late_after_s(fleet),
            watch_per_s=table.watch_per_s,
        ),
        commands=_commands(table),
    )


def _commands(table: SlurmTable) -> Commands:
    local = LocalCommands(conf=table.conf, prefix=tuple(table.raise_with))
    if table.rest is None:
        return local
    user = table.rest_user or getpass.getuser()
    token = None if table.rest_token_file is None else Path(table.rest_token_file)
    return RestCommands(local, Rest(RestPlace(table.rest, user, token)))


def _nodes(text: str, path: tuple[str | int, ...], problems: Problems) -> tuple[str, ...]:
    try:
        return expand(text)
    except SlurmError as error:
        problems.add("TG-SLURM-FILE-VALUE", path, error.message, error.expected)
        return ()


def _late_after_s(fleet: Scenario) -> int:
    """The recall floor: the longest notice, and sanitising."""
    notices = [offer.product.notice_s for case in fleet.cases for offer in case.offers]
    return max(notices, default=0) + fleet.sanitise_s
