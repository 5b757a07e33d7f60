"""A market scenario that cannot be used says which file, which line, which key, and what would be right."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from tidegate.errors import FeedError, MarketFileError
from tidegate.feeds.marketfile import bundled_scenarios, read_market
from tidegate.feeds.marketfile.reader import bundled_folder
from tidegate.feeds.rentsfile import read_rents
from tidegate.market.build import world_of


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """A copy of the base scenario, to be spoilt."""
    folder = tmp_path / "mine"
    shutil.copytree(bundled_folder() / "base", folder)
    return folder


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.mark.parametrize("name", bundled_scenarios())
def test_bundled_scenarios_can_be_read_and_built(name: str):
    market = read_market(name)
    assert market.title
    for group in world_of(market):
        for values in group:
            assert np.isfinite(values).all()


def test_a_scenario_takes_what_it_does_not_say_from_what_it_extends(tmp_path: Path):
    folder = tmp_path / "mine"
    folder.mkdir()
    text = '[scenario]\ntitle = "Mine"\nextends = "enters"\n[setting]\ndiscount = 0.2\n'
    (folder / "scenario.toml").write_text(text, "utf-8")
    mine, enters = read_market(folder), read_market("enters")
    assert mine.setting.discount == 0.2
    assert mine.setting.pue == enters.setting.pue
    assert mine.entry == enters.entry
    assert mine.generations == enters.generations


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "line", "field"),
    [
        ("generations.csv", "4000,22,288", ",22,288", "TG-MARKET-QUALITY", 6, "bf16_tflops"),
        ("generations.csv", "4000,22,288", "4000,-1,288", "TG-MARKET-VALUE", 6, "bandwidth_tb_s"),
        ("generations.csv", "4000,22,288", "4000,nan,288", "TG-MARKET-VALUE", 6, "bandwidth_tb_s"),
        ("generations.csv", "2026-10,15", "2026-13,15", "TG-MARKET-VALUE", 6, "launch"),
        ("generations.csv", "taste_next", "taste_nxt", "TG-MARKET-REFERENCE", 6, "taste"),
        ("generations.csv", "H200-SXM,2024", "H300-SXM,2024", "TG-MARKET-QUALITY", 4, "bf16_tflops"),
        ("uses.csv", "0.35,0.30,0.65", "0.45,0.30,0.65", "TG-MARKET-SHARES", None, "share_open"),
        ("uses.csv", "0.65,0.20,0.15", "0.65,0.20,0.25", "TG-MARKET-SHARES", 2, "flops"),
        ("uses.csv", "0.0,yes,no", "0.0,perhaps,no", "TG-MARKET-VALUE", 2, "frontier"),
        ("camps.csv", "0.58,0.60", "0.48,0.60", "TG-MARKET-SHARES", None, "stock_share_open"),
        ("camps.csv", "hyperscale,0.58", "hyperscale,much", "TG-MARKET-VALUE", 2, "stock_share_open"),
        ("camps.csv", ",0.7,yes", ",0.7,no", "TG-MARKET-VALUE", None, "owner"),
        ("camps.csv", "reinvest", "reinvested", "TG-MARKET-KEY", 1, None),
        ("camps.csv", "hyperscale,", "hyperscale,,", "TG-MARKET-SYNTAX", 2, None),
        ("fleet.csv", "NEXT,900000", "NXT,900000", "TG-MARKET-REFERENCE", None, "generation"),
        ("fleet.csv", "2026-12,2028-12", "2026-12,2025-12", "TG-MARKET-VALUE", None, "generation"),
        ("scenario.toml", "discount = 0.10", "discount = 7", "TG-MARKET-VALUE", 11, "setting.discount"),
        ("scenario.toml", "discount", "discuont", "TG-MARKET-KEY", 11, "setting.discuont"),
        ("scenario.toml", 'reference = "H100-SXM"', 'reference = "H100"', "TG-MARKET-REFERENCE", 32,
         "setting.reference"),
        ("scenario.toml", "months = 120", "months = 1", "TG-MARKET-VALUE", 5, "scenario.months"),
        ("scenario.toml", "[setting]", "[setting", "TG-MARKET-SYNTAX", 7, None),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named(
    scenario: Path, file: str, old: str, new: str, code: str, line: int | None, field: str | None
):
    spoil(scenario / file, old, new)
    with pytest.raises(MarketFileError) as caught:
        read_market(scenario)
    error = caught.value
    assert error.code == code
    assert error.place.file == str(scenario / file)
    assert error.place.line == line
    assert error.place.field == field
    assert error.expected or code == "TG-MARKET-SYNTAX"


def test_a_scenario_that_is_not_there_is_answered_with_a_known_one():
    with pytest.raises(MarketFileError, match="enters") as caught:
        read_market("enterss")
    assert caught.value.code == "TG-MARKET-MISSING"


def test_all_that_is_wrong_in_tables_is_told_at_once(scenario: Path):
    spoil(scenario / "camps.csv", "0.58,0.60", "0.48,0.60")
    spoil(scenario / "uses.csv", "0.65,0.20,0.15", "0.65,0.20,0.25")
    with pytest.raises(MarketFileError) as caught:
        read_market(scenario)
    assert {e.place.field for e in (caught.value, *caught.value.others)} == {
        "stock_share_open",
        "flops",
    }


def test_more_offered_than_the_fleet_has(tmp_path: Path):
    text = '[scenario]\ntitle = "x"\nextends = "base"\n[entry]\nmonth = 2026-11-01\ngpus = { "H100-SXM" = 9000000 }\n'
    (tmp_path / "scenario.toml").write_text(text, "utf-8")
    with pytest.raises(MarketFileError, match="600,000") as caught:
        read_market(tmp_path)
    assert caught.value.place.field == "entry.gpus.H100-SXM"


def test_rents_by_row_and_by_column(tmp_path: Path):
    rows, columns = tmp_path / "rows.csv", tmp_path / "columns.csv"
    rows.write_text("month,generation,usd_per_gpu_h\n2024-02,H100-SXM,4.84\n", "utf-8")
    columns.write_text("# from somewhere\nmonth,H100,H100_n,A100\n2024-02,4.84,5,\n", "utf-8")
    for path in (rows, columns):
        (it,) = read_rents(path)
        assert (it.generation, it.usd_per_gpu_h, it.month.isoformat()) == (
            "H100-SXM",
            4.84,
            "2024-02-01",
        )


@pytest.mark.parametrize(
    ("text", "line", "field"),
    [
        ("", None, None),
        ("H100\n3\n", 1, "month"),
        ("month,H100\n2024-2,3\n", 2, "month"),
        ("month,H100\n2024-02,-3\n", 2, "H100"),
        ("month,H100\n2024-02,nan\n", 2, "H100"),
        ("month,H100\n2024-02\n", 2, None),
        ("month,H100\n2024-02,\n", None, None),
    ],
)
def test_wrong_rents(tmp_path: Path, text: str, line: int | None, field: str | None):
    path = tmp_path / "rents.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(FeedError) as caught:
        read_rents(path)
    assert caught.value.code == "TG-MARKET-RENTS"
    assert (caught.value.place.line, caught.value.place.field) == (line, field)
