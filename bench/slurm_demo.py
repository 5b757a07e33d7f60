"""The tide on a real Slurm: internal bursts, leases, recalls with notices, in the console and in ``squeue``.

``make demo-slurm`` starts a cluster on loopback (root, and what ``tools/get-slurm`` installs), the control plane on it,
tenants that order over HTTP and run jobs in their leases, and an owner whose jobs come in bursts. Its calendar stands a
few minutes before the end of last month, so that the first invoices come while one looks on. Ctrl-C ends it.
"""

import argparse
import os
import random
import signal
import tempfile
import threading
import time
from calendar import timegm
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
from tests.slurm.cluster import SBIN, TENANTS, Cluster, started
from tests.slurm.conf import Group, Layout
from tests.slurm.leasing import commands_of, site_of
from tests.slurm.past import give_past

from tidegate.app.demo import Demo
from tidegate.app.live import Live, Plan
from tidegate.app.logs import set_up_logs
from tidegate.app.serve import listening, serve
from tidegate.app.slurmfile import read_slurm_file
from tidegate.control.access import SYSTEM
from tidegate.control.tenant_acts import list_tenants
from tidegate.drivers.slurm.setup import LEASE_QOS, add_tenant, conf_lines, install
from tidegate.settings import read_settings

NODES = 12
MONTH_ENDS_IN_S = 180
PAST_JOBS = 3_000
"""In four weeks: as busy as the owner then is, or promises are made that cannot be kept."""
TOLD = {
    "lease": ("nodes", "reason"),
    "invoice": ("number", "month", "total", "currency"),
}
"""Which events are printed, by the beginning of their kind, and what of them."""

BILLING = """
[issuer]
name = "Demo on this machine"

[metering]
every = "60s"

[invoicing]
after = "1s"
"""

FLEET = f"""
name = "Slurm on this machine"
currency = "USD"
sanitise = "2s"

[[site]]
id = "here"

[[product]]
id = "preemptible"
notice = "10s"

[[product]]
id = "flex"
guarantee = "1m"
notice = "20s"

[[pool]]
id = "h100"
site = "here"
chip = "H100-SXM"
nodes = {NODES}
gpus_per_node = 8
tier = "mainstay"
policy = {{ lease = ["preemptible", "flex"], risk = 0.3 }}
log = {{ path = "unused.txt" }}

[[pool]]
id = "gb200"
site = "here"
chip = "GB200"
nodes = 2
gpus_per_node = 4
tier = "frontier"
log = {{ path = "unused.txt" }}
"""


def files(folder: Path, cluster: Cluster) -> Path:
    """The fleet file, the billing file, the wipe, and the Slurm file."""
    (folder / "fleet.toml").write_text(FLEET)
    (folder / "billing.toml").write_text(BILLING)
    wipe = folder / "wipe"
    wipe.write_text("#!/bin/sh\nsleep 1\n")
    wipe.chmod(0o755)
    path = folder / "slurm.toml"
    path.write_text(
        f'fleet = "fleet.toml"\nwipe = ["{wipe}"]\nconf = "{cluster.conf}"\n'
        f'[[pool]]\nid = "h100"\nnodes = "hh[0001-{NODES:04d}]"\ngpu_type = "h100"\n'
        '[[pool]]\nid = "gb200"\nnodes = "gb[0001-0002]"\ngpu_type = "gb200"\n'
    )
    return path


def prepare(cluster: Cluster, now_s: int) -> None:
    """What the guide tells an administrator to do; and four weeks of the past."""
    site, commands = site_of(cluster), commands_of(cluster)
    install(commands, site)
    lines = [
        f"{line} DenyQos={LEASE_QOS}" if line.startswith("PartitionName=") else line
        for line in cluster.conf.read_text().splitlines()
    ]
    cluster.conf.write_text("\n".join([*lines, *conf_lines(site)]) + "\n")
    cluster.reconfigure()
    give_past(cluster, now_s, days=28, jobs=PAST_JOBS)


class Owner(threading.Thread):
    """Jobs in bursts: now few, now more than what is free."""

    def __init__(self, cluster: Cluster, stop: threading.Event) -> None:
        super().__init__(name="owner", daemon=True)
        self.cluster, self.stop = cluster, stop

    def run(self) -> None:
        chance = random.Random(1)
        while not self.stop.wait(chance.uniform(20, 45)):
            nodes, seconds = chance.choice((2, 3, 4, 6)), chance.randint(20, 60)
            options = ("--gres=gpu:h100:8", f"--nodes={nodes}", "--exclusive", "--job-name=burst")
            with suppress(Exception):  # the cluster ends before the last of them
                job = self.cluster.submit(*options, script=f"sleep {seconds}")
                print(
                    f"{clock()} owner: job {job} asks for {nodes} nodes for {seconds} s", flush=True
                )


class Workers(threading.Thread):
    """The tenants' own jobs: one on each lease that has none."""

    def __init__(self, cluster: Cluster, users: dict[str, str], stop: threading.Event) -> None:
        super().__init__(name="workers", daemon=True)
        self.cluster, self.users, self.stop = cluster, users, stop

    def run(self) -> None:
        while not self.stop.wait(2):
            with suppress(Exception):
                busy = self.cluster.out("squeue", "-h", "-o", "%v").split()
                for line in self.cluster.out("scontrol", "-o", "show", "reservation").splitlines():
                    told = dict(word.partition("=")[::2] for word in line.split())
                    user = self.users.get(told.get("Accounts", ""))
                    name = told.get("ReservationName", "")
                    if user and name not in busy:
                        options = (
                            f"--reservation={name}",
                            "--partition=tg-h100",
                            f"--nodes={told['NodeCnt']}",
                        )
                        self.cluster.submit(*options, "--job-name=tenant", user=user)


def watch(address: str, key: str, stop: threading.Event) -> None:
    """Print what happens to leases, and every invoice, as the event log has it."""
    seen: set[str] = set()
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=address, headers=headers, timeout=30) as http:
        while not stop.wait(1):
            with suppress(httpx.HTTPError):
                answer = http.get("/v1/events", params={"limit": "100"}).json()  # the newest first
                for event in reversed(answer.get("items", ())):
                    keys = TOLD.get(event["kind"].partition(".")[0])
                    if keys and str(event) not in seen:
                        seen.add(str(event))
                        told = {k: v for k, v in event["data"].items() if k in keys and v}
                        print(f"{clock()} {event['kind']} {event['subject']} {told}", flush=True)


def before_month_end(seconds: int) -> int:
    """So many seconds before the end of last month, UTC."""
    today = time.gmtime()
    return timegm((today.tm_year, today.tm_mon, 1, 0, 0, 0)) - seconds


def clock() -> str:
    return time.strftime("%H:%M:%S")


@contextmanager
def running(threads: Sequence[threading.Thread], stop: threading.Event) -> Iterator[None]:
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 for any that is free")
    parser.add_argument("--seconds", type=float, help="end by itself after so long")
    parser.add_argument(
        "--month-ends-in", type=int, default=MONTH_ENDS_IN_S, help="seconds to the first invoices"
    )
    given = parser.parse_args()
    layout = Layout((Group("hh", NODES, "h100"), Group("gb", 2, "gb200", gpus=4)))
    with started(layout) as cluster, tempfile.TemporaryDirectory(prefix="tg-demo-") as name:
        begin_s = before_month_end(given.month_ends_in)
        prepare(cluster, begin_s)
        slurm = read_slurm_file(files(Path(name), cluster))
        settings = read_settings(
            {},
            data_dir=Path(name) / "data",
            port=given.port,
            log_level="warning",
            billing=Path(name) / "billing.toml",
        )
        set_up_logs(settings.log_level, settings.log_format)
        sock = listening(settings.host, settings.port)
        live = Live(settings, Plan(slurm.fleet, begin_s, 1.0, slurm))
        demo = Demo(live)
        demo.prepare()
        users = {}
        for tenant, user in zip(list_tenants(live.access, SYSTEM, None, 10), TENANTS, strict=False):
            add_tenant(commands_of(cluster), tenant.id, [user])
            users[f"tg-{tenant.id}"] = user
        stop = threading.Event()
        threads: list[threading.Thread] = [Owner(cluster, stop), Workers(cluster, users, stop)]

        def begun(address: str) -> None:
            print(f"Console: {address}   (choose the operator)", flush=True)
            print(
                f"Month:   ends in about {given.month_ends_in} s; its invoices come within a minute of that",
                flush=True,
            )
            print(
                f"Slurm:   export SLURM_CONF={cluster.conf} PATH={SBIN}:$PATH; squeue; sinfo",
                flush=True,
            )
            threads.append(
                threading.Thread(
                    target=watch, args=(address, demo.keys["operator"], stop), daemon=True
                )
            )
            threads[-1].start()
            demo.start(address)
            if given.seconds:
                end = threading.Timer(given.seconds, lambda: os.kill(os.getpid(), signal.SIGTERM))
                end.daemon = True
                end.start()

        try:
            with running(threads[:2], stop):
                serve(live, sock, begun, demo.people)
        finally:
            demo.stop()
            sock.close()


if __name__ == "__main__":
    main()
