import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.naive.series import demand_at, intervals, replicas_at

from tidegate.demand import (
    JOB_SCHEMA,
    DemandSeries,
    Rejects,
    jobs_to_series,
    rates_to_gpus,
    series_to_jobs,
)
from tidegate.errors import FeedError, OptionError


def job_frame(jobs: list[tuple[int, int, int]]) -> pl.DataFrame:
    rows = [(f"j{i}", *job, None) for i, job in enumerate(jobs)]
    return pl.DataFrame(rows, schema=dict(JOB_SCHEMA), orient="row")


def series(rows: list[tuple[int, float]]) -> DemandSeries:
    frame = pl.DataFrame(rows, schema={"time_s": pl.Int64, "gpus": pl.Float64}, orient="row")
    return DemandSeries(frame, "test", "series", calendar=False, rejects=Rejects())


jobs_st = st.lists(
    st.tuples(st.integers(-50, 200), st.integers(0, 100), st.integers(1, 20)), max_size=30
)
rows_st = st.dictionaries(
    st.integers(0, 300), st.floats(0, 60, allow_nan=False).map(lambda g: round(g, 2)), min_size=2
).map(lambda d: sorted(d.items()))


def test_a_job_counts_from_its_submission_until_just_before_its_end():
    frame = jobs_to_series(job_frame([(100, 100, 8)]), step_s=50, start=0, stop=300)
    assert frame["time_s"].to_list() == [0, 50, 100, 150, 200, 250]
    assert frame["gpus"].to_list() == [0, 0, 8, 8, 0, 0]


@given(jobs_st, st.integers(1, 40))
def test_sampled_demand_is_that_of_the_naive_sum(jobs: list[tuple[int, int, int]], step: int):
    frame = jobs_to_series(job_frame(jobs), step_s=step, start=-60, stop=320)
    assert frame["gpus"].to_list() == [demand_at(jobs, t) for t in range(-60, 320, step)]


def test_whole_nodes_let_small_jobs_share():
    jobs = job_frame([(0, 10, 12), (0, 10, 3), (0, 10, 4), (0, 10, 2)])
    frame = jobs_to_series(jobs, step_s=10, start=0, stop=10, gpus_per_node=8)
    assert frame["gpus"].to_list() == [(2 + 2) * 8]


@pytest.mark.parametrize("bad", [{"step_s": 0}, {"gpus_per_node": 0}])
def test_a_grid_without_a_step_is_refused(bad: dict[str, int]):
    with pytest.raises(OptionError, match="TG-OPTION"):
        jobs_to_series(job_frame([]), start=0, stop=10, **bad)


@given(rows_st, st.integers(1, 9))
def test_jobs_of_a_series_sum_to_it_at_all_times(rows: list[tuple[int, float]], size: int):
    stop = 2 * rows[-1][0] - rows[-2][0]
    frame = series_to_jobs(series(rows), gpus_per_job=size).frame
    jobs = list(frame.select("submit_s", "duration_s", "gpus").iter_rows())
    for time in range(rows[0][0] - 2, stop + 2):
        assert demand_at(jobs, time) == size * replicas_at(rows, stop, size, time)


@given(rows_st, st.integers(1, 9))
def test_each_maximal_interval_of_a_level_is_one_job(rows: list[tuple[int, float]], size: int):
    stop = 2 * rows[-1][0] - rows[-2][0]
    frame = series_to_jobs(series(rows), gpus_per_job=size).frame
    level = frame["job_id"].str.extract(r"replica-(\d+)-").cast(pl.Int64)
    end = frame["submit_s"] + frame["duration_s"]
    found = list(zip(level, frame["submit_s"], end, strict=True))
    assert len(found) == len(set(found)) == frame["job_id"].n_unique()
    assert set(found) == intervals(rows, stop, size)
    assert frame.schema == dict(JOB_SCHEMA)
    assert frame["submit_s"].is_sorted()


def test_the_last_value_holds_until_the_end_given():
    log = series_to_jobs(series([(0, 4.0)]), gpus_per_job=4, end_s=60)
    assert log.frame.row(0) == ("replica-1-1", 0, 60, 4, None)


def test_a_single_row_has_no_length_of_its_own():
    with pytest.raises(FeedError, match="TG-FEED-EMPTY"):
        series_to_jobs(series([(0, 4.0)]), gpus_per_job=4)


def test_an_end_before_the_last_row_and_replicas_without_gpus_are_refused():
    with pytest.raises(OptionError):
        series_to_jobs(series([(0, 4.0), (9, 1.0)]), gpus_per_job=4, end_s=9)
    with pytest.raises(OptionError):
        series_to_jobs(series([(0, 4.0), (9, 1.0)]), gpus_per_job=0)


def test_rounding_noise_does_not_ask_for_another_replica():
    log = series_to_jobs(series([(0, 0.1 * 3 * 10), (10, 0.0)]), gpus_per_job=3)
    assert log.frame.height == 1


def test_rates_become_gpus_with_headroom():
    gpus = rates_to_gpus(series([(0, 10.0), (600, 0.0)]), 2.0, 0.5)
    assert gpus.frame["gpus"].to_list() == [7.5, 0.0]
    assert gpus.frame["time_s"].to_list() == [0, 600]


@pytest.mark.parametrize(("rate", "headroom"), [(0.0, 0.1), (float("nan"), 0.1), (1.0, -0.1)])
def test_rates_that_serve_nothing_are_refused(rate: float, headroom: float):
    with pytest.raises(OptionError, match="TG-OPTION"):
        rates_to_gpus(series([(0, 1.0)]), rate, headroom)
