"""The tutorial's commands, run as they stand there, in one shell."""

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "guide" / "tutorial.md"


def commands() -> list[str]:
    """What stands behind a prompt, block by block."""
    blocks = re.findall(r"```console\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.enable_socket
@pytest.mark.skipif(not shutil.which("curl"), reason="the tutorial asks with curl")
def test_every_command_of_the_tutorial_works(tmp_path: Path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    programs = tmp_path / "bin"
    programs.mkdir()
    start = f'exec {sys.executable} -c "from tidegate.cli import main; main()" "$@"'
    (programs / "tidegate").write_text(f"#!/bin/sh\n{start}\n")
    (programs / "tidegate").chmod(0o755)
    (programs / "python3").symlink_to(sys.executable)
    port = str(a_free_port())
    script = "set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"
    for command in commands():
        here = command.replace("8080", port)
        script += here.replace("serve --demo", f"serve --demo --port {port}") + "\n"
    environment = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "TIDEGATE_URL": f"http://127.0.0.1:{port}",
        "COLUMNS": "160",
    }
    done = subprocess.run(
        ["bash", "-m", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert (tmp_path / "invoice.pdf").read_bytes().startswith(b"%PDF-")
    assert "admitted" in done.stdout
