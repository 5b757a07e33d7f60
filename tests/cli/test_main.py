"""The root command, ``doctor``, and a start that is quick."""

import subprocess
import sys
from importlib.metadata import version

import pytest
from tests.cli.calling import Shell
from typer.main import get_command

from tidegate.app import Check
from tidegate.cli import app

COMMANDS = sorted(getattr(get_command(app), "commands", {}))


def test_version(tidegate: Shell):
    done = tidegate("--version")
    assert (done.code, done.out, done.err) == (0, f"tidegate {version('tidegate')}\n", "")


def test_no_command_shows_the_help(tidegate: Shell):
    done = tidegate()
    assert done.code == 2
    for name in COMMANDS:
        assert name in done.out + done.err


def test_an_unknown_command_is_answered_with_a_known_one(tidegate: Shell):
    done = tidegate("backtset")
    assert (done.code, done.out) == (2, "")
    assert "backtest" in done.err


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_every_command_has_an_example(tidegate: Shell, name: str):
    done = tidegate(name, "--help")
    assert done.code == 0
    assert f"tidegate {name} " in " ".join(done.out.split("Example")[1].split())


def test_doctor(tidegate: Shell):
    done = tidegate("doctor")
    assert done.code == 0
    for part in ("python", "numba", "polars", "compile cache", "threads"):
        assert part in done.out


def test_doctor_as_json(tidegate: Shell):
    done = tidegate("doctor", "--json")
    assert done.code == 0
    checks = {check["name"]: check for check in done.json["checks"]}
    assert checks["tidegate"] == {
        "name": "tidegate",
        "state": "ok",
        "found": version("tidegate"),
        "todo": "",
    }
    assert {check["state"] for check in checks.values()} <= {"ok", "missing", "bad"}
    assert all(check["todo"] for check in checks.values() if check["state"] != "ok")


def test_doctor_fails_when_something_must_be_mended(
    tidegate: Shell, monkeypatch: pytest.MonkeyPatch
):
    broken = [Check("numba", "bad", "not installed", "pip install numba")]
    monkeypatch.setattr("tidegate.app.diagnose", lambda: broken)
    done = tidegate("doctor")
    assert done.code == 1
    assert "pip install numba" in done.out


def test_doctor_names_a_cache_that_cannot_be_written(
    tidegate: Shell, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("os.access", lambda path, mode: False)
    done = tidegate("doctor", "--json")
    cache = next(check for check in done.json["checks"] if check["name"] == "compile cache")
    assert (done.code, cache["state"]) == (1, "bad")
    assert "NUMBA_CACHE_DIR" in cache["todo"]


def test_the_version_and_the_help_load_nothing_heavy():
    code = (
        "import sys; from tidegate.cli import main; sys.argv = ['tidegate', {word!r}]\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({{'numba', 'polars', 'numpy', 'scipy', 'highspy'}} & set(sys.modules)))"
    )
    for word in ("--version", "--help"):
        ran = subprocess.run(
            [sys.executable, "-c", code.format(word=word)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert ran.stdout.splitlines()[-1] == "[]", word


def test_the_command_is_installed():
    ran = subprocess.run(
        [sys.executable, "-c", "from tidegate.cli import main; main()", "backtest", "no.toml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("error [TG-FLEET-MISSING] no.toml")
