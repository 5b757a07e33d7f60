import gzip
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.feeds.reading import DATA, TRACES, adds_up, write

from tidegate.demand import Rejects
from tidegate.errors import FeedError, OptionError, RunError
from tidegate.feeds import (
    FORMATS,
    check_rejects,
    detect_format,
    files,
    intake,
    read_jobs,
    read_series,
    write_rejects,
)
from tidegate.plan.scenario import LogSource


def test_names_of_formats_are_distinct():
    names = [form.name for form in FORMATS]
    assert len(names) == len(set(names))
    assert "auto" not in names


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("sacct.txt", "sacct"),
        ("small.swf", "swf"),
        ("helios.csv", "helios"),
        ("cluster_job_log", "philly-json"),
    ],
)
def test_formats_are_recognised_by_their_content(name: str, form: str):
    assert detect_format(LogSource(DATA / name)).name == form


def test_an_unknown_format_is_told_with_all_that_was_looked_for(tmp_path: Path):
    path = write(tmp_path, "when,what\n1,2\n")
    with pytest.raises(FeedError) as caught:
        read_jobs(LogSource(path))
    assert caught.value.code == "TG-FEED-FORMAT"
    assert all(form.name in str(caught.value) for form in FORMATS)


def test_binary_noise_is_no_format(tmp_path: Path):
    with pytest.raises(FeedError, match=r"TG-FEED-FORMAT"):
        read_jobs(LogSource(write(tmp_path, bytes(range(256)) * 50)))


def test_a_missing_or_empty_or_damaged_file_is_told(tmp_path: Path):
    for path, code in [
        (tmp_path / "nowhere.csv", "TG-FEED-MISSING"),
        (tmp_path, "TG-FEED-MISSING"),
        (write(tmp_path, " \n\n", "blank.csv"), "TG-FEED-EMPTY"),
        (write(tmp_path, "", "empty.csv"), "TG-FEED-EMPTY"),
        (write(tmp_path, b"PAR1 and then nothing", "torn.parquet"), "TG-FEED-FORMAT"),
    ]:
        with pytest.raises(FeedError) as caught:
            read_jobs(LogSource(path))
        assert caught.value.code == code
        assert caught.value.place.file == str(path)


def test_jobs_and_series_are_not_mistaken_for_each_other(tmp_path: Path):
    with pytest.raises(FeedError, match=r"TG-FEED-FORMAT.*holds jobs"):
        read_series(LogSource(DATA / "sacct.txt"))
    with pytest.raises(FeedError, match=r"TG-FEED-FORMAT.*demand series"):
        read_jobs(LogSource(write(tmp_path, "time,gpus\n0,1\n")))


def test_a_log_of_which_nothing_is_left_says_where_it_went(tmp_path: Path):
    path = write(tmp_path, "id,submit,duration,gpus\na,10,60,0\nb,10,60,x\n")
    with pytest.raises(
        FeedError, match=r"2 read \(1 no GPU; 1 rejected, .* line 3: gpus"
    ) as caught:
        read_jobs(LogSource(path))
    assert caught.value.code == "TG-FEED-EMPTY"
    with pytest.raises(FeedError, match="1 left out by where"):
        read_jobs(LogSource(write(tmp_path, "id,submit,end,gpus\na,1,2,1\n"), where={"id": "b"}))


def test_an_unknown_column_to_select_by_names_those_there_are():
    with pytest.raises(FeedError, match=r"'Queue'.*JobID, JobName"):
        read_jobs(LogSource(DATA / "sacct.txt", where={"Queue": "gpu"}))


def test_the_limit_of_rejects_is_about_the_rows_that_should_have_been_jobs():
    log = read_jobs(LogSource(DATA / "sacct.txt"))
    assert log.rejects.share == pytest.approx(5 / 13)  # of 21 rows, 8 are no demand
    check_rejects(log.rejects, 0.5)
    with pytest.raises(
        FeedError, match=r"5 of 13 rows .*line 16: JobID.*TG-ROW-DUPLICATE"
    ) as caught:
        check_rejects(log.rejects, source="sacct.txt")
    assert caught.value.code == "TG-FEED-REJECTS"
    check_rejects(Rejects())


def test_rejects_are_written_out_whole(tmp_path: Path):
    log = read_jobs(LogSource(DATA / "sacct.txt"))
    write_rejects(log.rejects, tmp_path / "rejects.csv")
    back = pl.read_csv(tmp_path / "rejects.csv")
    assert back.select("line", "code", "raw").equals(
        log.rejects.frame.select("line", "code", "raw")
    )
    with pytest.raises(RunError, match="TG-RUN-OUT"):
        write_rejects(log.rejects, tmp_path / "nowhere" / "rejects.csv")


def test_reading_stops_when_nearly_all_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(intake, "MAX_REJECTS", 3)
    path = write(tmp_path, "id,submit,duration,gpus\n" + "a,1,1,x\n" * 5)
    with pytest.raises(FeedError, match="TG-FEED-REJECTS"):
        read_jobs(LogSource(path))


def test_batches_join_without_a_seam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    lines = [f"j{i % 90},{i},60,{i % 3}" for i in range(100)]
    lines[40] = "torn"
    text = "id,submit,duration,gpus\n" + "\n".join(lines)
    whole = read_jobs(LogSource(write(tmp_path, text)))
    monkeypatch.setattr(files, "BATCH_ROWS", 7)
    for path in (write(tmp_path, text), write(tmp_path, text.encode() + b"\nj\xe9,1", "b.csv")):
        parts = read_jobs(LogSource(path))
        assert parts.frame.equals(whole.frame)
        lines_told = parts.rejects.frame["line"].to_list()
        assert lines_told[: whole.rejects.count] == whole.rejects.frame["line"].to_list()


CELLS = st.sampled_from(
    [
        *("", "0", "8", "-1", "7.5", "1e400", "nan", '"', '"8"', "a", "Unknown", "2024-03-01"),
        *("1-02:03:04", "2024-03-31T02:30:00", "2024-10-27T02:30:00", "1709280000", "9" * 30),
        *("\x00", "\ufeff", "é", "\r"),
    ]
)


@given(st.lists(st.lists(CELLS, min_size=1, max_size=7), max_size=20))
def test_whatever_the_rows_hold_each_is_accepted_skipped_or_rejected(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
):
    folder = tmp_path_factory.mktemp("junk")
    good = [f"1709280000,ok{i},1709280000,1709280060,8,ok" for i in range(40)]
    lines = good + [",".join(row) for row in rows]
    text = "submit,id,start,end,gpus,owner\n" + "\n".join(lines) + "\n"
    log = read_jobs(LogSource(write(folder, text), timezone="Europe/Berlin"))
    assert adds_up(log.rejects, log.frame.height)
    assert log.rejects.rows_read == sum(bool(line.removeprefix("\ufeff").strip()) for line in lines)
    assert log.frame.null_count().select(pl.exclude("owner")).sum_horizontal().item() == 0
    assert log.frame.filter((pl.col("gpus") < 1) | (pl.col("duration_s") < 1)).is_empty()
    assert log.rejects.frame["line"].is_sorted()


def test_the_bundled_job_log_is_read_without_a_reject():
    log = read_jobs(LogSource(TRACES / "itp_jobs.parquet", where={"cluster": "cluster03"}))
    assert (log.format, log.calendar, log.rejects.count) == ("itp", False, 0)
    assert log.frame["owner"].unique().to_list() == ["cluster03"]


def test_the_reference_has_a_section_for_each_format_in_the_order_of_trying():
    page = (Path(__file__).parents[2] / "docs" / "reference" / "formats.md").read_text()
    sections = [line[3:] for line in page.splitlines() if line.startswith("## ")]
    assert sections[1:] == [form.name for form in FORMATS]


def test_a_named_format_takes_no_mapping():
    source = LogSource(DATA / "small.swf", format="swf", columns={"gpus": "processors"})
    with pytest.raises(OptionError, match="takes no mapping"):
        read_jobs(source)


def test_a_damaged_archive_is_told(tmp_path: Path):
    whole = gzip.compress(b"id,submit,duration,gpus\n" + b"a,1,2,3\n" * 9999)
    with pytest.raises(FeedError, match=r"TG-FEED-FORMAT.*damaged"):
        read_jobs(LogSource(write(tmp_path, whole[:-60], "log.csv.gz")))


def test_a_selection_may_leave_nothing_of_a_part_of_the_log(tmp_path: Path):
    path = tmp_path / "jobs.parquet"
    rows = 200_000
    pl.DataFrame(
        {
            "id": [str(i) for i in range(rows)],
            "submit": range(rows),
            "duration": [60] * rows,
            "gpus": [1] * rows,
            "cluster": ["a"] * (rows - 1) + ["b"],
        }
    ).write_parquet(path, row_group_size=rows // 4)
    log = read_jobs(LogSource(path, where={"cluster": "b"}))
    assert log.frame["job_id"].to_list() == [str(rows - 1)]
