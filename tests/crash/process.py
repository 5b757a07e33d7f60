"""The real process of ``tidegate serve``, started, killed and looked at from outside."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]

FLEET = """
name = "small"
currency = "USD"
sanitise = "300s"

[[site]]
id = "north"
timezone = "Europe/Oslo"

[[cohort]]
id = "h100"
chip = "H100-SXM"
count = 288
price = 33600
in_service = 2023-06-01
life_years = 5

[[pool]]
id = "h100"
site = "north"
chip = "H100-SXM"
nodes = 36
gpus_per_node = 8
tier = "mainstay"
cohorts = ["h100"]

[pool.policy]
lease = ["preemptible", "flex", "day"]
risk = 0.1

[pool.log]
path = "{log}"
format = "itp"
where = {{ cluster = "cluster02" }}
"""


class Served:
    """One process of ``tidegate serve --demo`` on a database and a data folder.

    Parameters
    ----------
    folder : Path
        Holds the fleet file and the data folder; the same one goes on where it was.
    database_url : str
    program : sequence of str
        What is run in place of ``tidegate``.
    variables
        Of the environment, on top.
    """

    def __init__(self, folder: Path, database_url: str, *program: str, **variables: str) -> None:
        fleet = folder / "fleet.toml"
        if not fleet.exists():
            log = ROOT / "examples" / "traces" / "itp_jobs.parquet"
            fleet.write_text(FLEET.format(log=log), "utf-8")
        self.output = folder / f"output-{time.monotonic_ns()}.txt"
        environment = {
            **os.environ,
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
            "TIDEGATE_DATABASE_URL": database_url,
            **variables,
        }
        command = [
            *(program or (sys.executable, "-c", "from tidegate.cli import main; main()")),
            *("serve", "--demo", "--fleet", str(fleet), "--port", "0"),
            *("--data-dir", str(folder / "data")),
        ]
        with self.output.open("wb") as file:
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=file, stderr=subprocess.STDOUT
            )

    def _told(self, pattern: str, within_s: float) -> str:
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            found = re.search(pattern, self.output.read_text("utf-8", errors="replace"))
            if found:
                return found[1]
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(self.output.read_text("utf-8", errors="replace")[-3000:])

    @property
    def address(self) -> str:
        return self._told(r"listens on (http://\S+)", 120)

    @property
    def operator_key(self) -> str:
        return self._told(r"operator: (tgk_\S+)", 120)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return httpx.get(self.address + path, timeout=20, **more)

    def leads(self) -> bool:
        try:
            return bool(self.get("/readyz").json()["leads"])
        except (httpx.HTTPError, KeyError):
            return False

    def wait_until_it_leads(self, within_s: float = 120) -> float:
        """Return how many seconds it took."""
        began = time.monotonic()
        while time.monotonic() < began + within_s:
            if self.leads():
                return time.monotonic() - began
            assert self.process.poll() is None, self.output.read_text("utf-8")[-3000:]
            time.sleep(0.05)
        raise AssertionError("it does not come to lead")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=20)

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def wait_for_death(self, within_s: float) -> None:
        assert self.process.wait(timeout=within_s) == -signal.SIGKILL, self.output.read_text(
            "utf-8"
        )[-3000:]
