"""``tidegate finance coverage``, ``schedule`` and ``giant``: what is, without a play of the future."""

from typing import TYPE_CHECKING, Annotated

import typer

from tidegate.cli.finance.options import (
    Books,
    Fleet,
    Outlet,
    desk_or_live,
    month_option,
    outlet_from,
)
from tidegate.cli.made import with_made
from tidegate.errors import OptionError

if TYPE_CHECKING:
    from tidegate.app.financedesk import Desk


@with_made(desk=desk_or_live, outlet=outlet_from)
def coverage(*, desk: "Desk", outlet: Outlet) -> None:
    """Say what rent covers, per tier, pool, cohort and month, with leasing and without.

    Example: `tidegate finance coverage examples/three-tiers.toml`
    """
    from tidegate.finance.report.coverage import coverage_report  # noqa: PLC0415

    names = ("tiers", "leasing", "split", "hours", "returns")
    outlet.deliver(coverage_report(desk.coverage()), names, notes=True)


@with_made(outlet=outlet_from)
def schedule(
    fleet: Fleet,
    *,
    books: Books = None,
    first: Annotated[
        str | None, typer.Option("--from-month", help="First month, such as 2026-01.")
    ] = None,
    last: Annotated[str | None, typer.Option("--to-month", help="Last month.")] = None,
    outlet: Outlet,
) -> None:
    """Print the depreciation schedule of every cohort.

    Example: `tidegate finance schedule examples/three-tiers.toml`
    """
    from tidegate.app.financedesk import open_books  # noqa: PLC0415
    from tidegate.finance.report.schedule import schedule_report  # noqa: PLC0415
    from tidegate.finance.schedule import schedule as of  # noqa: PLC0415

    first_month, last_month = month_option("--from-month", first), month_option("--to-month", last)
    if first_month and last_month and first_month > last_month:
        raise OptionError.at(
            "--to-month",
            f"{last_month} lies before {first_month}.",
            f"a month from {first_month} on.",
        )
    _, kept = open_books(fleet, books)
    report = schedule_report(
        kept, [of(holding.asset) for holding in kept.holdings], first_month, last_month
    )
    outlet.deliver(report, ("years",))


@with_made(outlet=outlet_from)
def giant(
    *,
    low: Annotated[float, typer.Option(help="Billion US dollars a year, lower end.")] = 8.0,
    high: Annotated[float, typer.Option(help="Billion US dollars a year, upper end.")] = 15.0,
    outlet: Outlet,
) -> None:
    """Say what must be true for a giant to earn billions by leasing: fleet, occupancy and rent, from cited figures.

    Example: `tidegate finance giant --xlsx giant.xlsx`
    """
    from decimal import Decimal  # noqa: PLC0415

    from tidegate.finance.giant import giant_map  # noqa: PLC0415
    from tidegate.finance.report.giant import giant_report  # noqa: PLC0415

    if not 0 < low <= high <= 1_000:  # noqa: PLR2004  a trillion
        raise OptionError.at(
            "--low",
            f"{low:g} to {high:g} is out of range.",
            "above 0, at most --high, which is at most 1,000.",
        )
    report = giant_report(giant_map(Decimal(str(low)), Decimal(str(high))))
    outlet.deliver(report, ("needed", "map", "facts"), notes=True)
