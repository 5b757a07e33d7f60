"""Whatever is killed when: no lease is lost, doubled, or metered twice. Real processes, real PostgreSQL."""

import contextlib
import itertools
import json
import random
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from tests.crash.process import Served
from tests.crash.victim import POINTS
from tests.crash.whole import check_whole
from tests.postgres import Postgres

from tidegate.store import open_database
from tidegate.store.tables import core

pytestmark = [pytest.mark.needs_postgres, pytest.mark.enable_socket]

VICTIM = (sys.executable, str(Path(__file__).with_name("victim.py")))


def fleet_time_s(folder: Path) -> int:
    world = json.loads((folder / "data" / "world.json").read_text("utf-8"))
    return int(world["start_s"] + (time.time() - world["started_at"]) * world["factor"])


def victim(folder: Path, url: str, point: str, when: str, nth: int) -> Served:
    return Served(folder, url, *VICTIM, VICTIM_POINT=point, VICTIM_WHEN=when, VICTIM_NTH=str(nth))


def settled(folder: Path, url: str, live_s: float = 4.0) -> Counter[str]:
    """Start once more, let it live on, end it in peace; check what is left."""
    last = Served(folder, url)
    last.wait_until_it_leads()
    time.sleep(live_s)  # a life, not an event: leases come and go in it
    assert last.end() == 0, last.output.read_text("utf-8")[-3000:]
    database = open_database(url)
    try:
        return check_whole(database, folder, fleet_time_s(folder))
    finally:
        database.close()


def killed_at(folder: Path, url: str, *points: tuple[str, str, int]) -> Counter[str]:
    for point, when, nth in points:
        victim(folder, url, point, when, nth).wait_for_death(within_s=120)
    return settled(folder, url)


def test_killed_in_the_middle_of_a_step_and_of_a_command(tmp_path: Path, postgres: Postgres):
    kinds = killed_at(
        tmp_path,
        postgres.new_database(),
        ("events", "after", 25),
        ("journal", "after", 2),
    )
    assert kinds["lease.running"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_every_named_point(tmp_path: Path, postgres: Postgres, when: str):
    chance = random.Random(when)
    # The first of each comes at the start or soon after; those of one process go on where the last was killed.
    points = [(point, when, chance.randint(1, 4)) for point in POINTS]
    kinds = killed_at(tmp_path, postgres.new_database(), *points)
    assert kinds["lease.running"] > 0


@pytest.mark.slow
def test_killed_at_random_moments(tmp_path: Path, postgres: Postgres):
    url = postgres.new_database()
    chance = random.Random(4)
    for _ in range(8):
        served = Served(tmp_path, url)
        served.wait_until_it_leads()
        time.sleep(chance.uniform(0.0, 3.0))
        served.kill()
    kinds = settled(tmp_path, url)
    assert kinds["lease.ended"] > 0


class Crowd:
    """Clients that order without end, each order with a key of its own, until their server is gone."""

    def __init__(self, served: Served, tenant_id: str) -> None:
        self._url = f"{served.address}/v1/orders"
        self._tenant_id = tenant_id
        self._key = served.operator_key
        self.sent: list[str] = []
        self.told: dict[str, str] = {}
        self._threads = [threading.Thread(target=self._run, args=(i,)) for i in range(6)]
        for thread in self._threads:
            thread.start()

    def order(self, http: httpx.Client, url: str, key: str) -> str:
        """Order once, and return the order's id."""
        body = {"pool_id": "h100", "product": "flex", "nodes": 1, "duration_s": 3600}
        answer = http.post(
            url,
            json={**body, "tenant_id": self._tenant_id},
            headers={"Authorization": f"Bearer {self._key}", "Idempotency-Key": key},
        )
        assert answer.status_code in (200, 201, 202), answer.text
        return str(answer.json()["id"])

    def _run(self, number: int) -> None:
        with httpx.Client(timeout=20) as http, contextlib.suppress(httpx.HTTPError):
            for i in itertools.count():
                key = f"k{number}-{i}"
                self.sent.append(key)
                self.told[key] = self.order(http, self._url, key)

    def wait(self) -> None:
        for thread in self._threads:
            thread.join()


def test_an_order_that_was_answered_is_there_after_a_kill_and_none_is_there_twice(
    tmp_path: Path, postgres: Postgres
):
    url = postgres.new_database()
    first = Served(tmp_path, url)
    first.wait_until_it_leads()
    headers = {"Authorization": f"Bearer {first.operator_key}", "Idempotency-Key": "tenant"}
    tenant = httpx.post(f"{first.address}/v1/tenants", json={"name": "crowd"}, headers=headers)
    crowd = Crowd(first, tenant.json()["id"])
    while len(crowd.told) < 60:
        assert first.process.poll() is None
        time.sleep(0.01)
    first.kill()
    crowd.wait()
    second = Served(tmp_path, url)
    second.wait_until_it_leads()
    with httpx.Client(timeout=20) as http:
        again = {k: crowd.order(http, f"{second.address}/v1/orders", k) for k in crowd.sent}
    assert {key: again[key] for key in crowd.told} == crowd.told
    assert second.end() == 0
    database = open_database(url)
    try:
        check_whole(database, tmp_path, fleet_time_s(tmp_path))
        with database.reading() as connection:
            keys = sa.select(core.lease_order.c.idempotency_key).where(
                core.lease_order.c.tenant_id == tenant.json()["id"]
            )
            kept = Counter(connection.execute(keys).scalars())
    finally:
        database.close()
    assert kept == Counter(set(crowd.sent))


def test_another_replica_takes_over_within_ten_seconds(tmp_path: Path, postgres: Postgres):
    url = postgres.new_database()
    first = Served(tmp_path, url)
    first.wait_until_it_leads()
    second = Served(tmp_path, url)
    key = second.operator_key
    assert second.get("/readyz").status_code == 200
    assert not second.leads()
    time.sleep(2)  # leases begin
    first.kill()
    took_s = second.wait_until_it_leads(within_s=30)
    assert took_s < 10
    answer = second.get("/v1/leases", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    time.sleep(1)
    assert second.end() == 0
    database = open_database(url)
    try:
        kinds = check_whole(database, tmp_path, fleet_time_s(tmp_path))
    finally:
        database.close()
    assert kinds["lease.starting"] > 0
    print(f"took over after {took_s:.1f} s")
