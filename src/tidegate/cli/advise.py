"""``tidegate advise``."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tidegate.cli import screen
from tidegate.errors import OptionError

if TYPE_CHECKING:
    from tidegate.app.advise import Advice


def pairs_of(option: str, given: list[str] | None) -> dict[str, str]:
    """Return what an option gives as NAME=VALUE.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when one is not a pair.
    """
    pairs = {}
    for text in given or ():
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise OptionError.at(
                option, f"{text!r} is not a pair.", "TYPE=CHIP, such as h100=H100-SXM."
            )
        pairs[name] = value
    return pairs


def advise(
    *,
    slurm: Annotated[
        bool,
        typer.Option(
            "--slurm", help="Look at the Slurm cluster that this machine's commands reach."
        ),
    ] = False,
    weeks: Annotated[int, typer.Option(help="Weeks of history to read and to play.")] = 4,
    chip: Annotated[
        list[str] | None,
        typer.Option(
            help="Chip of a GPU type whose name does not tell: TYPE=CHIP; may be repeated."
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Number of request streams to play.")] = 1,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder that keeps the fleet file and the history; none is kept without it."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of tables.")
    ] = False,
) -> None:
    """Look at a live cluster, change nothing, and say which pools it has and what could be leased of them now.

    Needs no rights beyond a user's. Example: `tidegate advise --slurm --weeks 8 --out advice`
    """
    # Imported here so that `--help` answers at once.
    from tidegate.app import prepare_folder  # noqa: PLC0415
    from tidegate.app.advise import advise as advise_on  # noqa: PLC0415
    from tidegate.drivers.slurm.commands import LocalCommands  # noqa: PLC0415

    if not slurm:
        raise OptionError.at("--slurm", "Say which cluster to look at.", "--slurm.")
    chips = pairs_of("--chip", chip)
    with ExitStack() as stack:
        if out is None:
            folder = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="tidegate-advise-"))
            )
        else:
            prepare_folder(out)
            folder = out
        bars = stack.enter_context(screen.progress(["sacct"], unit="days and plays"))
        advice = advise_on(
            LocalCommands(),
            folder,
            weeks=weeks,
            chips=chips,
            seeds=seeds,
            asked=lambda days, of: bars("sacct", days, of),
        )
    if as_json:
        screen.say_json(advice.to_json())
    else:
        _show(advice, out)


def _show(advice: "Advice", out: Path | None) -> None:
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from tidegate.quantity import format_duration  # noqa: PLC0415

    facts = advice.seen.facts
    screen.out.print(
        f"[bold]{escape(facts.get('ClusterName', 'Slurm'))}[/]  Slurm {escape(facts.get('SLURM_VERSION', '?'))}, "
        f"{escape(facts.get('SelectType', '?'))}, {escape(facts.get('PreemptType', '?'))}",
        soft_wrap=True,
    )
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("pool", "chip", "tier", "nodes", "GPUs", "busy", "dead", "waiting", "runs"):
        table.add_column(
            name, justify="left" if name in ("pool", "chip", "tier") else "right", no_wrap=True
        )
    for pool in advice.seen.pools:
        nodes = len(pool.nodes)
        table.add_row(
            escape(pool.id),
            pool.chip.id,
            pool.tier.value,
            f"{nodes:,}",
            f"{nodes * pool.gpus_per_node:,}",
            f"{pool.busy_nodes:,}",
            f"{pool.dead_nodes:,}",
            f"{pool.waiting_jobs:,} jobs, {pool.waiting_gpus:,} GPUs",
            f"{advice.runs.get(pool.id, 0):,}",
        )
    screen.out.print(table)
    for pool in advice.seen.pools:
        screen.out.print(
            f"{escape(pool.id)} is {pool.tier.value}: {escape(pool.why)}.", soft_wrap=True
        )
    for pool in advice.seen.pools:
        curve = advice.curve_now(pool.id)
        if curve:
            told = ", ".join(f"{gpus:,} for {format_duration(horizon)}" for horizon, gpus in curve)
            screen.out.print(
                f"[bold]{escape(pool.id)}[/] GPUs that can be promised now: {told}", soft_wrap=True
            )
        played = advice.played(pool.id)
        if played is not None:
            _show_policies(advice, pool.id)
        elif pool.id in advice.unplayed:
            screen.out.print(
                f"[bold]{escape(pool.id)}[/] no backtest: {escape(advice.unplayed[pool.id])}",
                soft_wrap=True,
            )
    for remark in advice.seen.remarks:
        screen.out.print(f"[yellow]note[/] {escape(remark)}", soft_wrap=True)
    if out is None:
        screen.out.print(
            "Nothing was written. --out FOLDER keeps the proposed fleet file and the history.",
            style="dim",
        )
    else:
        screen.out.print(f"fleet file: {escape(str(out / 'fleet.toml'))}", soft_wrap=True)


def _show_policies(advice: "Advice", name: str) -> None:
    from tidegate.cli.tables import pool_table  # noqa: PLC0415

    result = advice.results[name]
    pool = result.pools[0]
    own = pool.internal_gpu_hours / pool.capacity_gpu_hours
    screen.out.print(
        f"backtest of {pool.capacity_gpu_hours:,.0f} GPU-hours, {100 * own:.1f} % own jobs:",
        soft_wrap=True,
    )
    screen.out.print(pool_table(pool, result.currency))
