"""Fleet files that can be used: what becomes of keys, defaults and prices."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from tidegate.feeds.fleetfile import read_fleet
from tidegate.fleet import Tier, catalogue
from tidegate.lease import STANDARD_PRODUCTS, ProductKind, standard_offers
from tidegate.plan.scenario import LogSource, Scenario, TideSource

EXAMPLES = Path(__file__).parents[2] / "examples"

SMALL = """
currency = "USD"

[[site]]
id = "north"

[[pool]]
id = "main"
site = "north"
chip = "H100-SXM"
nodes = 4
gpus_per_node = 8
tier = "mainstay"
policy = { lease = ["flex"] }
log = { path = "logs/jobs.csv" }
"""


def read(folder: Path, text: str) -> Scenario:
    file = folder / "fleet.toml"
    file.write_text(text, encoding="utf-8")
    return read_fleet(file)


def prices(scenario: Scenario, pool: int = 0) -> dict[str, str]:
    return {offer.product.id: str(offer.price) for offer in scenario.cases[pool].offers}


def test_the_three_tiers_example():
    scenario = read_fleet(EXAMPLES / "three-tiers.toml")
    frontier, mainstay, legacy = scenario.cases
    assert [case.pool.tier for case in scenario.cases] == [
        Tier.FRONTIER,
        Tier.MAINSTAY,
        Tier.LEGACY,
    ]
    assert [case.pool.gpus for case in scenario.cases] == [984, 944, 288]
    assert frontier.offers == ()
    assert frontier.pool.gpus_per_node == 4
    assert [cohort.gpus for cohort in mainstay.pool.cohorts] == [512, 432]
    assert mainstay.pool.cohorts[0].in_service == date(2023, 6, 1)
    assert prices(scenario, 1)["flex"] == "2.65"
    assert mainstay.failures is not None
    assert [offer.product.kind for offer in legacy.offers][-1] is ProductKind.GRANT
    assert legacy.offers[-1].price == 0
    assert scenario.currency == "USD"
    for case in scenario.cases:
        assert isinstance(case.demand, LogSource)
        assert case.demand.path.exists()


def test_every_pool_of_the_examples_has_a_job_that_fits():
    for case in read_fleet(EXAMPLES / "three-tiers.toml").cases:
        assert isinstance(case.demand, LogSource)
        jobs = pl.read_parquet(case.demand.path)
        for column, value in case.demand.where.items():
            jobs = jobs.filter(pl.col(column) == value)
        assert jobs.height > 1000
        assert jobs.select(pl.col("num_gpu").max()).item() <= case.pool.gpus


def test_the_inference_example_leaves_30_to_50_percent_unused():
    case = read_fleet(EXAMPLES / "inference-tide.toml").cases[0]
    tide = case.demand
    assert isinstance(tide, TideSource)
    rates = pl.read_parquet(tide.log.path).filter(pl.col("model") == tide.log.where["model"])
    need = rates["requests_per_s"] / tide.requests_per_s_per_gpu * (1 + tide.headroom)
    unused = 1 - need.clip(upper_bound=case.pool.gpus).sum() / (case.pool.gpus * need.len())
    assert unused == pytest.approx(0.395, abs=0.001)


def test_defaults_are_filled_in_and_said(tmp_path: Path):
    scenario = read(tmp_path, SMALL)
    case = scenario.cases[0]
    assert scenario.name == "fleet"
    assert scenario.source == str(tmp_path / "fleet.toml")
    assert (scenario.offered_load, scenario.sanitise_s) == (1.5, 300)
    assert case.pool.site.timezone == "UTC"
    assert (case.pool.policy.risk, case.pool.policy.wait_price) == (0.005, Decimal(10))
    assert case.failures is None
    said = "\n".join(scenario.assumptions)
    for part in ("1.5 times", "5m", "time zone is UTC", "risk 0.005", "0 nodes", "10 per GPU-hour"):
        assert part in said
    assert "no cohorts" in said


def test_what_the_file_states_is_not_an_assumption(tmp_path: Path):
    text = SMALL.replace('"USD"', '"USD"\noffered_load = 2\nsanitise = "10m"').replace(
        'lease = ["flex"]', 'lease = [], risk = 0.05, reserve_nodes = 1, wait_price = "2.5"'
    )
    scenario = read(tmp_path, text)
    assert (scenario.offered_load, scenario.sanitise_s) == (2.0, 600)
    assert scenario.cases[0].pool.policy.wait_price == Decimal("2.5")
    assert not any("risk" in said or "Tenants" in said for said in scenario.assumptions)


def test_the_log_lies_relative_to_the_fleet_file(tmp_path: Path):
    text = SMALL.replace(
        'log = { path = "logs/jobs.csv" }',
        """
[pool.log]
path = "logs/jobs.csv"
format = "itp"
where = { cluster = 4, kind = "gpu" }
columns = { submit = "t" }
timezone = "Asia/Taipei"
from = 2026-03-01
to = 2026-04-01T00:00:00Z
""",
    )
    log = read(tmp_path, text).cases[0].demand
    assert log == LogSource(
        path=tmp_path / "logs" / "jobs.csv",
        format="itp",
        where={"cluster": "4", "kind": "gpu"},
        columns={"submit": "t"},
        timezone="Asia/Taipei",
        window_from="2026-03-01",
        window_to="2026-04-01T00:00:00+00:00",
    )


def test_seconds_bound_a_window_too(tmp_path: Path):
    text = SMALL.replace('jobs.csv" }', 'jobs.csv", from = 0, to = "86400" }')
    log = read(tmp_path, text).cases[0].demand
    assert isinstance(log, LogSource)
    assert (log.window_from, log.window_to) == ("0", "86400")


def test_a_price_is_derived_from_the_reference_rent_and_said(tmp_path: Path):
    scenario = read(tmp_path, SMALL)
    assert prices(scenario) == {"flex": "2.653"}
    said = next(text for text in scenario.assumptions if "derived" in text)
    for part in ("Pool main", "flex 2.653 USD", "reference rent of H100-SXM", "3.79", "2026-09"):
        assert part in said


def test_a_stated_price_is_no_assumption(tmp_path: Path):
    for written in ("2.5", '"2.5"'):
        text = f'{SMALL}\n[[product]]\nid = "flex"\nprices = {{ "H100-SXM" = {written} }}\n'
        scenario = read(tmp_path, text)
        assert prices(scenario) == {"flex": "2.5"}
        assert not any("derived" in text for text in scenario.assumptions)


def test_a_standard_product_is_overridden_key_by_key(tmp_path: Path):
    text = f'{SMALL}\n[[product]]\nid = "flex"\nguarantee = "12h"\ndemand = {{ share = 0.5 }}\n'
    offer = read(tmp_path, text).cases[0].offers[0]
    assert (offer.product.guarantee_s, offer.product.notice_s) == (43_200, 600)
    assert (offer.demand.share, offer.demand.median_s, offer.demand.sigma) == (0.5, 36_000, 1.0)
    assert offer.price == Decimal("2.653")


def test_relative_prices_need_no_rent(tmp_path: Path):
    scenario = read(tmp_path, SMALL.replace("USD", "XXX").replace("H100-SXM", "V100-SXM2-16"))
    assert prices(scenario) == {"flex": "0.700"}
    assert any("list price of 1" in said for said in scenario.assumptions)


def test_a_pool_without_a_lease_policy_leases_nothing(tmp_path: Path):
    scenario = read(tmp_path, SMALL.replace('policy = { lease = ["flex"] }\n', ""))
    assert scenario.cases[0].offers == ()
    assert scenario.cases[0].pool.policy.products == ()


def test_offers_follow_the_order_of_the_policy(tmp_path: Path):
    text = SMALL.replace('["flex"]', '["week", "preemptible", "day"]')
    assert list(prices(read(tmp_path, text))) == ["week", "preemptible", "day"]


def test_windows_line_ends_are_no_obstacle(tmp_path: Path):
    file = tmp_path / "fleet.toml"
    file.write_bytes(SMALL.replace("\n", "\r\n").encode())
    assert read_fleet(str(file)).cases[0].pool.id == "main"


def test_standard_offers_and_the_fleet_file_agree(tmp_path: Path):
    chip = catalogue()["H100-SXM"]
    standard = standard_offers(chip, "USD", None)
    text = SMALL.replace('["flex"]', '["preemptible", "flex", "day", "week"]')
    assert read(tmp_path, text).cases[0].offers == standard.offers
    assert standard.list_price == Decimal("3.79")
    assert standard.currency == "USD"
    assert "3.79" in standard.assumptions[0]


@pytest.mark.parametrize(
    ("chip", "currency", "price", "flex", "priced_in"),
    [
        ("H100-SXM", "USD", Decimal(2), "1.400", "USD"),
        ("H100-SXM", "EUR", Decimal(2), "1.400", "EUR"),
        ("H100-SXM", "EUR", None, "0.700", "XXX"),
        ("V100-SXM2-16", "USD", None, "0.700", "XXX"),
    ],
)
def test_standard_offers(
    chip: str, currency: str, price: Decimal | None, flex: str, priced_in: str
):
    priced = standard_offers(catalogue()[chip], currency, price)
    assert [offer.product.id for offer in priced.offers] == [p.id for p, _, _ in STANDARD_PRODUCTS]
    assert str(priced.offers[1].price) == flex
    assert priced.currency == priced_in
    assert priced.assumptions


def test_a_list_price_is_positive():
    with pytest.raises(ValueError, match="positive"):
        standard_offers(catalogue()["H100-SXM"], "USD", Decimal(0))


PLANNED = """
[[pool.planned]]
from = 2026-07-01T08:00:00
to = 2026-07-03
gpus = 20

[[pool.planned]]
from = "2026-08-01T00:00+00:00"
to = "2026-08-02T00:00+00:00"
gpus = 32
certainty = "likely"

[pool.foreseen]
path = "logs/load.csv"
columns = { time = "t", gpus = "need" }
"""


def test_the_calendar_is_in_the_time_of_the_site(tmp_path: Path):
    text = SMALL.replace('id = "north"', 'id = "north"\ntimezone = "Europe/Oslo"', 1) + PLANNED
    (case,) = read(tmp_path, text).cases
    firm, likely = case.planned
    # 2026-07-01 06:00 and 2026-07-02 22:00 in UTC.
    assert (firm.from_s, firm.to_s, firm.gpus) == (1_782_885_600, 1_783_029_600, 20)
    assert firm.is_firm
    assert likely.to_s - likely.from_s == 86_400
    assert not likely.is_firm


def test_a_load_is_foreseen_in_gpus_or_as_the_tide_is(tmp_path: Path):
    (case,) = read(tmp_path, SMALL + PLANNED).cases
    assert isinstance(case.foreseen, LogSource)
    assert case.foreseen.path == tmp_path / "logs/load.csv"
    serving = SMALL.replace(
        'log = { path = "logs/jobs.csv" }',
        'tide = { log = { path = "rates.csv" }, requests_per_s_per_gpu = 4, headroom = 0.25 }',
    )
    (case,) = read(tmp_path, serving + PLANNED).cases
    assert isinstance(case.foreseen, TideSource)
    assert case.foreseen.log.path == tmp_path / "logs/load.csv"
    assert (case.foreseen.requests_per_s_per_gpu, case.foreseen.headroom) == (4, 0.25)
