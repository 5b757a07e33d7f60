"""The finance desk from files: books, and usage from a backtest, its folder, or the running system."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import polars as pl

from tidegate.app.backtest import load, run
from tidegate.app.options import settings_from_options
from tidegate.errors import FinanceError, OptionError, Place
from tidegate.feeds.booksfile import read_books
from tidegate.feeds.fleetfile import read_fleet
from tidegate.finance.books import Books
from tidegate.finance.coverage import Coverage, coverage
from tidegate.finance.month import Month
from tidegate.finance.sources import UsageSource
from tidegate.plan import Progress, Scenario, Span
from tidegate.plan.liveusage import LiveUsage
from tidegate.plan.usage import ALONE, BacktestUsage, PlayedPool, start_month, usage_of

DEFAULT_POLICY: Final = "tidegate"
_GRID: Final = (
    "Own, sanitising and failed hours are read from the first stream's grid of five minutes; leased hours and "
    "rents are means over streams; idle is what remains."
)
SHARED: Final = "A pool's hours and rent fall to its cohorts by their GPUs: nodes of a pool are interchangeable."


@dataclass(frozen=True)
class Desk:
    """What a finance command works on.

    Attributes
    ----------
    scenario : Scenario
    books : Books
    usage : UsageSource
    """

    scenario: Scenario
    books: Books
    usage: UsageSource

    def coverage(self) -> Coverage:
        """Return what rent covers."""
        return coverage(self.books, self.usage)


def open_books(fleet: str | Path, books: str | Path | None = None) -> tuple[Scenario, Books]:
    """Read a fleet file and its books.

    Raises
    ------
    InputError
        When one of them cannot be used.
    """
    scenario = read_fleet(fleet)
    return scenario, read_books(scenario, books)


def open_desk(
    fleet: str | Path,
    *,
    books: str | Path | None = None,
    folder: Path | None = None,
    policy: str = DEFAULT_POLICY,
    seeds: int = 1,
    start: Month | None = None,
    progress: Progress = lambda pool, done, total: None,
) -> Desk:
    """Read a fleet and its books, and get its usage: play a backtest, or read one back.

    Parameters
    ----------
    fleet : str or Path
        A fleet file.
    books : str, Path or None
        A books file; None takes the one that the fleet file names, if any.
    folder : Path or None
        Folder of a backtest's result, instead of playing one.
    policy : str
        The policy that leases.
    seeds : int
        Streams of requests to play.
    start : Month or None
        The month in which the measured time of a log without a calendar begins.
    progress : callable
        Told after every play.

    Raises
    ------
    InputError
        When a file, the folder or an option cannot be used.
    """
    scenario, kept = open_books(fleet, books)
    if policy == ALONE:
        raise OptionError.at(
            "--policy",
            "'none' leases nothing; it is always shown beside.",
            "the policy that leases, such as tidegate.",
        )
    if folder is not None:
        usage = read_back(folder, scenario, policy, None)
    else:
        settings = settings_from_options(scenario, policies=[ALONE, policy], seeds=seeds)
        demand = load(scenario)
        result = run(scenario, demand.logs, settings, progress=progress)
        usage = usage_of(result, policy, None)
    return desk_on(scenario, kept, usage, start)


def desk_on(
    scenario: Scenario, kept: Books, usage: BacktestUsage, asked: Month | None = None
) -> Desk:
    """Return the desk of a fleet and its books on usage that was played.

    Parameters
    ----------
    scenario : Scenario
    kept : Books
    usage : BacktestUsage
    asked : Month or None
        The month in which the measured time of a log without a calendar begins.
    """
    calendar = all(pool.span.calendar for pool in usage.pools)
    month, said = start_month(kept, calendar, asked)
    notes = (*kept.assumptions, *((said,) if said else ()), _GRID, SHARED)
    return Desk(scenario, replace(kept, assumptions=notes), replace(usage, start=month))


def live_desk(
    fleet: str | Path,
    books: str | Path | None,
    fetch: Callable[[Mapping[str, int], str], LiveUsage],
) -> Desk:
    """Read a fleet and its books, and take usage from the running system.

    Parameters
    ----------
    fleet : str or Path
    books : str, Path or None
    fetch : callable
        From GPUs by pool and the fleet's currency to what was metered and billed.

    Raises
    ------
    InputError
        When a file cannot be used.
    """
    scenario, kept = open_books(fleet, books)
    sizes = {case.pool.id: case.pool.gpus for case in scenario.cases}
    usage = fetch(sizes, scenario.currency)
    notes = (*kept.assumptions, *usage.notes(), SHARED)
    return Desk(scenario, replace(kept, assumptions=notes), usage)


def read_back(folder: Path, scenario: Scenario, policy: str, start: Month | None) -> BacktestUsage:
    """Read the written result of a backtest of this fleet.

    Raises
    ------
    FinanceError
        ``TG-FIN-FROM`` when the folder holds none, or one of another fleet or without the policy.
    """
    try:
        told = json.loads((folder / "result.json").read_text("utf-8"))
        frames = {n: pl.read_parquet(folder / f"{n}.parquet") for n in ("tide", "leases", "jobs")}
        pools = tuple(_played(pool, frames) for pool in told["pools"])
        currency, seeds = str(told["currency"]), len(told["seeds"])
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        raise _wrong(folder, f"its files cannot be read: {error!r:.200}.") from error
    sizes = {case.pool.id: case.pool.gpus for case in scenario.cases}
    if {pool.pool: pool.gpus for pool in pools} != sizes or currency != scenario.currency:
        raise _wrong(folder, f"it is of another fleet than {scenario.source}.")
    played = set(frames["tide"]["policy"].unique())
    if not {ALONE, policy} <= played and any(case.offers for case in scenario.cases):
        raise _wrong(
            folder, f"the policy {policy!r} was not played; {', '.join(sorted(played))} were."
        )
    return BacktestUsage(pools, policy, currency, seeds, start, f"{folder} ({scenario.source})")


def _played(told: dict[str, object], frames: dict[str, pl.DataFrame]) -> PlayedPool:
    span = told["span"]
    name, gpus = told["name"], told["gpus"]
    if not (isinstance(span, dict) and isinstance(name, str) and isinstance(gpus, int)):
        raise TypeError("a pool's name, gpus and span are not what they should be")
    mine = {key: frame.filter(pl.col("pool") == name) for key, frame in frames.items()}
    return PlayedPool(
        name,
        gpus,
        Span(
            int(span["start_s"]),
            int(span["lease_from_s"]),
            int(span["stop_s"]),
            bool(span["calendar"]),
        ),
        mine["tide"],
        mine["leases"],
        mine["jobs"],
    )


def _wrong(folder: Path, message: str) -> FinanceError:
    return FinanceError(
        "TG-FIN-FROM",
        message,
        place=Place(str(folder)),
        expected="the folder that tidegate backtest --out has written for this fleet file.",
    )


def names_of(scenario: Scenario) -> list[str]:
    """Return the names of the pools, for progress bars."""
    return [case.pool.id for case in scenario.cases]
