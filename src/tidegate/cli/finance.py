"""``tidegate finance``: what the finance desk asks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tidegate.errors import OptionError, Place

if TYPE_CHECKING:
    from tidegate.app.finance import Desk
    from tidegate.finance.month import Month
    from tidegate.finance.stress import StressSettings

finance = typer.Typer(
    name="finance",
    help="Does rent cover the fleet: statements, schedules, coverage, impairment, stress, tiers.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Fleet = Annotated[Path, typer.Argument(help="Fleet file (TOML).")]
Books = Annotated[
    Path | None, typer.Option(help="Books file (TOML); without it the one that FLEET names.")
]
Folder = Annotated[
    Path | None,
    typer.Option("--from", help="Folder of a backtest's result, instead of playing one."),
]
Live = Annotated[
    bool,
    typer.Option("--live", help="Take the running system's meters and invoices, from --start on."),
]
Policy = Annotated[str, typer.Option(help="The policy that leases.")]
Seeds = Annotated[int, typer.Option(help="Number of request streams to play.")]
Start = Annotated[
    str | None,
    typer.Option(help="Month in which a log without a calendar begins, such as 2026-01."),
]
Csv = Annotated[Path | None, typer.Option(help="Write each table as CSV into this folder.")]
Xlsx = Annotated[
    Path | None, typer.Option(help="Write a spreadsheet with live formulas to this file.")
]
MarketName = Annotated[
    str | None,
    typer.Option(
        "--market", help="Take the paths of this market scenario instead (folder, or bundled name)."
    ),
]
Paths = Annotated[
    int | None, typer.Option(help="Number of paths; 10,000, or 500 of the market model.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]


def month_option(option: str, text: str | None) -> "Month | None":
    """Return the month that an option gives; None for None.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when it is not a month.
    """
    from tidegate.finance.month import Month  # noqa: PLC0415  kept off the path of --help

    if text is None:
        return None
    try:
        return Month.parse(text)
    except ValueError as error:
        raise OptionError(
            "TG-OPTION",
            f"{error}.",
            place=Place(field=option),
            expected="a month, such as 2026-03.",
        ) from error


def between(option: str, value: int, least: int, most: int) -> int:
    """Return a whole number that an option gives, if it lies in its range.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when it does not.
    """
    if least <= value <= most:
        return value
    raise OptionError(
        "TG-OPTION",
        f"{value} is out of range.",
        place=Place(field=option),
        expected=f"a whole number, {least:,} to {most:,}.",
    )


def stress_settings(
    paths: int | None, months: int, seed: int, market: str | None = None
) -> "StressSettings":
    """Return how a stress is played, as options say it.

    The market model is simulated month by month with all its lessors, so that fewer of its paths are taken.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when one is out of range.
    """
    from tidegate.finance.stress import StressSettings  # noqa: PLC0415  kept off the path of --help

    return StressSettings(
        paths=between("--paths", paths or (10_000 if market is None else 500), 100, 1_000_000),
        months=between("--months", months, 24, 360),
        seed=between("--seed", seed, 0, 2**32 - 1),
    )


def refuse_both(history: Path | None, market: str | None) -> None:
    """Refuse a rent history beside a market scenario, which has its own past.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when both are given.
    """
    if history is not None and market is not None:
        raise OptionError(
            "TG-OPTION",
            "is of no use to a market scenario, which has been calibrated.",
            place=Place(field="--history"),
            expected="--history or --market, not both.",
        )


def desk_live(fleet: Path, books: Path | None, folder: Path | None, start: str | None) -> "Desk":
    """Return the desk that a command works on, on the running system's meters and invoices.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when a folder is given as well.
    """
    from tidegate.app.finance import live_desk  # noqa: PLC0415  kept off the path of --help
    from tidegate.cli.financelive import live_usage  # noqa: PLC0415

    if folder is not None:
        raise OptionError(
            "TG-OPTION",
            "is the result of a backtest; --live asks the running system.",
            place=Place(field="--from"),
            expected="--from or --live, not both.",
        )
    first = month_option("--start", start)
    return live_desk(fleet, books, lambda sizes, currency: live_usage(sizes, currency, first))


def desk_from(
    fleet: Path, books: Path | None, folder: Path | None, policy: str, seeds: int, start: str | None
) -> "Desk":
    """Return the desk that a command works on, with a bar while a backtest is played."""
    from tidegate.app.finance import names_of, open_books, open_desk  # noqa: PLC0415
    from tidegate.cli import screen  # noqa: PLC0415

    month = month_option("--start", start)
    scenario, _ = open_books(fleet, books)
    with screen.progress(names_of(scenario)) as bars:
        return open_desk(
            fleet,
            books=books,
            folder=folder,
            policy=policy,
            seeds=seeds,
            start=month,
            progress=bars,
        )


@finance.command()
def coverage(
    fleet: Fleet,
    *,
    books: Books = None,
    folder: Folder = None,
    live: Live = False,
    policy: Policy = "tidegate",
    seeds: Seeds = 1,
    start: Start = None,
    csv: Csv = None,
    xlsx: Xlsx = None,
    as_json: Json = False,
) -> None:
    """Say what rent covers, per tier, pool, cohort and month, with leasing and without.

    Example: `tidegate finance coverage examples/three-tiers.toml`
    """
    from tidegate.cli.financetables import deliver  # noqa: PLC0415
    from tidegate.finance.report.coverage import coverage_report  # noqa: PLC0415

    desk = (
        desk_live(fleet, books, folder, start)
        if live
        else desk_from(fleet, books, folder, policy, seeds, start)
    )
    report = coverage_report(desk.coverage())
    deliver(
        report,
        ("tiers", "leasing", "split", "hours", "returns"),
        csv=csv,
        xlsx=xlsx,
        as_json=as_json,
        notes=True,
    )


@finance.command()
def schedule(
    fleet: Fleet,
    *,
    books: Books = None,
    first: Annotated[
        str | None, typer.Option("--from-month", help="First month, such as 2026-01.")
    ] = None,
    last: Annotated[str | None, typer.Option("--to-month", help="Last month.")] = None,
    csv: Csv = None,
    xlsx: Xlsx = None,
    as_json: Json = False,
) -> None:
    """Print the depreciation schedule of every cohort.

    Example: `tidegate finance schedule examples/three-tiers.toml`
    """
    from tidegate.app.finance import open_books  # noqa: PLC0415
    from tidegate.cli.financetables import deliver  # noqa: PLC0415
    from tidegate.finance.report.schedule import schedule_report  # noqa: PLC0415
    from tidegate.finance.schedule import schedule as of  # noqa: PLC0415

    first_month, last_month = month_option("--from-month", first), month_option("--to-month", last)
    _, kept = open_books(fleet, books)
    report = schedule_report(
        kept, [of(holding.asset) for holding in kept.holdings], first_month, last_month
    )
    deliver(report, ("years",), csv=csv, xlsx=xlsx, as_json=as_json)


@finance.command()
def stress(
    fleet: Fleet,
    *,
    books: Books = None,
    folder: Folder = None,
    policy: Policy = "tidegate",
    seeds: Seeds = 1,
    start: Start = None,
    paths: Paths = None,
    months: Annotated[int, typer.Option(help="Months ahead.")] = 120,
    seed: Annotated[int, typer.Option(help="Seed of the paths.")] = 0,
    history: Annotated[
        Path | None, typer.Option(help="Rent history (CSV) to calibrate the paths on.")
    ] = None,
    market: MarketName = None,
    csv: Csv = None,
    xlsx: Xlsx = None,
    as_json: Json = False,
) -> None:
    """Play the cycle: rents, resale, occupancy and power on many paths, and what would break coverage.

    Example: `tidegate finance stress examples/three-tiers.toml --from out`
    """
    from tidegate.app.finance import stressed  # noqa: PLC0415
    from tidegate.cli.financetables import deliver  # noqa: PLC0415

    settings = stress_settings(paths, months, seed, market)
    refuse_both(history, market)
    desk = desk_from(fleet, books, folder, policy, seeds, start)
    report = stressed(desk, settings, history, market)
    names = ("fans", "trial", "tornado", "reverse", "bad_years", "worth", "smoothing")
    deliver(report, names, csv=csv, xlsx=xlsx, as_json=as_json)


@finance.command()
def tiers(
    fleet: Fleet,
    *,
    books: Books = None,
    folder: Folder = None,
    policy: Policy = "tidegate",
    seeds: Seeds = 1,
    start: Start = None,
    paths: Paths = None,
    months: Annotated[int, typer.Option(help="Months ahead.")] = 120,
    seed: Annotated[int, typer.Option(help="Seed of the paths.")] = 0,
    history: Annotated[
        Path | None, typer.Option(help="Rent history (CSV) to calibrate the paths on.")
    ] = None,
    market: MarketName = None,
    csv: Csv = None,
    xlsx: Xlsx = None,
    as_json: Json = False,
) -> None:
    """Say what is best for each cohort: keep, lease, sell or scrap; and compare whole policies.

    Example: `tidegate finance tiers examples/three-tiers.toml --from out`
    """
    from tidegate.app.finance import tiers_of  # noqa: PLC0415
    from tidegate.cli.financetables import deliver  # noqa: PLC0415
    from tidegate.finance.report.tiers import tiers_report  # noqa: PLC0415

    settings = stress_settings(paths, months, seed, market)
    refuse_both(history, market)
    desk = desk_from(fleet, books, folder, policy, seeds, start)
    report = tiers_report(tiers_of(desk, settings, history, market))
    deliver(report, ("choices", "policies", "sales"), csv=csv, xlsx=xlsx, as_json=as_json)


@finance.command()
def impairment(
    fleet: Fleet,
    *,
    books: Books = None,
    folder: Folder = None,
    policy: Policy = "tidegate",
    seeds: Seeds = 1,
    start: Start = None,
    standard: Annotated[
        str | None, typer.Option(help="ias36 or asc360; without it the one that the books name.")
    ] = None,
    memo: Annotated[
        Path | None, typer.Option(help="Write the auditor's memo to this file.")
    ] = None,
    paths: Paths = None,
    months: Annotated[int, typer.Option(help="Months ahead.")] = 120,
    seed: Annotated[int, typer.Option(help="Seed of the paths.")] = 0,
    history: Annotated[
        Path | None, typer.Option(help="Rent history (CSV) to calibrate the paths on.")
    ] = None,
    market: MarketName = None,
    csv: Csv = None,
    xlsx: Xlsx = None,
    as_json: Json = False,
) -> None:
    """Test for impairment: indicators, recoverable amounts, headroom; and flag lease or service.

    Example: `tidegate finance impairment examples/three-tiers.toml --standard asc360 --memo memo.md`
    """
    from tidegate.app.finance import flags_of, impairment_of  # noqa: PLC0415
    from tidegate.app.financefiles import write_text  # noqa: PLC0415
    from tidegate.cli.financetables import deliver  # noqa: PLC0415
    from tidegate.cli.screen import err  # noqa: PLC0415
    from tidegate.finance.memo import memo as memo_of  # noqa: PLC0415
    from tidegate.finance.report.impairment import impairment_report  # noqa: PLC0415
    from tidegate.finance.thresholds import Standard  # noqa: PLC0415

    if standard is not None and standard not in set(Standard):
        raise OptionError(
            "TG-OPTION",
            f"{standard!r} is not known.",
            place=Place(field="--standard"),
            expected=f"one of {', '.join(Standard)}.",
        )
    settings = stress_settings(paths, months, seed, market)
    refuse_both(history, market)
    desk = desk_from(fleet, books, folder, policy, seeds, start)
    chosen = Standard(standard) if standard else None
    test = impairment_of(desk, settings, history, chosen, market)
    report = impairment_report(test, flags_of(desk.scenario))
    deliver(report, ("units", "indicators", "flags"), csv=csv, xlsx=xlsx, as_json=as_json)
    if memo is not None:
        err.print(f"written: {write_text(memo_of(test), memo)}", soft_wrap=True)


Journal = Annotated[
    Path | None, typer.Option(help="Journal (JSON lines) to which new entries are added.")
]


@finance.command()
def statement(
    fleet: Fleet,
    *,
    books: Books = None,
    folder: Folder = None,
    live: Live = False,
    policy: Policy = "tidegate",
    seeds: Seeds = 1,
    start: Start = None,
    journal: Journal = None,
    ledger: Annotated[
        Path | None, typer.Option(help="Write the ledger into this folder: CSV and beancount.")
    ] = None,
    csv: Csv = None,
    xlsx: Xlsx = None,
    as_json: Json = False,
) -> None:
    """Print income, balance and the developer programme from the ledger; keep and export the ledger.

    Example: `tidegate finance statement examples/three-tiers.toml --journal books.jsonl --ledger ledger`
    """
    from tidegate.app.finance import statement_of  # noqa: PLC0415
    from tidegate.app.financefiles import write_text  # noqa: PLC0415
    from tidegate.cli.financetables import deliver  # noqa: PLC0415
    from tidegate.cli.screen import err  # noqa: PLC0415
    from tidegate.finance.ledger.export import to_beancount, to_csv  # noqa: PLC0415
    from tidegate.finance.report.statement import statement_report  # noqa: PLC0415

    desk = (
        desk_live(fleet, books, folder, start)
        if live
        else desk_from(fleet, books, folder, policy, seeds, start)
    )
    found = statement_of(desk, journal)
    deliver(
        statement_report(found),
        ("income", "balance", "programme", "contracts"),
        csv=csv,
        xlsx=xlsx,
        as_json=as_json,
    )
    if ledger is not None:
        made = {
            "ledger.csv": to_csv(found.ledger),
            "ledger.beancount": to_beancount(found.ledger, desk.books.name),
        }
        for name, text in made.items():
            err.print(f"written: {write_text(text, ledger / name)}", soft_wrap=True)


Act = Annotated[str, typer.Argument(metavar="ACT", help="close or reopen.")]


@finance.command()
def period(
    act: Act,
    month: Annotated[str, typer.Argument(metavar="MONTH", help="Month, such as 2026-03.")],
    *,
    journal: Annotated[Path, typer.Option(help="The journal.")],
    by: Annotated[str, typer.Option(help="Who does it.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    as_json: Json = False,
) -> None:
    """Close a month and all before it, or reopen it and all after it; the act stays on record.

    Example: `tidegate finance period close 2026-09 --journal books.jsonl --by "A. Controller" --reason "quarter end"`
    """
    import json  # noqa: PLC0415

    from tidegate.app.finance import act_on_period  # noqa: PLC0415
    from tidegate.cli.screen import out  # noqa: PLC0415

    if act not in ("close", "reopen"):
        raise OptionError(
            "TG-OPTION",
            f"{act!r} is not known.",
            place=Place(field="ACT"),
            expected="close or reopen.",
        )
    chosen = month_option("MONTH", month)
    assert chosen is not None
    changed = act_on_period(journal, act, chosen, by=by, reason=reason)
    closed = None if changed.closed_to is None else str(changed.closed_to)
    if as_json:
        typer.echo(json.dumps({"closed_to": closed, "acts": len(changed.acts)}, indent=2))
    else:
        out.print(f"closed up to {closed}" if closed else "no period is closed", soft_wrap=True)


@finance.command()
def pack(
    fleet: Fleet,
    *,
    books: Books = None,
    folder: Folder = None,
    policy: Policy = "tidegate",
    seeds: Seeds = 1,
    start: Start = None,
    paths: Paths = None,
    months: Annotated[int, typer.Option(help="Months ahead.")] = 120,
    seed: Annotated[int, typer.Option(help="Seed of the paths.")] = 0,
    history: Annotated[
        Path | None, typer.Option(help="Rent history (CSV) to calibrate the paths on.")
    ] = None,
    market: MarketName = None,
    out: Annotated[Path, typer.Option(help="The PDF.")] = Path("board-pack.pdf"),
) -> None:
    """Write the board pack: statement, coverage, cycle, impairment and tiers on ten pages with charts (PDF).

    Example: `tidegate finance pack examples/three-tiers.toml --from out --out board-pack.pdf`
    """
    from tidegate.app.finance import findings_of  # noqa: PLC0415
    from tidegate.app.financefiles import write_bytes  # noqa: PLC0415
    from tidegate.cli.screen import out as screen  # noqa: PLC0415
    from tidegate.web.boardpack import board_pack  # noqa: PLC0415

    settings = stress_settings(paths, months, seed, market)
    refuse_both(history, market)
    desk = desk_from(fleet, books, folder, policy, seeds, start)
    made = board_pack(findings_of(desk, settings, history, market))
    screen.print(f"board pack: {write_bytes(made, out)}", soft_wrap=True)


@finance.command()
def giant(
    *,
    low: Annotated[float, typer.Option(help="Billion US dollars a year, lower end.")] = 8.0,
    high: Annotated[float, typer.Option(help="Billion US dollars a year, upper end.")] = 15.0,
    csv: Csv = None,
    xlsx: Xlsx = None,
    as_json: Json = False,
) -> None:
    """Say what must be true for a giant to earn billions by leasing: fleet, occupancy and rent, from cited figures.

    Example: `tidegate finance giant --xlsx giant.xlsx`
    """
    from decimal import Decimal  # noqa: PLC0415

    from tidegate.cli.financetables import deliver  # noqa: PLC0415
    from tidegate.finance.giant import giant_map  # noqa: PLC0415
    from tidegate.finance.report.giant import giant_report  # noqa: PLC0415

    if not 0 < low <= high <= 1_000:  # noqa: PLR2004  a trillion
        raise OptionError(
            "TG-OPTION",
            f"{low:g} to {high:g} is out of range.",
            place=Place(field="--low"),
            expected="above 0, at most --high, which is at most 1,000.",
        )
    report = giant_report(giant_map(Decimal(str(low)), Decimal(str(high))))
    names = ("needed", "map", "facts")
    deliver(report, names, csv=csv, xlsx=xlsx, as_json=as_json, notes=True)
