"""Advice on a live Slurm cluster: pools, tiers, a backtest of the last weeks, and the quota curve now."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tidegate.app.backtest import read_demand, run
from tidegate.app.options import settings_from_options
from tidegate.drivers.slurm.commands import Commands
from tidegate.drivers.slurm.history import HEADER, Row, by_pool, history
from tidegate.drivers.slurm.survey import ProposedPool, Survey, survey
from tidegate.errors import FeedError, OptionError, Place, RunError
from tidegate.feeds.fleetfile import read_fleet
from tidegate.fleet import Tier
from tidegate.plan import BacktestResult, PoolResult, Progress

POLICIES: Final = ("none", "reactive", "tidegate")
PRODUCTS: Final[Mapping[Tier, tuple[str, ...]]] = {
    Tier.MAINSTAY: ("preemptible", "flex", "day", "week"),
    Tier.LEGACY: ("preemptible", "flex"),
}
"""Products that a proposed pool sells."""

DAY_S: Final = 86_400
MOST_WEEKS: Final = 104


@dataclass(frozen=True)
class Advice:
    """What was found and is proposed.

    Attributes
    ----------
    seen : Survey
    fleet : str
        The proposed fleet file; its logs are named relative to the folder it lies in.
    runs : mapping of str to int
        Runs of internal jobs in the history, per pool.
    results : mapping of str to BacktestResult
        A backtest per pool, where its history allows one.
    unplayed : mapping of str to str
        Why a pool has none.
    """

    seen: Survey
    fleet: str
    runs: Mapping[str, int]
    results: Mapping[str, BacktestResult]
    unplayed: Mapping[str, str]

    def curve_now(self, pool: str) -> list[tuple[int, int]]:
        """Return horizon in seconds and GPUs that can be promised that long now; empty when unknown."""
        result = self.results.get(pool)
        frame = None if result is None else result.pools[0].curve
        if frame is None or frame.is_empty():
            return []
        return [(int(h), int(q)) for h, q in frame.select("horizon_s", "now_gpus").iter_rows()]

    def played(self, pool: str) -> PoolResult | None:
        """Return a pool's backtest, if there is one."""
        return self.results[pool].pools[0] if pool in self.results else None

    def to_json(self) -> dict[str, Any]:
        """Return the advice as plain values."""
        return {
            "facts": dict(self.seen.facts),
            "remarks": list(self.seen.remarks),
            "pools": [
                {
                    "pool": pool.id,
                    "chip": pool.chip.id,
                    "gpu_type": pool.gpu_type,
                    "tier": pool.tier.value,
                    "why": pool.why,
                    "nodes": len(pool.nodes),
                    "gpus_per_node": pool.gpus_per_node,
                    "partitions": list(pool.partitions),
                    "now": {
                        "busy_nodes": pool.busy_nodes,
                        "dead_nodes": pool.dead_nodes,
                        "waiting_jobs": pool.waiting_jobs,
                        "waiting_gpus": pool.waiting_gpus,
                    },
                    "runs": self.runs.get(pool.id, 0),
                    "quota_now": [
                        {"horizon_s": horizon, "gpus": gpus}
                        for horizon, gpus in self.curve_now(pool.id)
                    ],
                    "backtest": played.to_json() if (played := self.played(pool.id)) else None,
                    "no_backtest": self.unplayed.get(pool.id),
                }
                for pool in self.seen.pools
            ],
            "fleet": self.fleet,
        }


def advise(  # noqa: PLR0913  the command's options
    commands: Commands,
    folder: Path,
    *,
    weeks: int = 4,
    chips: Mapping[str, str] | None = None,
    seeds: int = 1,
    now_s: int | None = None,
    pause: Callable[[float], None] = time.sleep,
    asked: Callable[[int, int], None] = lambda days, of: None,
    progress: Progress = lambda pool, done, total: None,
) -> Advice:
    """Look at a cluster and its last weeks, and say what could be leased. Nothing of the cluster is changed.

    Parameters
    ----------
    commands : Commands
        What runs Slurm's commands; only commands that read are run.
    folder : Path
        Gets the history and the fleet file.
    weeks : int
        How far back the history is read.
    chips : mapping of str to str, optional
        The site's GPU type to an id of the chip catalogue.
    seeds : int
        Request streams to play.
    now_s : int, optional
        The end of the history, in Unix seconds; now by default.
    pause, asked : callable
        As in :func:`tidegate.drivers.slurm.history.history`.
    progress : callable
        Told pool, plays done and plays in all.

    Raises
    ------
    SlurmError
        When Slurm does not answer, or shows no GPU of a known chip.
    OptionError
        ``TG-OPTION`` when a value is out of range.
    RunError
        ``TG-RUN-OUT`` when the folder cannot be written to.
    """
    if not 1 <= weeks <= MOST_WEEKS:
        raise OptionError.at("--weeks", f"{weeks} is out of range.", f"1 to {MOST_WEEKS}.")
    end_s = int(time.time()) if now_s is None else now_s
    seen = survey(commands, datetime.fromtimestamp(end_s, UTC).date(), chips)
    rows = history(commands, end_s - weeks * 7 * DAY_S, end_s, pause=pause, done=asked)
    pool_of_node = {node: pool.id for pool in seen.pools for node in pool.nodes}
    pool_of_type = {pool.gpu_type: pool.id for pool in seen.pools}
    runs = by_pool(rows, pool_of_node, pool_of_type)
    fleet = fleet_file(seen, weeks)
    try:
        for pool in seen.pools:
            write_log(folder / log_name(pool), runs.get(pool.id, []))
        (folder / "fleet.toml").write_text(fleet, "utf-8")
    except OSError as error:
        raise RunError(
            "TG-RUN-OUT", f"The history cannot be written: {error}.", place=Place(str(folder))
        ) from error
    results, unplayed = _play(folder, seen, seeds, progress)
    return Advice(seen, fleet, {pool: len(of) for pool, of in runs.items()}, results, unplayed)


def _play(
    folder: Path, seen: Survey, seeds: int, progress: Progress
) -> tuple[dict[str, BacktestResult], dict[str, str]]:
    """Play each pool alone, so that one without history leaves the others their backtest."""
    scenario = read_fleet(folder / "fleet.toml")
    results: dict[str, BacktestResult] = {}
    unplayed: dict[str, str] = {}
    for pool, case in zip(seen.pools, scenario.cases, strict=True):
        if not pool.tier.may_lease:
            unplayed[pool.id] = f"A {pool.tier.value} pool is never leased."
            continue
        alone = replace(scenario, cases=(case,))
        settings = settings_from_options(alone, policies=POLICIES, seeds=seeds)
        try:
            results[pool.id] = run(alone, [read_demand(case)], settings, progress=progress)
        except FeedError as error:
            if error.code not in ("TG-FEED-EMPTY", "TG-FEED-SHORT"):
                raise
            unplayed[pool.id] = error.message
    return results, unplayed


def log_name(pool: ProposedPool) -> str:
    """Return the name of a pool's history in the folder."""
    return f"sacct-{pool.id}.txt"


def write_log(path: Path, rows: list[Row]) -> None:
    """Write runs as ``sacct --parsable2`` prints them.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    path.write_text("".join(f"{line}\n" for line in (HEADER, *(row.line for row in rows))), "utf-8")


def fleet_file(seen: Survey, weeks: int) -> str:
    """Return the proposed fleet file."""
    cluster = seen.facts.get("ClusterName", "slurm")
    lines = [
        f"# Proposed by `tidegate advise --slurm` from {weeks} weeks of history. Look at the tiers first: they are",
        "# guesses from the age of each generation. Cohorts (what was paid, and when) and prices make the money true.",
        "",
        f"name = {_text(cluster)}",
        'currency = "USD"',
        "",
        "[[site]]",
        f"id = {_text(cluster)}",
    ]
    for pool in seen.pools:
        partitions = ", ".join(pool.partitions) or "no partition"
        lines += [
            "",
            f"# {pool.gpu_type or 'GPUs without a type'} in {partitions}: {pool.why}.",
            "[[pool]]",
            f"id = {_text(pool.id)}",
            f"site = {_text(cluster)}",
            f"chip = {_text(pool.chip.id)}",
            f"nodes = {len(pool.nodes)}",
            f"gpus_per_node = {pool.gpus_per_node}",
            f"tier = {_text(pool.tier.value)}",
            "",
        ]
        if pool.tier.may_lease:
            names = ", ".join(_text(name) for name in PRODUCTS[pool.tier])
            lines += ["[pool.policy]", f"lease = [{names}]", "risk = 0.05", ""]
        lines += ["[pool.log]", f"path = {_text(log_name(pool))}", 'format = "sacct"']
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    return json.dumps(value)  # a JSON string without surrogates is a TOML string
