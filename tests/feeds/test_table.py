import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from tests.feeds.reading import DATA, adds_up, jobs, told, write

from tidegate.errors import FeedError, OptionError
from tidegate.feeds import read_jobs
from tidegate.plan.scenario import LogSource

MARCH = 1709280000  # 2024-03-01T08:00:00Z


def test_columns_of_any_name_by_a_mapping(tmp_path: Path):
    path = write(tmp_path, "Job,Asked,Secs,N GPU,Team\n7,2024-03-01 08:00,60,8,ml\n")
    columns = {"id": "Job", "submit": "Asked", "duration": "Secs", "gpus": "N GPU", "owner": "Team"}
    assert jobs(path, columns=columns) == {"7": (MARCH, 60, 8, "ml")}


def test_a_mapping_to_nothing_is_refused(tmp_path: Path):
    path = write(tmp_path, "a,b,c\n1,2,3\n")
    with pytest.raises(FeedError, match=r"TG-FEED-COLUMN.*'d'.*one of a, b, c"):
        read_jobs(LogSource(path, columns={"submit": "a", "duration": "b", "gpus": "d"}))
    with pytest.raises(FeedError, match="duration or end"):
        read_jobs(LogSource(path, columns={"submit": "a", "gpus": "b"}))
    with pytest.raises(OptionError, match="'gpu'"):
        read_jobs(LogSource(path, columns={"gpu": "a"}))


def test_quoted_fields_may_hold_separators_and_quotes(tmp_path: Path):
    path = write(
        tmp_path,
        'id,owner,submit,duration,gpus\n"a,1","the ""big"" team",10,60,8\n'
        'b,"",20,60,"4"\nc,"open,30,60,8\nd,x"y,40,60,8\n',
    )
    log = read_jobs(LogSource(path))
    assert jobs(path) == {"a,1": (10, 60, 8, 'the "big" team'), "b": (20, 60, 4, None)}
    assert told(log.rejects) == [(4, None, "TG-ROW-TORN"), (5, None, "TG-ROW-TORN")]
    assert "quote" in log.rejects.frame["reason"][0]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_in_the_header(tmp_path: Path, separator: str):
    rows = [["id", "submit", "duration", "gpus"], ["a", "10", "60", "8"]]
    path = write(tmp_path, "\n".join(separator.join(row) for row in rows))
    assert jobs(path) == {"a": (10, 60, 8, None)}


def test_a_torn_line_shifts_no_column(tmp_path: Path):
    text = "id,submit,duration,gpus\na,10,60,8\nb,20,60\nc,30,60,8,9\nd,40,60,8\n\ne,50,6"
    log = read_jobs(LogSource(write(tmp_path, text)))
    assert log.frame["job_id"].to_list() == ["a", "d"]
    assert told(log.rejects) == [(line, None, "TG-ROW-TORN") for line in (3, 4, 7)]
    assert log.rejects.frame["reason"][0] == "has 3 fields, the header has 4"
    assert log.rejects.rows_read == 5


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        ("x,10,60,-8", "gpus", "TG-ROW-NEGATIVE"),
        ("x,10,60,7.5", "gpus", "TG-ROW-NUMBER"),
        ("x,10,60,many", "gpus", "TG-ROW-NUMBER"),
        ("x,10,60,", "gpus", "TG-ROW-NUMBER"),
        ("x,10,60,99999999999", "gpus", "TG-ROW-NUMBER"),
        ("x,10,60,inf", "gpus", "TG-ROW-NUMBER"),
        ("x,10,-60,8", "duration", "TG-ROW-NEGATIVE"),
        ("x,10,-00:01:00,8", "duration", "TG-ROW-NEGATIVE"),
        ("x,10,soon,8", "duration", "TG-ROW-NUMBER"),
        ("x,10,,8", "duration", "TG-ROW-NUMBER"),
        ("x,,60,8", "submit", "TG-ROW-TIME"),
        ("x,noon,60,8", "submit", "TG-ROW-TIME"),
        ("x,-5,60,8", "submit", "TG-ROW-NEGATIVE"),
        ("x,1709280000000,60,8", "submit", "TG-ROW-TIME"),
        ("x,2024-03-01,60,8", "submit", "TG-ROW-TIME"),  # the log counts from its own zero
        ("a,20,60,8", "id", "TG-ROW-DUPLICATE"),
    ],
)
def test_a_row_that_cannot_be_true_is_set_aside(tmp_path: Path, row: str, field: str, code: str):
    path = write(tmp_path, f"id,submit,duration,gpus\na,10,60,8\n{row}\nz,30,60,8\n")
    log = read_jobs(LogSource(path))
    assert log.frame["job_id"].to_list() == ["a", "z"]
    assert told(log.rejects) == [(3, field, code)]
    assert log.rejects.frame["raw"].to_list() == [row]


def test_rows_without_demand_are_skipped_and_counted(tmp_path: Path):
    text = (
        "id,submit,start,end,gpus\na,10,10,70,8\nb,10,10,70,0\nc,10,20,20,8\nd,10,,,8\ne,10,20,,1\n"
    )
    log = read_jobs(LogSource(write(tmp_path, text)))
    assert log.rejects.skipped == {"no GPU": 1, "no run time": 1, "never started": 1}
    assert log.rejects.notes == {"still running": 1}
    assert log.frame.filter(job_id="e")["duration_s"].to_list() == [50]
    assert adds_up(log.rejects, log.frame.height)


def test_jobs_are_sorted_by_submission_and_ties_keep_their_order(tmp_path: Path):
    text = "id,submit,duration,gpus\nb,20,1,1\nc,10,1,2\na,20,1,3\nd,10,1,4\n"
    log = read_jobs(LogSource(write(tmp_path, text)))
    assert log.frame["job_id"].to_list() == ["c", "d", "b", "a"]
    assert log.frame["gpus"].to_list() == [2, 4, 1, 3]


def test_times_with_an_offset_do_not_depend_on_the_zone(tmp_path: Path):
    text = (
        "id,submit,duration,gpus\na,2024-03-01T09:00:00+01:00,60,1\n"
        "b,2024-03-01T08:00:00Z,60,1\nc,2024-03-01 08:00:00.5 +0000,60,1\nd,2024-03-01,60,1\n"
    )
    log = read_jobs(LogSource(write(tmp_path, text), timezone="Europe/Berlin"))
    found = dict(log.frame.select("job_id", "submit_s").iter_rows())
    assert found == {"a": MARCH, "b": MARCH, "c": MARCH, "d": MARCH - 9 * 3600}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"timezone": "Europe/Atlantis"}, "time zone"),
        ({"window_from": "next week"}, "window from"),
        ({"window_to": "2024-03-01"}, "own zero"),
        ({"format": "sacctt"}, "no format"),
    ],
)
def test_wrong_options_are_refused(tmp_path: Path, options: dict[str, str], message: str):
    path = write(tmp_path, "id,submit,duration,gpus\na,10,60,8\n")
    with pytest.raises(OptionError, match=message):
        read_jobs(LogSource(path, **options))  # type: ignore[arg-type]


def test_parquet_keeps_its_types_and_names_rows_from_one(tmp_path: Path):
    frame = pl.DataFrame(
        {
            "id": ["a", "b", None, "a", "e"],
            "submit": [dt.datetime(2024, 3, 1, 8, m) for m in range(5)],
            "duration": [dt.timedelta(minutes=1)] * 5,
            "gpus": [8, -1, 2, 4, None],
        }
    )
    path = tmp_path / "jobs.parquet"
    frame.write_parquet(path)
    log = read_jobs(LogSource(path))
    assert jobs(path) == {"a": (MARCH, 60, 8, None), "row-3": (MARCH + 120, 60, 2, None)}
    assert told(log.rejects) == [
        (2, "gpus", "TG-ROW-NEGATIVE"),
        (4, "id", "TG-ROW-DUPLICATE"),
        (5, "gpus", "TG-ROW-NUMBER"),
    ]
    assert log.rejects.frame["raw"][0].startswith("id=b,submit=2024-03-01 08:01:00")


def test_numbers_in_parquet_are_selected_by_value(tmp_path: Path):
    path = tmp_path / "jobs.parquet"
    data = {"submit": [1, 2], "duration": [9, 9], "gpus": [1, 1], "site": [1.0, 2.0]}
    pl.DataFrame(data).write_parquet(path)
    assert list(jobs(path, where={"site": "2"})) == ["row-2"]


def test_helios_tells_jobs_that_never_started_and_names_its_rejects():
    log = read_jobs(LogSource(DATA / "helios.csv"))
    assert (log.format, log.calendar) == ("helios", True)
    assert jobs(DATA / "helios.csv") == {
        "1": (1588291200, 3600, 8, "vcA"),
        "5": (1588291500, 600, 4, "vcB"),
    }
    assert log.rejects.skipped == {"no GPU": 1, "never started": 2, "no run time": 1}
    assert told(log.rejects) == [
        (7, "gpu_num", "TG-ROW-NEGATIVE"),
        (8, "job_id", "TG-ROW-DUPLICATE"),
    ]


def test_philly_rows_get_names(tmp_path: Path):
    text = "submit_time,duration,gpus,gpu_time,vc\n2017-10-09 07:01:55,66.0,1,66.0,11cb48\n"
    path = write(tmp_path, text)
    assert read_jobs(LogSource(path)).format == "philly"
    assert jobs(path) == {"row-1": (1507532515, 66, 1, "11cb48")}


def test_itp_counts_from_its_own_zero(tmp_path: Path):
    text = "job_id,submission_time,duration,num_gpu,cluster\nx,1932025,2429,64,cluster01\n"
    log = read_jobs(LogSource(write(tmp_path, text)))
    assert (log.format, log.calendar) == ("itp", False)
    assert log.frame.row(0) == ("x", 1932025, 2429, 64, "cluster01")


@pytest.mark.parametrize(
    ("times", "kept", "line"),
    [
        (("0", "1709280000", "1709280010"), ["b", "c"], 2),
        (("0", "1709280000", "10"), ["a", "c"], 3),
        (("2024-03-01", "2024-03-02", "77"), ["a", "b"], 4),
    ],
)
def test_a_log_keeps_to_the_clock_of_most_of_its_rows(
    tmp_path: Path, times: tuple[str, ...], kept: list[str], line: int
):
    rows = "".join(f"{name},{time},60,1\n" for name, time in zip("abc", times, strict=True))
    log = read_jobs(LogSource(write(tmp_path, "id,submit,duration,gpus\n" + rows)))
    assert log.frame["job_id"].to_list() == kept
    assert told(log.rejects) == [(line, "submit", "TG-ROW-TIME")]
