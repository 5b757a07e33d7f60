"""``tidegate backtest``: exit codes, what is printed where, and the files it leaves."""

import json
from pathlib import Path

import polars as pl
import pytest
from tests.cli.calling import EXAMPLE, FLEET, ITP, Shell, fleet_of, log_of

from tidegate.plan import PoolResult

QUICK = ("--policies", "none,tidegate", "--seeds", "1")
FILES = {"curve.parquet", "jobs.parquet", "leases.parquet", "report.html", "result.json"} | {
    "tradeoff.parquet",
    "tide.parquet",
}


def one_pool(log: Path, *more: str | Path) -> tuple[str | Path, ...]:
    return ("backtest", "--jobs", log, "--nodes", "4", *QUICK, *more)


# ---------------------------------------------------------------------------------------- it works


def test_the_example_fleet(tidegate: Shell, tmp_path: Path):
    window = ("--from", "12d", "--to", "20d", "--warmup", "2d")
    done = tidegate("backtest", EXAMPLE, *QUICK, *window, "--out", tmp_path)
    assert done.code == 0
    assert {path.name for path in tmp_path.iterdir()} == FILES
    for name in ("gb200", "h100", "a100"):
        assert name in done.out
    assert "frontier" in done.out
    assert str(tmp_path / "report.html").replace("\n", "") in done.out.replace("\n", "")


def test_one_pool_by_options_as_json(tidegate: Shell, tmp_path: Path):
    done = tidegate(
        *("backtest", "--jobs", ITP, "--format", "itp", "--where", "cluster=cluster04"),
        *("--nodes", "118", "--gpus-per-node", "8", "--chip", "H100-SXM"),
        *("--policies", "none,tidegate", "--seeds", "1", "--from", "2d", "--to", "6d"),
        *("--warmup", "1d", "--out", tmp_path, "--json"),
    )
    assert done.code == 0
    result = done.json
    assert {"pools", "rejected_rows", "seconds", "versions", "seeds"} <= result.keys()
    (pool,) = result["pools"]
    assert (pool["nodes"], pool["gpus"], pool["tier"]) == (118, 944, "mainstay")
    assert [policy["policy"] for policy in pool["policies"]] == ["none", "tidegate"]
    assert pool["policies"][1]["revenue"] > 0
    assert pool["policies"][1]["internal_delay_s"].keys() == {"mean", "p99"}
    assert pool["policies"][1]["miss_rate"].keys() == {"1h", "6h", "24h", "168h"}
    assert pool["policies"][1]["revenue_share_of_clairvoyant"] is None
    assert result["rejected_rows"] == 0
    assert result["seconds"] > 0
    assert {"tidegate", "python", "numba", "numpy", "polars"} <= result["versions"].keys()
    assert result["report"] == str(tmp_path / "report.html")
    assert result["rejects"] == []


def test_json_on_standard_output_is_the_one_on_disk(tidegate: Shell, tmp_path: Path):
    done = tidegate(*one_pool(log_of(tmp_path), "--json", "--out", tmp_path / "o"))
    written = json.loads((tmp_path / "o" / "result.json").read_text("utf-8"))
    assert {k: v for k, v in done.json.items() if k not in ("report", "rejects")} == written


def test_tables_have_the_columns_that_are_documented(tidegate: Shell, tmp_path: Path):
    busy = one_pool(log_of(tmp_path), "--offered-load", "50", "--out", tmp_path / "o")
    assert tidegate(*busy).code == 0
    documented = PoolResult.__doc__ or ""
    page = (EXAMPLE.parents[1] / "docs" / "reference" / "cli.md").read_text("utf-8")
    for name in ("jobs", "leases", "tide", "curve"):
        table = pl.read_parquet(tmp_path / "o" / f"{name}.parquet")
        assert table.columns[0] == "pool"
        assert table.height > 0
        for column in table.columns[1:]:
            told = "leased_gpus:<product>" if column.startswith("leased_gpus:") else column
            assert f"``{told}``" in documented, column
            assert f"`{told}`" in page, column


def test_tables_keep_their_columns_when_nobody_asks(tidegate: Shell, tmp_path: Path):
    quiet = one_pool(log_of(tmp_path), "--offered-load", "0", "--out", tmp_path / "o")
    assert tidegate(*quiet).code == 0
    table = pl.read_parquet(tmp_path / "o" / "leases.parquet")
    assert {"pool", "policy", "verdict", "charged"} <= set(table.columns)


def test_the_table_fits_a_terminal(tidegate: Shell, tmp_path: Path):
    done = tidegate("backtest", "--jobs", log_of(tmp_path), "--nodes", "4", "--seeds", "1")
    assert "…" not in done.out
    for name in ("none", "static", "reactive", "tidegate"):
        assert f"\n{name}" in done.out


def test_files_land_in_out_without_being_asked(tidegate: Shell, tmp_path: Path):
    assert tidegate(*one_pool(log_of(tmp_path))).code == 0
    assert {path.name for path in Path("out").iterdir()} == FILES


def test_a_second_run_replaces_the_first(tidegate: Shell, tmp_path: Path):
    out = tmp_path / "o"
    assert tidegate(*one_pool(log_of(tmp_path, torn=9), "--out", out)).code == 2
    assert (out / "rejects-pool.csv").exists()
    assert tidegate(*one_pool(log_of(tmp_path), "--out", out)).code == 0
    assert {path.name for path in out.iterdir()} == FILES


def test_a_price_of_ones_own(tidegate: Shell, tmp_path: Path):
    log = log_of(tmp_path)

    def revenue(*more: str) -> float:
        done = tidegate(*one_pool(log, "--json", "--risk", "0.2", *more))
        assert done.code == 0
        return float(done.json["pools"][0]["policies"][1]["revenue"])

    assert revenue("--price", "2") == pytest.approx(2 * revenue("--price", "1"), abs=0.02)


# ---------------------------------------------------------------------------------------- bad logs


def test_a_torn_log_is_played_all_the_same_and_exits_with_2(tidegate: Shell, tmp_path: Path):
    log = log_of(tmp_path, torn=10)
    done = tidegate(*one_pool(log, "--json", "--out", tmp_path / "o"))
    assert done.code == 2
    result = done.json
    assert result["rejected_rows"] == result["pools"][0]["rejected_rows"] == 10
    assert result["pools"][0]["jobs"] == 190
    (path,) = result["rejects"]
    rejects = pl.read_csv(path)
    assert rejects.columns == ["file", "line", "field", "code", "reason", "raw"]
    assert rejects["line"].to_list() == list(range(7, 17))
    assert set(rejects["code"]) == {"TG-ROW-TORN"}
    assert "TG-FEED-REJECTS" in done.err
    assert "10 of 200" in done.err
    assert "TG-ROW-TORN" in done.err
    assert "--max-rejects" in done.err
    assert {path.name for path in (tmp_path / "o").iterdir()} == FILES | {"rejects-pool.csv"}


def test_a_torn_log_is_told_in_the_table_too(tidegate: Shell, tmp_path: Path):
    done = tidegate(*one_pool(log_of(tmp_path, torn=10), "--out", "o"))
    assert done.code == 2
    assert "rows rejected: 10" in done.out
    assert "rejects-pool.csv" in done.out


@pytest.mark.parametrize(("limit", "code"), [("0", 2), ("0.04", 2), ("0.05", 0), ("1", 0)])
def test_how_many_rejects_are_too_many(tidegate: Shell, tmp_path: Path, limit: str, code: int):
    log = log_of(tmp_path, torn=10)
    done = tidegate(*one_pool(log, "--max-rejects", limit, "--json"))
    assert done.code == code
    assert done.json["rejected_rows"] == 10
    assert ("TG-FEED-REJECTS" in done.err) == (code == 2)


def test_one_torn_line_of_many_is_let_go(tidegate: Shell, tmp_path: Path):
    done = tidegate(*one_pool(log_of(tmp_path, torn=1), "--json"))
    assert (done.code, done.json["rejected_rows"]) == (0, 1)


def test_jobs_too_large_are_counted_and_written_out(tidegate: Shell, tmp_path: Path):
    log = log_of(tmp_path)
    with log.open("a", encoding="utf-8") as file:
        file.write("huge,180000,600,33,a\n")
    done = tidegate(*one_pool(log, "--json"))
    assert done.json["rejected_rows"] == 1
    (path,) = done.json["rejects"]
    assert pl.read_csv(path).select("code", "raw").row(0) == ("TG-ROW-TOO-LARGE", "huge")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "TG-FEED-EMPTY"),
        ("id,submit,duration,gpus\n", "TG-FEED-EMPTY"),
        ("id,submit,duration,gpus\na,0,10,8\nb,5,10,8\n", "TG-FEED-SHORT"),
        ("name,colour\na,red\n", "TG-FEED-FORMAT"),
    ],
)
def test_a_log_that_cannot_be_played(tidegate: Shell, tmp_path: Path, text: str, code: str):
    log = tmp_path / "log.csv"
    log.write_text(text, "utf-8")
    done = tidegate(*one_pool(log, "--json"))
    assert (done.code, done.out) == (2, "")
    assert f"[{code}]" in done.err
    assert "log.csv" in done.err


def test_a_missing_log(tidegate: Shell):
    done = tidegate(*one_pool(Path("nowhere.csv")))
    assert (done.code, done.out) == (2, "")
    assert "[TG-FEED-MISSING] nowhere.csv" in done.err


# ------------------------------------------------------------------------------------- fleet files


def test_a_fleet_of_ones_own(tidegate: Shell, tmp_path: Path):
    done = tidegate("backtest", fleet_of(tmp_path), *QUICK, "--json")
    assert done.code == 0
    assert done.json["name"] == "small"
    assert [p["product"] for p in done.json["pools"][0]["policies"][1]["products"]] == [
        *("preemptible", "flex")
    ]


def test_a_wrong_fleet_names_code_file_line_and_key(tidegate: Shell, tmp_path: Path):
    fleet = fleet_of(tmp_path, FLEET.replace("risk = 0.1", "risk = 7"))
    line = 1 + fleet.read_text("utf-8").splitlines().index("risk = 7")
    done = tidegate("backtest", fleet, *QUICK)
    assert (done.code, done.out) == (2, "")
    assert "[TG-FLEET-VALUE]" in done.err
    assert f"{fleet}:{line}: pool[0].policy.risk" in done.err


def test_all_that_is_wrong_is_told_at_once(tidegate: Shell, tmp_path: Path):
    text = FLEET.replace("risk = 0.1", "rsik = 0.1").replace("nodes = 4", "nodes = -4")
    done = tidegate("backtest", fleet_of(tmp_path, text), *QUICK)
    assert done.code == 2
    assert "[TG-FLEET-KEY]" in done.err
    assert "[TG-FLEET-VALUE]" in done.err
    assert len(done.err.strip().splitlines()) == 2


def test_a_leased_frontier_pool_is_refused(tidegate: Shell, tmp_path: Path):
    fleet = fleet_of(tmp_path, FLEET.replace("mainstay", "frontier"))
    done = tidegate("backtest", fleet, *QUICK)
    assert (done.code, done.out) == (2, "")
    assert "[TG-FLEET-FRONTIER]" in done.err


def test_a_missing_fleet(tidegate: Shell):
    done = tidegate("backtest", "nowhere.toml")
    assert done.code == 2
    assert "[TG-FLEET-MISSING] nowhere.toml" in done.err


# ----------------------------------------------------------------------------------------- options


def test_neither_fleet_nor_jobs(tidegate: Shell):
    done = tidegate("backtest")
    assert (done.code, done.out) == (2, "")
    assert "[TG-OPTION] FLEET" in done.err


def test_both_fleet_and_jobs(tidegate: Shell, tmp_path: Path):
    done = tidegate("backtest", fleet_of(tmp_path), "--jobs", tmp_path / "log.csv", "--nodes", "4")
    assert (done.code, done.out) == (2, "")
    assert "[TG-OPTION] FLEET" in done.err


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--format", "table"), ("--where", "owner=a"), ("--column", "id=id")),
        *(("--timezone", "UTC"), ("--nodes", "4"), ("--gpus-per-node", "8")),
        *(("--chip", "H100-SXM"), ("--price", "1"), ("--currency", "USD")),
        *(("--risk", "0.1"), ("--reserve-nodes", "0"), ("--offered-load", "1.5")),
    ],
)
def test_what_the_fleet_says_is_not_said_twice(
    tidegate: Shell, tmp_path: Path, option: str, value: str
):
    done = tidegate("backtest", fleet_of(tmp_path), option, value)
    assert (done.code, done.out) == (2, "")
    assert f"[TG-OPTION] {option}" in done.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--policies", "tidegat"), "Did you mean tidegate?"),
        (("--policies", "none,reactiv"), "Did you mean reactive?"),
        (("--policies", "bogus"), "one of none, static, reactive, gfs, tidegate"),
        (("--chip", "H100-SMX"), "Did you mean H100-SXM?"),
        (("--seeds", "0"), "--seeds: 0"),
        (("--warmup", "soon"), "such as 14d"),
        (("--risk", "0"), "--risk"),
        (("--risk", "1"), "--risk"),
        (("--risk", "nan"), "--risk"),
        (("--nodes", "0"), "--nodes"),
        (("--gpus-per-node", "0"), "--gpus-per-node"),
        (("--reserve-nodes", "4"), "--reserve-nodes: 4 of 4"),
        (("--reserve-nodes", "-1"), "--reserve-nodes"),
        (("--offered-load", "-1"), "--offered-load"),
        (("--offered-load", "nan"), "--offered-load"),
        (("--price", "cheap"), "such as 3.79"),
        (("--price", "0"), "--price"),
        (("--max-rejects", "2"), "--max-rejects"),
        (("--where", "owner"), "NAME=VALUE"),
        (("--column", "=x"), "NAME=VALUE"),
        (("--timezone", "Mars/Olympus"), "Mars/Olympus"),
        (("--format", "tabel"), "table"),
        (("--from", "later"), "later"),
    ],
)
def test_an_option_out_of_range_says_what_would_be_right(
    tidegate: Shell, tmp_path: Path, words: tuple[str, str], told: str
):
    done = tidegate(*one_pool(log_of(tmp_path), *words))
    assert (done.code, done.out) == (2, "")
    assert "[TG-OPTION]" in done.err
    assert told in done.err
    assert not Path("out").exists()


@pytest.mark.parametrize("price", ["nan", "inf", "1e30"])
def test_a_price_beyond_all_numbers(tidegate: Shell, tmp_path: Path, price: str):
    done = tidegate(*one_pool(log_of(tmp_path), "--price", price))
    assert done.code == 2
    assert "[TG-OPTION] --price" in done.err


def test_jobs_without_nodes(tidegate: Shell, tmp_path: Path):
    done = tidegate("backtest", "--jobs", log_of(tmp_path))
    assert (done.code, done.out) == (2, "")
    assert "[TG-OPTION] --nodes" in done.err


def test_an_unknown_option_is_answered_with_the_known_ones(tidegate: Shell, tmp_path: Path):
    done = tidegate("backtest", "--jobs", log_of(tmp_path), "--polices", "none")
    assert (done.code, done.out) == (2, "")
    assert "--polices" in done.err
    assert "--policies" in done.err


# -------------------------------------------------------------------------------------- the run fails


@pytest.mark.parametrize("blocked", ["", "report.html", "jobs.parquet", "result.json"])
def test_an_out_that_cannot_be_written(tidegate: Shell, tmp_path: Path, blocked: str):
    out = tmp_path / "o"
    if blocked:
        (out / blocked).mkdir(parents=True)
    else:
        out.write_text("in the way", "utf-8")
    done = tidegate(*one_pool(log_of(tmp_path), "--out", out, "--json"))
    assert (done.code, done.out) == (1, "")
    assert "[TG-RUN-OUT]" in done.err
    assert str(out) in done.err.replace("\n", "")


# ------------------------------------------------------------------------------------- with books


def booked(folder: Path, books: str) -> Path:
    """A fleet with a cohort and a books file, beside two days of jobs."""
    (folder / "books.toml").write_text(books, "utf-8")
    cohort = """
[[cohort]]
id = "bought"
chip = "H100-SXM"
count = 32
price = 30000
in_service = 2025-01-01
life_years = 5
"""
    text = FLEET.replace('currency = "USD"', 'currency = "USD"\nbooks = "books.toml"')
    text = text.replace('tier = "mainstay"', 'tier = "mainstay"\ncohorts = ["bought"]')
    return fleet_of(folder, text + cohort)


def test_the_three_tier_policy_stands_beside_others_as_the_plan_has_it(
    tidegate: Shell, tmp_path: Path
):
    fleet = booked(tmp_path, 'start = "2026-03"\n')
    done = tidegate("backtest", fleet, *QUICK, "--out", tmp_path / "o", "--json")
    assert done.code == 0, done.err
    compared = done.json["comparison"]
    assert compared["from"] == "2026-03"
    names = ["three tiers", "keep everything", "lease everything", "sell early"]
    assert [row["policy"] for row in compared["rows"]] == names
    plan = tidegate("finance", "tiers", fleet, "--from", tmp_path / "o", "--json").json
    assert plan["tables"]["policies"]["rows"] == compared["rows"]
    assert plan["tables"]["policy_tiers"]["rows"] == compared["by_tier"]
    assert compared["by_tier"][0]["mainstay"] == compared["rows"][0]["mean"]
    shown = tidegate("backtest", fleet, *QUICK, "--out", tmp_path / "o")
    assert "sell early" in shown.out
    assert "beaten by three tiers" in (tmp_path / "o" / "report.html").read_text("utf-8")


def test_nothing_is_compared_without_books_or_without_leasing(tidegate: Shell, tmp_path: Path):
    without = tidegate(*one_pool(log_of(tmp_path), "--out", tmp_path / "o", "--json"))
    assert without.json["comparison"] is None
    fleet = booked(tmp_path, "")
    alone = tidegate("backtest", fleet, "--policies", "none", "--out", tmp_path / "o", "--json")
    assert (alone.code, alone.json["comparison"]) == (0, None)


def test_books_that_cannot_be_used_stop_it_before_it_plays(tidegate: Shell, tmp_path: Path):
    fleet = booked(tmp_path, "[[cohort]]\nid = 'nobody'\n")
    done = tidegate("backtest", fleet, *QUICK, "--out", tmp_path / "o")
    assert done.code == 2
    assert "TG-FIN-REFERENCE" in done.err
    assert "books.toml" in done.err
    assert not (tmp_path / "o").exists()


def test_what_cannot_be_compared_is_told_and_the_rest_goes_on(tidegate: Shell, tmp_path: Path):
    sold = "sale = [{ day = 2025-06-01, gpus = 32, proceeds = 100 }]"
    fleet = booked(tmp_path, f'start = "2026-03"\n[[cohort]]\nid = "bought"\n{sold}\n')
    done = tidegate("backtest", fleet, *QUICK, "--out", tmp_path / "o", "--json")
    assert done.code == 0, done.err
    assert "TG-FIN-COHORT" in done.err
    assert done.json["comparison"] is None
    assert "all had been sold" in done.json["assumptions"][-1]
