"""Microsoft Philly (2017) as published: ``cluster_job_log``, a JSON list of jobs with attempts.

Described in M. Jeon et al., "Analysis of Large-Scale Multi-Tenant GPU Clusters for DNN Training
Workloads", USENIX ATC 2019.
"""

import dataclasses
import json
import re
from collections.abc import Iterator
from typing import Any, Final

import polars as pl

from tidegate.demand.jobs import JobLog
from tidegate.errors import FeedError, Place
from tidegate.feeds.cells import Batch
from tidegate.feeds.fields import Status, whole_numbers
from tidegate.feeds.files import LINE, RAW, Head, read_text
from tidegate.feeds.intake import Intake
from tidegate.feeds.rows import draft
from tidegate.feeds.table import cancelled, label, names_of
from tidegate.feeds.times import Clock, Times
from tidegate.plan.scenario import LogSource

_KEYS: Final = ("status", "vc", "jobid", "attempts", "submitted_time", "user")
_ENTRY: Final = re.compile(r"\{\s*\"(?:" + "|".join(_KEYS) + r")\"\s*:")
_NAMES: Final = {
    "submit": "submitted_time",
    "start": "start_time",
    "end": "end_time",
    "gpus": "detail",
}


def looks_like_philly_log(head: Head) -> bool:
    """Whether the file is a JSON list whose entries have Philly's keys."""
    text = "".join(line for _, line in head.first)
    return text.lstrip().startswith("[") and '"attempts"' in text and '"jobid"' in text


def read_philly_log(source: LogSource, head: Head) -> JobLog:
    """Read the original ``cluster_job_log``: a JSON list of jobs with their attempts.

    The attempts of a job are merged into one run as long as all of them, on the GPUs of the
    largest. A job without attempts never started. The line of a rejected job is the one where its
    entry begins.

    Raises
    ------
    FeedError
        ``TG-FEED-COLUMN`` when ``where`` names no key, ``TG-FEED-EMPTY`` when no job is left.
    """
    for name in source.where:
        if name not in _KEYS or name == "attempts":
            raise FeedError(
                "TG-FEED-COLUMN",
                f"There is no key {name!r} to select by in a Philly job log.",
                place=Place(str(head.path)),
                expected=f"one of {', '.join(k for k in _KEYS if k != 'attempts')}.",
            )
    batch, attempts, lines = _frames(read_text(source.path), source)
    texts = batch.cells.select(LINE, RAW)
    intake = Intake(source, head, _NAMES, Clock(source.timezone, calendar=True), texts=texts)
    cells = intake.open_batch(batch)
    if cells.height:
        intake.take(cells, _draft(intake, cells, attempts))
    log = intake.jobs("philly-json", id_column="jobid")
    # Until here an entry went by its number, for several may stand on one line.
    rejected = log.rejects.frame
    told = rejected.with_columns(line=lines.gather(rejected["line"] - 1).cast(pl.Int64)).sort(
        "line"
    )
    return dataclasses.replace(log, rejects=dataclasses.replace(log.rejects, frame=told))


def _entries(text: str) -> Iterator[tuple[int, str, dict[str, Any] | None]]:
    """Yield each entry's line, text and content; None for one that is torn."""
    decoder = json.JSONDecoder()
    line, counted, place = 1, 0, 0
    while match := _ENTRY.search(text, place):
        begin = match.start()
        line += text.count("\n", counted, begin)
        counted = begin
        try:
            entry, place = decoder.raw_decode(text, begin)
            yield line, text[begin : min(place, begin + 2000)], entry
        except ValueError:
            place = match.end()
            following = _ENTRY.search(text, place)
            end = following.start() if following else len(text)
            yield line, text[begin : min(end, begin + 2000)], None


def _frames(text: str, source: LogSource) -> tuple[Batch, pl.DataFrame, pl.Series]:
    """Flatten the list: jobs and torn entries, attempts, and the line of each entry."""
    keys = ("jobid", "submitted_time", "vc", "status")
    jobs: list[tuple[Any, ...]] = []
    attempts: list[tuple[Any, ...]] = []
    torn: list[tuple[int, str, str]] = []
    lines: list[int] = []
    left_out = 0
    for number, (line, raw, entry) in enumerate(_entries(text), start=1):
        lines.append(line)
        if entry is None or not isinstance(entry.get("attempts"), list):
            torn.append((number, raw, "the entry is cut off or has no list of attempts"))
        elif any(str(entry.get(key)) != value for key, value in source.where.items()):
            left_out += 1
        else:
            jobs.append((number, raw, *(_text(entry.get(key)) for key in keys)))
            attempts.extend((number, *_attempt(a)) for a in entry["attempts"])
    place = {LINE: pl.UInt32, RAW: pl.String}
    cells = pl.DataFrame(jobs, schema=place | dict.fromkeys(keys, pl.String), orient="row")
    bad = pl.DataFrame(torn, schema={**place, "reason": pl.String}, orient="row")
    runs = {LINE: pl.UInt32, "start": pl.String, "end": pl.String, "gpus": pl.Int64}
    return (
        Batch(cells, bad, left_out),
        pl.DataFrame(attempts, schema=runs, orient="row"),
        pl.Series(lines, dtype=pl.UInt32),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _attempt(attempt: Any) -> tuple[str | None, str | None, int | None]:
    """Start, end and GPUs of one attempt; GPUs None when its detail makes no sense."""
    if not isinstance(attempt, dict):
        return "not an attempt", None, None
    try:
        gpus = sum(len(node["gpus"]) for node in attempt.get("detail") or [])
    except (TypeError, KeyError):
        return _text(attempt.get("start_time")), _text(attempt.get("end_time")), None
    return _text(attempt.get("start_time")), _text(attempt.get("end_time")), gpus


def _draft(intake: Intake, cells: pl.DataFrame, attempts: pl.DataFrame) -> pl.DataFrame:
    """Merge the attempts of each job, and judge the jobs."""
    submit = intake.clock.read(cells["submitted_time"])
    start, end = intake.clock.read(attempts["start"]), intake.clock.read(attempts["end"])
    intake.note_twice(submit.twice + start.twice + end.twice)
    t, e, empty = pl.col("t"), pl.col("e"), Status.EMPTY.value
    ran = attempts.select(LINE, "gpus").with_columns(
        t=start.value, t_st=start.status, e=end.value, e_st=end.status, e_late=end.late
    )
    ran = ran.filter(pl.col("t_st") != empty).with_columns(
        e=pl.when(e < t).then(pl.max_horizontal("e", "e_late")).otherwise(e)
    )
    going = (pl.col("e_st") == empty).any()
    merged = cells.select(LINE).join(
        ran.group_by(LINE).agg(
            t.min().alias("t"),
            pl.col("t_st").max(),
            pl.when(~going)
            .then(pl.when((e < t).any()).then(e.min()).otherwise(t.min() + (e - t).sum()))
            .alias("e"),
            pl.when(going).then(pl.lit(empty)).otherwise(pl.col("e_st").max()).alias("e_st"),
            pl.when(pl.col("gpus").is_not_null().all()).then(pl.col("gpus").max()).alias("gpus"),
            (e < t).any().alias("backwards"),
        ),
        on=LINE,
        how="left",
        maintain_order="left",
    )
    # An attempt that ends before it starts ends the job before it starts, which is rejected.
    merged = merged.with_columns(
        e=pl.when("backwards").then(pl.min_horizontal(e, t - 1)).otherwise(e),
        t_st=pl.col("t_st").fill_null(empty).cast(pl.UInt8),
        e_st=pl.col("e_st").fill_null(empty).cast(pl.UInt8),
    )
    return draft(
        cells,
        job_id=names_of(cells, "jobid", header=0),
        owner=label(cells["vc"]),
        gpus=whole_numbers(merged["gpus"]),
        submit=submit,
        start=Times(merged["t"], merged["t_st"], merged["t"], 0),
        end=Times(merged["e"], merged["e_st"], merged["e"], 0),
        cancelled=cancelled(cells["status"].replace("Killed", "CANCELLED")),
    )
