"""Fleet files that cannot be used: code, key, line and what would be right."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tidegate.errors import CODES, FleetFileError
from tidegate.feeds.fleetfile import read_fleet

FLEET = """\
name = "test"
currency = "USD"

[[site]]
id = "north"
timezone = "Europe/Oslo"

[[cohort]]
id = "h100-a"
chip = "H100-SXM"
count = 24
price = "33600"
in_service = 2023-06-01
life_years = 5

[[cohort]]
id = "h100-b"
chip = "H100-SXM"
count = 8
price = 30000.50
in_service = 2024-06-01
life_years = 5

[[product]]
id = "grant"
kind = "grant"
notice = "10m"
prices = { "H100-SXM" = 0 }
demand = { share = 0.2, median = "4h", sigma = 1.0 }

[[pool]]
id = "head"
site = "north"
chip = "GB200"
nodes = 2
gpus_per_node = 4
tier = "frontier"

[pool.log]
path = "a.csv"

[[pool]]
id = "main"
site = "north"
chip = "H100-SXM"
nodes = 4
gpus_per_node = 8
tier = "mainstay"
cohorts = [
  "h100-a",
  "h100-b",
]

[pool.policy]
lease = ["flex", "grant"]
risk = 0.02

[pool.log]
path = "b.csv"
from = 2026-03-01
to = 2026-04-01
"""


def fail(folder: Path, text: str) -> FleetFileError:
    file = folder / "fleet.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(FleetFileError) as caught:
        read_fleet(file)
    error = caught.value
    assert error.exit_code == 2
    assert error.place.file == str(file)
    return error


def test_the_fleet_of_these_tests_is_sound(tmp_path: Path):
    (tmp_path / "fleet.toml").write_text(FLEET, encoding="utf-8")
    assert len(read_fleet(tmp_path / "fleet.toml").cases) == 2


def case(old: str, new: str, code: str, line: int | None, key: str, *parts: str):
    label = f"{code[9:]} {key} {new}"[:60]
    return pytest.param(old, new, f"TG-FLEET-{code}", line, key, parts, id=label)


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "key", "parts"),
    [
        # keys
        case("risk =", "rsik =", "KEY", 56, "pool[1].policy.rsik", "pool 'main'", "risk? It is"),
        case('[[cohort]]\nid = "h100-a"', '[[cohorts]]\nid = "h100-a"', "KEY", 8, "cohorts"),
        case('site = "north"\nchip = "GB', 'chip = "GB', "KEY", 31, "pool[0].site", "missing"),
        case('currency = "USD"\n', "", "KEY", None, "currency", "ISO 4217", "missing"),
        case('[pool.log]\npath = "a.csv"', "", "KEY", 31, "pool[0].log", "[pool.tide]"),
        case('notice = "10m"\n', "", "KEY", 24, "product[0].notice", "built-in", "flex"),
        case(", sigma = 1.0 }", " }", "KEY", 29, "product[0].demand.sigma", "missing"),
        # values
        case("risk = 0.02", "risk = 1.5", "VALUE", 56, "pool[1].policy.risk", "1.5", "below 1"),
        case("risk = 0.02", 'risk = "low"', "VALUE", 56, "pool[1].policy.risk", "'low'", "number"),
        case("nodes = 4\n", "nodes = 4.0\n", "VALUE", 46, "pool[1].nodes", "whole number"),
        case("nodes = 4\n", "nodes = true\n", "VALUE", 46, "pool[1].nodes", "true"),
        case("nodes = 4\n", "nodes = 0\n", "VALUE", 46, "pool[1].nodes", "from 1 to"),
        case('"mainstay"', '"main"', "VALUE", 48, "pool[1].tier", "frontier, mainstay, legacy"),
        case('"10m"', '"10 minutes"', "VALUE", 27, "product[0].notice", "is not a duration", "6h"),
        case('"10m"', "600", "VALUE", 27, "product[0].notice", "quotation marks", "300s"),
        case('"33600"', '"-1"', "VALUE", 12, "cohort[0].price", "not negative"),
        case('"33600"', '"1e999999"', "VALUE", 12, "cohort[0].price", "power of 12"),
        case("risk = 0.02", "risk = nan", "VALUE", 56, "pool[1].policy.risk", "finite"),
        case("nodes = 4\n", "nodes = 9999999\n", "VALUE", 46, "pool[1].nodes", "1,000,000"),
        case('"33600"', '"cheap"', "VALUE", 12, "cohort[0].price", "not an amount"),
        case("2023-06-01", '"2023-06-01"', "VALUE", 13, "cohort[0].in_service", "without quot"),
        case("Europe/Oslo", "Europe/Olso", "VALUE", 6, "site[0].timezone", "IANA"),
        case('"USD"', '"Dollar"', "VALUE", 2, "currency", "ISO 4217", "USD"),
        case('= "grant"\nn', '= "gift"\nn', "VALUE", 26, "product[0].kind", "reserved, grant"),
        case('SXM" = 0', 'SXM" = 0.0001', "VALUE", 28, "product[0].prices.H100-SXM", "three"),
        case("share = 0.2", "share = 2", "VALUE", 29, "product[0].demand.share", "0 to 1"),
        case("share = 0.2", "share = 0.8", "VALUE", 55, "pool[1].policy.lease", "1.1", "at most 1"),
        case('id = "h100-b"', 'id = "h100-a"', "VALUE", 17, "cohort[1].id", "twice"),
        case('id = "main"', 'id = "head"', "VALUE", 43, "pool[1].id", "twice"),
        case('"flex", "g', '"flex", "flex", "g', "VALUE", 55, "pool[1].policy.lease[1]", "twice"),
        case("to = 2026-04-01", "to = 2026-02-01", "VALUE", 61, "pool[1].log.to", "not after"),
        case("to = 2026-04-01", "to = 99", "VALUE", 61, "pool[1].log.to", "one kind"),
        case("to = 2026-04-01", 'to = "soon"', "VALUE", 61, "pool[1].log.to", "neither"),
        case(
            "risk = 0.02",
            "reserve_nodes = 5",
            "VALUE",
            56,
            "pool[1].policy.reserve_nodes",
            "at most 4 nodes",
        ),
        case('"b.csv"', '"b"\nformat = "sact"', "VALUE", 60, "pool[1].log.format", "sacct? It is"),
        case('"mainstay"', '"retired"', "VALUE", 55, "pool[1].policy.lease", "out of service"),
        # references
        case('"north"\nchip = "H', '"nort"\nchip = "H', "REFERENCE", 44, "pool[1].site", "north?"),
        case('"H100-SXM"\nn', '"H100-XSM"\nn', "REFERENCE", 45, "pool[1].chip", "H100-SXM?"),
        case('"H100-SXM"\nn', '"h100-sxm"\nn', "REFERENCE", 45, "pool[1].chip", "H100-SXM?"),
        case('"GB200"', '"Z80"', "REFERENCE", 34, "pool[0].chip", "Z80", "one of V100"),
        case('  "h100-b"', '  "h100-c"', "REFERENCE", 51, "pool[1].cohorts[1]", "h100-a, h100-b"),
        case('["flex", ', '["felx", ', "REFERENCE", 55, "pool[1].policy.lease[0]", "flex? It is"),
        case('"H100-SXM" = 0', '"H100" = 0', "REFERENCE", 28, "product[0].prices.H100", "H100"),
        # sums, tiers, prices
        case("count = 24", "count = 16", "COUNT", 49, "pool[1].cohorts", "16 + 8 = 24", "x 8 GPUs"),
        case('  "h100-b"', '  "h100-a"', "COUNT", 51, "pool[1].cohorts[1]", "counted twice"),
        case('"mainstay"', '"frontier"', "FRONTIER", 55, "pool[1].policy.lease", "never leased"),
        case('"USD"', '"EUR"', "PRICE", 55, "pool[1].policy.lease[0]", "flex", "EUR", "prices ="),
    ],
)
def test_each_error(
    tmp_path: Path,
    old: str,
    new: str,
    code: str,
    line: int | None,
    key: str,
    parts: tuple[str, ...],
):
    assert FLEET.count(old) >= 1, old
    error = fail(tmp_path, FLEET.replace(old, new, 1))
    found = [error, *error.others]
    match = next((e for e in found if e.place.field == key), None)
    assert match is not None, [str(e) for e in found]
    assert (match.code, match.place.line) == (code, line), str(match)
    assert match.code in CODES
    assert match.expected
    for part in parts:
        assert part in str(match)


def test_only_a_grant_may_be_free(tmp_path: Path):
    error = fail(tmp_path, FLEET.replace('kind = "grant"', 'kind = "preemptible"', 1))
    assert (error.code, error.place.field) == ("TG-FLEET-VALUE", "product[0].prices.H100-SXM")
    assert "only a product of kind = 'grant' may be free" in str(error)


def test_a_flex_product_guarantees_something(tmp_path: Path):
    error = fail(tmp_path, FLEET.replace('kind = "grant"', 'kind = "flex"', 1))
    assert "a flex product guarantees nothing" in "\n".join(str(e) for e in (error, *error.others))


def test_a_product_without_any_price_says_which(tmp_path: Path):
    error = fail(tmp_path, FLEET.replace('prices = { "H100-SXM" = 0 }\n', "", 1))
    assert (error.code, error.place.field) == ("TG-FLEET-PRICE", "pool[1].policy.lease[1]")
    assert "'grant' has no price for H100-SXM" in str(error)


def test_a_cohort_stands_in_one_pool_of_its_own_chip(tmp_path: Path):
    error = fail(tmp_path, FLEET.replace('"frontier"\n', '"frontier"\ncohorts = ["h100-b"]\n', 1))
    texts = [str(e) for e in (error, *error.others)]
    assert any("the cohort 'h100-b' is of H100-SXM" in text for text in texts)
    assert any("counted twice" in text for text in texts)


def test_log_and_tide_exclude_each_other(tmp_path: Path):
    tide = '\n[pool.tide]\nlog = { path = "c" }\nrequests_per_s_per_gpu = 4\nheadroom = 0.2\n'
    error = fail(tmp_path, FLEET + tide)
    assert (error.code, error.place.field) == ("TG-FLEET-KEY", "pool[1].tide")
    assert error.place.line == FLEET.count("\n") + 2


def test_a_tide_follows_rates_and_not_jobs(tmp_path: Path):
    tide = '[pool.tide]\nlog = { path = "a", format = "itp" }\nrequests_per_s_per_gpu = 4\n'
    text = FLEET.replace('[pool.log]\npath = "a.csv"', f"{tide}headroom = 0.2\n", 1)
    error = fail(tmp_path, text)
    assert (error.place.field, error.place.line) == ("pool[0].tide.log.format", 40)
    assert "holds jobs" in str(error)
    assert "servegen" in str(error)


def test_a_local_time_that_does_not_exist(tmp_path: Path):
    text = FLEET.replace(
        "from = 2026-03-01\nto", 'timezone = "Europe/Oslo"\nfrom = 2026-03-29T02:30:00\nto', 1
    )
    error = fail(tmp_path, text)
    assert error.place.field == "pool[1].log.from"
    assert "does not exist in Europe/Oslo" in str(error)


def test_all_errors_are_told_at_once_in_order_of_line(tmp_path: Path):
    text = FLEET.replace("count = 24", "count = -1").replace("risk =", "rsik =")
    error = fail(tmp_path, text.replace("Europe/Oslo", "Nowhere"))
    found = [error, *error.others]
    assert [e.place.line for e in found] == [6, 11, 56]
    assert error.others[0].others == ()


def test_a_message_reads_well(tmp_path: Path):
    error = fail(tmp_path, FLEET.replace("risk = 0.02", "risk = 1.5"))
    assert str(error) == (
        f"[TG-FLEET-VALUE] {tmp_path / 'fleet.toml'}:56: pool[1].policy.risk: pool 'main': "
        "risk = 1.5 cannot be used. Expected: a number above 0 and below 1."
    )


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ('name = "a"\nrisk = \n', 2, "Invalid value"),
        ("[[pool]]\nid = 'a'\nid = 'b'\n", 3, "overwrite"),
        ('name = "a"\nlease = [1 2\n', 2, "Unclosed array"),
    ],
)
def test_what_is_not_toml(tmp_path: Path, text: str, line: int, part: str):
    error = fail(tmp_path, text)
    assert (error.code, error.place.line) == ("TG-FLEET-SYNTAX", line)
    assert part in str(error)


def test_what_is_not_text(tmp_path: Path):
    (tmp_path / "fleet.toml").write_bytes(b"name = '\xff'")
    with pytest.raises(FleetFileError, match="UTF-8") as caught:
        read_fleet(tmp_path / "fleet.toml")
    assert caught.value.code == "TG-FLEET-SYNTAX"


@pytest.mark.parametrize("name", ["no.toml", "."])
def test_what_cannot_be_opened(tmp_path: Path, name: str):
    with pytest.raises(FleetFileError) as caught:
        read_fleet(tmp_path / name)
    assert caught.value.code == "TG-FLEET-MISSING"


def test_an_empty_file_says_what_a_fleet_needs(tmp_path: Path):
    error = fail(tmp_path, "")
    assert {e.place.field for e in (error, *error.others)} == {"currency", "site", "pool"}
    assert error.place.line is None


PLACES = [i for i, row in enumerate(FLEET.split("\n")) if " = " in row and not row.endswith("[")]
WRONG = st.sampled_from(
    [
        *(
            "",
            "nan",
            "-inf",
            "1e999",
            "-1",
            "0",
            "true",
            '""',
            "'x'",
            "[]",
            "{}",
            "[[1]]",
            "{ a = 1 }",
        ),
        *("1" + "0" * 400, "07:32:00", "0001-01-01", "9999-12-31T23:59:59-23:59", "1979-05-27"),
        *('"99999w"', '"1e999999"', '"NaN"', '"../x"', '"\\u0000"', "[true]", "{ share = nan }"),
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(st.sampled_from(PLACES), WRONG)
def test_no_value_breaks_the_reader(tmp_path: Path, place: int, value: str):
    rows = FLEET.split("\n")
    rows[place] = f"{rows[place].partition(' = ')[0]} = {value}"
    (tmp_path / "fleet.toml").write_text("\n".join(rows), encoding="utf-8")
    try:
        read_fleet(tmp_path / "fleet.toml")
    except FleetFileError as error:
        lines = {e.place.line for e in (error, *error.others)}
        assert lines != {None}


def test_nesting_without_end(tmp_path: Path):
    assert fail(tmp_path, "a = " + "[" * 20_000).code == "TG-FLEET-SYNTAX"


def test_a_byte_order_mark_is_no_obstacle(tmp_path: Path):
    (tmp_path / "fleet.toml").write_text(FLEET, encoding="utf-8-sig")
    assert len(read_fleet(tmp_path / "fleet.toml").cases) == 2


@pytest.mark.parametrize("name", ["../up", "a/b", "<b>", ""])
def test_a_name_that_cannot_stand_in_a_file_name(tmp_path: Path, name: str):
    error = fail(tmp_path, FLEET.replace('id = "main"', f'id = "{name}"'))
    assert error.code == "TG-FLEET-VALUE"


RUN = """
[[pool.planned]]
from = 2026-03-10
to = 2026-03-12
gpus = 16

[pool.foreseen]
path = "load.csv"
"""


@pytest.mark.parametrize(
    ("old", "new", "key", "parts"),
    [
        ("gpus = 16", "gpus = 0", "pool[1].planned[0].gpus", ("1 or more",)),
        ("gpus = 16", "gpus = 33", "pool[1].planned[0].gpus", ("33", "at most 32 GPUs")),
        ("gpus = 16", 'gpus = 16\ncertainty = "maybe"', "pool[1].planned[0].certainty", ("firm",)),
        ("2026-03-12", "2026-03-10", "pool[1].planned[0].to", ("not after", "later time")),
        ("2026-03-12", "86400", "pool[1].planned[0].to", ("one kind",)),
        ("2026-03-10", '"soon"', "pool[1].planned[0].from", ("'soon'", "ISO 8601")),
        # In Oslo the clocks go forward that night.
        ("2026-03-12", "2026-03-29T02:30:00", "pool[1].planned[0].to", ("does not exist",)),
        ('"load.csv"', '"load.csv"\nformat = "sacct"', "pool[1].foreseen.format", ("is a series",)),
    ],
)
def test_a_calendar_that_cannot_be_is_refused(
    tmp_path: Path, old: str, new: str, key: str, parts: tuple[str, ...]
):
    error = fail(tmp_path, FLEET + RUN.replace(old, new))
    assert error.code == "TG-FLEET-VALUE"
    assert error.place.field == key
    assert error.place.line is not None
    assert error.place.line > FLEET.count("\n")
    for part in parts:
        assert part in str(error)


def test_a_run_without_an_end_is_refused(tmp_path: Path):
    error = fail(tmp_path, FLEET + RUN.replace("to = 2026-03-12\n", ""))
    assert (error.code, error.place.field) == ("TG-FLEET-KEY", "pool[1].planned[0].to")
