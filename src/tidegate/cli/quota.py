"""``tidegate quota``."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from tidegate.cli.screen import say_json
from tidegate.errors import OptionError

if TYPE_CHECKING:
    from tidegate.plan.quotanow import QuotaNow

_BAR = 40


def _moment(found: "QuotaNow") -> str:
    from datetime import UTC, datetime  # noqa: PLC0415

    if found.calendar:
        return f"{datetime.fromtimestamp(found.at_s, UTC):%Y-%m-%d %H:%M} UTC"
    return f"{found.at_s} s after the start of the log"


def _bar(nodes: int, most: int) -> str:
    eighths = round(8 * _BAR * nodes / most) if most else 0
    part = " ▏▎▍▌▋▊▉"[eighths % 8]
    return "█" * (eighths // 8) + part.strip()


def _curve(found: "QuotaNow") -> Table:
    from tidegate.quantity import format_duration  # noqa: PLC0415

    table = Table(box=None, pad_edge=False)
    table.add_column("for")
    table.add_column("nodes", justify="right")
    table.add_column("GPUs", justify="right")
    table.add_column("")
    for each in found.horizons:
        table.add_row(
            format_duration(each.horizon_s),
            str(each.nodes),
            str(each.nodes * found.gpus_per_node),
            _bar(each.nodes, found.nodes),
        )
    return table


def _products(found: "QuotaNow") -> Iterator[str]:
    from tidegate.quantity import format_duration  # noqa: PLC0415

    for each in found.products:
        if each.horizon_s is None:
            why = "all that is idle"
        else:
            why = f"held down by the curve at {format_duration(each.horizon_s)}"
        costs = f"bid price {each.bid_price}"
        if each.cash_cost is not None:
            costs += f", cash cost {each.cash_cost}"
        nodes = "1 node" if each.nodes == 1 else f"{each.nodes} nodes"
        promised = f"{nodes} now, firm for {format_duration(each.firm_s)} ({why})"
        priced = f"sold at {each.list_price}, not below {each.floor} ({costs})"
        yield f"{each.product}: {promised}; {priced} {found.currency} per GPU-hour"


def _why(found: "QuotaNow") -> Iterator[str]:
    from tidegate.quantity import format_duration  # noqa: PLC0415

    yield (
        f"Of {found.nodes} nodes internal jobs hold {found.busy}, waiting ones ask for {found.waiting}, "
        f"and {found.reserve_nodes} are the reserve for failures: {found.idle} are idle."
    )
    demand = min(found.nodes, found.busy + found.waiting)
    for each in found.horizons:
        if each.horizon_s not in (3600, 6 * 3600, 24 * 3600, 168 * 3600):
            continue
        rise = each.bound - demand
        more = each.at_double_risk - each.nodes
        yield (
            f"Within {format_duration(each.horizon_s)} internal work may come to need {rise} nodes more; "
            f"twice the risk would allow {more} more to be promised."
        )
    yield (
        f"Bid price: of the rent of a promise {found.break_cost:.2%} are expected to be lost to breaks (rent not "
        "earned, refunds, 30 % credit), at the share of promised time that the risk lets break; a running system "
        "measures it, and adds the better offers that its promises keep out. What promises nothing has none."
    )
    if found.running:
        yield "The largest jobs that run, each of which frees its nodes when it ends:"
    for job in found.running:
        owner = f" of {job.owner}" if job.owner else ""
        yield f"  {job.job_id}{owner}: {job.gpus} GPUs, running for {job.age_s / 3600:.1f} h"


def quota(
    fleet: Annotated[
        Path | None, typer.Argument(help="Fleet file (TOML); or describe one pool by --jobs.")
    ] = None,
    *,
    pool: Annotated[
        str | None, typer.Option(help="Pool of the fleet file; without it all that may be leased.")
    ] = None,
    jobs: Annotated[Path | None, typer.Option(help="Job log or demand series of one pool.")] = None,
    nodes: Annotated[int | None, typer.Option(help="Nodes of the pool of --jobs.")] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(help="Keep rows of --jobs whose column has this value: COLUMN=VALUE."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(help="As of the last submission before this time (ISO 8601 or seconds)."),
    ] = None,
    prices: Annotated[
        Path | None, typer.Option(help="Price book (TOML) with the cash cost of each chip.")
    ] = None,
    why: Annotated[bool, typer.Option("--why", help="Say what holds the number down.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of the table.")
    ] = False,
) -> None:
    """Say how many nodes can be promised now, for how long, when nothing is leased yet.

    *Now* is the end of the log. Examples: `tidegate quota examples/three-tiers.toml --pool h100 --why` or
    `tidegate quota --jobs jobs.txt --nodes 118`
    """
    # Imported here so that `--help` and `--version` answer at once.
    from tidegate.app.backtest import read_demand  # noqa: PLC0415
    from tidegate.app.options import (  # noqa: PLC0415
        scenario_from_options,
        settings_from_options,
        windowed,
    )
    from tidegate.cli import screen  # noqa: PLC0415
    from tidegate.cli.advise import pairs_of  # noqa: PLC0415
    from tidegate.feeds.fleetfile import read_fleet  # noqa: PLC0415
    from tidegate.feeds.pricefile import read_price_book  # noqa: PLC0415
    from tidegate.plan.quotanow import quota_now  # noqa: PLC0415

    if (fleet is None) == (jobs is None):
        raise OptionError.at("FLEET", "Give a fleet file or --jobs.", "one of the two.")
    if fleet is not None:
        scenario = read_fleet(fleet)
    else:
        assert jobs is not None
        if nodes is None:
            raise OptionError.at(
                "--nodes", "is missing.", "the number of nodes of the pool of --jobs."
            )
        scenario = scenario_from_options(jobs, nodes=nodes, where=pairs_of("--where", where))
    cases = [case for case in windowed(scenario, None, at).cases if case.offers]
    names = [case.pool.id for case in cases]
    if pool is not None:
        if pool not in names:
            raise OptionError.at(
                "--pool", f"{pool!r} is not a pool that may be leased.", ", ".join(names)
            )
        cases = [case for case in cases if case.pool.id == pool]
    settings = settings_from_options(scenario, policies=None, seeds=1, warmup="14d")
    costs = {} if prices is None else read_price_book(prices).cash_costs
    found = [
        quota_now(case, read_demand(case), settings, costs.get(case.pool.chip.id)) for case in cases
    ]
    if as_json:
        say_json({"pools": [each.to_json() for each in found]})
        return
    for each in found:
        screen.out.print(
            f"[bold]{each.pool}[/]: {each.nodes} nodes of {each.gpus_per_node} GPUs, {each.idle} idle, "
            f"{_moment(each)}, risk {each.risk:.1%}",
            soft_wrap=True,
        )
        screen.out.print(_curve(each))
        for line in _products(each):
            screen.out.print(line, soft_wrap=True)
        for line in _why(each) if why else ():
            screen.out.print(line, soft_wrap=True)
        screen.out.print()
