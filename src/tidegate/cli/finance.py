"""``tidegate finance``: what the finance desk asks."""

from pathlib import Path
from typing import Annotated

import typer

from tidegate.cli.financeoptions import (
    Books,
    Csv,
    Fleet,
    Folder,
    History,
    Journal,
    Json,
    Live,
    MarketName,
    Months,
    Paths,
    Policy,
    Seed,
    Seeds,
    Start,
    Xlsx,
    desk_from,
    desk_live,
    futures_from,
    month_option,
)
from tidegate.errors import OptionError, Place

finance = typer.Typer(
    name="finance",
    help="Does rent cover the fleet: statements, schedules, coverage, impairment, stress, tiers."
    "\n\nExample: `tidegate finance coverage examples/three-tiers.toml`",
    no_args_is_help=True,
    rich_markup_mode="markdown",
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
    from tidegate.app.financedesk import open_books  # noqa: PLC0415
    from tidegate.cli.financetables import deliver  # noqa: PLC0415
    from tidegate.finance.report.schedule import schedule_report  # noqa: PLC0415
    from tidegate.finance.schedule import schedule as of  # noqa: PLC0415

    first_month, last_month = month_option("--from-month", first), month_option("--to-month", last)
    if first_month and last_month and first_month > last_month:
        raise OptionError(
            "TG-OPTION",
            f"{last_month} lies before {first_month}.",
            place=Place(field="--to-month"),
            expected=f"a month from {first_month} on.",
        )
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
    months: Months = 120,
    seed: Seed = 0,
    history: History = None,
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

    futures = futures_from(paths, months, seed, history, market)
    desk = desk_from(fleet, books, folder, policy, seeds, start)
    report = stressed(desk, futures)
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
    months: Months = 120,
    seed: Seed = 0,
    history: History = None,
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

    futures = futures_from(paths, months, seed, history, market)
    desk = desk_from(fleet, books, folder, policy, seeds, start)
    report = tiers_report(tiers_of(desk, futures))
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
    months: Months = 120,
    seed: Seed = 0,
    history: History = None,
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
    futures = futures_from(paths, months, seed, history, market)
    desk = desk_from(fleet, books, folder, policy, seeds, start)
    chosen = Standard(standard) if standard else None
    test = impairment_of(desk, futures, chosen)
    report = impairment_report(test, flags_of(desk.scenario))
    deliver(
        report, ("units", "allocation", "indicators", "flags"), csv=csv, xlsx=xlsx, as_json=as_json
    )
    if memo is not None:
        err.print(f"written: {write_text(memo_of(test), memo)}", soft_wrap=True)


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
    months: Months = 120,
    seed: Seed = 0,
    history: History = None,
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

    futures = futures_from(paths, months, seed, history, market)
    desk = desk_from(fleet, books, folder, policy, seeds, start)
    made = board_pack(findings_of(desk, futures))
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


@finance.command()
def acts(
    *,
    journal: Annotated[Path, typer.Option(help="The journal.")],
    as_json: Json = False,
) -> None:
    """List who has closed and reopened periods, when and why, and check that no line has been changed.

    Example: `tidegate finance acts --journal books.jsonl`
    """
    from tidegate.cli.financetables import deliver  # noqa: PLC0415
    from tidegate.feeds.journal import read_journal  # noqa: PLC0415
    from tidegate.finance.report.statement import acts_report  # noqa: PLC0415

    report = acts_report(read_journal(journal), str(journal))
    deliver(report, ("acts",), csv=None, xlsx=None, as_json=as_json)
