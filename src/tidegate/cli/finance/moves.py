"""``tidegate tiers``: which pools should move, and the moves that an operator has approved."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tidegate.cli.finance.options import Fleet, Json, Outlet, desk_from, futures_from, outlet_json
from tidegate.cli.made import with_made
from tidegate.cli.screen import say_json

if TYPE_CHECKING:
    from tidegate.app.financedesk import Desk
    from tidegate.app.futures import Futures

tiers = typer.Typer(
    name="tiers",
    help="Which pools should move from frontier to mainstay to legacy to sold."
    "\n\nExample: `tidegate tiers plan examples/three-tiers.toml`",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@tiers.command()
@with_made(futures=futures_from, desk=desk_from, outlet=outlet_json)
def plan(
    *,
    desk: "Desk",
    futures: "Futures",
    out: Annotated[Path | None, typer.Option(help="Write the plan here, to be approved.")] = None,
    outlet: Outlet,
) -> None:
    """Propose moves, with what the rules say and all that hangs on them; nothing is changed.

    Example: `tidegate tiers plan examples/three-tiers.toml --from out --out plan.json`
    """
    from tidegate.app.finance import tiers_of  # noqa: PLC0415
    from tidegate.app.tierfile import write_plan  # noqa: PLC0415
    from tidegate.finance.report.tiers import tiers_report  # noqa: PLC0415

    found = tiers_of(desk, futures)
    if out is not None:
        write_plan(found, Path(desk.scenario.source), out)
    names = ("proposals", "findings", "dependents", "choices", "policies", "policy_tiers", "sales")
    outlet.deliver(tiers_report(found), names, beside=[] if out is None else [out])


@tiers.command()
def apply(
    plan: Annotated[Path, typer.Argument(help="Plan that tiers plan --out has written.")],
    *,
    by: Annotated[str, typer.Option(help="Who approves.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    to: Annotated[Path, typer.Option(help="The new fleet file.")],
    pool: Annotated[
        list[str] | None, typer.Option(help="A pool whose move is approved; all without it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Put approved moves into a copy of the fleet file, and record who approved them.

    Example: `tidegate tiers apply plan.json --by "A. Operator" --reason "GB300 in service" --to fleet-2027.toml`
    """
    from tidegate.app.tierfile import apply_plan  # noqa: PLC0415
    from tidegate.cli.screen import out  # noqa: PLC0415

    done = apply_plan(plan, by=by, reason=reason, pools=tuple(pool or ()), to=to)
    if as_json:
        moves = [dict(zip(("pool", "from", "to"), move, strict=True)) for move in done.moves]
        told = {"fleet": str(done.fleet), "record": str(done.record), "moves": moves}
        say_json(told)
        return
    for name, before, after in done.moves:
        out.print(f"{name}: {before} to {after}", soft_wrap=True)
    out.print(f"fleet file: {done.fleet}\nrecord: {done.record}", soft_wrap=True)


@tiers.command()
def certify(
    fleet: Fleet,
    pool: Annotated[str, typer.Argument(metavar="POOL", help="The pool that is retired.")],
    node: Annotated[str, typer.Argument(metavar="NODE", help="The node.")],
    *,
    method: Annotated[str, typer.Option(help="How it was sanitised.")],
    by: Annotated[str, typer.Option(help="Who has sanitised it.")],
    checked_by: Annotated[str, typer.Option(help="Another, who has checked it.")],
    done_on: Annotated[
        str | None, typer.Option(help="The day, such as 2026-09-30; today without it.")
    ] = None,
    record: Annotated[Path, typer.Option(help="The record (JSON lines).")] = Path(
        "certificates.jsonl"
    ),
) -> None:
    """Record that a node has been sanitised before it leaves, and print its certificate.

    Example: `tidegate tiers certify fleet.toml a100 n01 --method "NIST SP 800-88 purge" --by ann --checked-by bob`
    """
    from tidegate.app.tierfile import certificate_of, certify  # noqa: PLC0415
    from tidegate.cli.screen import out  # noqa: PLC0415

    found = certificate_of(
        fleet, pool, node, method=method, by=by, checked_by=checked_by, done_on=done_on
    )
    text, certified, nodes = certify(fleet, found, record)
    out.print(text, soft_wrap=True, markup=False)
    out.print(f"{certified} of {nodes} nodes of {pool} have a certificate", soft_wrap=True)
