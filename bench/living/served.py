"""A server to be measured: ``tidegate serve`` in a process of its own, on PostgreSQL on loopback."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from bench.logs import ROOT

FLEET = """
name = "large"
currency = "USD"

[[site]]
id = "north"
timezone = "UTC"

[[cohort]]
id = "h100"
chip = "H100-SXM"
count = {gpus}
price = 33600
in_service = 2023-06-01
life_years = 5

[[pool]]
id = "h100"
site = "north"
chip = "H100-SXM"
nodes = {nodes}
gpus_per_node = 8
tier = "mainstay"
cohorts = ["h100"]

[pool.policy]
lease = ["preemptible", "flex", "day", "week"]
risk = 0.05

[pool.log]
path = "{log}"
format = "itp"
where = {{ cluster = "cluster04" }}
"""


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def cpu_of(process: int) -> float:
    """Return the processor time that a process and its children have taken, in seconds."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text("utf-8").rsplit(")", 1)[1].split()
            if process in (int(path.parent.name), int(fields[1])):
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


class Server:
    """The process."""

    def __init__(self, folder: Path, database_url: str, nodes: int) -> None:
        fleet = folder / "fleet.toml"
        log = ROOT / "examples" / "traces" / "itp_jobs.parquet"
        fleet.write_text(FLEET.format(gpus=nodes * 8, nodes=nodes, log=log), "utf-8")
        self.data = folder / "data"
        self.port = free_port()
        self._output = folder / "output.txt"
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "src"),
            "TIDEGATE_DATABASE_URL": database_url,
            "TIDEGATE_LOG_LEVEL": "warning",
        }
        with self._output.open("wb") as file:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-c", "from tidegate.cli import main; main()"),
                    *("serve", "--fleet", str(fleet), "--port", str(self.port)),
                    *("--data-dir", str(self.data)),
                ],
                env=environment,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def wait(self) -> None:
        """Wait until it listens."""
        until = time.monotonic() + 180
        while time.monotonic() < until:
            if re.search("listens on", self._output.read_text("utf-8", errors="replace")):
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise SystemExit(self._output.read_text("utf-8", errors="replace")[-3000:])

    def cpu_s(self) -> float:
        """Return the processor time that it has taken."""
        return cpu_of(self.process.pid)

    def output(self) -> str:
        """Return what it has logged."""
        return self._output.read_text("utf-8", errors="replace")

    def stop(self) -> None:
        """End it."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)
