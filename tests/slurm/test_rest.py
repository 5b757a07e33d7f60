"""Reading over a real slurmrestd says what Slurm's commands say, by token and on a socket; and gives way to them."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.slurm.cluster import STRANGER, Cluster, started, wait_until
from tests.slurm.leasing import RED, USER_OF, Desk, WallClock, commands_of, set_up, site_of

from tidegate.control.ports import NodeState
from tidegate.drivers.slurm.checks import check
from tidegate.drivers.slurm.commands import Commands
from tidegate.drivers.slurm.driver import SlurmDriver
from tidegate.drivers.slurm.rest import NEWEST, Rest, RestCommands, RestPlace
from tidegate.drivers.slurm.view import View, look
from tidegate.errors import SlurmError

pytestmark = [pytest.mark.needs_slurm, pytest.mark.enable_socket]

READER = "backup"
NEWEST_READ = "v" + ".".join(map(str, NEWEST))


class Broken:
    """Commands that nobody may run."""

    def run(self, *argv: str, seconds: float | None = None) -> str:
        raise AssertionError(f"run, though slurmrestd is there: {argv}")


@pytest.fixture(scope="module")
def busy() -> Iterator[Cluster]:
    """A lease with a job, a drained node, and jobs of every kind that wait and run."""
    with started() as cluster:
        site = site_of(cluster)
        set_up(cluster, site)
        driver = SlurmDriver(site, commands_of(cluster), WallClock())
        desk = Desk(driver)
        desk.hand_over("lea_a", RED, "hh0001", "hh0002")
        desk.wait(NodeState.LEASED, "hh0001", "hh0002")
        driver.close()
        reservation = ("--partition=tg-h100", "--reservation=tg-lea_a")
        cluster.wait_state(cluster.submit(*reservation, user=USER_OF[RED]), "RUNNING")
        cluster.run(
            "scontrol", "update", "NodeName=hh0006", "State=DRAIN", "Reason=bad fan, slot 2"
        )
        running = cluster.submit("--gres=gpu:h100:8", "--array=1-9:2%1", "--exclusive")
        wait_until(lambda: cluster.state(f"{running}_1") == "RUNNING", "the array runs")
        cluster.submit("--gres=gpu:h100:8", "--nodes=2", "--exclusive", "--begin=now+1hour")
        cluster.submit("--gpus=h100:4", "--array=1,3,7,9-300", "--hold")
        cluster.submit("--nodes=1-2", "--hold", "--gpus=gb200:2")
        cluster.submit("--hold", "--gres=gpu:h100:1", ":", "--gres=gpu:gb200:1")
        cluster.wait_state(cluster.submit(script="true"), "COMPLETED")
        yield cluster


@pytest.fixture(scope="module")
def by_token(busy: Cluster, tmp_path_factory: pytest.TempPathFactory) -> RestPlace:
    token = tmp_path_factory.mktemp("token") / "jwt"
    token.touch(0o600)
    token.write_text(busy.out("scontrol", "token", f"username={READER}", "lifespan=600"))
    return RestPlace(busy.start_slurmrestd(STRANGER, jwt=True), READER, token)


@pytest.fixture(scope="module")
def by_socket(busy: Cluster) -> RestPlace:
    return RestPlace(busy.start_slurmrestd(STRANGER), STRANGER)


def seen(commands: Commands) -> View:
    return look(commands, 0)


@pytest.mark.parametrize("how", ["by_token", "by_socket"])
def test_what_is_read_is_what_the_commands_say(
    busy: Cluster, how: str, request: pytest.FixtureRequest
):
    place = request.getfixturevalue(how)
    over_rest = seen(RestCommands(Broken(), Rest(place)))
    by_command = seen(commands_of(busy))
    assert dict(over_rest.nodes) == dict(by_command.nodes)
    assert dict(over_rest.reservations) == dict(by_command.reservations)
    jobs = {job.id: settled(job) for job in by_command.jobs}
    assert {job.id: settled(job) for job in over_rest.jobs} == jobs
    assert len(jobs) == 8


def settled(job: object) -> object:
    """A job without what the scheduler renews at each pass."""
    from tidegate.drivers.slurm.records import Job  # noqa: PLC0415

    assert isinstance(job, Job)
    return replace(job, start_s=0 if job.waits else job.start_s)


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(SlurmError) as caught:
        act()
    return caught.value.code


def test_a_token_that_is_wrong_or_open_to_others_is_refused_and_the_commands_are_asked(
    busy: Cluster, by_token: RestPlace, tmp_path: Path
):
    wrong = tmp_path / "wrong"
    wrong.touch(0o600)
    wrong.write_text("eyJhbGciOiJIUzI1NiJ9.e30.c2VjcmV0")
    for place in (
        replace(by_token, token_file=wrong),
        replace(by_token, token_file=tmp_path / "none"),
        replace(by_token, token_file=None),
    ):
        commands = RestCommands(commands_of(busy), Rest(place))
        with capture_logs() as logs:
            assert set(seen(commands).nodes) == set(busy.nodes)
        assert len(logs) == 1  # the commands are asked for a while, without another try
        assert "c2VjcmV0" not in str(logs)
    wrong.chmod(0o644)
    assert code_of(Rest(replace(by_token, token_file=wrong)).abilities) == "TG-SLURM-RIGHTS"


def test_the_token_is_in_no_command_line_and_no_log(busy: Cluster, by_token: RestPlace):
    assert by_token.token_file is not None
    secret = by_token.token_file.read_text().partition("=")[2].strip()
    rest = Rest(by_token)
    with capture_logs() as logs:
        seen(RestCommands(Broken(), rest))
        seen(RestCommands(commands_of(busy), Rest(replace(by_token, address="http://127.0.0.1:1"))))
    lines = [
        (entry / "cmdline").read_bytes()
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and (entry / "cmdline").exists()
    ]
    assert not any(secret.encode() in line for line in lines)
    assert secret not in f"{logs} {rest!r} {vars(rest)} {os.environ}"
    assert secret not in (busy.folder / "slurmrestd:jwt.out").read_text()


def offered(rest: Rest) -> set[str]:
    """Versions of its API that slurmrestd lists."""
    return set(re.findall(r"/slurm/(v[0-9.]+)/", str(rest.get("/openapi/v3"))))


def test_the_check_tells_what_is_read_over_slurmrestd(busy: Cluster, by_socket: RestPlace):
    def told(place: RestPlace) -> tuple[bool, str]:
        commands = RestCommands(commands_of(busy), Rest(place))
        found = next(f for f in check(commands, site_of(busy)) if f.what == "slurmrestd")
        assert not found.is_needed
        return found.is_good, found.found

    good, found = told(by_socket)
    version, _, read = found.partition(": ")
    assert (good, read) == (True, "jobs, reservations, nodes")
    assert version == max(v for v in offered(Rest(by_socket)) if v <= NEWEST_READ)
    assert told(replace(by_socket, address="unix:/nowhere")) == (False, "no answer")


def test_slurmrestd_killed_under_a_driver_is_noticed_and_comes_back(
    busy: Cluster, by_socket: RestPlace
):
    seconds = [0.0]
    commands = RestCommands(commands_of(busy), Rest(by_socket), clock=lambda: seconds[0])
    driver = SlurmDriver(site_of(busy), commands, WallClock())
    with capture_logs() as logs:
        before = driver.facts("h100")
        busy.kill("slurmrestd:local")
        assert driver.facts("h100").nodes == before.nodes
        assert driver.facts("h100").nodes == before.nodes
        assert len(logs) == 1
        assert "TG-SLURM-DOWN" in str(logs[0])
        busy.start_slurmrestd(STRANGER)
        seconds[0] = 61.0
        assert driver.facts("h100").nodes == before.nodes
        assert len(logs) == 1
    assert set(RestCommands(Broken(), Rest(by_socket)).read_nodes())
    driver.close()


def test_what_takes_long_over_slurmrestd_is_read_by_command_for_a_while(
    busy: Cluster, by_socket: RestPlace
):
    class Slow(Rest):
        asked = 0

        def get(self, path: str) -> object:
            self.asked += path.rstrip("/").endswith("/jobs")
            seconds[0] += 3.0 * path.rstrip("/").endswith("/jobs")
            return super().get(path)

    seconds, rest = [0.0], Slow(by_socket)
    commands = RestCommands(commands_of(busy), rest, clock=lambda: seconds[0])
    with capture_logs() as logs:
        for _ in range(3):
            assert {job.id for job in commands.read_jobs()} == {
                job.id for job in seen(commands_of(busy)).jobs
            }
        assert (rest.asked, len(logs)) == (1, 1)
        assert set(commands.read_nodes())
        seconds[0] = 64.0
        commands.read_jobs()
    assert rest.asked == 2
