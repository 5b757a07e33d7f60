"""``tidegate quote``, ``order``, ``orders`` and ``leases``: what a tenant does."""

from typing import Annotated, Any

import typer

from tidegate.cli.rows import AsJson, Limit, Tenant, say_one, say_rows
from tidegate.errors import OptionError
from tidegate.quantity.timetext import DURATION_EXAMPLE, parse_duration

leases_app = typer.Typer(
    name="leases",
    help="Leases of the running system: listed, looked at, made longer or smaller, given back."
    "\n\nExample: `tidegate leases --all`",
    rich_markup_mode="markdown",
)
orders_app = typer.Typer(
    name="orders",
    help="Orders and what became of them.\n\nExample: `tidegate orders --state waitlisted`",
    rich_markup_mode="markdown",
)

Pool = Annotated[str | None, typer.Option(help="The pool.")]
ProductName = Annotated[str | None, typer.Option(help="The product; see tidegate products.")]
Nodes = Annotated[int | None, typer.Option(min=1, help="Whole nodes.")]
For = Annotated[
    str | None, typer.Option("--for", help="How long, such as 4h; the product's own term without.")
]
StartAt = Annotated[
    str | None, typer.Option(help="When a reserved lease is to start (ISO 8601, UTC by default).")
]
LeaseId = Annotated[str, typer.Argument(metavar="LEASE", help="Its id.")]


def seconds_of(text: str, option: str) -> int:
    """Return the seconds of a duration.

    Raises
    ------
    OptionError
        If it is none.
    """
    try:
        return parse_duration(text)
    except ValueError as error:
        raise OptionError.at(option, f"{error}.", f"{DURATION_EXAMPLE}.") from None


def _ask(
    pool: str | None,
    product: str | None,
    nodes: int | None,
    for_: str | None,
    start_at: str | None,
    tenant: str | None,
) -> dict[str, Any]:
    from tidegate.cli.moneytables import instant  # noqa: PLC0415

    for name, value in (("--pool", pool), ("--product", product), ("--nodes", nodes)):
        if value is None:
            raise OptionError.at(name, "is missing.", "--pool, --product and --nodes.")
    body: dict[str, Any] = {"pool_id": pool, "product": product, "nodes": nodes}
    if for_ is not None:
        body["duration_s"] = seconds_of(for_, "--for")
    if start_at is not None:
        body["start_at"] = instant(start_at)
    if tenant is not None:
        body["tenant_id"] = tenant
    return body


def quote(
    *,
    pool: Pool = None,
    product: ProductName = None,
    nodes: Nodes = None,
    for_: For = None,
    start_at: StartAt = None,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Ask what a lease would cost. The price holds until the quote expires; no nodes are kept.

    Example: `tidegate quote --pool h100 --product flex --nodes 2 --for 8h`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415  kept off the path of --help

    body = _ask(pool, product, nodes, for_, start_at, tenant)
    say_one(Client().post("/v1/quotes", body), as_json=as_json)


def order(
    *,
    quote: Annotated[str | None, typer.Option(help="The quote that is accepted (its id).")] = None,
    pool: Pool = None,
    product: ProductName = None,
    nodes: Nodes = None,
    for_: For = None,
    start_at: StartAt = None,
    queue: Annotated[
        str | None, typer.Option(help="How long to wait for room, such as 1h; not at all without.")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            help="Idempotency key: the same key makes one order, however often it is sent."
        ),
    ] = None,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Order a lease, from a quote or at today's price; exit with 1 when it is refused.

    Example: `tidegate order --pool h100 --product preemptible --nodes 1 --for 4h`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415

    body: dict[str, Any] = (
        {"quote_id": quote}
        if quote is not None
        else _ask(pool, product, nodes, for_, start_at, tenant)
    )
    if queue is not None:
        body["queue_s"] = seconds_of(queue, "--queue")
    placed = Client().post("/v1/orders", body, key=key)
    say_one(placed, as_json=as_json)
    if placed["state"] == "refused":
        raise typer.Exit(1)


@orders_app.callback(invoke_without_command=True)
def orders(
    context: typer.Context,
    *,
    state: Annotated[str | None, typer.Option(help="In one state, such as waitlisted.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """Show orders, the youngest first.

    Example: `tidegate orders --state waitlisted`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415

    if context.invoked_subcommand is not None:
        return
    columns = {
        "order": "id",
        "tenant": "tenant_id",
        "pool": "pool_id",
        "product": "product",
        "nodes": "nodes",
        "state": "state",
        "reason": "reason",
        "placed": "placed_at",
    }
    rows = Client().pages("/v1/orders", state=state)
    say_rows(rows, columns, as_json=as_json, nothing="no orders", limit=limit)


@orders_app.command("cancel")
def cancel_order(
    order_id: Annotated[str, typer.Argument(metavar="ORDER", help="Its id.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Cancel an order that is on the waitlist.

    Example: `tidegate orders cancel ord_1m89...`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415

    say_one(Client().post(f"/v1/orders/{order_id}/cancel"), as_json=as_json)


@leases_app.callback(invoke_without_command=True)
def leases(
    context: typer.Context,
    *,
    every: Annotated[bool, typer.Option("--all", help="Those that have ended too.")] = False,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """Show leases, the youngest first.

    Example: `tidegate leases`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415

    if context.invoked_subcommand is not None:
        return
    columns = {
        "lease": "id",
        "tenant": "tenant_id",
        "pool": "pool_id",
        "product": "product",
        "nodes": "nodes",
        "state": "state",
        "firm until": "firm_until",
        "ends": "end_at",
        "taken at": "take_at",
    }
    rows = Client().pages("/v1/leases", live=None if every else "true")
    say_rows(rows, columns, as_json=as_json, nothing="no leases", limit=limit)


@leases_app.command("show")
def show_lease(lease_id: LeaseId, *, as_json: AsJson = False) -> None:
    """Show a lease with its nodes.

    Example: `tidegate leases show lea_1m89...`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415

    say_one(Client().get(f"/v1/leases/{lease_id}"), as_json=as_json)


@leases_app.command("extend")
def extend_lease(
    lease_id: LeaseId,
    *,
    until: Annotated[str, typer.Option(help="The new end (ISO 8601, UTC by default).")],
    as_json: AsJson = False,
) -> None:
    """Move a lease's end further out; its firm time stays as it was sold.

    Example: `tidegate leases extend lea_1m89... --until 2026-03-02T08:00`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415
    from tidegate.cli.moneytables import instant  # noqa: PLC0415

    body = {"end_at": instant(until)}
    say_one(Client().post(f"/v1/leases/{lease_id}/extend", body), as_json=as_json)


@leases_app.command("shrink")
def shrink_lease(
    lease_id: LeaseId,
    *,
    nodes: Annotated[int, typer.Option(min=1, help="Nodes that stay.")],
    as_json: AsJson = False,
) -> None:
    """Give nodes of a running lease back.

    Example: `tidegate leases shrink lea_1m89... --nodes 2`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415

    say_one(Client().post(f"/v1/leases/{lease_id}/shrink", {"nodes": nodes}), as_json=as_json)


@leases_app.command("end")
def end_lease(lease_id: LeaseId, *, as_json: AsJson = False) -> None:
    """Give all nodes of a lease back now.

    Example: `tidegate leases end lea_1m89...`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415

    say_one(Client().post(f"/v1/leases/{lease_id}/end"), as_json=as_json)


@leases_app.command("notice")
def read_notice(lease_id: LeaseId, *, as_json: AsJson = False) -> None:
    """Show what a workload on a lease should expect: nothing, a recall, or its end.

    Example: `tidegate leases notice lea_1m89...`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415

    say_one(Client().get(f"/v1/leases/{lease_id}/notice"), as_json=as_json)


@leases_app.command("checkpoint-done")
def checkpoint_done(lease_id: LeaseId, *, as_json: AsJson = False) -> None:
    """Say that a workload under notice has saved its work; its nodes go back at once.

    Example: `tidegate leases checkpoint-done lea_1m89...`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415

    say_one(Client().post(f"/v1/leases/{lease_id}/checkpoint-done"), as_json=as_json)
