"""The page of the fleet file names every key, and its example can be used."""

import re
from pathlib import Path

from tidegate.feeds.fleetfile import read_fleet
from tidegate.feeds.fleetfile import tables as t
from tidegate.lease import STANDARD_PRODUCTS
from tidegate.quantity import format_duration

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "fleet-file.md").read_text("utf-8")

SECTIONS: dict[str, type[t.Table]] = {
    "Top level": t.FleetTable,
    "`[[site]]`": t.SiteTable,
    "`[[cohort]]`": t.CohortTable,
    "`[[product]]`": t.ProductTable,
    "`[[pool]]`": t.PoolTable,
    "`[pool.policy]`": t.PolicyTable,
    "`[pool.log]`": t.LogTable,
    "`[pool.tide]`": t.TideTable,
    "`[[pool.planned]]`": t.PlannedTable,
    "`[pool.failures]`": t.FailuresTable,
}
NESTED = {"demand", "policy", "log", "tide", "planned", "foreseen", "failures"}


def section(title: str) -> str:
    return re.split(r"^#+ ", PAGE.partition(f" {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def test_every_key_is_documented_in_its_section():
    for title, table in SECTIONS.items():
        firsts = re.findall(r"^\| (`[^|]+) \|", section(title), re.MULTILINE)
        told = {key.strip("[]") for cell in firsts for key in re.findall(r"`([^`]+)`", cell)}
        keys = {field.alias or name for name, field in table.model_fields.items()}
        if table is not t.TideTable:
            keys -= NESTED
        assert keys <= told, title
    assert {f"demand.{key}" for key in t.DemandTable.model_fields} <= set(
        re.findall(r"`(demand\.\w+)` \|", section("`[[product]]`"))
    )


def test_the_standard_products_are_as_documented():
    for product, relative, demand in STANDARD_PRODUCTS:
        row = (
            f"| `{product.id}` | {product.kind} | {format_duration(product.guarantee_s)} "
            f"| {format_duration(product.notice_s)} | {relative} | {demand.share:.2f} "
            f"| {format_duration(int(demand.median_s))} | {demand.sigma} |"
        )
        assert row in PAGE


def test_the_example_can_be_used(tmp_path: Path):
    example = PAGE.partition("```toml\n")[2].partition("```")[0]
    (tmp_path / "fleet.toml").write_text(example, encoding="utf-8")
    scenario = read_fleet(tmp_path / "fleet.toml")
    assert scenario.currency == "EUR"
    assert [str(offer.price) for offer in scenario.cases[0].offers] == ["1.45", "0"]
