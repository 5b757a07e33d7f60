from pathlib import Path

import polars as pl
import pytest
from tests.feeds.reading import TRACES, adds_up, told, write

from tidegate.errors import FeedError, OptionError
from tidegate.feeds import read_series
from tidegate.plan.scenario import LogSource


def test_rows_in_any_order_make_a_series(tmp_path: Path):
    path = write(tmp_path, "time,gpus\n600,4\n0,8\n300,6.5\n")
    series = read_series(LogSource(path))
    assert (series.format, series.calendar) == ("series", False)
    assert list(series.frame.iter_rows()) == [(0, 8.0), (300, 6.5), (600, 4.0)]


def test_a_rate_column_by_mapping_with_calendar_times(tmp_path: Path):
    path = write(tmp_path, "ts,rps\n2024-03-01T08:00:00Z,12.5\n2024-03-01T08:10:00Z,13\n")
    series = read_series(LogSource(path, columns={"time": "ts", "rate": "rps"}))
    assert series.calendar
    assert list(series.frame.iter_rows()) == [(1709280000, 12.5), (1709280600, 13.0)]


def test_bad_rows_are_set_aside(tmp_path: Path):
    text = "time,gpus\n0,8\n300,-1\n600,nan\n900,x\nlater,4\n0,9\n1200,inf\n1500,2\n1800\n"
    series = read_series(LogSource(write(tmp_path, text)))
    assert list(series.frame.iter_rows()) == [(0, 8.0), (1500, 2.0)]
    assert told(series.rejects) == [
        (3, "gpus", "TG-ROW-NEGATIVE"),
        (4, "gpus", "TG-ROW-NUMBER"),
        (5, "gpus", "TG-ROW-NUMBER"),
        (6, "time", "TG-ROW-TIME"),
        (7, "time", "TG-ROW-DUPLICATE"),
        (8, "gpus", "TG-ROW-NUMBER"),
        (10, None, "TG-ROW-TORN"),
    ]
    assert adds_up(series.rejects, series.frame.height)


def test_the_window_cuts_the_series(tmp_path: Path):
    path = write(tmp_path, "time,gpus\n0,1\n3600,2\n7200,3\n")
    series = read_series(LogSource(path, window_from="1h", window_to="2h"))
    assert list(series.frame.iter_rows()) == [(3600, 2.0)]
    assert series.rejects.skipped == {"outside the window": 2}


def test_virtual_clusters_are_summed_unless_one_is_chosen(tmp_path: Path):
    path = tmp_path / "vcs.parquet"
    pl.DataFrame(
        {
            "time": [0, 60, 0, 60],
            "vc": ["a", "a", "b", "b"],
            "running_gpu_num": [8, 16, 1, 2],
            "pending_gpu_num": [0, 8, 0, 1],
        }
    ).write_parquet(path)
    assert read_series(LogSource(path)).frame["gpus"].to_list() == [9, 27]
    chosen = read_series(LogSource(path, where={"vc": "a"}))
    assert chosen.frame["gpus"].to_list() == [8, 24]


def test_one_of_several_services_must_be_chosen(tmp_path: Path):
    path = write(tmp_path, "model,t,requests_per_s\na,0,1.5\nb,0,2.5\n")
    with pytest.raises(OptionError, match="one of a, b"):
        read_series(LogSource(path))
    chosen = read_series(LogSource(path, where={"model": "b"}))
    assert (chosen.format, list(chosen.frame.iter_rows())) == ("servegen", [(0, 2.5)])


def test_a_series_without_a_value_is_refused(tmp_path: Path):
    path = write(tmp_path, "time,load\n0,1\n")
    with pytest.raises(FeedError, match="TG-FEED-COLUMN"):
        read_series(LogSource(path, format="series"))


def test_the_bundled_series_are_read_without_a_reject():
    helios = read_series(LogSource(TRACES / "helios_earth_vc_1min.parquet"))
    assert (helios.format, helios.frame.height, helios.rejects.count) == ("helios-vc", 44640, 0)
    tide = LogSource(TRACES / "servegen_rates_10min.parquet", where={"model": "m-small"})
    assert read_series(tide).frame.height == 2016
