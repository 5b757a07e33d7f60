"""How fast a backtest replays a log, beside its peers, in one run.

``python bench/speed.py [--quick] [--log FILE] [--format F] [--json FILE]``; what the figures mean stands in
``docs/reference/benchmarks.md``.
"""

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.logs import BUNDLED, GPUS_PER_NODE, ROOT, Log, read
from bench.measured import Failed, machine, run_child, same
from bench.startup import compilation, start_up

SEED: Final = 0
PEER_NODES: Final = 310
MILLION: Final = 1_000_000
SCALE_NODES: Final = 2_048
FULL_LIMIT_S: Final = 240.0
QUICK_LIMIT_S: Final = 25.0

Measured = dict[str, Any] | Failed
Table = list[Sequence[object]]


@dataclass(frozen=True)
class Effort:
    """How much is measured."""

    tidegate_runs: int
    simpy_runs: int
    peer_jobs: int
    contended_jobs: int
    accasim_jobs: int
    accasim_contended_jobs: int
    accasim_limit_s: float
    lease_runs: int
    scale_jobs: tuple[int, ...]
    node_jobs: int
    start_runs: int


FULL: Final = Effort(
    tidegate_runs=15,
    simpy_runs=3,
    peer_jobs=10 * MILLION,
    contended_jobs=20_000,
    accasim_jobs=30_000,
    accasim_contended_jobs=5_000,
    accasim_limit_s=FULL_LIMIT_S,
    lease_runs=7,
    scale_jobs=(100_000, MILLION, 10 * MILLION),
    node_jobs=MILLION,
    start_runs=3,
)
QUICK: Final = Effort(
    tidegate_runs=5,
    simpy_runs=1,
    peer_jobs=10_000,
    contended_jobs=10_000,
    accasim_jobs=4_000,
    accasim_contended_jobs=1_500,
    accasim_limit_s=QUICK_LIMIT_S,
    lease_runs=3,
    scale_jobs=(100_000, MILLION),
    node_jobs=100_000,
    start_runs=1,
)


@dataclass
class Report:
    """What was found: figures for the file, targets for the reader."""

    figures: dict[str, Any] = field(default_factory=dict)
    targets: list[dict[str, Any]] = field(default_factory=list)

    def target(self, name: str, figure: float | None, wanted: float, *, least: bool) -> None:
        """Note whether a target is met; a figure that could not be had does not meet it."""
        met = figure is not None and (figure >= wanted if least else figure <= wanted)
        self.targets.append(
            {"target": name, "figure": figure, "wanted": wanted, "least": least, "met": met}
        )


def _number(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _print_table(title: str, header: Sequence[str], rows: Table) -> None:
    cells = [list(header), *[[_number(cell) for cell in row] for row in rows]]
    widths = [max(len(row[place]) for row in cells) for place in range(len(header))]
    print(f"\n{title}")
    for number, row in enumerate(cells):
        first, rest = row[0].ljust(widths[0]), row[1:]
        print("  ".join([first, *[c.rjust(w) for c, w in zip(rest, widths[1:], strict=True)]]))
        if number == 0:
            print("  ".join("-" * width for width in widths))
    sys.stdout.flush()


def _rate(found: Measured) -> float | None:
    """Return jobs per second, by the median run."""
    return None if isinstance(found, Failed) else found["jobs"] / found["median_s"]


def _over(rate: float | None, peer: float | None) -> float | None:
    return rate / peer if rate is not None and peer is not None else None


def _as_json(found: Measured) -> dict[str, Any]:
    return {"failed": found.reason} if isinstance(found, Failed) else found


def _waits(path: Path) -> list[int] | None:
    return np.load(path).tolist() if path.exists() else None


def _check(folder: Path, peer: str) -> dict[str, Any]:
    """Compare waiting times with Tidegate's on the same jobs."""
    ours, theirs = _waits(folder / "tidegate.npy"), _waits(folder / f"{peer}.npy")
    if ours is None or theirs is None:
        return {"same": None}
    return {
        "same": same(ours, theirs),
        "waiting_s": sum(theirs),
        "tidegate_waiting_s": sum(ours),
        "waited_share": sum(wait > 0 for wait in theirs) / len(theirs),
    }


def _accasim(log: Log, nodes: int, rule: str, limit_s: float) -> tuple[Measured, dict[str, Any]]:
    """Run AccaSim in a folder of its own, and Tidegate on the same jobs for the check."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log.save(folder / "log.npz")
        found = run_child(
            "bench.peers.accasim_fifo",
            folder / "log.npz",
            nodes,
            rule,
            folder / "accasim.npy",
            limit_s=limit_s,
            cwd=folder,
        )
        run_child(
            "bench.peers.tidegate_fifo", folder / "log.npz", nodes, 1, folder / "tidegate.npy"
        )
        return found, _check(folder, "accasim")


def measure_peers(report: Report, effort: Effort, real: Log, contended_nodes: int) -> None:
    """Replay the same log with every peer, with room for all and with a long queue."""
    cases = (
        ("uncontended", PEER_NODES, effort.peer_jobs, effort.accasim_jobs),
        ("contended", contended_nodes, effort.contended_jobs, effort.accasim_contended_jobs),
    )
    for name, nodes, jobs, accasim_jobs in cases:
        log = real.fitting(nodes * GPUS_PER_NODE).first(jobs)
        found: dict[str, Measured] = {}
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            log.save(folder / "log.npz")
            for peer, runs in (("simpy", effort.simpy_runs), ("tidegate", effort.tidegate_runs)):
                found[peer] = run_child(
                    f"bench.peers.{peer}_fifo",
                    folder / "log.npz",
                    nodes,
                    runs,
                    folder / f"{peer}.npy",
                )
            checks = {"simpy": _check(folder, "simpy")}
        part = log.first(accasim_jobs)
        found["accasim"], checks["accasim"] = _accasim(part, nodes, "skip", effort.accasim_limit_s)
        rate = {peer: _rate(measured) for peer, measured in found.items()}
        to_simpy = _over(rate["tidegate"], rate["simpy"])
        to_accasim = _over(rate["tidegate"], rate["accasim"])
        rows: Table = []
        for peer, rule in (
            ("tidegate", "first fit on nodes"),
            ("simpy", "first in first out, no nodes"),
            ("accasim", "first fit on nodes"),
        ):
            measured = found[peer]
            if isinstance(measured, Failed):
                rows.append((peer, rule, "failed", "", "", "", measured.reason[-80:]))
                continue
            rows.append(
                (
                    peer,
                    rule,
                    measured["jobs"],
                    measured["jobs"] / measured["best_s"],
                    rate[peer],
                    _over(rate["tidegate"], rate[peer]),
                    measured["peak_mb"],
                )
            )
        _print_table(
            f"Without leasing, {name}: {nodes} nodes x {GPUS_PER_NODE}",
            ("peer", "rule", "jobs", "jobs/s best", "jobs/s median", "tidegate over it", "peak MB"),
            rows,
        )
        for peer, check in checks.items():
            print(f"Waiting times as Tidegate's on the same jobs, {peer}: {_told(check)}")
        report.figures[f"peers_{name}"] = {
            "nodes": nodes,
            "jobs_too_large": len(real) - len(real.fitting(nodes * GPUS_PER_NODE)),
            **{peer: _as_json(measured) for peer, measured in found.items()},
            "checks": checks,
        }
        report.target(f"{name}: jobs/s", rate["tidegate"], MILLION, least=True)
        report.target(f"{name}: times SimPy", to_simpy, 20, least=True)
        report.target(f"{name}: times AccaSim", to_accasim, 400, least=True)
        report.target(
            f"{name}: same waiting times as AccaSim (1: yes)",
            float(checks["accasim"]["same"] is True),
            1,
            least=True,
        )


def _told(check: dict[str, Any]) -> str:
    if check["same"] is None:
        return "not checked, it did not run"
    if check["same"]:
        return f"the same ({check['waited_share']:.1%} of jobs waited)"
    theirs, ours = check["waiting_s"], check["tidegate_waiting_s"]
    return f"not the same rule, not the same times: {theirs:,} s in all, Tidegate {ours:,} s"


def measure_leasing(report: Report, effort: Effort, path: Path, file_format: str) -> None:
    """Replay with leases, and decisions every five minutes."""
    cases = [("whole log, 310 nodes", path, file_format, "-", PEER_NODES)]
    cases.insert(0, ("ITP cluster04, 118 nodes", BUNDLED, "auto", "cluster04", 118))
    rows: Table = []
    for name, log, its_format, cluster, nodes in cases:
        arguments = (log, its_format, cluster, nodes, effort.lease_runs, SEED)
        found = run_child("bench.leasing", *arguments)
        report.figures[f"leasing, {name}"] = _as_json(found)
        report.target(f"leasing, {name}: jobs/s", _rate(found), 50_000, least=True)
        if isinstance(found, Failed):
            rows.append((name, "failed", "", "", "", "", found.reason[-80:]))
        else:
            columns = ("jobs", "requests", "admitted", "ticks")
            rows.append(
                (name, *(found[c] for c in columns), found["jobs"] / found["best_s"], _rate(found))
            )
    _print_table(
        "With leasing: policy tidegate, a tick every 300 s",
        ("pool", "jobs", "requests", "admitted", "ticks", "jobs/s best", "jobs/s median"),
        rows,
    )


def _scale(log: Path, jobs: int, nodes: int, runs: int) -> Measured:
    return run_child("bench.scale", log, jobs, nodes, runs, SEED)


def measure_scale(report: Report, effort: Effort, real: Path) -> None:
    """Replay logs drawn from the bundled one: more jobs, then more nodes."""
    rows: Table = []
    first: float | None = None
    found: Measured = Failed("not measured")
    figures: dict[str, Any] = {}
    for jobs in effort.scale_jobs:
        found = _scale(real, jobs, SCALE_NODES, 3 if jobs <= MILLION else 1)
        figures[f"{jobs} jobs"] = _as_json(found)
        if isinstance(found, Failed):
            rows.append((jobs, "failed", "", "", "", "", found.reason[-80:]))
            continue
        per_step = found["best_s"] / (jobs * math.log2(jobs))
        first = first or per_step
        memory = (found["peak_mb"], found["input_mb"], found["over_input_mb"])
        rows.append((jobs, found["best_s"], jobs / found["best_s"], per_step / first, *memory))
    _print_table(
        f"Scale in jobs: drawn log, {SCALE_NODES:,} nodes, 70 % busy",
        (
            *("jobs", "seconds", "jobs/s", "t / (n log n), relative"),
            *("peak MB", "arrays MB", "over arrays MB"),
        ),
        rows,
    )
    if effort is FULL:
        seconds = None if isinstance(found, Failed) else found["wall_s"]
        peak = None if isinstance(found, Failed) else found["peak_mb"]
        report.target("10 million jobs: seconds", seconds, 60, least=False)
        report.target("10 million jobs: peak MB", peak, 2_000, least=False)
    rows = []
    per_job: list[float] = []
    for nodes in (128, 512, 2_048, 8_192):
        found = _scale(real, effort.node_jobs, nodes, 3)
        figures[f"{nodes} nodes"] = _as_json(found)
        if isinstance(found, Failed):
            rows.append((nodes, "failed", "", found.reason[-80:]))
            continue
        per_job.append(found["best_s"] / found["jobs"] * 1e6)
        rows.append((nodes, per_job[-1], per_job[-1] / per_job[0], found["waited_share"]))
    _print_table(
        f"Scale in nodes: {effort.node_jobs:,} jobs, 70 % busy",
        ("nodes", "microseconds per job", "relative", "share of jobs that waited"),
        rows,
    )
    report.figures["scale"] = figures
    growth = per_job[-1] / per_job[0] if len(per_job) == 4 else None
    report.target("64 times the nodes: times the cost per job", growth, 64, least=False)


def measure_start(report: Report, effort: Effort) -> None:
    """Time the command line from start to end, and the first compilation."""
    rows: Table = []
    for name, found in start_up(effort.start_runs).items():
        report.figures[name] = _as_json(found)
        seconds = None if isinstance(found, Failed) else found["median_s"]
        report.target(f"second `{name}`: seconds", seconds, 2, least=False)
        rows.append((f"second {name}", found.reason if isinstance(found, Failed) else seconds))
    compiled = compilation() if effort is FULL else Failed("left out by --quick")
    report.figures["compilation"] = _as_json(compiled)
    if isinstance(compiled, Failed):
        rows.append(("first play, empty cache", compiled.reason))
    else:
        rows.append(("first play, empty cache", compiled["empty_cache_s"]))
        rows.append(("first play of a process, cached", compiled["cached_s"]))
    _print_table("Start-up", ("what", "seconds"), rows)


def main() -> None:
    """Measure, print, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything, under a minute")
    parser.add_argument("--log", type=Path, default=BUNDLED, help="a log that Tidegate reads")
    parser.add_argument("--format", default="auto", help="its format")
    parser.add_argument("--contended-nodes", type=int, default=60, help="so few that jobs queue")
    parser.add_argument("--json", type=Path, default=ROOT / "bench" / "out" / "speed.json")
    options = parser.parse_args()
    effort = QUICK if options.quick else FULL
    began = time.perf_counter()
    report = Report()
    where = machine()
    print(
        f"{where['cpu']}, {where['cores']} cores, {where['memory_gb']} GB, Python {where['python']}, "
        f"seed {SEED}, log {options.log.name}"
    )
    path = options.log.resolve()
    measure_peers(report, effort, read(path, options.format), options.contended_nodes)
    measure_leasing(report, effort, path, options.format)
    with tempfile.TemporaryDirectory() as folder:
        read().save(Path(folder) / "real.npz")
        measure_scale(report, effort, Path(folder) / "real.npz")
    measure_start(report, effort)
    _print_table(
        "Targets",
        ("target", "figure", "wanted", "met"),
        [
            (
                target["target"],
                "none" if target["figure"] is None else target["figure"],
                f"{'>=' if target['least'] else '<='} {target['wanted']:,}",
                "met" if target["met"] else "NOT MET",
            )
            for target in report.targets
        ],
    )
    seconds = time.perf_counter() - began
    print(f"\n{seconds:.0f} s; figures in {options.json}")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    whole = {
        "machine": where,
        "seed": SEED,
        "log": options.log.name,
        "quick": options.quick,
        "seconds": seconds,
        **report.figures,
        "targets": report.targets,
    }
    options.json.write_text(json.dumps(whole, indent=2) + "\n")


if __name__ == "__main__":
    main()
