"""``tidegate market``: what rents, resale prices and lessors do, generation by generation."""

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tidegate.cli.made import with_made
from tidegate.cli.screen import say_json
from tidegate.errors import OptionError

if TYPE_CHECKING:
    from tidegate.app.workers import Crew
    from tidegate.market.run import Draws

market = typer.Typer(
    name="market",
    help="What rents, second-hand prices and lessors do when a giant starts leasing: run, compare, batch, "
    "claims, report, calibrate, judge.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    epilog="Example: `tidegate market compare enters base`",
)

Scenario = Annotated[
    str, typer.Argument(help="Folder of a scenario, or the name of a bundled one.")
]
Count = Annotated[int, typer.Option("--draws", min=2, max=1_000_000, help="Futures to play.")]
Seed = Annotated[int, typer.Option(min=0, help="Same seed, same futures.")]
Months = Annotated[
    int | None, typer.Option(min=2, max=600, help="Play the first months only; all without it.")
]
PosteriorFile = Annotated[
    Path | None,
    typer.Option("--posterior", help="Draws of another calibration, as `calibrate` writes them."),
]
FleetFile = Annotated[
    Path | None,
    typer.Option("--fleet", help="Fleet file (TOML) of the owner who enters with its mainstay."),
]
EntryMonth = Annotated[str, typer.Option("--entry", help="Month from which years are counted.")]
Out = Annotated[Path, typer.Option(help="Folder for the files of the result.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
Backend = Annotated[
    str, typer.Option(help="Who plays: threading, loky (processes) or dask (a cluster).")
]
Workers = Annotated[int | None, typer.Option(help="Workers on this machine; one per core.")]
DaskAddress = Annotated[
    str | None,
    typer.Option(envvar="TIDEGATE_DASK_ADDRESS", help="Scheduler of a Dask cluster."),
]
Rents = Annotated[
    Path | None,
    typer.Option("--rents", help="CSV of monthly rents; without it those that are cited."),
]

ENTRY = "2026-11"


def month_of(option: str, text: str) -> date:
    """Return the month that an option gives.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when it is not a month.
    """
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise OptionError.at(
            option, f"{text!r} is not a month.", "a month, such as 2026-11."
        ) from None


def first_from(*, entry: EntryMonth = ENTRY) -> date:
    """Return the month from which years are counted."""
    return month_of("--entry", entry)


def crew_from(
    *,
    backend: Backend = "threading",
    workers: Workers = None,
    dask_address: DaskAddress = None,
) -> "Crew":
    """Return who plays, as options say it."""
    from tidegate.app.workers import Crew  # noqa: PLC0415  kept off the path of --help

    return Crew(backend, workers, dask_address if backend == "dask" else None)


def drawn(usual: int) -> Callable[..., "Draws"]:
    """Return what makes the futures to play of options, by default so many of them."""

    def of(*, draws: Count = usual, seed: Seed = 0, posterior: PosteriorFile = None) -> "Draws":
        from tidegate.app.market import posterior_of  # noqa: PLC0415
        from tidegate.market.run import Draws  # noqa: PLC0415

        return Draws(posterior_of(posterior).posterior, draws, seed)

    return of


@market.command(epilog="Example: `tidegate market run enters --draws 200`")
@with_made(first=first_from, crew=crew_from, futures=drawn(500))
def run(
    scenario: Scenario = "base",
    *,
    first: date,
    crew: "Crew",
    futures: "Draws",
    months: Months = None,
    fleet: FleetFile = None,
    out: Out = Path("out"),
    as_json: Json = False,
) -> None:
    """Play a scenario and tell rents, occupancy, second-hand prices and firms, year by year."""
    from tidegate.app.market import play_scenario, read_entrant  # noqa: PLC0415
    from tidegate.app.marketfiles import write_run  # noqa: PLC0415
    from tidegate.app.output import prepare_folder  # noqa: PLC0415
    from tidegate.cli import markettables, screen  # noqa: PLC0415
    from tidegate.plan.market import run_json  # noqa: PLC0415

    it = read_entrant(scenario, fleet, first)
    prepare_folder(out)
    began = time.perf_counter()
    with screen.progress([it.name], "draws") as bars:
        played = play_scenario(it, futures, crew=crew, months=months, progress=bars)
    files = write_run(played, out)
    if as_json:
        told = {**run_json(played, first), "files": [str(f) for f in files]}
        say_json(told)
        return
    markettables.show_run(played, first, time.perf_counter() - began)
    markettables.show_files(files)


@market.command(epilog="Example: `tidegate market compare enters base`")
@with_made(first=first_from, crew=crew_from, futures=drawn(500))
def compare(
    scenario: Scenario,
    other: Annotated[str, typer.Argument(help="What it is held against.")] = "base",
    *,
    first: date,
    crew: "Crew",
    futures: "Draws",
    fleet: FleetFile = None,
    as_json: Json = False,
) -> None:
    """Play two scenarios over the same futures and tell what differs."""
    from tidegate.app.market import check_entry, play_scenario, read_entrant  # noqa: PLC0415
    from tidegate.cli import markettables, screen  # noqa: PLC0415
    from tidegate.feeds.marketfile import read_market  # noqa: PLC0415
    from tidegate.plan.market import differences  # noqa: PLC0415

    pair = [read_entrant(scenario, fleet, first), read_market(other)]
    _refuse_unlike(pair[0].generation_ids == pair[1].generation_ids, "generations")
    _refuse_unlike(pair[0].start == pair[1].start, "first month")
    check_entry(pair[0], first, 1)
    began = time.perf_counter()
    with screen.progress(list(dict.fromkeys(m.name for m in pair)), "draws") as bars:
        runs = [play_scenario(m, futures, crew=crew, progress=bars) for m in pair]
    found = differences(runs[0], runs[1], first)
    if as_json:
        told = {
            "scenario": pair[0].name,
            "against": pair[1].name,
            "draws": futures.count,
            "seed": futures.seed,
            "entry": f"{first:%Y-%m}",
            "differences": [it.to_json() for it in found],
        }
        say_json(told)
        return
    markettables.show_differences(pair, found, first, futures.count, time.perf_counter() - began)


def _refuse_unlike(alike: bool, what: str) -> None:
    if not alike:
        raise OptionError.at(
            "SCENARIO OTHER",
            f"the two scenarios differ in their {what}.",
            "two that can be compared month by month.",
        )


@market.command(epilog="Example: `tidegate market batch enters-small enters enters-large`")
@with_made(first=first_from, crew=crew_from, futures=drawn(250))
def batch(
    scenarios: Annotated[
        list[str] | None, typer.Argument(help="Scenarios; all bundled ones without any.")
    ] = None,
    *,
    first: date,
    crew: "Crew",
    futures: "Draws",
    out: Out = Path("out"),
    as_json: Json = False,
) -> None:
    """Play many scenarios over the same futures and hold each against the first."""
    from tidegate.app.market import play_scenario, read_scenarios  # noqa: PLC0415
    from tidegate.app.marketfiles import write_run  # noqa: PLC0415
    from tidegate.app.output import prepare_folder  # noqa: PLC0415
    from tidegate.cli import markettables, screen  # noqa: PLC0415
    from tidegate.feeds.marketfile import bundled_scenarios  # noqa: PLC0415
    from tidegate.plan.market import differences  # noqa: PLC0415

    markets = read_scenarios(scenarios or bundled_scenarios())
    prepare_folder(out)
    told, files = [], []
    kept = None
    with screen.progress([m.name for m in markets], "draws") as bars:
        for it in markets:
            played = play_scenario(it, futures, crew=crew, progress=bars)
            kept = kept or played
            files += write_run(played, out / it.name)
            told.append((it, differences(played, kept, first, years=(1, 3))))
    if as_json:
        rows = [
            {"scenario": it.name, "differences": [d.to_json() for d in found]} for it, found in told
        ]
        answer = {
            "against": markets[0].name,
            "draws": futures.count,
            "seed": futures.seed,
            "scenarios": rows,
        }
        say_json({**answer, "files": [str(f) for f in files]})
        return
    markettables.show_batch(told, futures.count)
    markettables.show_files([out / it.name for it in markets])


@market.command(
    epilog="Example: `tidegate market prices enters --product on-demand --out prices.csv`"
)
@with_made(first=first_from, futures=drawn(250))
def prices(
    scenario: Scenario = "base",
    *,
    first: date,
    futures: "Draws",
    product: Annotated[str, typer.Option(help="Product that is priced.")] = "on-demand",
    factor: Annotated[
        float, typer.Option(min=0.01, max=10, help="Price over the market's list rent.")
    ] = 1.0,
    years: Annotated[int, typer.Option(min=1, max=10, help="How far ahead.")] = 2,
    fleet: FleetFile = None,
    out: Annotated[Path, typer.Option(help="CSV for a price book's `files`.")] = Path("prices.csv"),
    as_json: Json = False,
) -> None:
    """Write the median rents of a scenario as rows of a price book, each month with its own."""
    from tidegate.app.market import check_entry, play_scenario, read_entrant  # noqa: PLC0415
    from tidegate.app.marketfiles import write_prices  # noqa: PLC0415
    from tidegate.cli import markettables, screen  # noqa: PLC0415
    from tidegate.plan.marketprices import price_rows  # noqa: PLC0415

    it = read_entrant(scenario, fleet, first)
    check_entry(it, first, 1)
    with screen.progress([it.name], "draws") as bars:
        played = play_scenario(it, futures, progress=bars)
    rows = price_rows(played, first, 12 * years, product, factor)
    write_prices(rows, out)
    if as_json:
        say_json({"rows": rows, "file": str(out)})
        return
    markettables.show_files([out])
