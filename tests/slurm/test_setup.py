"""Set up, used by somebody with no more rights than needed, and undone without a trace."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.calling import Shell
from tests.slurm.cluster import SBIN, Cluster, started
from tests.slurm.conf import Group, Layout
from tests.slurm.leasing import RED, USER_OF, Desk, WallClock, site_of

from tidegate.control.ports import NodeState
from tidegate.drivers.slurm.commands import code_of
from tidegate.drivers.slurm.driver import SlurmDriver
from tidegate.drivers.slurm.feed import SlurmFeed
from tidegate.errors import SlurmError

pytestmark = pytest.mark.needs_slurm

FLEET = """
currency = "USD"
[[site]]
id = "here"
[[pool]]
id = "h100"
site = "here"
chip = "H100-SXM"
nodes = 2
gpus_per_node = 8
tier = "mainstay"
policy = {{ lease = ["preemptible", "flex"] }}
log = {{ path = "log.txt" }}
[[pool]]
id = "gb200"
site = "here"
chip = "GB200"
nodes = 1
gpus_per_node = 8
tier = "frontier"
log = {{ path = "log.txt" }}
"""

SLURM = """
fleet = "fleet.toml"
wipe = ["/bin/true"]
conf = "{conf}"
[[pool]]
id = "h100"
nodes = "hh[0001-0002]"
gpu_type = "h100"
[[pool]]
id = "gb200"
nodes = "gb0001"
gpu_type = "gb200"
"""


@pytest.fixture(scope="module")
def bare() -> Iterator[Cluster]:
    with started(Layout((Group("hh", 2, "h100"), Group("gb", 1, "gb200")))) as cluster:
        yield cluster


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.setenv("PATH", f"{SBIN}")
    return Shell(monkeypatch, capsys)


@pytest.fixture
def slurm_file(bare: Cluster, tmp_path: Path) -> Path:
    (tmp_path / "fleet.toml").write_text(FLEET.replace("{{", "{").replace("}}", "}"))
    path = tmp_path / "slurm.toml"
    path.write_text(SLURM.format(conf=bare.conf))
    return path


CHANGES_BY_ITSELF = re.compile(
    r"(CPULoad|FreeMem|AllocMem|LastBusyTime|SlurmdStartTime|BootTime|BOOT_TIME|NEXT_JOB_ID)\s*=\s*\S+"
    r"|^Configuration data as of.*"
)


def everything(cluster: Cluster) -> dict[str, str]:
    """All that scontrol and sacctmgr tell, and the dump with which the database could be set up anew."""
    told = {
        what: cluster.out("scontrol", "-o", "show", *what.split())
        for what in ("config", "nodes", "partition", "reservation", "licenses", "burstbuffer")
    }
    # "scontrol show assoc_mgr" counts the use of associations by past jobs too: that is Slurm's own book.
    told["assoc_mgr"] = cluster.out("scontrol", "-o", "show", "assoc_mgr", "flags=qos")
    for what in ("account", "user", "qos", "assoc", "cluster", "tres", "wckey", "resource"):
        told[f"sacctmgr {what}"] = cluster.out("sacctmgr", "-nP", "show", what)
    dump = cluster.folder / "dump.cfg"
    dump.unlink(missing_ok=True)
    cluster.run("sacctmgr", "-i", "dump", "tide", f"File={dump}")
    told["sacctmgr dump"] = dump.read_text()
    told["queue"] = cluster.out("squeue", "-h", "-a", "-o", "%i %T")
    told["conf"] = cluster.conf.read_text()
    return {what: CHANGES_BY_ITSELF.sub("", text) for what, text in told.items()}


class AsUser:
    """Slurm's commands, run by a user of the cluster."""

    def __init__(self, cluster: Cluster, user: str) -> None:
        self.cluster = cluster
        self.user = user

    def run(self, *argv: str, seconds: float | None = None) -> str:
        done = self.cluster.run(*argv, user=self.user, seconds=seconds or 30, check=False)
        if done.returncode:
            raise SlurmError(code_of(done.stderr), done.stderr.strip())
        return done.stdout


def test_from_nothing_to_a_lease_and_back_to_nothing(bare: Cluster, shell: Shell, slurm_file: Path):
    conf = bare.conf.read_text()
    for name, comment in (("hh0001", "rack 7"), ("hh0002", "rack 8")):
        bare.run("scontrol", "update", f"NodeName={name}", f"Comment={comment}")
    before = everything(bare)
    assert shell("slurm", "check", slurm_file, "--json").code == 1
    assert everything(bare) == before  # the check has changed nothing
    installed = shell("slurm", "install", slurm_file, "--json")
    assert installed.code == 0
    lines = [
        f"{line} DenyQos={installed.json['deny_qos']}"
        if line.startswith("PartitionName=")
        else line
        for line in conf.splitlines()
    ]
    bare.conf.write_text("\n".join([*lines, *installed.json["add"]]) + "\n")
    bare.reconfigure()
    assert shell("slurm", "tenant", slurm_file, RED, "--user", USER_OF[RED]).code == 0
    checked = shell("slurm", "check", slurm_file)
    assert checked.code == 0, checked.out
    assert "advised" in checked.out  # PrivateData

    # A Slurm administrator without any right of root's does all that the driver does; an operator may not drain.
    bare.run("sacctmgr", "-i", "add", "user", "backup", "Account=root", "AdminLevel=Admin")
    bare.run("sacctmgr", "-i", "add", "user", "man", "Account=root", "AdminLevel=Operator")
    operator = SlurmDriver(site_of(bare), AsUser(bare, "man"), WallClock())
    with pytest.raises(SlurmError, match="TG-SLURM-RIGHTS"):
        Desk(operator).hand_over("lea_o", RED, "hh0001")
    driver = SlurmDriver(site_of(bare), AsUser(bare, "backup"), WallClock())
    desk = Desk(driver)
    desk.hand_over("lea_a", RED, "hh0001")
    desk.wait(NodeState.LEASED, "hh0001")
    job = bare.submit("-p", "tg-h100", "--reservation=tg-lea_a", user=USER_OF[RED])
    bare.wait_state(job, "RUNNING")
    desk.return_all("lea_a", "hh0001")
    driver.set_leasable("h100", 1)

    # Undone in the middle of a lease.
    desk.hand_over("lea_b", RED, "hh0002")
    desk.wait(NodeState.LEASED, "hh0002")
    job = bare.submit("-p", "tg-h100", "--reservation=tg-lea_b", user=USER_OF[RED])
    bare.wait_state(job, "RUNNING")
    driver.close()
    operator.close()
    for user in ("backup", "man"):
        bare.run("sacctmgr", "-i", "delete", "user", user, "Account=root")
    left = shell("slurm", "uninstall", slurm_file, "--json")
    assert left.code == 1
    assert left.json["left_in_slurm_conf"] == [
        "PartitionName=tg-h100",
        "DenyQos=tg-lease of internal",
    ]
    bare.conf.write_text(conf)
    bare.reconfigure()
    again = shell("slurm", "uninstall", slurm_file)
    assert (again.code, again.out) == (0, "Nothing of Tidegate is left in Slurm.\n")
    after = everything(bare)
    changed = {
        word for what in before for word in set(after[what].split()) ^ set(before[what].split())
    }
    assert changed == set()
    assert after == before


def test_history_of_demand_comes_from_sacct(bare: Cluster):
    import time  # noqa: PLC0415

    from tests.slurm.past import DAY_S, give_past  # noqa: PLC0415

    now = int(time.time())
    give_past(bare, now, days=2, jobs=60)
    feed = SlurmFeed(site_of(bare), AsUser(bare, "nobody"), WallClock(), pause=lambda seconds: None)
    points = list(feed.demand("h100", now - DAY_S))
    assert [point.at_s % 300 for point in points] == [0] * len(points)
    assert points[0].at_s >= now - DAY_S
    assert points[-1].at_s <= now
    assert {point.demand_nodes for point in points} <= {0, 1, 2}
    assert sum(point.demand_nodes for point in points) > 0
    assert all(point.demand_nodes == 0 for point in feed.demand("gb200", now - DAY_S))


def test_a_slurm_file_that_does_not_fit_its_fleet_says_where(shell: Shell, slurm_file: Path):
    text = slurm_file.read_text()
    slurm_file.write_text(
        text.replace("hh[0001-0002]", "hh[0001-0003]").replace('id = "gb200"', 'id = "moon"')
    )
    told = shell("slurm", "check", slurm_file)
    assert told.code == 2
    assert "3 nodes are named; the fleet file says 2" in told.err
    assert "the fleet file has no pool 'moon'" in told.err
    for far in ("http://10.0.0.7:6820", "https:/x", "unix:run", "ftp://localhost"):
        slurm_file.write_text(f'rest = "{far}"\n{text}')
        told = shell("slurm", "check", slurm_file)
        assert (told.code, "TG-SLURM-FILE-VALUE" in told.err) == (2, True), far
    slurm_file.write_text(text.replace("wipe =", "wype ="))
    assert "TG-SLURM-FILE-KEY" in shell("slurm", "check", slurm_file).err
