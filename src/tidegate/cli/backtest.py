"""``tidegate backtest``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tidegate.cli.screen import say_json
from tidegate.cli.sweep import refuse_beside_sweep, refuse_without_sweep
from tidegate.cli.sweep import run as run_sweep_file
from tidegate.errors import OptionError

if TYPE_CHECKING:
    from tidegate.plan import Scenario


def _pairs(option: str, given: list[str]) -> dict[str, str]:
    pairs = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise OptionError.at(
                option, f"{text!r} is not a pair.", "NAME=VALUE, such as cluster=cluster04."
            )
        pairs[name] = value
    return pairs


# Options that describe the one pool of --jobs; a fleet file says all this itself.
_OF_ONE_POOL = (
    *(
        "format",
        "where",
        "column",
        "timezone",
        "nodes",
        "gpus_per_node",
        "chip",
        "price",
        "currency",
    ),
    *("risk", "reserve_nodes", "offered_load"),
)


def _refuse_beside_fleet(context: typer.Context) -> None:
    for name in _OF_ONE_POOL:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = f"--{name.replace('_', '-')}"
            raise OptionError.at(
                option, "describes the pool of --jobs.", "the same in the fleet file."
            )


def backtest(
    context: typer.Context,
    fleet: Annotated[
        Path | None, typer.Argument(help="Fleet file (TOML); or describe one pool by --jobs.")
    ] = None,
    *,
    jobs: Annotated[Path | None, typer.Option(help="Job log or demand series of one pool.")] = None,
    format: Annotated[str, typer.Option(help="Format of --jobs; auto recognises it.")] = "auto",
    where: Annotated[
        list[str] | None,
        typer.Option(help="Keep rows of --jobs whose column has this value: COLUMN=VALUE."),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help="Column of a generic table: FIELD=COLUMN, such as submit=SubmitTime."),
    ] = None,
    timezone: Annotated[
        str, typer.Option(help="Zone of times without an offset in --jobs.")
    ] = "UTC",
    nodes: Annotated[int | None, typer.Option(help="Nodes of the pool of --jobs.")] = None,
    gpus_per_node: Annotated[int, typer.Option(help="GPUs of each of its nodes.")] = 8,
    chip: Annotated[str, typer.Option(help="Its chip, an id of the catalogue.")] = "H100-SXM",
    price: Annotated[
        str | None,
        typer.Option(help="List price of a GPU-hour; without it the chip's reference rent."),
    ] = None,
    currency: Annotated[str, typer.Option(help="Currency of --price (ISO 4217).")] = "USD",
    risk: Annotated[
        float,
        typer.Option(
            help="Share of promised GPU-hours that may break, and of own jobs that may be late for leasing."
        ),
    ] = 0.005,
    reserve_nodes: Annotated[int, typer.Option(help="Nodes kept free for failures.")] = 0,
    offered_load: Annotated[
        float, typer.Option(help="GPU-hours that tenants ask for, over mean headroom.")
    ] = 1.5,
    policies: Annotated[
        str | None,
        typer.Option(
            help="Policies to play, comma-separated; all but gfs and clairvoyant by default."
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Number of request streams to play.")] = 5,
    warmup: Annotated[str, typer.Option(help="History before leasing starts.")] = "14d",
    window_from: Annotated[
        str | None,
        typer.Option("--from", help="Play jobs submitted from here on (ISO 8601 or seconds)."),
    ] = None,
    window_to: Annotated[
        str | None, typer.Option("--to", help="Play jobs submitted before (ISO 8601 or seconds).")
    ] = None,
    max_rejects: Annotated[
        float, typer.Option(help="Share of rejected rows above which the exit code is 2.")
    ] = 0.01,
    sweep: Annotated[
        Path | None,
        typer.Option(help="Sweep file (TOML): fleets x policies x risks x seeds, side by side."),
    ] = None,
    backend: Annotated[
        str,
        typer.Option(
            envvar="TIDEGATE_BACKEND", help="What plays a sweep's cells: loky, threading or dask."
        ),
    ] = "loky",
    workers: Annotated[
        int | None, typer.Option(help="Workers for a sweep on this machine; one per core.")
    ] = None,
    dask_address: Annotated[
        str | None,
        typer.Option(
            envvar="TIDEGATE_DASK_ADDRESS",
            help="Scheduler of a Dask cluster; without it one is started on this machine.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for report, result and tables.")] = Path("out"),
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of the table.")
    ] = False,
) -> None:
    """Read job logs and say what could have been leased, what it would have earned, at what risk.

    Examples: `tidegate backtest examples/three-tiers.toml`,
    `tidegate backtest --jobs jobs.txt --nodes 118 --chip H100-SXM` or
    `tidegate backtest --sweep examples/sweep.toml`
    """
    # Imported here so that `--help` and `--version` answer at once.
    from tidegate.app import (  # noqa: PLC0415
        load,
        prepare_folder,
        problems,
        run,
        scenario_from_options,
        settings_from_options,
        write,
    )
    from tidegate.app.options import decimal_option, windowed  # noqa: PLC0415
    from tidegate.cli import screen  # noqa: PLC0415
    from tidegate.cli.tables import show_result  # noqa: PLC0415
    from tidegate.feeds.booksfile import read_books  # noqa: PLC0415
    from tidegate.feeds.fleetfile import read_fleet  # noqa: PLC0415

    if not 0 <= max_rejects <= 1:
        raise OptionError.at("--max-rejects", f"{max_rejects:g} is out of range.", "0 to 1.")
    if sweep is not None:
        refuse_beside_sweep(context)
        run_sweep_file(
            context,
            sweep,
            backend=backend,
            workers=workers,
            dask_address=dask_address,
            max_rejects=max_rejects,
            out=out,
            as_json=as_json,
        )
        return
    refuse_without_sweep(context)
    scenario: Scenario
    if fleet is not None and jobs is None:
        _refuse_beside_fleet(context)
        scenario = read_fleet(fleet)
    elif jobs is not None and fleet is None:
        if nodes is None:
            raise OptionError.at(
                "--nodes", "is missing.", "the number of nodes of the pool of --jobs."
            )
        scenario = scenario_from_options(
            jobs,
            nodes=nodes,
            gpus_per_node=gpus_per_node,
            chip=chip,
            price=decimal_option("--price", price),
            currency=currency,
            risk=risk,
            reserve_nodes=reserve_nodes,
            offered_load=offered_load,
            format=format,
            where=_pairs("--where", where or []),
            columns=_pairs("--column", column or []),
            timezone=timezone,
        )
    else:
        raise OptionError.at("FLEET", "Give a fleet file, --jobs or --sweep.", "one of the three.")
    scenario = windowed(scenario, window_from, window_to)
    names = None if policies is None else [name.strip() for name in policies.split(",")]
    settings = settings_from_options(scenario, policies=names, seeds=seeds, warmup=warmup)
    # Read first, so that nothing is played for books that cannot be used.
    books = None if scenario.books is None else read_books(scenario)

    demand = load(scenario)
    prepare_folder(out)
    with screen.progress([case.pool.id for case in scenario.cases]) as bars:
        result = run(scenario, demand.logs, settings, progress=bars, seconds_before=demand.seconds)
    not_compared = None
    if books is not None:
        from tidegate.app.fleetpolicies import with_comparison  # noqa: PLC0415

        result, not_compared = with_comparison(result, scenario, books)
    written = write(result, out)
    if as_json:
        files = {"report": str(written.report), "rejects": [str(p) for p in written.rejects]}
        say_json({**result.to_json(), **files})
    else:
        show_result(result, written)
    if not_compared is not None:
        screen.show_error(not_compared)
    found = problems(result, max_rejects)
    for problem in found:
        screen.show_error(problem)
    if found:
        screen.err.print(
            "The good rows were played all the same. --max-rejects sets how many may be rejected.",
            soft_wrap=True,
        )
        raise typer.Exit(2)
