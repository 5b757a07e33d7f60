"""What the study of forecasters prints."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from bench.forecasting.score import PRESENT, name_of
from bench.forecasting.tides import HORIZONS_S

Row = dict[str, Any]

HORIZONS = tuple(name_of(h) for h in HORIZONS_S)


def table(
    title: str,
    rows: Sequence[Row],
    value: Callable[[Row], float],
    *,
    places: int = 2,
    column: str = "forecaster",
) -> Iterator[str]:
    """Yield a table of forecasters by horizons; what the record is too short for is a dash."""
    names = list(dict.fromkeys(row[column] for row in rows))
    width = max(len(title), *map(len, names))
    yield title.ljust(width) + "".join(f"{h:>8}" for h in HORIZONS)
    for name in names:
        cells = {row["horizon"]: value(row) for row in rows if row[column] == name}
        line = (f"{cells[h]:.{places}f}" if h in cells else "-" for h in HORIZONS)
        yield name.ljust(width) + "".join(f"{cell:>8}" for cell in line)
    yield ""


def mean_rows(cases: Sequence[Mapping[str, Any]], key: str) -> list[Row]:
    """Return per forecaster and horizon the geometric mean over cases of the ratio to the present forecaster."""
    gathered: dict[tuple[str, str], list[float]] = {}
    for case in cases:
        for row in case[key]:
            gathered.setdefault((row["forecaster"], row["horizon"]), []).append(row["ratio"])
    found = []
    for (name, horizon), ratios in gathered.items():
        product = 1.0
        for ratio in ratios:
            product *= max(ratio, 1e-3) ** (1 / len(ratios))
        found.append({"forecaster": name, "horizon": horizon, "ratio": product})
    return found


def lines_of(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the whole result as text."""
    for case in result["cases"]:
        yield (
            f"== {case['name']}: {case['nodes']} nodes, {case['days']:.1f} days, scored after "
            f"{case['warmup_days']:.1f}"
        )
        rows = case["rows"]
        yield from table(f"pinball loss over that of '{PRESENT}'", rows, lambda r: r["ratio"])
        yield from table(
            f"the same, corrected by {result['step']}", case["corrected"], lambda r: r["ratio"]
        )
        yield from table("miss rate at eps 5 %", rows, lambda r: 100 * r["miss"]["0.05"], places=1)
        yield from table(
            "the same, corrected",
            case["corrected"],
            lambda r: 100 * r["miss"]["0.05"],
            places=1,
        )
        yield from table(
            "nodes promised where 5 % are missed",
            rows,
            lambda r: r["promised_at_equal_miss"]["0.05"],
            places=1,
        )
        present = [row for row in rows if row["forecaster"] == PRESENT]
        truth = [{**row, "forecaster": "free with hindsight"} for row in present]
        yield from table("nodes", truth, lambda r: r["really_free"], places=1)
        yield from table("independent windows", present, lambda r: r["windows"], places=1)
        chosen = ", ".join(f"{h} {name}" for h, name in case["chosen"].items())
        yield f"chosen on the warm-up: {chosen}"
        yield ""
    if len(result["cases"]) > 1:
        yield from table(
            f"geometric mean over {len(result['cases'])} cases, plain",
            result["means"],
            lambda r: r["ratio"],
        )
        yield from table(
            f"corrected by {result['step']}", result["means_corrected"], lambda r: r["ratio"]
        )
    yield from table(
        "'both' corrected, by step, mean over cases",
        result["steps"],
        lambda r: r["ratio"],
        column="step",
    )
    common = ", ".join(f"{h} {name}" for h, name in result["common_choice"].items())
    yield f"chosen on all warm-ups together: {common}"


def curve_lines(cases: Sequence[tuple[str, Sequence[Row]]]) -> Iterator[str]:
    """Yield what the curve's own forecast comes to, series by series."""
    rows = [{**row, "series": name} for name, found in cases for row in found]
    own = [row for row in rows if row["forecaster"] != PRESENT]
    for title, value, places in (
        (f"pinball loss over that of '{PRESENT}'", lambda r: r["ratio"], 2),
        ("miss rate at eps 5 %", lambda r: 100 * r["miss"]["0.05"], 1),
        ("nodes promised at eps 5 %", lambda r: r["promised"]["0.05"], 1),
    ):
        yield from table(title, own, value, places=places, column="series")
    other = [row for row in rows if row["forecaster"] == PRESENT]
    yield from table(
        f"'{PRESENT}': miss rate",
        other,
        lambda r: 100 * r["miss"]["0.05"],
        places=1,
        column="series",
    )
    yield from table(
        f"'{PRESENT}': nodes promised",
        other,
        lambda r: r["promised"]["0.05"],
        places=1,
        column="series",
    )
