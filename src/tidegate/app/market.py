"""The market's runs: scenarios read, draws played side by side, results put together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from tidegate.app.workers import Crew, side_by_side
from tidegate.errors import FeedError, MarketFileError, OptionError, Place
from tidegate.feeds.fleetfile import read_fleet
from tidegate.feeds.marketfile import read_market
from tidegate.market.calibrate import Posterior
from tidegate.market.claims import BASE, Finding, scenarios_needed
from tidegate.market.model import Market
from tidegate.market.paths import RentPaths, months_from
from tidegate.market.posterior import Shipped, loads, shipped
from tidegate.market.record import Record
from tidegate.market.run import (
    CLEARED,
    UNCLEARED_AT_MOST,
    Draws,
    MarketRun,
    empty_run,
    play_block,
    put_block,
)
from tidegate.plan.entrant import with_fleet
from tidegate.plan.marketclaims import findings
from tidegate.plan.marketpaths import long_enough, paths_for_chips

Progress = Callable[[str, int, int], None]
"""Called with what is played, how much of it is done, and how much there is."""

CLAIM_YEARS: Final = 4
"""Years after the entry that the claims look at."""

CREW: Final = Crew("threading")
"""Threads: the kernel lets go of the interpreter, and results need not be copied."""


def quiet(name: str, done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class _Part:
    """A part of a scenario's draws."""

    market: Market
    draws: Draws
    block: int
    months: int | None


def _play(part: _Part) -> tuple[int, Record]:
    return part.block, play_block(part.market, part.draws, part.block, part.months)


def play_scenario(
    market: Market,
    draws: Draws,
    *,
    crew: Crew = CREW,
    months: int | None = None,
    progress: Progress = quiet,
) -> MarketRun:
    """Play a scenario over many draws.

    Raises
    ------
    MarketFileError
        ``TG-MARKET-CLEAR`` when no rents clear it.
    RunError
        When workers or the cluster are lost.
    """
    record = empty_run(market, draws, months)
    parts = [_Part(market, draws, block, months) for block in range(draws.blocks)]
    progress(market.name, 0, draws.count)
    if parts:
        # The first part is played here, so that the kernel is compiled once and no longer contended for.
        put_block(record, draws, *_play(parts[0]))
        progress(market.name, len(draws.places(0)), draws.count)
    done = len(draws.places(0))
    for block, part in side_by_side(_play, parts[1:], crew):
        put_block(record, draws, block, part)
        done += len(draws.places(block))
        progress(market.name, done, draws.count)
    run = MarketRun(market, draws, record)
    _check_cleared(run)
    return run


def _check_cleared(run: MarketRun) -> None:
    if run.uncleared <= UNCLEARED_AT_MOST:
        return
    gaps = run.record.gap.max(axis=0)
    worst = int(gaps.argmax())
    market = run.market
    field, file = "entry.rents", market.source
    most = max(market.rents, key=lambda g: market.rents[g], default=None)
    if most is not None:
        field = f"entry.rents.{most}"
    raise MarketFileError(
        "TG-MARKET-CLEAR",
        f"no rents clear the market in {run.uncleared:.1%} of the months played, "
        f"worst in {run.months[worst]:%Y-%m}.",
        place=Place(f"{file}/scenario.toml", field=field if most else "scenario"),
        expected=f"less rented without regard to price than there is to let, and stocks or output "
        f"for what is wanted (log gap at most {CLEARED:g}).",
    )


def posterior_of(path: Path | None) -> Shipped:
    """Return the posterior in a file, or the one that comes along.

    Raises
    ------
    FeedError
        ``TG-FEED-MISSING`` or ``TG-MARKET-RENTS`` when the file cannot be used.
    """
    if path is None:
        return shipped()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FeedError(
            "TG-FEED-MISSING", f"The file cannot be read: {error.strerror}.", place=Place(str(path))
        ) from None
    try:
        return loads(content)
    except (ValueError, KeyError, OSError) as error:
        raise FeedError(
            "TG-MARKET-RENTS",
            f"The file holds no posterior that can be used: {error}.",
            place=Place(str(path)),
            expected="a file that tidegate market calibrate wrote with this version.",
        ) from None


def read_scenarios(names: Sequence[str]) -> list[Market]:
    """Read scenarios, by folder or by name.

    Raises
    ------
    MarketFileError
        When one of them cannot be used.
    """
    return [read_market(name) for name in names]


def read_entrant(name: str, fleet: Path | None, entry: date) -> Market:
    """Read a scenario, with the owner's fleet of a fleet file in place of its own if one is given.

    Raises
    ------
    InputError
        When one of the two cannot be used.
    """
    market = read_market(name)
    return market if fleet is None else with_fleet(market, read_fleet(fleet), entry)


def check_entry(market: Market, entry: date, years: int) -> None:
    """Refuse an entry after which a scenario does not go on for so many years.

    Raises
    ------
    OptionError
        ``TG-OPTION``, naming the months that will do.
    """
    last = market.months - 12 * years - 1
    if not 0 <= market.month_of(entry) <= last:
        until = months_from(market.start, max(1, last + 1))[-1]
        raise OptionError.at(
            "--entry",
            f"{entry:%Y-%m} leaves less than {years} years of scenario {market.name!r} to look at.",
            f"a month from {market.start:%Y-%m} to {until:%Y-%m}.",
        )


def claim_findings(
    draws: Draws, entry: date, *, crew: Crew = CREW, progress: Progress = quiet
) -> tuple[tuple[Finding, ...], dict[str, MarketRun]]:
    """Play what the claims need, and test them; the plays are given back too.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when too little of the scenarios comes after the entry.
    """
    check_entry(read_market(BASE), entry, CLAIM_YEARS)
    runs = {
        name: play_scenario(read_market(name), draws, crew=crew, progress=progress)
        for name in scenarios_needed()
    }
    return findings(runs, entry), runs


def market_paths(
    name: str, chips: Sequence[str], start: date, *, months: int, paths: int, seed: int
) -> tuple[RentPaths, str]:
    """Return a scenario's rents and second-hand prices for chips, and where they come from.

    Parameters
    ----------
    name : str
        Folder of a scenario, or a bundled one.
    chips : sequence of str
        Chip ids of the catalogue.
    start : date
        First month wanted; the month after the calibrated past when it lies before that.
    months, paths, seed : int
        How many months and futures; which futures.

    Raises
    ------
    InputError
        When the scenario cannot be used, or knows nothing of a chip.
    """
    posterior = shipped().posterior
    market = read_market(name)
    first = max(start, market.start, month_after(posterior))
    longer = long_enough(market, first, months)
    run = play_scenario(longer, Draws(posterior, paths, seed))
    source = f"market model, scenario {market.name} from {first:%Y-%m}"
    return paths_for_chips(run, chips, first, months), source


def month_after(posterior: Posterior) -> date:
    """Return the month after the last one that was calibrated on."""
    return months_from(posterior.start, posterior.past.shape[1] + 1)[-1]
