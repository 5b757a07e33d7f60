"""The limit that an administrator raises, lowers or removes by hand: found, shown, and set again or left."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.slurm.cluster import STRANGER, Cluster, wait_until
from tests.slurm.leasing import BLUE, H100, RED, Desk, WallClock, commands_of
from tests.slurm.ruled import Ruled

from tidegate.control.ports import NodeState
from tidegate.drivers.slurm.commands import Commands
from tidegate.drivers.slurm.driver import SlurmDriver
from tidegate.drivers.slurm.rest import Rest, RestCommands, RestPlace
from tidegate.drivers.slurm.setup import install
from tidegate.drivers.slurm.site import Drift, SlurmSite
from tidegate.errors import DriverError
from tidegate.lease.events import DRIFT
from tidegate.store.views import ViewTables

pytestmark = pytest.mark.needs_slurm

WATCH_S = 0.3


@pytest.fixture(scope="module")
def socket(running_cluster: Cluster) -> Iterator[str]:
    yield running_cluster.start_slurmrestd(STRANGER)
    running_cluster.kill("slurmrestd:local")


@pytest.fixture(params=["commands", "rest"])
def commands(request: pytest.FixtureRequest, cluster: Cluster) -> Commands:
    """Slurm's commands alone, and with slurmrestd before them."""
    if request.param == "commands":
        return commands_of(cluster)
    rest = Rest(RestPlace(request.getfixturevalue("socket"), STRANGER))
    return RestCommands(commands_of(cluster), rest)


@pytest.fixture(autouse=True)
def _no_limit_afterwards(cluster: Cluster) -> Iterator[None]:
    yield
    set_by_hand(cluster, "-1")


def set_by_hand(cluster: Cluster, limit: str) -> None:
    cluster.run("sacctmgr", "-i", "modify", "qos", "tg-h100", "set", f"GrpTRES=node={limit}")


def limit(cluster: Cluster) -> str:
    """As slurmdbd has it."""
    return cluster.out("sacctmgr", "-nP", "show", "qos", "tg-h100", "format=grptres")


@pytest.mark.parametrize(
    ("by_hand", "as_told"),
    [
        pytest.param("-1", "no limit", id="removed"),
        pytest.param("50", "node=50", id="raised", marks=pytest.mark.slow),
        pytest.param("1", "node=1", id="lowered", marks=pytest.mark.slow),
    ],
)
def test_a_limit_changed_by_hand_is_found_shown_and_set_again(
    cluster: Cluster,
    site: SlurmSite,
    commands: Commands,
    tmp_path: Path,
    by_hand: str,
    as_told: str,
):
    driver = SlurmDriver(site, commands, WallClock(), watch_s=WATCH_S)
    ruled = Ruled(tmp_path, driver, nodes=6)
    ruled.look_until(lambda: limit(cluster) == "node=6", "the quota is set")
    set_by_hand(cluster, by_hand)
    ruled.look_until(lambda: ruled.told(DRIFT), "it is found")
    text = f"QOS tg-h100 has {as_told} in place of node=6: set again"
    assert ruled.told(DRIFT)[0].data == {"found": [text]}
    (row,) = ViewTables(ruled.database).pools()
    assert row.drift == text
    assert limit(cluster) == "node=6"
    ruled.look_until(lambda: not ViewTables(ruled.database).pools()[0].drift, "all is well again")
    assert len(ruled.told(DRIFT)) == 1
    driver.close()


def test_a_limit_changed_by_hand_stands_where_that_is_respected(
    cluster: Cluster, site: SlurmSite, commands: Commands
):
    respecting = replace(site, drift=Drift.RESPECT)
    driver = SlurmDriver(respecting, commands, WallClock(), watch_s=WATCH_S)
    desk = Desk(driver)
    driver.set_leasable(H100, 5)
    assert limit(cluster) == "node=5"
    set_by_hand(cluster, "1")
    found = "QOS tg-h100 has node=1 in place of node=5: left as it is"
    wait_until(lambda: driver.facts(H100).drift == (found,), "it is shown")
    # Not at the next quota either; and no node is handed over that its tenant's jobs could not use.
    driver.set_leasable(H100, 4)
    assert (limit(cluster), driver.facts(H100).drift) == ("node=1", (found,))
    desk.hand_over("lea_a", RED, "hh0001")
    with pytest.raises(DriverError, match="TG-DRIVER-QUOTA"):
        desk.hand_over("lea_b", BLUE, "hh0002")
    # Once it is what it was, the quota goes on.
    set_by_hand(cluster, "5")
    wait_until(lambda: driver.facts(H100).drift == (), "nothing is left to show")
    driver.set_leasable(H100, 4)
    assert limit(cluster) == "node=4"
    desk.hand_over("lea_b", BLUE, "hh0002")
    desk.wait(NodeState.LEASED, "hh0001", "hh0002")
    desk.return_all("lea_a", "hh0001")
    desk.return_all("lea_b", "hh0002")
    driver.close()


def test_a_limit_whose_qos_was_deleted_is_shown_and_set_in_the_new_one(
    cluster: Cluster, site: SlurmSite
):
    driver = SlurmDriver(site, commands_of(cluster), WallClock(), watch_s=WATCH_S)
    driver.set_leasable(H100, 5)
    cluster.run("sacctmgr", "-i", "delete", "qos", "tg-h100")
    wait_until(lambda: driver.facts(H100).drift, "it is found")
    assert "no QOS tg-h100 any more" in driver.facts(H100).drift[0]
    install(commands_of(cluster), site)
    wait_until(lambda: not driver.facts(H100).drift, "nothing is left to show")
    assert limit(cluster) == "node=5"
    driver.close()
    # The partition holds on to the QOS of its name from now on.
    cluster.run("scontrol", "reconfigure")


def test_a_change_just_before_the_next_quota_is_shown_too(cluster: Cluster, site: SlurmSite):
    driver = SlurmDriver(site, commands_of(cluster), WallClock())
    driver.set_leasable(H100, 5)
    in_memory(cluster, "node=5(")
    set_by_hand(cluster, "50")
    in_memory(cluster, "node=50(")
    driver.set_leasable(H100, 4)
    assert limit(cluster) == "node=4"
    assert driver.facts(H100).drift == ("QOS tg-h100 has node=50 in place of node=5: set again",)
    driver.close()


def test_slurmctld_is_asked_once_in_a_while_and_what_it_says_holds_nothing_up(
    cluster: Cluster, site: SlurmSite
):
    asked: list[float] = []

    class Failing:
        real = commands_of(cluster)
        answer: Callable[[str], str] = staticmethod(lambda text: text)

        def run(self, *argv: str, seconds: float | None = None) -> str:
            said = self.real.run(*argv, seconds=seconds)
            if "assoc_mgr" in argv:
                asked.append(time.monotonic())
                return self.answer(said)
            return said

    commands = Failing()
    driver = SlurmDriver(site, commands, WallClock(), watch_s=0.5)
    driver.facts(H100)
    assert not asked  # nothing has been set yet
    driver.set_leasable(H100, 5)
    commands.answer = lambda text: text[: len(text) // 3]
    wait_until(lambda: driver.facts(H100).drift == () and len(asked) == 3, "it was asked thrice")
    assert asked[-1] - asked[0] >= 2 * 0.5
    driver.close()


def in_memory(cluster: Cluster, words: str) -> None:
    ask = ("scontrol", "-o", "show", "assoc_mgr", "flags=qos", "qos=tg-h100")
    wait_until(lambda: words in cluster.out(*ask), f"slurmctld has {words}")
