"""What every driver does, whatever stands behind it: run over the embedded one and over a real Slurm."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import pytest
from structlog.testing import capture_logs
from tests.slurm.cluster import STRANGER, Cluster, started, wait_until
from tests.slurm.conf import Group, Layout
from tests.slurm.leasing import WallClock, commands_of, set_up, site_of

from tidegate.control.ports import (
    CapsQuota,
    Driver,
    GiveBack,
    HandOver,
    NodeFact,
    NodeState,
    Notice,
    Sanitise,
    Take,
)
from tidegate.control.reconcile import check_facts
from tidegate.drivers.embedded.cluster import ClusterSpec
from tidegate.drivers.embedded.driver import EmbeddedDriver
from tidegate.drivers.embedded.jobs import JobList
from tidegate.drivers.slurm.commands import Commands
from tidegate.drivers.slurm.driver import SlurmDriver
from tidegate.drivers.slurm.rest import Rest, RestCommands, RestPlace
from tidegate.errors import DriverError

NODES = 4
RED, BLUE = "ten_red", "ten_blue"


class House:
    """A driver of a mainstay pool ``h100`` of four nodes and of a frontier pool ``gb200``; time goes on by itself."""

    def __init__(self, driver: Driver, occupy: Callable[[int], None]) -> None:
        self.driver = driver
        self.occupy = occupy
        self._number = 0

    def token(self) -> str:
        self._number += 1
        return f"cmd_{self._number}_{time.time_ns()}"

    def facts(self) -> list[NodeFact]:
        facts = self.driver.facts("h100")
        check_facts(facts, "h100", NODES, int(time.time()) + 1)
        return list(facts.nodes)

    def fact(self, node: str) -> NodeFact:
        return next(fact for fact in self.facts() if fact.node == node)

    def wait(self, true: Callable[[], bool], what: str) -> None:
        wait_until(true, what, 30)

    def wait_state(self, state: NodeState, *nodes: str) -> None:
        self.wait(
            lambda: all(self.fact(node).state is state for node in nodes), f"{nodes} are {state}"
        )

    def lease(self, lease: str, *nodes: str, tenant: str = RED) -> HandOver:
        command = HandOver(self.token(), "h100", lease, tenant, "flex", nodes)
        self.driver.hand_over(command)
        self.wait_state(NodeState.LEASED, *nodes)
        return command

    def free_again(self, lease: str, *nodes: str) -> None:
        self.driver.take(Take(self.token(), "h100", lease, nodes))
        self.driver.sanitise(Sanitise(self.token(), "h100", nodes))
        self.wait_state(NodeState.FREE, *nodes)
        self.driver.give_back(GiveBack(self.token(), "h100", nodes))
        self.wait_state(NodeState.FREE, *nodes)


@pytest.fixture
def embedded() -> House:
    begun = int(time.time())
    spec = ClusterSpec("h100", NODES, 8, 0, 900, True, begun, JobList((), (), ()))
    frontier = replace(spec, pool="gb200", nodes=1, may_lease=False)

    def occupy(nodes: int) -> None:
        """Let there be a cluster to which such a job has come: an embedded one knows its jobs beforehand."""
        job = JobList([begun], [3600], [8 * nodes])
        made.driver = EmbeddedDriver(WallClock(), [replace(spec, jobs=job), frontier])

    made = House(EmbeddedDriver(WallClock(), [spec, frontier]), occupy)
    return made


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with started(Layout((Group("hh", NODES, "h100"), Group("gb", 1, "gb200")))) as cluster:
        set_up(cluster, site_of(cluster))
        yield cluster


@pytest.fixture
def slurm(cluster: Cluster) -> Iterator[House]:
    """On Slurm's commands alone."""
    yield from _on_slurm(cluster, commands_of(cluster))


@pytest.fixture(scope="module")
def socket(cluster: Cluster) -> str:
    return cluster.start_slurmrestd(STRANGER)


@pytest.fixture
def rest(cluster: Cluster, socket: str) -> Iterator[House]:
    """On Slurm's commands, read over slurmrestd; nothing may fall back."""
    rest = Rest(RestPlace(socket, STRANGER))
    commands = RestCommands(commands_of(cluster), rest, clock=lambda: 0.0)  # never slow
    with capture_logs() as logs:
        yield from _on_slurm(cluster, commands)
    assert logs == []


def _on_slurm(cluster: Cluster, commands: Commands) -> Iterator[House]:
    from tests.slurm.conftest import clear  # noqa: PLC0415

    def occupy(nodes: int) -> None:
        job = cluster.submit(f"--nodes={nodes}", "--gres=gpu:h100:8", "--exclusive")
        cluster.wait_state(job, "RUNNING")

    driver = SlurmDriver(site_of(cluster), commands, WallClock())
    yield House(driver, occupy)
    driver.close()
    clear(cluster)


@pytest.fixture(
    params=[
        "embedded",
        pytest.param("slurm", marks=pytest.mark.needs_slurm),
        pytest.param("rest", marks=pytest.mark.needs_slurm),
    ]
)
def house(request: pytest.FixtureRequest) -> House:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, House)
    return found


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(DriverError) as caught:
        act()
    return caught.value.code


def names(house: House) -> list[str]:
    return [fact.node for fact in house.facts()]


def test_every_node_once_and_in_the_same_order(house: House):
    first = names(house)
    assert len(set(first)) == NODES
    assert names(house) == first


def test_a_lease_holds_its_nodes_from_a_moment_on(house: House):
    a, b, *_ = names(house)
    began = int(time.time())
    house.lease("lea_one", a, b)
    facts = {fact.node: fact for fact in house.facts()}
    for node in (a, b):
        assert facts[node].lease_id == "lea_one"
        assert began - 1 <= facts[node].since_s <= int(time.time())
    assert [fact.state for node, fact in facts.items() if node not in (a, b)] == [
        NodeState.FREE
    ] * 2
    house.free_again("lea_one", a, b)
    assert all(fact.lease_id is None for fact in house.facts())


def test_a_lease_grows_and_shrinks(house: House):
    a, b, c, _ = names(house)
    house.lease("lea_one", a, b)
    since = house.fact(a).since_s
    house.lease("lea_one", c)
    house.free_again("lea_one", b)
    assert [house.fact(node).lease_id for node in (a, b, c)] == ["lea_one", None, "lea_one"]
    assert house.fact(a).since_s == since
    house.free_again("lea_one", a, c)


def test_a_notice_takes_nothing(house: House):
    a, *_ = names(house)
    house.lease("lea_one", a)
    since = house.fact(a).since_s
    house.driver.notice(Notice(house.token(), "h100", "lea_one", (a,), int(time.time()) + 600))
    fact = house.fact(a)
    assert (fact.state, fact.lease_id, fact.since_s) == (NodeState.LEASED, "lea_one", since)
    house.free_again("lea_one", a)


def test_commands_twice(house: House):
    a, *_ = names(house)
    handed = house.lease("lea_one", a)
    house.driver.hand_over(handed)
    assert house.fact(a).lease_id == "lea_one"
    taken = Take(house.token(), "h100", "lea_one", (a,))
    house.driver.take(taken)
    house.driver.take(taken)
    house.driver.hand_over(handed)
    assert house.fact(a).state is not NodeState.LEASED
    wiped = Sanitise(house.token(), "h100", (a,))
    house.driver.sanitise(wiped)
    house.wait_state(NodeState.FREE, a)
    back = GiveBack(house.token(), "h100", (a,))
    house.driver.give_back(back)
    house.lease("lea_two", a, tenant=BLUE)
    house.driver.take(taken)
    house.driver.sanitise(wiped)
    house.driver.give_back(back)
    assert house.fact(a).lease_id == "lea_two"
    house.free_again("lea_two", a)


def test_one_lease_is_not_taken_in_the_name_of_another(house: House):
    a, *_ = names(house)
    house.lease("lea_one", a)
    house.driver.take(Take(house.token(), "h100", "lea_two", (a,)))
    assert house.fact(a).lease_id == "lea_one"
    house.free_again("lea_one", a)


def test_what_is_in_other_hands_is_refused_as_a_whole(house: House):
    a, b, *_ = names(house)
    house.lease("lea_one", a)
    second = HandOver(house.token(), "h100", "lea_two", BLUE, "flex", (b, a))
    assert code_of(lambda: house.driver.hand_over(second)) == "TG-DRIVER-BUSY"
    assert house.fact(b).state is NodeState.FREE
    assert (
        code_of(lambda: house.driver.sanitise(Sanitise(house.token(), "h100", (a,))))
        == "TG-DRIVER-BUSY"
    )
    house.free_again("lea_one", a)


def test_internal_jobs_are_seen_and_left_alone(house: House):
    house.occupy(3)
    busy = [fact.node for fact in house.facts() if fact.state is NodeState.INTERNAL]
    assert len(busy) == house.driver.facts("h100").waiting.busy_nodes == 3
    command = HandOver(house.token(), "h100", "lea_one", RED, "flex", (busy[0],))
    assert code_of(lambda: house.driver.hand_over(command)) == "TG-DRIVER-BUSY"
    assert house.fact(busy[0]).state is NodeState.INTERNAL


def test_frontier_and_strangers_are_refused(house: House):
    frontier = house.driver.facts("gb200").nodes[0].node
    for pool, node, code in (
        ("gb200", frontier, "TG-DRIVER-FRONTIER"),
        ("h100", frontier if frontier not in names(house) else "moon", "TG-DRIVER-UNKNOWN"),
        ("moon", frontier, "TG-DRIVER-UNKNOWN"),
    ):
        command = HandOver(house.token(), pool, "lea_one", RED, "flex", (node,))
        assert code_of(partial(house.driver.hand_over, command)) == code
    assert code_of(lambda: house.driver.facts("moon")) == "TG-DRIVER-UNKNOWN"


def test_no_more_nodes_are_lent_than_the_quota_allows(house: House):
    """Whatever command comes out of turn; what is leased stays leased, and the same command again is no new one."""
    a, b, c, _ = names(house)
    assert isinstance(house.driver, CapsQuota)
    assert code_of(lambda: house.driver.set_leasable("gb200", 1)) == "TG-DRIVER-FRONTIER"  # type: ignore[attr-defined]
    house.driver.set_leasable("h100", 2)
    handed = house.lease("lea_one", a, b)
    too_much = HandOver(house.token(), "h100", "lea_two", BLUE, "flex", (c,))
    assert code_of(lambda: house.driver.hand_over(too_much)) == "TG-DRIVER-QUOTA"
    house.driver.set_leasable("h100", 1)
    house.driver.hand_over(handed)
    assert [house.fact(node).lease_id for node in (a, b, c)] == ["lea_one", "lea_one", None]
    house.driver.set_leasable("h100", 3)
    house.driver.hand_over(too_much)
    house.wait_state(NodeState.LEASED, c)
    house.free_again("lea_one", a, b)
    house.free_again("lea_two", c)
