"""Server time of the console's pages, with a pool of 10,000 nodes and 2,000 leases: `python bench/console.py`."""

import argparse
import json
import re
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import httpx
import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.measured import machine
from tests.api.calling import caller, serving
from tests.api.house import UNLIMITED, services_on, wall_s
from tests.control.living import START_S, HandClock, a_pool

from tidegate.api import create_app
from tidegate.api.limits import Limits
from tidegate.app.console import console_on, install_console
from tidegate.control.access import SYSTEM, Role
from tidegate.control.money_store import MoneyRules, Till
from tidegate.control.rates import Limiter
from tidegate.control.user_acts import UserWish, create_user
from tidegate.lease import book_of_offers
from tidegate.store import Database, migrate, open_database
from tidegate.store.leases import LeaseTables
from tidegate.store.money import SqlMoney
from tidegate.store.tables import core
from tidegate.web import signin

NODES: Final = 10_000
LEASES: Final = 2_000
TICKS: Final = 30 * 288
TARGET_MS: Final = 200.0
PAGES: Final = (
    "overview",
    "overview/now",
    "pools/h100",
    "pools/h100/now",
    "pools/h100/tide.json",
    "pools/h100/curve.json",
    "pools/h100/nodes.json",
    "leases",
    "desk",
    "prices",
    "tenants",
    "audit",
)
PASSWORD: Final = "correct horse battery staple"


def fill(database: Database, pool: Any) -> None:
    """Write a pool that is two thirds full: a month of ticks, leases of four nodes, nodes in every state."""
    LeaseTables(database).set_up([pool])
    now_s = START_S + TICKS * 300
    order = {
        "tenant_id": "ten_a", "pool_id": pool.id, "product": "flex", "nodes": 4, "duration_s": 36_000,
        "firm_s": 21_600, "notice_s": 600, "price": pool.offers[1].price, "currency": "USD",
        "price_detail": {}, "actor": "key_a", "placed_s": now_s - 3600, "state": "admitted",
    }  # fmt: skip
    lease = {
        "tenant_id": "ten_a", "pool_id": pool.id, "live_tier": "mainstay", "product": "flex", "nodes": 4,
        "state": "running", "admitted_s": now_s - 3600, "start_s": now_s - 3600,
        "end_s": now_s + 32_400, "firm_until_s": now_s + 18_000, "firm_s": 21_600, "notice_s": 600,
        "price": pool.offers[1].price, "currency": "USD", "price_detail": {},
    }  # fmt: skip
    ids = range(LEASES)
    with database.transaction() as connection:
        connection.execute(
            sa.insert(core.lease_order), [order | {"id": f"ord_{i:06}"} for i in ids]
        )
        connection.execute(
            sa.insert(core.lease),
            [
                lease | {"id": f"lea_{i:06}", "order_id": f"ord_{i:06}", "number": i + 1}
                for i in ids
            ],
        )
        connection.execute(
            sa.insert(core.holding),
            [
                {
                    "pool_id": pool.id,
                    "node": f"h100-{i:05}",
                    "state": "leased" if i < 4 * LEASES else ("internal", "free")[i % 2],
                    "lease_id": f"lea_{i // 4:06}" if i < 4 * LEASES else None,
                    "since_s": now_s - 3600,
                }
                for i in range(NODES)
            ],
        )
        connection.execute(
            sa.insert(core.demand_tick),
            [
                {
                    "pool_id": pool.id,
                    "tick": START_S // 300 + i,
                    "demand_nodes": 500 + i % 288,
                    "busy_nodes": 500 + i % 288,
                    "pending_nodes": 0,
                    "failed_nodes": 0,
                }
                for i in range(TICKS)
            ],
        )


def page_times(folder: Path, runs: int) -> dict[str, dict[str, float]]:
    """Return median and worst milliseconds of each page, after a first call."""
    database = open_database(f"sqlite:///{folder / 'tidegate.db'}")
    migrate(database)
    pool = a_pool(NODES)
    fill(database, pool)
    clock = HandClock(START_S + TICKS * 300)
    book = book_of_offers("USD", [(pool.pool.chip.id, offer) for offer in pool.offers])
    till = Till(SqlMoney(database), MoneyRules(), book, clock.now_s)
    services = services_on(database, Limits(UNLIMITED, UNLIMITED), till)
    app = create_app(services)
    doors = signin.Doors(
        services.seal, services.access, services.wall_s, Limiter(UNLIMITED, time.monotonic)
    )
    install_console(app, doors, console_on(replace(services, pools={pool.id: pool}), clock))
    create_user(
        services.access,
        SYSTEM,
        UserWish("o@example.org", "O", Role.OPERATOR, None, PASSWORD),
        wall_s(),
    )
    found: dict[str, dict[str, float]] = {}
    with serving(app) as transport, caller(transport, None) as http:
        token = re.search(r'name="form_token" value="(\w+)"', http.get("/signin").text)
        assert token
        form = {"form_token": token[1], "email": "o@example.org", "password": PASSWORD}
        assert http.post("/signin", data=form).status_code == httpx.codes.SEE_OTHER
        for page in PAGES:
            taken = []
            for _ in range(runs + 1):
                began = time.perf_counter()
                answer = http.get(f"/console/{page}")
                taken.append(1000 * (time.perf_counter() - began))
                assert answer.status_code == httpx.codes.OK, (page, answer.text[:200])
            found[page] = {"median_ms": statistics.median(taken[1:]), "worst_ms": max(taken[1:])}
    database.close()
    return found


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("out/bench-console.json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = page_times(Path(folder), options.runs)
    print(f"{NODES:,} nodes, {LEASES:,} leases, {options.runs} calls each, SQLite")
    print(f"{'page':24} {'median':>10} {'worst':>10}")
    for page, times in found.items():
        met = "met" if times["median_ms"] < TARGET_MS else "NOT MET"
        print(f"{page:24} {times['median_ms']:7.1f} ms {times['worst_ms']:7.1f} ms  {met}")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({"machine": machine(), "pages": found}, indent=2), "utf-8")


if __name__ == "__main__":
    main()
