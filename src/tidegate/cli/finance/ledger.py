"""``tidegate finance statement``, ``period`` and ``acts``: the ledger, and who closes its months."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tidegate.cli.finance.options import (
    Json,
    Outlet,
    desk_or_live,
    month_option,
    outlet_from,
    outlet_json,
)
from tidegate.cli.made import with_made
from tidegate.cli.screen import say_json
from tidegate.errors import OptionError

if TYPE_CHECKING:
    from tidegate.app.financedesk import Desk


@with_made(desk=desk_or_live, outlet=outlet_from)
def statement(
    *,
    desk: "Desk",
    journal: Annotated[
        Path | None, typer.Option(help="Journal (JSON lines) to which new entries are added.")
    ] = None,
    ledger: Annotated[
        Path | None, typer.Option(help="Write the ledger into this folder: CSV and beancount.")
    ] = None,
    outlet: Outlet,
) -> None:
    """Print income, balance and the developer programme from the ledger; keep and export the ledger.

    Example: `tidegate finance statement examples/three-tiers.toml --journal books.jsonl --ledger ledger`
    """
    from tidegate.app.finance import statement_of  # noqa: PLC0415
    from tidegate.app.financefiles import write_text  # noqa: PLC0415
    from tidegate.finance.ledger.export import to_beancount, to_csv  # noqa: PLC0415
    from tidegate.finance.report.statement import statement_report  # noqa: PLC0415

    found = statement_of(desk, journal)
    written = []
    if ledger is not None:
        made = {
            "ledger.csv": to_csv(found.ledger),
            "ledger.beancount": to_beancount(found.ledger, desk.books.name),
        }
        written = [write_text(text, ledger / name) for name, text in made.items()]
    names = ("income", "balance", "programme", "contracts")
    outlet.deliver(statement_report(found), names, beside=written)


def period(
    act: Annotated[str, typer.Argument(metavar="ACT", help="close or reopen.")],
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
    from tidegate.app.finance import act_on_period  # noqa: PLC0415
    from tidegate.cli.screen import out  # noqa: PLC0415

    if act not in ("close", "reopen"):
        raise OptionError.at("ACT", f"{act!r} is not known.", "close or reopen.")
    chosen = month_option("MONTH", month)
    assert chosen is not None
    changed = act_on_period(journal, act, chosen, by=by, reason=reason)
    closed = None if changed.closed_to is None else str(changed.closed_to)
    if as_json:
        say_json({"closed_to": closed, "acts": len(changed.acts)})
    else:
        out.print(f"closed up to {closed}" if closed else "no period is closed", soft_wrap=True)


@with_made(outlet=outlet_json)
def acts(*, journal: Annotated[Path, typer.Option(help="The journal.")], outlet: Outlet) -> None:
    """List who has closed and reopened periods, when and why, and check that no line has been changed.

    Example: `tidegate finance acts --journal books.jsonl`
    """
    from tidegate.feeds.journal import read_journal  # noqa: PLC0415
    from tidegate.finance.report.statement import acts_report  # noqa: PLC0415

    outlet.deliver(acts_report(read_journal(journal), str(journal)), ("acts",))
