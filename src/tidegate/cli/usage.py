"""``tidegate usage``."""

from collections import defaultdict
from enum import StrEnum
from typing import Annotated

import typer

from tidegate.cli.screen import say_json


class By(StrEnum):
    """What usage is added up by."""

    LEASE = "lease"
    DAY = "day"
    HOUR = "hour"


def usage(
    *,
    from_: Annotated[
        str | None, typer.Option("--from", help="First moment; the month's beginning by default.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Where to stop, not included; now by default.")
    ] = None,
    tenant: Annotated[str | None, typer.Option(help="Of one tenant only (its id).")] = None,
    by: Annotated[By, typer.Option(help="What to add up by.")] = By.LEASE,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, hour by hour.")] = False,
) -> None:
    """Show metered GPU-hours, from the running system.

    Times are ISO 8601; without an offset they are UTC. Example: `tidegate usage --from 2026-03-01 --by day`
    """
    from tidegate.cli.client import Client  # noqa: PLC0415  kept off the path of --help
    from tidegate.cli.moneytables import instant, print_usage  # noqa: PLC0415

    rows = list(
        Client().pages(
            "/v1/usage", **{"from": instant(from_)}, until=instant(until), tenant_id=tenant
        )
    )
    if as_json:
        say_json(rows)
        return
    added: dict[tuple[str, ...], int] = defaultdict(int)
    for row in rows:
        when = {By.LEASE: "", By.DAY: row["start"][:10], By.HOUR: row["start"][:16]}[by]
        lease = row["lease_id"] if by is not By.DAY else ""
        key = (when, row["tenant_id"], row["pool"], row["product"], lease)
        added[key] += row["gpu_seconds"]
    print_usage(dict(sorted(added.items())))
