"""A cluster set up for leases, and a driver on it."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.slurm.cluster import SBIN, TENANTS, Cluster, wait_until

from tidegate.control.ports import GiveBack, HandOver, NodeFact, NodeState, Notice, Sanitise, Take
from tidegate.drivers.slurm.commands import LocalCommands
from tidegate.drivers.slurm.driver import SlurmDriver
from tidegate.drivers.slurm.setup import LEASE_QOS, add_tenant, conf_lines, install
from tidegate.drivers.slurm.site import SlurmPool, SlurmSite, WipeHook
from tidegate.fleet import Tier

H100, GB200 = "h100", "gb200"
RED, BLUE = "ten_red", "ten_blue"
USER_OF = {RED: TENANTS[0], BLUE: TENANTS[1]}


class WallClock:
    """The time of the machine."""

    def now_s(self) -> int:
        return int(time.time())

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)


def site_of(cluster: Cluster, wipe: tuple[str, ...] = ("/bin/true",)) -> SlurmSite:
    first, second = cluster.layout.groups[:2]
    return SlurmSite(
        pools=(
            SlurmPool(H100, first.names, first.chip, first.gpus, Tier.MAINSTAY),
            SlurmPool(GB200, second.names, second.chip, second.gpus, Tier.FRONTIER),
        ),
        wipe=WipeHook(wipe, timeout_s=20),
    )


def commands_of(cluster: Cluster) -> LocalCommands:
    return LocalCommands(conf=str(cluster.conf), environment={"PATH": SBIN})


def set_up(cluster: Cluster, site: SlurmSite) -> None:
    """What the guide tells an administrator to do."""
    commands = commands_of(cluster)
    install(commands, site)
    for tenant, user in USER_OF.items():
        add_tenant(commands, tenant, [user])
    conf = cluster.conf.read_text()
    if LEASE_QOS not in conf:
        lines = [
            f"{line} DenyQos={LEASE_QOS}" if line.startswith("PartitionName=") else line
            for line in conf.splitlines()
        ]
        cluster.conf.write_text("\n".join([*lines, *conf_lines(site)]) + "\n")
        cluster.reconfigure()


class Desk:
    """Gives commands as the running system does, each with a token of its own."""

    def __init__(self, driver: SlurmDriver, pool: str = H100) -> None:
        self.driver = driver
        self.pool = pool
        self._number = 0

    def token(self) -> str:
        self._number += 1
        return f"cmd_{id(self)}_{self._number}"

    def hand_over(self, lease: str, tenant: str, *nodes: str, product: str = "flex") -> HandOver:
        command = HandOver(self.token(), self.pool, lease, tenant, product, nodes)
        self.driver.hand_over(command)
        return command

    def notice(self, lease: str, *nodes: str, seconds: int = 600) -> Notice:
        command = Notice(self.token(), self.pool, lease, nodes, int(time.time()) + seconds)
        self.driver.notice(command)
        return command

    def take(self, lease: str, *nodes: str) -> Take:
        command = Take(self.token(), self.pool, lease, nodes)
        self.driver.take(command)
        return command

    def sanitise(self, *nodes: str) -> Sanitise:
        command = Sanitise(self.token(), self.pool, nodes)
        self.driver.sanitise(command)
        return command

    def give_back(self, *nodes: str) -> GiveBack:
        command = GiveBack(self.token(), self.pool, nodes)
        self.driver.give_back(command)
        return command

    def fact(self, node: str) -> NodeFact:
        facts = self.driver.facts(self.pool)
        return next(fact for fact in facts.nodes if fact.node == node)

    def wait(
        self, state: NodeState, *nodes: str, clean: bool | None = None, seconds: float = 30
    ) -> None:
        """Ask until all these nodes are in a state."""

        def reached() -> bool:
            facts = {fact.node: fact for fact in self.driver.facts(self.pool).nodes}
            return all(
                facts[node].state is state and clean in (None, facts[node].is_clean)
                for node in nodes
            )

        wait_until(reached, f"{nodes} are {state}", seconds)

    def return_all(self, lease: str, *nodes: str) -> None:
        """Take, sanitise and give back."""
        self.take(lease, *nodes)
        self.sanitise(*nodes)
        self.wait(NodeState.FREE, *nodes, clean=True)
        self.give_back(*nodes)


def timed(act: Callable[[], object]) -> float:
    """Seconds that something takes."""
    began = time.monotonic()
    act()
    return time.monotonic() - began


def with_wipe(site: SlurmSite, script: Path, body: str, timeout_s: float = 20) -> SlurmSite:
    """The site with another wipe, a shell script."""
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    return replace(site, wipe=WipeHook((str(script),), timeout_s=timeout_s))
