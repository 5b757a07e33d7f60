"""What a release of Slurm answers to the driver, recorded for ``tests/drivers/slurm/test_recorded.py``.

``tools/in-later-slurm sid python -m tests.slurm.record`` makes the folder of the release that it runs; what names the
machine is left out.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.slurm.cluster import STRANGER, Cluster, started, wait_until
from tests.slurm.conf import Group, Layout
from tests.slurm.leasing import RED, USER_OF, Desk, WallClock, commands_of, set_up, site_of

from tidegate.control.ports import NodeState
from tidegate.drivers.slurm.answers import JOB_FORMAT
from tidegate.drivers.slurm.driver import SlurmDriver
from tidegate.drivers.slurm.rest import READ, Rest, RestPlace

PLACE = Path(__file__).parents[1] / "drivers" / "slurm" / "recorded"
COMMANDS = {
    "nodes": ("scontrol", "-o", "show", "nodes"),
    "reservation": ("scontrol", "-o", "show", "reservation"),
    "partition": ("scontrol", "-o", "show", "partition"),
    "jobs": ("squeue", "-h", "-a", "-O", JOB_FORMAT),
}


@contextmanager
def scene() -> Iterator[Cluster]:
    """A lease with a job, a node drained by hand, an internal job that runs, and some that wait."""
    with started(Layout((Group("hh", 3, "h100"), Group("gb", 1, "gb200", gpus=4)))) as cluster:
        set_up(cluster, site_of(cluster))
        driver = SlurmDriver(site_of(cluster), commands_of(cluster), WallClock())
        desk = Desk(driver)
        desk.hand_over("lea_a", RED, "hh0001")
        desk.wait(NodeState.LEASED, "hh0001")
        driver.close()
        options = ("--partition=tg-h100", "--reservation=tg-lea_a")
        cluster.wait_state(cluster.submit(*options, user=USER_OF[RED]), "RUNNING")
        drained = ("Comment=rack 7", "State=DRAIN", "Reason=bad fan, slot 2")
        cluster.run("scontrol", "update", "NodeName=hh0002", *drained)
        array = cluster.submit("--gres=gpu:gb200:4", "--array=1-9:2%1", "--exclusive")
        wait_until(lambda: cluster.state(f"{array}_1") == "RUNNING", "the array runs")
        cluster.submit("--hold", "--gres=gpu:h100:1", ":", "--gres=gpu:gb200:1")
        yield cluster


def commands_say(cluster: Cluster) -> dict[str, str]:
    """What the driver asks commands for."""
    return {
        name: re.sub(r" OS=.*?(?=  )", " OS=Linux", cluster.out(*argv))
        for name, argv in COMMANDS.items()
    }


def rest_says(cluster: Cluster) -> dict[str, object]:
    """What it asks slurmrestd for, and which paths that has."""
    rest = Rest(RestPlace(cluster.start_slurmrestd(STRANGER), STRANGER))
    told: dict[str, object] = {
        what: {what: one[what]}
        for what, path in rest.abilities().items()
        if isinstance(one := rest.get(path), dict)
    }
    openapi = rest.get("/openapi/v3")
    assert isinstance(openapi, dict)
    whole = re.compile(rf"/slurm/v[0-9.]+/({'|'.join(READ)})/?")
    paths = {path: methods for path, methods in openapi["paths"].items() if whole.fullmatch(path)}
    methods: dict[str, object] = {path: {key: {} for key in told} for path, told in paths.items()}
    return told | {"paths": {"paths": methods}}


def main() -> None:
    with scene() as cluster:
        folder = PLACE / cluster.out("slurmctld", "-V").split()[-1]
        folder.mkdir(parents=True, exist_ok=True)
        # slurmrestd first: a job's expected start is renewed at every pass.
        for name, told in rest_says(cluster).items():
            text = json.dumps(told, separators=(",", ":")).replace("},{", "},\n{")
            text = re.sub(r'(?<="operating_system":)"[^"]*"', '"Linux"', text)
            (folder / f"{name}.json").write_text(f"{text}\n")
        for name, text in commands_say(cluster).items():
            (folder / f"{name}.txt").write_text(f"{text}\n")


if __name__ == "__main__":
    main()
