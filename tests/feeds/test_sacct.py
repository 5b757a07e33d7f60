import calendar
import gzip
import time
from pathlib import Path

import pytest
from tests.feeds.reading import DATA, adds_up, jobs, told, write

from tidegate.errors import FeedError
from tidegate.feeds import detect_format, read_jobs
from tidegate.plan.scenario import LogSource

SACCT = DATA / "sacct.txt"


def at(text: str) -> int:
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%S"))


def test_a_log_as_operators_have_it_is_read_to_the_last_row():
    log = read_jobs(LogSource(SACCT))
    assert (log.format, log.calendar) == ("sacct", True)
    assert log.rejects.skipped == {"job step": 3, "never started": 4, "no GPU": 1}
    assert log.rejects.notes == {"still running": 1, "requeued run": 2}
    assert told(log.rejects) == [
        (16, "JobID", "TG-ROW-DUPLICATE"),
        (17, None, "TG-ROW-TORN"),
        (18, "Start", "TG-ROW-ORDER"),
        (19, "End", "TG-ROW-ORDER"),
        (22, None, "TG-ROW-TORN"),
    ]
    assert adds_up(log.rejects, log.frame.height)
    assert log.frame["submit_s"].is_sorted()


def test_typed_and_untyped_gpus_of_one_job_count_once():
    found = jobs(SACCT)
    assert found["1001"] == (at("2024-03-01T08:00:00"), 7200, 8, "ml")
    assert found["1002"][2] == 6  # typed only: a100=2 and h100=4; gpumem is no GPU
    assert found["1006+0"][2] == 8


def test_a_cancelled_job_that_ran_keeps_its_run_time():
    assert jobs(SACCT)["1003_4"] == (at("2024-03-01T09:00:00"), 900, 1, "vision")


def test_each_run_of_a_requeued_job_counts_and_none_overlaps_the_one_before():
    found = jobs(SACCT)
    assert found["1007"][:2] == (at("2024-03-01T11:00:00"), 3000)
    assert found["1007#2"][:2] == (at("2024-03-01T12:00:00"), 2400)
    # sacct repeats the first submission: the run is asked for when the run before ended
    assert found["1007#3"][:2] == (at("2024-03-01T13:00:00"), 1800)


def test_a_running_job_lasts_until_the_last_time_of_the_log():
    last = at("2024-03-02T09:00:00")  # the submission of 1012, which never started
    assert jobs(SACCT)["1011"][1] == last - at("2024-03-02T06:10:00")


def test_where_selects_by_a_column_of_the_file():
    found = jobs(SACCT, where={"Account": "vision"})
    assert list(found) == ["1003_4"]


def test_the_window_is_about_submissions():
    found = jobs(SACCT, window_from="2024-03-01T10:00:00", window_to="2024-03-01T11:00:00")
    assert list(found) == ["1006+0"]


def test_columns_may_come_in_any_order_and_with_old_gres(tmp_path: Path):
    text = (
        "End|AllocGRES|ReqGRES|User|JobIDRaw|Start|\n"
        "1709290800|gpu:v100:4(S:0-1)|gpu:4|eve|7|1709287200|\n"
        "1709290800||gpu:2|eve|8|1709287200|\n"
        "1709290800|||eve|9|1709287200|\n"
    )
    path = write(tmp_path, text)
    assert jobs(path) == {
        "7": (1709287200, 3600, 4, "eve"),
        "8": (1709287200, 3600, 2, "eve"),
    }


@pytest.mark.parametrize(
    ("elapsed", "seconds"),
    [("1-02:03:04", 93784), ("02:03:04", 7384), ("03:04", 184), ("55", 55), ("00:10:00.5", 600)],
)
def test_elapsed_times_are_read_in_all_their_forms(tmp_path: Path, elapsed: str, seconds: int):
    text = f"JobID|Submit|Elapsed|AllocTRES\n1|2024-03-01T08:00:00|{elapsed}|gres/gpu=1\n"
    assert jobs(write(tmp_path, text))["1"][1] == seconds


def test_local_times_that_do_not_exist_are_rejected_and_those_that_occur_twice_are_noted(
    tmp_path: Path,
):
    text = (
        "JobID|Submit|Start|End|AllocTRES\n"
        "1|2024-03-31T02:30:00|2024-03-31T03:30:00|2024-03-31T04:30:00|gres/gpu=1\n"
        "2|2024-10-27T02:30:00|2024-10-27T04:00:00|2024-10-27T05:00:00|gres/gpu=1\n"
        "3|2024-10-27T02:50:00|2024-10-27T02:50:00|2024-10-27T02:10:00|gres/gpu=1\n"
        "4|2024-07-01T02:00:00|2024-07-01T02:00:00|2024-07-01T03:00:00|gres/gpu=1\n"
    )
    path = write(tmp_path, text)
    log = read_jobs(LogSource(path, timezone="Europe/Berlin"))
    assert told(log.rejects) == [(2, "Submit", "TG-ROW-TIME")]
    assert "does not exist" in log.rejects.frame["reason"][0]
    assert log.rejects.notes == {"ambiguous local time": 4}
    found = jobs(path, timezone="Europe/Berlin")
    assert found["2"][0] == at("2024-10-27T00:30:00")  # the earlier of the two
    assert found["3"][1] == 20 * 60  # it ended in the second hour: no other reading keeps the order
    assert found["4"][0] == at("2024-07-01T00:00:00")


def test_foreign_bytes_carriage_returns_and_repeated_headers_cost_no_row(tmp_path: Path):
    header = b"JobID|JobName|Submit|Start|End|AllocTRES\r\n"
    row = b"%d|caf\xe9|2024-03-01T08:00:00|2024-03-01T08:00:00|2024-03-01T09:00:00|gres/gpu=1\r\n"
    path = write(tmp_path, b"\xef\xbb\xbf" + header + row % 1 + b"\r\n" + header + row % 2)
    log = read_jobs(LogSource(path))
    assert log.frame["job_id"].to_list() == ["1", "2"]
    assert log.rejects.rows_read == 2


def test_unreadable_fields_name_themselves(tmp_path: Path):
    good = "2024-03-01T08:00:00"
    text = "JobID|Submit|Start|End|AllocTRES\n" + "\n".join(
        [
            f"1|yesterday|{good}|{good}|gres/gpu=1",
            f"2|{good}|{good}|2024-13-01T08:00:00|gres/gpu=1",
            f"3|{good}|{good}|2024-03-01T09:00:00|gres/gpu=-2",
            f"4|{good}|{good}|2024-03-01T09:00:00|gres/gpu=2",
        ]
    )
    log = read_jobs(LogSource(write(tmp_path, text)))
    assert told(log.rejects) == [
        (2, "Submit", "TG-ROW-TIME"),
        (3, "End", "TG-ROW-TIME"),
        (4, "AllocTRES", "TG-ROW-NEGATIVE"),
    ]
    assert log.rejects.frame["raw"][0].startswith("1|yesterday|")
    assert log.rejects.frame["file"][0].endswith("log.csv")


def test_clusters_have_ids_of_their_own(tmp_path: Path):
    text = "Cluster|JobID|Submit|Start|End|AllocTRES\n" + "".join(
        f"{c}|1|2024-03-01T08:00:00|2024-03-01T08:00:00|2024-03-01T09:00:00|gres/gpu=1\n"
        for c in ("north", "south")
    )
    assert set(jobs(write(tmp_path, text))) == {"north:1", "south:1"}


def test_a_missing_column_is_named_with_a_command_that_gives_it(tmp_path: Path):
    path = write(tmp_path, "JobID|Submit|Start|End\n1|2024-03-01T08:00:00|a|b\n")
    with pytest.raises(FeedError, match=r"AllocTRES.*--format=") as caught:
        read_jobs(LogSource(path))
    assert caught.value.code == "TG-FEED-COLUMN"


def test_a_gzipped_log_is_read_as_it_is(tmp_path: Path):

    path = tmp_path / "log.txt.gz"
    path.write_bytes(gzip.compress(SACCT.read_bytes()))
    assert detect_format(LogSource(path)).name == "sacct"
    assert jobs(path) == jobs(SACCT)


def test_a_running_job_alone_lasts_until_sacct_was_called(tmp_path: Path):
    text = (
        "JobID|State|Submit|Start|End|ElapsedRaw|AllocTRES\n"
        "1|RUNNING|2024-03-01T08:00:00|2024-03-01T08:00:00|Unknown|500|gres/gpu=4\n"
    )
    assert jobs(write(tmp_path, text))["1"][1] == 500
