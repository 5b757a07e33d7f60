"""The sudoers lines that are printed, and an operator's account, are enough for the driver and for nothing else.

sudo is real; it reads the printed lines in a mount namespace of their own, so that the machine's sudoers is left alone.
"""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.slurm.cluster import OWNER, SBIN, Cluster, wait_until
from tests.slurm.leasing import H100, RED, USER_OF, Desk, WallClock, site_of, with_wipe

from tidegate.control.ports import NodeState
from tidegate.drivers.slurm.checks import check
from tidegate.drivers.slurm.commands import LocalCommands
from tidegate.drivers.slurm.driver import SlurmDriver
from tidegate.drivers.slurm.site import SlurmSite
from tidegate.drivers.slurm.sudoers import sudoers
from tidegate.errors import SlurmError

pytestmark = pytest.mark.needs_slurm

TIDEGATE = "man"
"""Whom Tidegate runs as: a user of Debian without any right."""
RAISE = ("sudo", "-n", "-u", "slurm")
HOUSE = """\
Defaults env_reset
Defaults secure_path="/usr/sbin:/usr/bin:/sbin:/bin"
"""


class Jail:
    """Runs programs as Tidegate's user, with a sudoers file of ours in place of the machine's."""

    def __init__(self, folder: Path, lines: str) -> None:
        self.path = folder / "sudoers"
        self.path.touch(0o440)
        self.path.write_text(HOUSE + lines)
        holder = ("unshare", "--mount", "--propagation", "private", "sh", "-c")
        script = f"mount --bind {self.path} /etc/sudoers && exec sleep 3600"
        self.holder = subprocess.Popen((*holder, script))
        space = f"/proc/{self.holder.pid}/ns/mnt"
        wait_until(
            lambda: "sudoers" in Path(f"/proc/{self.holder.pid}/mounts").read_text(), "it is there"
        )
        self.argv = (
            *("nsenter", f"--mount={space}", "setpriv", f"--reuid={TIDEGATE}", "--regid=nogroup"),
            *("--clear-groups", "env", f"PATH={SBIN}"),
        )
        self.bin = folder / "bin"
        self.bin.mkdir()
        for name in ("scontrol", "sacctmgr", "squeue", "scancel", "sudo"):
            shim = self.bin / name
            call = " ".join((*self.argv, shutil.which(name, path=SBIN) or name))
            shim.write_text(f'#!/bin/sh\nPATH={SBIN} exec {call} "$@"\n')
            shim.chmod(0o755)

    def close(self) -> None:
        self.holder.kill()
        self.holder.wait()


@pytest.fixture(scope="module")
def jail(running_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jail]:
    folder = tmp_path_factory.mktemp("jail")
    env = folder / "env"
    env.write_text(f"SLURM_CONF={running_cluster.conf}\n")
    jail = Jail(folder, sudoers(site_of(running_cluster), TIDEGATE, env=str(env)))
    levels = ((TIDEGATE, "Operator"), ("slurm", "Admin"))
    for user, level in levels:
        running_cluster.run(
            "sacctmgr", "-i", "add", "user", user, "Account=root", f"AdminLevel={level}"
        )
    yield jail
    for user, _ in levels:
        running_cluster.run("sacctmgr", "-i", "delete", "user", user, "Account=root")
    jail.close()


@pytest.fixture
def commands(cluster: Cluster, jail: Jail) -> LocalCommands:
    return LocalCommands(str(cluster.conf), RAISE, environment={"PATH": str(jail.bin)})


def test_the_lines_are_valid(jail: Jail):
    done = subprocess.run(("visudo", "-cf", jail.path), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, f"{jail.path}: parsed OK")


def test_a_whole_life_of_a_lease_with_these_rights(
    cluster: Cluster, commands: LocalCommands, site: SlurmSite, tmp_path: Path
):
    cluster.run("scontrol", "update", "NodeName=hh0002", "Comment=rack 7, top")
    driver = SlurmDriver(site, commands, WallClock())
    desk = Desk(driver)
    desk.hand_over("lea_a", RED, "hh0001", "hh0002", "hh0004")
    desk.wait(NodeState.LEASED, "hh0001", "hh0002", "hh0004")
    options = ("--partition=tg-h100", "--reservation=tg-lea_a", "--nodes=3")
    deaf = "trap '' TERM; while true; do sleep 0.2; done"
    job = cluster.submit(*options, user=USER_OF[RED], script=deaf)
    cluster.wait_state(job, "RUNNING")
    driver.set_leasable(H100, 4)
    desk.notice("lea_a", "hh0001", "hh0002", "hh0004")
    desk.return_all("lea_a", "hh0001", "hh0002", "hh0004")
    assert cluster.state(job) not in ("RUNNING", "COMPLETING")
    assert "Comment=rack 7, top" in cluster.out("scontrol", "-o", "show", "node", "hh0002")
    driver.close()
    # A wipe that fails with words that look like a key.
    failing = SlurmDriver(
        with_wipe(site, tmp_path / "wipe", "echo State=IDLE >&2; exit 1"), commands, WallClock()
    )
    mine = Desk(failing)
    mine.hand_over("lea_b", RED, "hh0003")
    mine.wait(NodeState.FAILED, "hh0003")
    assert "State:IDLE" in mine.fact("hh0003").note
    failing.close()


BEYOND = {
    "a state that is not ours": ("scontrol", "update", "NodeName=hh0001", "State=DOWN", "Reason=x"),
    "a state behind a comment": ("scontrol", "update", "NodeName=hh0001", "Comment=x State=DOWN"),
    "a reason that is not ours": (
        "scontrol", "update", "NodeName=hh0001", "Comment=x", "State=DRAIN", "Reason=x",
    ),
    "a key behind a reason": (
        "scontrol", "update", "NodeName=hh0001", "Comment=x", "State=DRAIN", "Reason=tidegate: x Weight=7",
    ),
    "a frontier node": ("scontrol", "update", "NodeName=gb0001", "Comment=x"),
    "a frontier node beside its own": ("scontrol", "update", "NodeName=hh0001,gb0001", "Comment=x"),
    "all nodes": ("scontrol", "update", "NodeName=ALL", "Comment=x"),
    "its features": ("scontrol", "update", "NodeName=hh0001", "Comment=x", "Features=x"),
    "a partition": ("scontrol", "update", "PartitionName=internal", "DenyQos="),
    "a partition behind a node": ("scontrol", "update", "NodeName=hh0001", "Comment=x", "PartitionName=internal"),
    "the configuration": ("scontrol", "reconfigure"),
    "shutting down": ("scontrol", "shutdown"),
    "a token": ("scontrol", "token", "username=daemon"),
    "the tenants' QOS": ("sacctmgr", "-i", "modify", "qos", "tg-lease", "set", "Flags=-1"),
    "the owner's QOS": ("sacctmgr", "-i", "modify", "qos", "normal", "set", "GrpTRES=node=1"),
    "two limits": ("sacctmgr", "-i", "modify", "qos", "tg-h100", "set", "GrpTRES=node=1", "MaxWall=1"),
    "its own level": ("sacctmgr", "-i", "modify", "user", TIDEGATE, "set", "AdminLevel=Admin"),
    "a shell": ("sh", "-c", "true"),
    "another program": ("scancel", "1"),
}  # fmt: skip


@pytest.mark.parametrize("name", BEYOND)
def test_nothing_beyond_it_is_let_through(cluster: Cluster, jail: Jail, name: str):
    """With sudo as either user, and without."""
    for raised in (RAISE, ("sudo", "-n")):
        done = subprocess.run(
            (*jail.argv, *raised, *BEYOND[name]), capture_output=True, text=True, check=False
        )
        assert done.returncode, name
        assert "a password is required" in done.stderr or "not allowed" in done.stderr, done.stderr
    if BEYOND[name][0] in ("scontrol", "sacctmgr"):
        alone = cluster.run(*BEYOND[name], user=TIDEGATE, check=False)
        assert alone.returncode, alone.stdout
    assert cluster.all_idle()


def test_without_the_lines_the_error_says_what_is_missing(
    cluster: Cluster, commands: LocalCommands, site: SlurmSite
):
    driver = SlurmDriver(site, replace(commands, prefix=()), WallClock())
    with pytest.raises(SlurmError, match="TG-SLURM-RIGHTS"):
        Desk(driver).hand_over("lea_a", RED, "hh0001")
    driver.close()
    assert all(found.is_good for found in check(commands, site) if found.is_needed)
    assert cluster.all_idle()
    job = cluster.submit(user=OWNER)  # what an operator is trusted with: jobs of others
    cluster.wait_state(job, "RUNNING")
    commands.run("scancel", job)
    cluster.wait_state(job, "CANCELLED")
