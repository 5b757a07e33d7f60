from pathlib import Path

import pytest
from tests.feeds.reading import DATA, adds_up, jobs, told, write

from tidegate.errors import FeedError
from tidegate.feeds import detect_format, read_jobs
from tidegate.plan.scenario import LogSource

SWF = DATA / "small.swf"
ZERO = 1704067200


def test_the_header_gives_the_calendar_and_missing_fields_their_stand_ins():
    log = read_jobs(LogSource(SWF))
    assert (log.format, log.calendar) == ("swf", True)
    assert jobs(SWF) == {
        "1": (ZERO, 3600, 8, "12"),
        "2": (ZERO + 60, 1800, 16, "13"),  # no allocated processors: the requested ones
        "4": (ZERO + 180, 600, 4, None),  # cancelled, but after it ran
        "5": (ZERO + 200, 900, 4, "12"),  # its parts are told again and not counted
    }
    assert log.rejects.skipped == {"never started": 1, "partial execution": 2}
    assert adds_up(log.rejects, log.frame.height)


def test_rows_that_cannot_be_true_are_rejected():
    assert told(read_jobs(LogSource(SWF)).rejects) == [
        (13, "processors", "TG-ROW-NEGATIVE"),
        (14, "run_time", "TG-ROW-NEGATIVE"),
        (15, "wait", "TG-ROW-TIME"),
        (17, "job", "TG-ROW-DUPLICATE"),
        (18, "run_time", "TG-ROW-NUMBER"),
        (19, None, "TG-ROW-TORN"),
    ]


def test_without_a_header_it_counts_from_its_own_zero(tmp_path: Path):
    path = write(tmp_path, "1 50 0 60 4 -1 -1 4 60 -1 1 1 1 -1 1 -1 -1 -1\n", "a.swf")
    assert detect_format(LogSource(path)).name == "swf"
    assert not read_jobs(LogSource(path)).calendar
    assert jobs(path, window_from="40s", window_to="1m") == {"1": (50, 60, 4, "1")}


def test_where_names_our_fields():
    assert list(jobs(SWF, where={"user": "13"})) == ["2"]
    with pytest.raises(FeedError, match="TG-FEED-COLUMN"):
        read_jobs(LogSource(SWF, where={"vc": "a"}))
