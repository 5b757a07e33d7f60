"""Meters, invoices and credit notes of the running system, fetched for finance."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tidegate.cli.client import Client
from tidegate.errors import OptionError
from tidegate.finance.month import Month, months_from
from tidegate.plan.liveusage import BilledLine, GivenBack, LiveUsage, MeteredHour, PoolSeconds
from tidegate.quantity import Money


def live_usage(sizes: Mapping[str, int], currency: str, first: Month | None) -> LiveUsage:
    """Ask the server for what was leased and billed from a month's beginning until now.

    Parameters
    ----------
    sizes : mapping of str to int
        GPUs of each pool of the fleet file.
    currency : str
        The fleet's.
    first : Month or None
        None for the present month.

    Raises
    ------
    OptionError
        When the month has not begun.
    RemoteError
        When the server does not answer, or refuses.
    """
    client = Client()
    now = _now(client)
    last = Month.of(now.date())
    start = first or last
    if start > last:
        raise OptionError.at(
            "--start",
            f"{start} has not begun: the system's clock says {now:%Y-%m-%d}.",
            f"a month up to {last}.",
        )
    hours: list[MeteredHour] = []
    pools: list[PoolSeconds] = []
    # The interface gives at most 92 days at once.
    for month in months_from(start, last):
        until = min(datetime(month.end.year, month.end.month, 1, tzinfo=UTC), now)
        span = {"from": f"{month.first}T00:00:00Z", "until": f"{until:%Y-%m-%dT%H:%M:%SZ}"}
        hours += [_hour(row) for row in client.pages("/v1/usage", **span)]
        pools += [_pool(row, month) for row in client.pages("/v1/usage/pools", **span)]
    lines: list[BilledLine] = []
    for row in client.pages("/v1/invoices"):
        if _moment(row["period_end"]) > datetime(start.year, start.number, 1, tzinfo=UTC):
            lines += _lines(client.get(f"/v1/invoices/{row['id']}"))
    notes = tuple(_note(row) for row in client.pages("/v1/credit-notes"))
    return LiveUsage(
        sizes, start, now, tuple(hours), tuple(pools), tuple(lines), notes, currency, client.url
    )


def _now(client: Client) -> datetime:
    """Return the time of the system's clock, which in a demonstration is not this machine's."""
    ends = [_moment(row["end"]) for row in client.pages("/v1/usage/pools")]
    return max(ends, default=datetime.now(UTC))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _hour(row: Mapping[str, Any]) -> MeteredHour:
    return MeteredHour(
        row["pool"],
        row["product"],
        row["lease_id"],
        Month.of(_moment(row["start"]).date()),
        row["gpu_seconds"],
    )


def _pool(row: Mapping[str, Any], month: Month) -> PoolSeconds:
    own, sanitising, failed = row["own"], row["sanitising"], row["failed"]
    watched = own + sanitising + failed + row["leased"] + row["idle"]
    return PoolSeconds(row["pool"], month, own, sanitising, failed, watched)


def _lines(invoice: Mapping[str, Any]) -> list[BilledLine]:
    return [
        BilledLine(
            invoice["number"],
            line["pool"],
            line["product"],
            line["lease_id"],
            Month.parse(line["month"]),
            line["gpu_seconds"],
            Money(Decimal(line["amount"]), invoice["currency"]),
        )
        for line in invoice["lines"]
    ]


def _note(row: Mapping[str, Any]) -> GivenBack:
    return GivenBack(
        row["number"],
        row["lease_id"],
        Month.of(_moment(row["issued_at"]).date()),
        Money(Decimal(row["net"]["amount"]), row["net"]["currency"]),
    )
