"""What the benchmark prints."""

from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import Any

from bench.harvesting.score import mean_rows

Row = dict[str, Any]

_MARK = {True: "met", False: "NOT MET", None: "-"}


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield a table: the first column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, *rows]:
        cells = [
            row[0].ljust(widths[0]),
            *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)),
        ]
        yield "  ".join(cells).rstrip()


def _percent(value: float | None, places: int = 2) -> str:
    return "-" if value is None else f"{100 * value:.{places}f} %"


def _named(row: Row) -> str:
    return row["policy"] if row["setting"] is None else f"{row['policy']} ({row['setting']})"


def _policy_table(rows: Sequence[Row]) -> Iterator[str]:
    head = (
        "policy",
        "of clairv.",
        "of idle",
        "delay mean",
        "p99",
        "delayed",
        "broken",
        "evict./1k h",
        "limits",
    )
    yield from _lines(
        head,
        [
            (
                _named(row),
                "-" if row["share"] is None else f"{row['share']:.3f}",
                _percent(row["harvested_share_of_idle"], 1),
                f"{row['delay_mean_s']:.0f} s",
                f"{row['delay_p99_s']:.0f} s",
                _percent(row["delayed_share"]),
                _percent(row["broken_share"]),
                f"{row['evictions_per_1000_gpu_hours']:.2f}",
                _MARK[row["within"]],
            )
            for row in rows
        ],
    )


def _calibration_table(case: Row) -> Iterator[str]:
    rows = []
    for row in case["calibration"]:
        measured = row["miss"] is not None
        rows.append(
            (
                f"{row['eps']:.0%} {row['stretch']}",
                row["horizon"],
                f"{row['windows']:.1f}",
                _percent(row["miss"], 1),
                f"{_percent(row['low'], 1)} .. {_percent(row['high'], 1)}" if measured else "-",
                _MARK[row["met"]],
            )
        )
    yield from _lines(("eps", "horizon", "windows", "missed", "95 % interval", ""), rows)


def _loss_table(cases: Sequence[Row]) -> Iterator[str]:
    rows = []
    for place, row in enumerate(cases[0]["losses"]):
        same = [case["losses"][place] for case in cases]
        shares = [each["share"] for each in same]
        mean = None if None in shares else fmean(shares)
        rows.append(
            (
                row["variant"],
                "-" if mean is None else f"{mean:.3f}",
                *("-" if share is None else f"{share:.3f}" for share in shares),
                _percent(fmean(each["delayed_share"] for each in same)),
                _percent(fmean(each["broken_share"] for each in same)),
            )
        )
    yield from _lines(("", "mean", *(case["name"] for case in cases), "delayed", "broken"), rows)


def lines_of(result: Row) -> Iterator[str]:
    """Yield the whole result as text."""
    cases: list[Row] = result["cases"]
    for case in cases:
        yield (
            f"{case['name']}: {case['nodes']} nodes, {case['jobs']:,} jobs, {case['days']:.1f} days, "
            f"{_percent(case['idle_share'], 1)} idle"
        )
        yield from _policy_table(case["policies"])
        yield from (note for note in case["notes"] if "clairvoyant" in note)
        yield ""
    if len(cases) > 1:
        yield f"mean over {len(cases)} cases"
        yield from _policy_table(result["means"])
        yield ""
    yield "static*: the fixed share that earns most within both limits, in hindsight, case by case"
    yield ""
    for case in cases:
        shift = f"demand shifts most on day {case['shift_day']:.1f} of leasing"
        yield f"{case['name']}: calibration of tidegate's curve; {shift}"
        yield from _calibration_table(case)
        yield ""
    yield "windows: how many stretches as long as the horizon (a day at least) the record has; few of them say little"
    yield ""
    for part, name in (("frontier", "tidegate's risk"), ("static", "the static share")):
        if part in cases[0] and "frontier" in cases[0]:
            yield f"frontier, mean over cases, as {name} turns"
            yield from _policy_table(mean_rows(cases, part))
            yield ""
    yield "where it is lost: tidegate's share of clairvoyant with each part replaced in turn"
    yield from _loss_table(cases)
    yield ""
    yield "targets"
    yield from _lines(
        ("", "found", ""), [(t["target"], t["found"], _MARK[t["met"]]) for t in result["targets"]]
    )
