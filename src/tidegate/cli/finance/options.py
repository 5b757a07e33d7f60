"""Options that the finance commands share, and the desk that they work on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from tidegate.cli.screen import say_json
from tidegate.errors import OptionError

if TYPE_CHECKING:
    from tidegate.app.financedesk import Desk
    from tidegate.app.futures import Futures
    from tidegate.finance.month import Month
    from tidegate.finance.report import Report

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
Months = Annotated[int, typer.Option(help="Months ahead.")]
Seed = Annotated[int, typer.Option(help="Seed of the paths.")]
History = Annotated[Path | None, typer.Option(help="Rent history (CSV) to calibrate the paths on.")]
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
        raise OptionError.at(option, f"{error}.", "a month, such as 2026-03.") from error


def between(option: str, value: int, least: int, most: int) -> int:
    """Return a whole number that an option gives, if it lies in its range.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when it does not.
    """
    if least <= value <= most:
        return value
    raise OptionError.at(
        option, f"{value} is out of range.", f"a whole number, {least:,} to {most:,}."
    )


def futures_from(
    *,
    paths: Paths = None,
    months: Months = 120,
    seed: Seed = 0,
    history: History = None,
    market: MarketName = None,
) -> "Futures":
    """Return the futures that options ask for.

    The market model is simulated month by month with all its lessors, so that fewer of its paths are taken.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when one is out of range, or a rent history stands beside a market scenario, which has its own.
    """
    from tidegate.app.futures import Futures  # noqa: PLC0415  kept off the path of --help
    from tidegate.finance.stress import StressSettings  # noqa: PLC0415

    if history is not None and market is not None:
        raise OptionError.at(
            "--history",
            "is of no use to a market scenario, which has been calibrated.",
            "--history or --market, not both.",
        )
    usual = 10_000 if market is None else 500
    settings = StressSettings(
        paths=between("--paths", usual if paths is None else paths, 100, 1_000_000),
        months=between("--months", months, 24, 360),
        seed=between("--seed", seed, 0, 2**32 - 1),
    )
    return Futures(settings, history, market)


def desk_from(
    fleet: Fleet,
    *,
    books: Books = None,
    folder: Folder = None,
    policy: Policy = "tidegate",
    seeds: Seeds = 1,
    start: Start = None,
) -> "Desk":
    """Return the desk that a command works on, with a bar while a backtest is played."""
    from tidegate.app.financedesk import names_of, open_books, open_desk  # noqa: PLC0415
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


def desk_or_live(
    fleet: Fleet,
    *,
    books: Books = None,
    folder: Folder = None,
    live: Live = False,
    policy: Policy = "tidegate",
    seeds: Seeds = 1,
    start: Start = None,
) -> "Desk":
    """Return the desk that a command works on: as :func:`desk_from`, or on the running system's meters and invoices.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when the system is asked and a folder is given as well.
    """
    from tidegate.app.financedesk import live_desk  # noqa: PLC0415  kept off the path of --help
    from tidegate.cli.finance.live import live_usage  # noqa: PLC0415

    if not live:
        return desk_from(fleet, books=books, folder=folder, policy=policy, seeds=seeds, start=start)
    if folder is not None:
        raise OptionError.at(
            "--from",
            "is the result of a backtest; --live asks the running system.",
            "--from or --live, not both.",
        )
    first = month_option("--start", start)
    return live_desk(fleet, books, lambda sizes, currency: live_usage(sizes, currency, first))


@dataclass(frozen=True)
class Outlet:
    """Where a report goes: into the terminal or to a program, and into files.

    Attributes
    ----------
    csv, xlsx : Path or None
    as_json : bool
    """

    csv: Path | None
    xlsx: Path | None
    as_json: bool

    def deliver(
        self,
        report: "Report",
        names: Sequence[str],
        *,
        beside: Sequence[Path] = (),
        notes: bool = False,
    ) -> None:
        """Write the files asked for; print some tables of a report, or all of it as JSON.

        Parameters
        ----------
        report : Report
        names : sequence of str
            Tables that are printed.
        beside : sequence of Path
            Files that have been written already, to be told as well.
        notes : bool
            Whether what it rests on is printed.
        """
        from tidegate.app.financefiles import write_csv, write_xlsx  # noqa: PLC0415
        from tidegate.cli.finance.tables import show  # noqa: PLC0415
        from tidegate.cli.screen import err  # noqa: PLC0415

        # First the files: whoever reads the terminal may stop reading (`| head`).
        written = [] if self.csv is None else write_csv(report, self.csv)
        if self.xlsx is not None:
            written.append(write_xlsx(report, self.xlsx))
        if self.as_json:
            say_json(report.to_json())
        else:
            show(report, names, notes=notes)
        for path in (*written, *beside):
            err.print(f"written: {escape(str(path))}", soft_wrap=True)


def outlet_from(*, csv: Csv = None, xlsx: Xlsx = None, as_json: Json = False) -> Outlet:
    """Return where a report goes."""
    return Outlet(csv, xlsx, as_json)


def outlet_json(*, as_json: Json = False) -> Outlet:
    """Return where a report goes that has no files."""
    return Outlet(None, None, as_json)
