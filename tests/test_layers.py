"""The layers contract holds, has teeth, and is told in ARCHITECTURE.md."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "tidegate"


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the linter on the contract and the package below ``folder``."""
    program = """
import sys
sys.path.insert(0, "src")
from importlinter.cli import lint_imports
sys.exit(lint_imports(no_cache=True, no_logo=True))
"""
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the contract and the package, to be spoiled."""
    shutil.copy(ROOT / ".importlinter", tmp_path)
    skip = shutil.ignore_patterns("__pycache__", "*.parquet", "*.js")
    shutil.copytree(SOURCE, tmp_path / "src" / "tidegate", ignore=skip)
    return tmp_path


def test_contracts_hold():
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_package_outside_the_contract_is_refused(copy: Path):
    stray = copy / "src" / "tidegate" / "drawer"
    stray.mkdir()
    (stray / "__init__.py").write_text("", "utf-8")
    result = lint_imports(copy)
    assert result.returncode == 1
    assert "drawer" in result.stdout


def test_the_domain_may_not_open_a_socket(copy: Path):
    (copy / "src" / "tidegate" / "demand" / "caller.py").write_text("import socket\n", "utf-8")
    result = lint_imports(copy)
    assert result.returncode == 1
    assert "tidegate.demand.caller -> socket" in result.stdout


def test_architecture_names_every_package():
    page = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    told = set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE))
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    modules = {path.stem for path in SOURCE.glob("[!_]*.py")}
    assert packages | modules <= told
