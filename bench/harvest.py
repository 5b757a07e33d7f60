"""How much of the idle tide is harvested, and at what cost to the owner's own jobs.

``python -m bench.harvest``; ``--quick`` takes one seed instead of five. Any other log by the same
commands, for a blind check: ``python -m bench.harvest --log jobs.csv --format csv --where cluster=c1 --nodes 40``.
"""

import argparse
import json
import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.harvesting.cases import CASES, Case, philly
from bench.harvesting.measure import PARTS, Order, run
from bench.harvesting.score import judged_case, mean_rows, targets
from bench.harvesting.tables import lines_of
from bench.logs import ROOT
from bench.measured import machine


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.harvest", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one seed")
    parser.add_argument("--seeds", type=int, default=5, help="number of request streams")
    parser.add_argument("--frontier", action="store_true", help="turn tidegate's risk too")
    parser.add_argument(
        "--risk", type=float, default=0.005, help="the owner's limit, in every case"
    )
    parser.add_argument("--cases", help="only these, comma-separated")
    parser.add_argument("--philly", type=Path, metavar="FILE", help="the Philly log, for its case")
    parser.add_argument("--log", type=Path, metavar="FILE", help="this log instead of the cases")
    parser.add_argument("--format", default="auto", help="format of --log")
    parser.add_argument("--where", action="append", default=[], metavar="K=V", help="rows of --log")
    parser.add_argument("--from", dest="window_from", help="jobs of --log submitted from here on")
    parser.add_argument("--nodes", type=int, help="nodes of eight GPUs for --log")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "out" / "harvest.json")
    options = parser.parse_args(arguments)
    if options.log is not None and options.nodes is None:
        parser.error("--log needs --nodes")
    if not all("=" in pair for pair in options.where):
        parser.error("--where takes COLUMN=VALUE")
    return options


def _cases(options: argparse.Namespace) -> list[Case]:
    if options.log is not None:
        where = dict(pair.split("=", 1) for pair in options.where)
        name = "-".join([options.log.stem, *where.values()])
        return [Case(name, options.log, options.nodes, options.format, where, options.window_from)]
    cases = [*CASES, *([philly(options.philly)] if options.philly else [])]
    if options.cases is None:
        return cases
    return [case for case in cases if case.name in options.cases.split(",")]


def main(arguments: Sequence[str] | None = None) -> None:
    """Play the cases, print the tables, write the JSON."""
    options = _options(arguments)
    began = time.perf_counter()
    seeds = tuple(range(1 if options.quick else options.seeds))
    cases = _cases(options)
    parts = [part for part in PARTS if part != "frontier" or options.frontier]
    found: dict[str, dict[str, Any]] = {case.name: {"name": case.name} for case in cases}
    # Started afresh: what polars' threads hold does not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.jobs, mp_context=context) as pool:
        orders = [Order(case, part, seeds, options.risk) for part in parts for case in cases]
        try:
            for done in as_completed([pool.submit(run, order) for order in orders]):
                name, part = done.result()
                found[name] |= part
        except ValueError as error:
            pool.shutdown(cancel_futures=True)
            raise SystemExit(str(error)) from None
    judged = [judged_case(case) for case in found.values()]
    means = mean_rows(judged, "policies")
    host = machine()
    host["versions"]["highspy"] = version("highspy")
    result = {
        "seeds": list(seeds),
        "risk": options.risk,
        "machine": host,
        "seconds": round(time.perf_counter() - began, 1),
        "cases": judged,
        "means": means,
        "targets": targets(judged, means),
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1))
    for line in lines_of(result):
        print(line)
    print(
        f"\n{len(seeds)} seeds, {result['seconds']} s on {host['cpu']}, {host['cores']} cores; {options.out}"
    )


if __name__ == "__main__":
    main()
