"""Sweep files: what they say, and what is told of those that say it wrongly."""

from pathlib import Path

import pytest
from tests.cli.calling import FLEET

from tidegate.errors import FleetFileError, SweepFileError
from tidegate.feeds.sweepfile import read_sweep
from tidegate.plan import Settings


def a_file(folder: Path, text: str) -> Path:
    (folder / "fleets").mkdir(exist_ok=True)
    (folder / "fleets" / "one.toml").write_text(FLEET, "utf-8")
    path = folder / "sweep.toml"
    path.write_text(text, "utf-8")
    return path


def problems(folder: Path, text: str) -> list[SweepFileError]:
    with pytest.raises(SweepFileError) as caught:
        read_sweep(a_file(folder, text))
    return [caught.value, *caught.value.others]  # type: ignore[list-item]


def test_all_keys(tmp_path: Path):
    sweep = read_sweep(
        a_file(
            tmp_path,
            'fleets = ["fleets/one.toml"]\npolicies = ["tidegate", "static"]\nrisk = [0.01, 0.5]\n'
            'seeds = [7, 3]\nwarmup = "12h"\noffered_load = 2\n',
        )
    )
    assert [scenario.name for scenario in sweep.scenarios] == ["small"]
    assert (sweep.policies, sweep.risks, sweep.seeds) == (
        ("static", "tidegate"),
        (0.01, 0.5),
        (7, 3),
    )
    settings = sweep.settings(0)
    assert (settings.warmup_s, settings.offered_load) == (43200, 2.0)


def test_what_is_left_out(tmp_path: Path):
    sweep = read_sweep(a_file(tmp_path, 'fleets = ["fleets/one.toml"]\nseeds = 2\n'))
    assert (sweep.policies, sweep.risks, sweep.seeds) == (Settings.policies, (), (0, 1))
    assert sweep.settings(0).offered_load == sweep.scenarios[0].offered_load


FLEETS = 'fleets = ["fleets/one.toml"]\n'


@pytest.mark.parametrize(
    ("text", "code", "line", "field", "expected"),
    [
        (FLEETS + "risk = [0.1, 1.5]\n", "VALUE", 2, "risk[1]", "above 0 and below 1"),
        (FLEETS + 'risk = "low"\n', "VALUE", 2, "risk", "a list of numbers"),
        (FLEETS + "risk = [0.1, 0.1]\n", "VALUE", 2, "risk[1]", "each once"),
        (FLEETS + "seeds = 0\n", "VALUE", 2, "seeds", "how many seeds"),
        (FLEETS + "seeds = [1, true]\n", "VALUE", 2, "seeds", "how many seeds"),
        (FLEETS + "seeds = []\n", "VALUE", 2, "seeds", "how many seeds"),
        (FLEETS + "seeds = [-1]\n", "VALUE", 2, "seeds", "how many seeds"),
        (FLEETS + "seeds = [4, 4]\n", "VALUE", 2, "seeds[1]", "each once"),
        (FLEETS + 'policies = ["statik"]\n', "VALUE", 2, "policies[0]", "static? It is one of"),
        (FLEETS + "policies = []\n", "VALUE", 2, "policies", "a list of policies"),
        (FLEETS + 'warmup = "soon"\n', "VALUE", 2, "warmup", "such as 14d"),
        (FLEETS + "offered_load = -1\n", "VALUE", 2, "offered_load", "0 to 100"),
        (FLEETS + "risks = [0.1]\n", "KEY", 2, "risks", "risk? It is one of"),
        ("seeds = 2\n", "KEY", None, "fleets", "a list of fleet files"),
        ("fleets = []\n", "VALUE", 1, "fleets", "a list of fleet files"),
        ('fleets = [\n  "fleets/two.toml",\n]\n', "VALUE", 2, "fleets[0]", "a fleet file"),
        ("fleets = [\n", "SYNTAX", 1, None, "TOML"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, text: str, code: str, line: int | None, field: str | None, expected: str
):
    (problem,) = problems(tmp_path, text)
    assert problem.code == f"TG-SWEEP-{code}"
    assert problem.place.file == str(tmp_path / "sweep.toml")
    assert (problem.place.line, problem.place.field) == (line, field)
    assert expected in (problem.expected or "")


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path):
    found = problems(tmp_path, 'fleets = ["no.toml"]\npolicies = ["all"]\nrisk = [0.1, 0.1]\n')
    assert [problem.place.line for problem in found] == [1, 2, 3]


def test_a_missing_sweep_file(tmp_path: Path):
    with pytest.raises(SweepFileError) as caught:
        read_sweep(tmp_path / "none.toml")
    assert caught.value.code == "TG-SWEEP-MISSING"


def test_a_fault_in_a_fleet_file_is_told_as_such(tmp_path: Path):
    path = a_file(tmp_path, FLEETS)
    (tmp_path / "fleets" / "one.toml").write_text(FLEET.replace("risk = 0.1", "risk = 7"), "utf-8")
    with pytest.raises(FleetFileError) as caught:
        read_sweep(path)
    assert caught.value.place.file == str(tmp_path / "fleets" / "one.toml")
