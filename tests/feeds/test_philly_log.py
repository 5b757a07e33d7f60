import json
from pathlib import Path

import pytest
from tests.feeds.reading import DATA, adds_up, jobs, told, write

from tidegate.errors import FeedError
from tidegate.feeds import read_jobs
from tidegate.plan.scenario import LogSource

LOG = DATA / "cluster_job_log"
MIDNIGHT = 1507334400  # 2017-10-07T00:00:00Z


def test_attempts_are_merged_into_one_run():
    found = jobs(LOG)
    # 10 and 30 minutes; the larger attempt held three GPUs
    assert found["application_1_1"] == (MIDNIGHT + 59 * 60, 40 * 60, 3, "ee9e8c")
    # still running: until the end of the latest attempt in the log, the repeated job's included
    assert found["application_1_4"] == (MIDNIGHT + 7200, 7200, 1, "11cb48")


def test_bad_entries_are_named_by_the_line_where_they_begin():
    log = read_jobs(LogSource(LOG))
    assert log.format == "philly-json"
    assert told(log.rejects) == [
        (23, "end_time", "TG-ROW-ORDER"),
        (31, "jobid", "TG-ROW-DUPLICATE"),
        (35, None, "TG-ROW-TORN"),
    ]
    assert '"application_1_1"' in log.rejects.frame["raw"][1]
    assert log.rejects.skipped == {"never started": 1}
    assert log.rejects.notes == {"still running": 1}
    assert adds_up(log.rejects, log.frame.height)


def test_entries_on_one_line_are_told_apart(tmp_path: Path):
    run = {"start_time": "2017-10-07 01:00:00", "end_time": "2017-10-07 02:00:00"}
    entry = {"status": "Pass", "vc": "a", "submitted_time": "2017-10-07 01:00:00", "user": "u"}
    run["detail"] = [{"ip": "m1", "gpus": ["gpu0"]}]  # type: ignore[assignment]
    several = [{**entry, "jobid": name, "attempts": [run]} for name in ("x", "y", "x", "x")]
    path = write(tmp_path, json.dumps(several))
    log = read_jobs(LogSource(path))
    assert log.frame["job_id"].to_list() == ["x", "y"]
    assert told(log.rejects) == [(1, "jobid", "TG-ROW-DUPLICATE")] * 2


def test_where_selects_by_a_key_of_the_entry():
    assert list(jobs(LOG, where={"vc": "11cb48"})) == ["application_1_4", "application_1_1"]
    with pytest.raises(FeedError, match="TG-FEED-COLUMN"):
        read_jobs(LogSource(LOG, where={"gpus": "8"}))
