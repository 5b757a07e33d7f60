"""How fast the running system answers, and whether what it promised stays safe.

``python -m bench.live [--quick] [--sqlite] [--rate N] [--json FILE]``; what the figures mean stands in
``docs/reference/benchmarks.md``.
"""

import argparse
import json
import os
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from bench.living.crowd import Answers, crowd
from bench.living.safe import unsafe
from bench.living.served import Server, cpu_of, free_port
from bench.living.tick import tick_times
from bench.measured import machine
from tests.postgres import postgres_cluster

from tidegate.app.doors import open_seal
from tidegate.control import key_acts, tenant_acts
from tidegate.control.access import SYSTEM, Role
from tidegate.control.keys import KeyWish
from tidegate.settings import read_settings
from tidegate.store import Database, open_database
from tidegate.store.access import SqlAccess

NODES: Final = 10_000
TENANTS: Final = 8
RATE: Final = 300.0


def keys_for(database: Database, data: Path) -> list[str]:
    door, now_s = SqlAccess(database), int(time.time())
    seal = open_seal(read_settings({}, data_dir=data))
    keys = []
    for i in range(TENANTS):
        tenant = tenant_acts.create_tenant(
            door, SYSTEM, name=f"tenant {i}", email=None, wall_s=now_s
        )
        wish = KeyWish("bench", Role.TENANT, tenant.id, None)
        keys.append(key_acts.create_key(door, seal, SYSTEM, wish, now_s).text)
    return keys


def milliseconds(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    p50, p90, p99 = np.percentile(values, [50, 90, 99]) * 1000
    return {"p50_ms": round(p50, 1), "p90_ms": round(p90, 1), "p99_ms": round(p99, 1)}


def told(answers: Answers, seconds: float) -> dict[str, Any]:
    return {
        "orders": len(answers.latency_s),
        "orders_per_s": round(len(answers.latency_s) / seconds, 1),
        **milliseconds(answers.latency_s),
        "states": answers.states,
        "failures": len(answers.failures),
        "first_failure": answers.failures[:1],
    }


@dataclass(frozen=True)
class Shares:
    """Processor time taken so far, in seconds: by the server, by PostgreSQL, by the crowd."""

    server: float
    postgres: float
    crowd: float

    def since(self, before: "Shares", orders: int) -> dict[str, float]:
        """Return what each has taken for an order, in milliseconds."""
        then = asdict(before)
        taken = {name: now - then[name] for name, now in asdict(self).items()}
        return {name: round(1000 * s / max(1, orders), 2) for name, s in taken.items()}


def shares(server: Server, postmaster: int | None) -> Shares:
    """Return what has been taken so far; SQLite's share is the server's."""
    database_s = 0.0 if postmaster is None else cpu_of(postmaster)
    return Shares(server.cpu_s(), database_s, time.process_time())


def orders(
    folder: Path, url: str, postmaster: int | None, *, rate: float, seconds: float
) -> dict[str, Any]:
    """Have a crowd order from a real server; check afterwards what it holds."""
    server = Server(folder, url, NODES)
    try:
        server.wait()
        database = open_database(url)
        keys = keys_for(database, server.data)
        crowd("127.0.0.1", server.port, keys, rate=rate / 3, seconds=seconds / 3, seed=1)
        # What PostgreSQL does by itself within a minute of a table's first rows.
        with database.transaction() as connection:
            connection.exec_driver_sql("ANALYZE")
        before = shares(server, postmaster)
        answers = crowd("127.0.0.1", server.port, keys, rate=rate, seconds=seconds)
        after = shares(server, postmaster)
        figures = told(answers, seconds)
        figures["cpu_ms_per_order"] = after.since(before, len(answers.latency_s))
        figures["load_average"] = os.getloadavg()[0]
        figures["unsafe_decisions"], figures["decisions"] = unsafe(database)
        database.close()
    finally:
        server.stop()
    if warnings := server.output().count("warning"):
        figures["warnings"] = warnings
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds of each")
    parser.add_argument("--rate", type=float, default=RATE, help="orders a second")
    parser.add_argument("--sqlite", action="store_true", help="orders alone, on SQLite")
    parser.add_argument("--json", type=Path, help="write the figures there")
    given = parser.parse_args()
    seconds = 6.0 if given.quick else 20.0
    if given.sqlite:
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{folder}/tidegate.db"
            found = orders(Path(folder), url, None, rate=given.rate, seconds=seconds)
        print(json.dumps(found, indent=2))
        return
    figures: dict[str, Any] = {"machine": machine(), "nodes": NODES}
    port = str(free_port())
    settings = {
        "listen_addresses": "127.0.0.1", "port": port, "fsync": "on", "full_page_writes": "on",
        "shared_buffers": "256MB",
    }  # fmt: skip
    with postgres_cluster(settings) as cluster, tempfile.TemporaryDirectory() as folder:
        url = cluster.new_database()
        postmaster = int((cluster.folder / "data" / "postmaster.pid").read_text().split()[0])
        figures["orders"] = orders(Path(folder), url, postmaster, rate=given.rate, seconds=seconds)
        print(json.dumps(figures["orders"], indent=2), flush=True)
        url = cluster.new_database()
        figures["tick"] = tick_times(url, NODES, leases=2_000, ticks=5 if given.quick else 20)
        print(json.dumps(figures["tick"], indent=2), flush=True)
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
