"""Which forecaster of demand's future maximum is worth having: a comparison by score.

``python -m bench.forecasts``; ``--quick`` takes two of the series, and 30 days. The Philly log, which is
not bundled, by ``--philly FILE``; ``--curve`` judges the quota curve's own forecast alone, in seconds.
LightGBM is optional: without it the forecaster by trees is left out.
"""

import argparse
import json
import multiprocessing
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.forecasting.curve import curve_alone
from bench.forecasting.score import PRESENT, choice
from bench.forecasting.study import STEPS, studied
from bench.forecasting.tables import HORIZONS, curve_lines, lines_of, mean_rows
from bench.forecasting.tides import shortened, tides
from bench.forecasting.trees import INSTALLED
from bench.logs import ROOT
from bench.measured import machine

QUICK = ("itp-02", "serving")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.forecasts", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"only {' and '.join(QUICK)}, 30 days")
    parser.add_argument("--cases", help="only these, comma-separated")
    parser.add_argument("--philly", type=Path, metavar="FILE", help="the Philly log, for its case")
    parser.add_argument("--curve", action="store_true", help="only the quota curve's own")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "out" / "forecasts.json")
    return parser.parse_args(arguments)


def _mean_warmup(warmups: Sequence[Mapping[str, Any]]) -> dict[str, list[float | None]]:
    """Return per forecaster and horizon the mean over cases of the loss on the warm-up."""
    found = {}
    for name in warmups[0]:
        if " of " in name or not all(name in warmup for warmup in warmups):
            continue
        losses: list[float | None] = []
        for h in range(len(HORIZONS)):
            known = [w[name][h] for w in warmups if w[name][h] is not None]
            losses.append(sum(known) / len(known) if known else None)
        found[name] = losses
    return found


def _step(cases: Sequence[Mapping[str, Any]]) -> str:
    """Return the step of the correction with the least loss on the warm-ups, common to all cases and horizons."""

    def loss(step: str) -> float:
        means = _mean_warmup([case["warmup_corrected"][step] for case in cases])
        known = [value for losses in means.values() for value in losses if value is not None]
        return sum(known) / len(known)

    return min((step.name for step in STEPS), key=loss)


def _judged(cases: list[dict[str, Any]]) -> dict[str, Any]:
    step = _step(cases)
    steps = []
    for key in (step.name for step in STEPS):
        for case in cases:
            case["corrected"] = case["rows_corrected"][key]
        means = mean_rows(cases, "corrected")
        steps += [{**row, "step": key} for row in means if row["forecaster"] == PRESENT]
    for case in cases:
        case["corrected"] = case["rows_corrected"][step]
    common = choice(_mean_warmup([case["warmup"] for case in cases]))
    return {
        "step": step,
        "cases": cases,
        "means": mean_rows(cases, "rows"),
        "means_corrected": mean_rows(cases, "corrected"),
        "steps": steps,
        "common_choice": dict(zip(HORIZONS, common, strict=True)),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Study the series, print the tables, write the JSON."""
    options = _options(arguments)
    began = time.perf_counter()
    names = QUICK if options.quick else options.cases.split(",") if options.cases else None
    series = tides(names, options.philly)
    if not series:
        raise SystemExit("No series of that name.")
    if options.quick:
        series = [shortened(tide, 30) for tide in series]
    if options.curve:
        for line in curve_lines([(tide.name, curve_alone(tide)) for tide in series]):
            print(line)
        return
    # Started afresh: what polars' threads hold does not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.jobs, mp_context=context) as pool:
        # The longest first, so that no process ends long after the others.
        order = sorted(series, key=lambda tide: -tide.demand.size)
        running = {tide.name: pool.submit(studied, tide, quick=options.quick) for tide in order}
        cases = [running[tide.name].result() for tide in series]
    host = machine()
    if INSTALLED:
        host["versions"]["lightgbm"] = version("lightgbm")
    result = {
        "machine": host,
        "trees": INSTALLED,
        "seconds": round(time.perf_counter() - began, 1),
        **_judged(cases),
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1))
    for line in lines_of(result):
        print(line)
    if not INSTALLED:
        print("LightGBM is not installed: no forecaster by trees (pip install lightgbm).")
    print(f"\n{result['seconds']} s on {host['cpu']}, {host['cores']} cores; {options.out}")


if __name__ == "__main__":
    main()
