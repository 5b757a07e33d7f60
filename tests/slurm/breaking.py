"""What breaks a cluster under a driver, and what the running system does about it: it gives its commands again."""

import time
from collections.abc import Callable
from contextlib import suppress

from tests.slurm.cluster import Cluster, wait_until
from tests.slurm.leasing import H100, RED, Desk, commands_of

from tidegate.control.ports import Command, HandOver, NodeFact, NodeState
from tidegate.drivers.slurm.commands import reads_only
from tidegate.drivers.slurm.driver import SlurmDriver
from tidegate.errors import DriverError, SlurmError

DEAF = "trap '' TERM; while true; do sleep 0.2; done"
"""A job's script that ends at no signal that can be caught."""


def another_second() -> None:
    """Wait until it is another second than now."""
    now_s = int(time.time())
    wait_until(lambda: int(time.time()) > now_s, "another second has come")


def saved(cluster: Cluster, file: str, words: str, times: int = 1) -> bool:
    """Whether slurmctld has written words into a file of its state, so that they outlive it."""
    path = cluster.folder / "state" / file
    return path.exists() and path.read_bytes().count(words.encode()) >= times


class Cut:
    """Commands of which one is cut off: before it is run, or before its answer comes.

    Attributes
    ----------
    count : int
        Commands given so far.
    changes : list of str
        Those of them that change something.
    at : int
        The number of the one that is cut off; -1 for none.
    on : str or None
        Words of the one that is cut off, the first that changes something and has them; None for none.
    after : bool
        Whether it has been carried out by then.
    then : callable
        What happens at that moment.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.real = commands_of(cluster)
        self.count = 0
        self.changes: list[str] = []
        self.at = -1
        self.on: str | None = None
        self.after = False
        self.then: Callable[[], None] = lambda: None

    def run(self, *argv: str, seconds: float | None = None) -> str:
        self.count += 1
        if not reads_only(argv) and argv[0] != "sdiag":
            self.changes.append(" ".join(argv))
            is_named = self.on is not None and self.on in self.changes[-1]
        else:
            is_named = False
        if self.count != self.at and not is_named:
            return self.real.run(*argv, seconds=seconds)
        if is_named:
            self.on = None
        if self.after:
            self.real.run(*argv, seconds=seconds)
        self.then()
        raise SlurmError("TG-SLURM-TIMEOUT", "cut off by the test")

    def kill_slurmctld(self, *, at: int = -1, on: str | None = None) -> None:
        """Have slurmctld killed after such a command, before its answer comes, and started again."""
        self.at, self.on, self.after, self.then = at, on, True, self._restart

    def _restart(self) -> None:
        self.cluster.kill("slurmctld")
        self.cluster.start_slurmctld()


def do_until_done(
    driver: SlurmDriver, command: Command, seconds: float = 30, *, strays: bool = True
) -> None:
    """Give a command again until it is done, as the outbox does."""
    act = {
        "HandOver": driver.hand_over,
        "Notice": driver.notice,
        "Take": driver.take,
        "Sanitise": driver.sanitise,
        "GiveBack": driver.give_back,
    }[type(command).__name__]

    said = ""

    def done() -> bool:
        nonlocal said
        try:
            act(command)  # type: ignore[operator] # the one that takes it
        except DriverError as error:
            said = str(error)
            if strays:
                take_strays(driver)
            assert error.code.startswith("TG-SLURM-") or error.code == "TG-DRIVER-BUSY"  # noqa: PT017
            return False
        return True

    try:
        wait_until(done, f"{command} is done", seconds)
    except TimeoutError:
        raise AssertionError(f"{command}: {said}") from None


def take_strays(driver: SlurmDriver) -> None:
    """What the running system does with nodes of leases that have ended: slurmctld had not saved their end."""
    desk = Desk(driver)
    for fact in facts(driver).values():
        with suppress(DriverError):
            if fact.state is NodeState.LEASED:
                desk.take(fact.lease_id or "", fact.node)
            if fact.state in (NodeState.LEASED, NodeState.DRAINING):
                desk.sanitise(fact.node)
            if fact.is_clean:
                desk.give_back(fact.node)


def facts(driver: SlurmDriver) -> dict[str, NodeFact]:
    try:
        return {fact.node: fact for fact in driver.facts(H100).nodes}
    except DriverError:
        return {}


def live(cluster: Cluster, driver: SlurmDriver, lease: str, node: str = "hh0001") -> None:
    """A whole life of a lease, each command given until it is done; then the cluster is as it was."""
    desk = Desk(driver)

    def wait(state: NodeState, *, clean: bool = False) -> None:
        wait_until(
            lambda: (
                (f := facts(driver).get(node)) and f.state is state and (f.is_clean or not clean)
            ),
            f"{node} is {state}",
            60,
        )

    do_until_done(driver, HandOver(desk.token(), H100, lease, RED, "flex", (node,)))
    wait(NodeState.LEASED)
    wait_until(
        lambda: (f := facts(driver).get(node)) and f.lease_id == lease, "it is with the lease"
    )
    assert cluster.out("scontrol", "-o", "show", "reservation").count("ReservationName=") == 1
    for step in (desk.notice, desk.take):
        giving = CommandOf(step)
        do_until_done(driver, giving(lease, node))
    do_until_done(driver, CommandOf(desk.sanitise)(node))
    wait(NodeState.FREE, clean=True)
    do_until_done(driver, CommandOf(desk.give_back)(node))
    wait(NodeState.FREE)
    wait_until(cluster.all_idle, "everything is as it was")
    assert cluster.out("scontrol", "-o", "show", "reservation").startswith("No ")


class CommandOf:
    """The command that a method of the desk would give."""

    def __init__(self, give: Callable[..., Command]) -> None:
        self._give = give

    def __call__(self, *words: str) -> Command:
        desk: Desk = self._give.__self__  # type: ignore[attr-defined] # a bound method
        kept, caught = desk.driver, list[Command]()

        class Catch:
            def __getattr__(self, name: str) -> Callable[[Command], None]:
                return caught.append

        desk.driver = Catch()  # type: ignore[assignment] # takes any command
        try:
            self._give(*words)
        finally:
            desk.driver = kept
        return caught[0]
