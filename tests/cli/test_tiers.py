"""``tidegate tiers`` and ``finance tiers|stress`` as a shell calls them."""

import json
from pathlib import Path

import pytest
from tests.cli.calling import FLEET, Shell, log_of

from tidegate.feeds.fleetfile import read_fleet

OLD = FLEET.replace("nodes = 4", "nodes = 12").replace(
    "[[pool]]",
    """[[cohort]]
id = "a"
chip = "H100-SXM"
count = 96
price = 30000
in_service = 2023-01-01
life_years = 5

[[pool]]
cohorts = ["a"]""",
)
PATHS = ("--paths", "400", "--months", "36")


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """A mainstay pool of a generation with three newer ones, little used by its owner."""
    log_of(tmp_path)
    path = tmp_path / "fleet.toml"
    path.write_text('books = "books.toml"\n' + OLD, "utf-8")
    (tmp_path / "books.toml").write_text('start = "2026-09"\n[tiers]\nown_use = 0.9\n', "utf-8")
    return path


def test_a_plan_is_approved_and_put_into_a_new_fleet_file(
    tidegate: Shell, fleet: Path, tmp_path: Path
):
    plan, new = tmp_path / "plan.json", tmp_path / "new.toml"
    made = tidegate("tiers", "plan", fleet, *PATHS, "--out", plan, "--json")
    assert made.code == 0, made.err
    assert made.json["headline"]["moves proposed"] == "h100: mainstay to legacy"
    before = fleet.read_text("utf-8")
    words = ("tiers", "apply", plan, "--by", "ann", "--reason", "old", "--to", new)
    done = tidegate(*words, "--json")
    assert done.code == 0, done.err
    assert done.json["moves"] == [{"pool": "h100", "from": "mainstay", "to": "legacy"}]
    assert read_fleet(new).cases[0].pool.tier == "legacy"
    assert fleet.read_text("utf-8") == before
    assert new.read_text("utf-8") == before.replace('tier = "mainstay"', 'tier = "legacy"')
    tidegate(*words)
    acts = [json.loads(line) for line in Path(done.json["record"]).read_text("utf-8").splitlines()]
    assert [act["by"] for act in acts] == ["ann", "ann"]
    fleet.write_text(before + "\n", "utf-8")
    late = tidegate(*words)
    assert (late.code, "has changed since" in late.err) == (2, True)


def test_nothing_moves_without_a_name_or_a_plan(tidegate: Shell, tmp_path: Path):
    said = ("--reason", "x", "--to", tmp_path / "n.toml")
    called = tidegate("tiers", "apply", tmp_path / "none.json", "--by", "ann", *said)
    assert (called.code, "TG-OPTION" in called.err) == (2, True)
    called = tidegate("tiers", "apply", tmp_path / "none.json", "--by", " ", *said)
    assert "nobody" in called.err


def test_a_retired_pool_leases_nothing(tidegate: Shell, fleet: Path, tmp_path: Path):
    plan, new = tmp_path / "plan.json", tmp_path / "new.toml"
    tidegate("tiers", "plan", fleet, *PATHS, "--out", plan)
    told = json.loads(plan.read_text("utf-8"))
    told["moves"][0]["to"] = "retired"
    plan.write_text(json.dumps(told), "utf-8")
    words = ("tiers", "apply", plan, "--by", "ann", "--reason", "old", "--to", new)
    assert tidegate(*words).code == 0
    (case,) = read_fleet(new).cases
    assert (case.pool.tier, case.offers) == ("retired", ())
    told["moves"] = []
    plan.write_text(json.dumps(told), "utf-8")
    called = tidegate(*words)
    assert (called.code, "proposes no move" in called.err) == (2, True)


def test_finance_tiers_and_stress(tidegate: Shell, fleet: Path, tmp_path: Path):
    called = tidegate("finance", "tiers", fleet, *PATHS, "--json")
    assert called.code == 0, called.err
    assert called.json["tables"]["choices"]["rows"][0]["action"] in ("keep", "lease", "sell")
    stressed = tidegate("finance", "stress", fleet, *PATHS, "--xlsx", tmp_path / "s.xlsx")
    assert stressed.code == 0, stressed.err
    assert "crosses 1 at" in stressed.out
    assert (tmp_path / "s.xlsx").exists()


def test_a_rent_history_is_tried_out_of_sample(tidegate: Shell, fleet: Path, tmp_path: Path):
    rows = [f"{2024 + n // 12}-{n % 12 + 1:02d},{4 * 0.98**n:.3f}" for n in range(28)]
    path = tmp_path / "rents.csv"
    path.write_text("\n".join(["month,H100-SXM", *rows]), "utf-8")
    called = tidegate("finance", "stress", fleet, *PATHS, "--history", path, "--json")
    assert called.code == 0, called.err
    assert [row["horizon_months"] for row in called.json["tables"]["trial"]["rows"]] == [3, 6, 12]
    path.write_text("\n".join(["month,H100-SXM", *rows[:5], *rows[6:]]), "utf-8")
    gap = tidegate("finance", "stress", fleet, *PATHS, "--history", path)
    assert (gap.code, "TG-FIN-HISTORY" in gap.err) == (2, True)


@pytest.mark.parametrize("words", [("--paths", "5"), ("--months", "1"), ("--seed", "-1")])
def test_options_out_of_range(tidegate: Shell, fleet: Path, words: tuple[str, str]):
    called = tidegate("finance", "stress", fleet, *words)
    assert (called.code, "TG-OPTION" in called.err) == (2, True)


@pytest.mark.slow
def test_the_market_model_can_stand_in_for_the_statistical_paths(tidegate: Shell, fleet: Path):
    """By a setting the tier plan is made on another model's futures, and its figures change accordingly."""
    words = ("tiers", "plan", fleet, "--paths", "100", "--months", "36", "--json")
    plain = tidegate(*words).json
    market = {name: tidegate(*words, "--market", name) for name in ("base", "demand-pauses")}
    for done in market.values():
        assert done.code == 0, done.err
        assert "market model" in done.out
    told = {name: json.dumps(done.json["tables"]["choices"]) for name, done in market.items()}
    assert json.dumps(plain["tables"]["choices"]) != told["base"]
    assert told["base"] != told["demand-pauses"]
    both = tidegate(*words, "--market", "base", "--history", "rents.csv")
    assert (both.code, "--history" in both.err) == (2, True)


def test_a_node_is_certified_once_by_two_people(tidegate: Shell, fleet: Path, tmp_path: Path):
    words = ("tiers", "certify", fleet, "h100", "n1", "--method", "purge", "--by", "ann")
    record = ("--record", tmp_path / "c.jsonl", "--done-on", "2026-09-30")
    done = tidegate(*words, "--checked-by", "bob", *record)
    assert done.code == 0, done.err
    assert "Done on 2026-09-30 by ann" in done.out
    assert "1 of 12 nodes of h100" in done.out
    for wrong, said in (
        ((*words, "--checked-by", "ann", *record), "another who has checked"),
        ((*words, "--checked-by", "bob", *record), "already"),
        ((*words[:3], "none", *words[4:], "--checked-by", "bob", *record), "no pool"),
        ((*words, "--checked-by", "bob", *record[:3], "soon"), "TG-OPTION"),
        ((*words, "--checked-by", "bob", *record[:3], "2999-01-01"), "is to come"),
    ):
        called = tidegate(*wrong)
        assert (called.code, said in called.err) == (2, True), called.err
