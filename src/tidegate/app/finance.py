"""Finance from files: books, usage from a backtest or from its folder, coverage."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import polars as pl

from tidegate.app.backtest import load, run
from tidegate.app.market import market_paths
from tidegate.app.options import settings_from_options
from tidegate.errors import FinanceError, OptionError, Place
from tidegate.feeds.booksfile import read_books
from tidegate.feeds.fleetfile import read_fleet
from tidegate.feeds.journal import change_journal
from tidegate.feeds.renthistory import read_rent_history
from tidegate.finance.books import Books
from tidegate.finance.coverage import Coverage, coverage
from tidegate.finance.impairment import ImpairmentTest, impairment_test
from tidegate.finance.ledger import Ledger
from tidegate.finance.month import Month
from tidegate.finance.paths import default_model
from tidegate.finance.paths.calibrate import Trial, calibrate, out_of_sample
from tidegate.finance.report import Report
from tidegate.finance.report.stress import stress_report
from tidegate.finance.revenue import LeaseFlags, lease_flags
from tidegate.finance.sources import UsageSource
from tidegate.finance.statement import Statement, statement
from tidegate.finance.stress import StressResult, StressSettings, stress, stress_inputs
from tidegate.finance.stress.inputs import StressInputs
from tidegate.finance.stress.run import paths_for
from tidegate.finance.thresholds import Standard
from tidegate.finance.tiers import TierPlan, tier_plan
from tidegate.plan import Progress, Scenario, Span
from tidegate.plan.liveusage import LiveUsage
from tidegate.plan.usage import ALONE, BacktestUsage, PlayedPool, start_month, usage_of
from tidegate.web.boardpack import Findings

DEFAULT_POLICY: Final = "tidegate"
_GRID: Final = (
    "Own, sanitising and failed hours are read from the first stream's grid of five minutes; leased hours and "
    "rents are means over streams; idle is what remains."
)
_SHARED: Final = "A pool's hours and rent fall to its cohorts by their GPUs: nodes of a pool are interchangeable."


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
        raise OptionError(
            "TG-OPTION",
            "'none' leases nothing; it is always shown beside.",
            place=Place(field="--policy"),
            expected="the policy that leases, such as tidegate.",
        )
    if folder is not None:
        usage = read_back(folder, scenario, policy, None)
    else:
        settings = settings_from_options(scenario, policies=[ALONE, policy], seeds=seeds)
        demand = load(scenario)
        result = run(scenario, demand.logs, settings, progress=progress)
        usage = usage_of(result, policy, None)
    calendar = all(pool.span.calendar for pool in usage.pools)
    month, said = start_month(kept, calendar, start)
    notes = (*kept.assumptions, *((said,) if said else ()), _GRID, _SHARED)
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
    notes = (*kept.assumptions, *usage.notes(), _SHARED)
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


def stressed(
    desk: Desk,
    settings: StressSettings,
    history: Path | None = None,
    market: str | None = None,
) -> Report:
    """Return the stress of a fleet as a report.

    Parameters
    ----------
    desk : Desk
    settings : StressSettings
    history : Path or None
        A rent history to calibrate the statistical paths on.
    market : str or None
        A market scenario whose paths are taken instead.

    Raises
    ------
    InputError
        When the history or the scenario cannot be used, or no cohort has a market rent.
    """
    measured = desk.coverage()
    inputs = stress_inputs(measured, settings.months)
    if market is not None:
        return stress_report(measured, _in_market(inputs, settings, market))
    model = default_model()
    trials: tuple[Trial, ...] = ()
    if history is not None:
        past = read_rent_history(history)
        model, trials = calibrate(past), out_of_sample(past)
    found = stress(inputs, settings, paths_for(inputs, settings, model), source=model.source)
    return stress_report(measured, found, model, trials)


def statement_of(desk: Desk, journal: Path | None = None) -> Statement:
    """Return the statement of what was measured, and post it to a journal if one is named.

    Parameters
    ----------
    desk : Desk
    journal : Path or None
        Entries that are new are added to it, and corrections of those that have changed.

    Raises
    ------
    InputError
        When the journal cannot be read, or something new falls into a closed period.
    RunError
        When the journal cannot be written.
    """
    measured = desk.coverage()
    used = tuple(desk.usage.usage())
    kinds = {o.product.id: o.product.kind for c in desk.scenario.cases for o in c.offers}
    if journal is None:
        return statement(measured, used, kinds)
    ledger = change_journal(journal, lambda kept: statement(measured, used, kinds, kept).ledger)
    return statement(measured, used, kinds, ledger)


def impairment_of(
    desk: Desk,
    settings: StressSettings,
    history: Path | None = None,
    standard: Standard | None = None,
    market: str | None = None,
) -> ImpairmentTest:
    """Return the impairment test of a fleet.

    Parameters
    ----------
    desk : Desk
    settings : StressSettings
    history : Path or None
        A rent history to calibrate the statistical paths on.
    standard : Standard or None
        Instead of the one that the books name.
    market : str or None
        A market scenario whose paths are taken instead.

    Raises
    ------
    InputError
        When the history or the scenario cannot be used, or no cohort has a market rent.
    """
    measured = desk.coverage()
    rules = desk.books.impairment_rules
    chosen = rules if standard is None else replace(rules, standard=standard)
    return impairment_test(measured, played(measured, settings, history, market), chosen)


def flags_of(scenario: Scenario) -> tuple[LeaseFlags, ...]:
    """Return what each product of a fleet looks like to an auditor."""
    products = {o.product.id: o.product for case in scenario.cases for o in case.offers}
    return tuple(lease_flags(product) for product in products.values())


def _in_market(inputs: StressInputs, settings: StressSettings, market: str) -> StressResult:
    paths, source = market_paths(
        market,
        [generation.chip for generation in inputs.generations],
        inputs.start.first,
        months=settings.months + 1,
        paths=settings.paths,
        seed=settings.seed,
    )
    return stress(inputs, settings, paths, source=source)


def played(
    measured: Coverage, settings: StressSettings, history: Path | None, market: str | None = None
) -> StressResult:
    """Return a fleet along the paths of a market scenario, or of the statistical model."""
    inputs = stress_inputs(measured, settings.months)
    if market is not None:
        return _in_market(inputs, settings, market)
    model = default_model() if history is None else calibrate(read_rent_history(history))
    return stress(inputs, settings, paths_for(inputs, settings, model), source=model.source)


def tiers_of(
    desk: Desk,
    settings: StressSettings,
    history: Path | None = None,
    market: str | None = None,
) -> TierPlan:
    """Return the tier plan of a fleet.

    Parameters
    ----------
    desk : Desk
    settings : StressSettings
    history : Path or None
        A rent history to calibrate the statistical paths on.
    market : str or None
        A market scenario whose paths are taken instead.

    Raises
    ------
    InputError
        When the history or the scenario cannot be used, or no cohort has a market rent.
    """
    measured = desk.coverage()
    found = played(measured, settings, history, market)
    kept = desk.books
    return tier_plan(measured, found, desk.usage.usage(), kept.tier_rules, kept.sale_market)


def names_of(scenario: Scenario) -> list[str]:
    """Return the names of the pools, for progress bars."""
    return [case.pool.id for case in scenario.cases]


def act_on_period(journal: Path, act: str, month: Month, *, by: str, reason: str) -> Ledger:
    """Close or reopen a month in a journal.

    Parameters
    ----------
    journal : Path
    act : str
        ``close`` or ``reopen``.
    month : Month
    by, reason : str
        Who does it, and why.

    Raises
    ------
    FinanceError
        ``TG-FIN-PERIOD`` when it cannot be done, ``TG-FIN-JOURNAL`` when the journal cannot be read.
    """
    now = datetime.now(UTC)

    def change(kept: Ledger) -> Ledger:
        do = kept.close if act == "close" else kept.reopen
        return do(month, by=by, at=now, reason=reason)

    return change_journal(journal, change)


def findings_of(
    desk: Desk,
    settings: StressSettings,
    history: Path | None = None,
    market: str | None = None,
) -> Findings:
    """Return all that a board pack tells.

    Parameters
    ----------
    desk : Desk
    settings : StressSettings
    history : Path or None
        A rent history to calibrate the statistical paths on.
    market : str or None
        A market scenario whose paths are taken instead.

    Raises
    ------
    InputError
        When the history or the scenario cannot be used, or no cohort has a market rent.
    """
    measured, kept = desk.coverage(), desk.books
    found = played(measured, settings, history, market)
    used = desk.usage.usage()
    return Findings(
        measured=measured,
        stated=statement_of(desk),
        stressed=found,
        tested=impairment_test(measured, found, kept.impairment_rules),
        planned=tier_plan(measured, found, used, kept.tier_rules, kept.sale_market),
        flags=flags_of(desk.scenario),
    )
