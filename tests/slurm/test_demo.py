"""The demonstration on a real cluster: bursts, leases, recalls with notices, invoices, all within minutes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.needs_slurm, pytest.mark.slow]

AWAITED = {"lease.running", "lease.noticed", "lease.ended", "invoice.issued"}


def test_the_tide_and_its_invoices_are_told(tmp_path: Path):
    argv = (sys.executable, "-m", "bench.slurm_demo", "--month-ends-in", "90", "--seconds", "300")
    with (tmp_path / "said").open("w+") as said:
        process = subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=said, text=True, env={**os.environ, "CI": ""}
        )
        assert process.stdout is not None
        seen: set[str] = set()
        try:
            for line in process.stdout:
                seen.update(word for word in line.split()[1:2] if "." in word)
                if seen >= AWAITED:
                    break
        finally:
            process.send_signal(signal.SIGTERM)
            process.stdout.read()
            process.wait(60)
            process.stdout.close()
        said.seek(0)
        assert seen >= AWAITED, said.read()
        assert process.returncode == 0
