"""Tables of usage, invoices and prices, and saving what was fetched."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from tidegate.cli import screen
from tidegate.cli.client import Client
from tidegate.errors import OptionError, Place, RemoteError, RunError
from tidegate.lease import PriceBook


def instant(text: str | None) -> str | None:
    """Return a moment as the interface wants it.

    Raises
    ------
    OptionError
        If it cannot be read.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise OptionError.at(
            "--from or --until",
            f"{text!r} is not a time.",
            "an ISO 8601 time, such as 2026-03-01 or 2026-03-01T08:00+01:00.",
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def invoice_id(client: Client, wanted: str) -> str:
    """Return the id of an invoice that is named by id or number.

    Raises
    ------
    RemoteError
        ``TG-API-NOT-FOUND``.
    """
    if wanted.startswith("inv_"):
        return wanted
    for found in client.pages("/v1/invoices"):
        if found["number"] == wanted:
            return str(found["id"])
    error = RemoteError(
        "TG-API-NOT-FOUND",
        f"There is no invoice {wanted!r}.",
        expected="an id or number that `tidegate invoice list` shows.",
    )
    error.exit_code = 2
    raise error


def save(content: bytes, path: Path) -> None:
    """Write a file, and say so.

    Raises
    ------
    RunError
        ``TG-RUN-OUT``.
    """
    try:
        path.write_bytes(content)
    except OSError as error:
        raise RunError(
            "TG-RUN-OUT", f"{path} cannot be written: {error.strerror}.", place=Place(str(path))
        ) from error
    screen.out.print(f"saved {path}", markup=False, soft_wrap=True)


def _table(*columns: str, right: Iterable[str] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", no_wrap=True)
    return table


def _hours(gpu_seconds: int) -> str:
    return f"{Decimal(gpu_seconds) / 3600:,.3f}"


def print_usage(added: Mapping[tuple[str, ...], int]) -> None:
    """Print GPU-hours by time, tenant, pool, product and lease."""
    names = ("time", "tenant", "pool", "product", "lease")
    shown = [place for place in range(len(names)) if any(key[place] for key in added)]
    table = _table(*(names[place] for place in shown), "GPU-hours", right=("GPU-hours",))
    for key, seconds in added.items():
        table.add_row(*(key[place] for place in shown), _hours(seconds))
    if added:
        screen.out.print(table)
    screen.out.print(f"{_hours(sum(added.values()))} GPU-hours")


def print_invoices(invoices: Iterable[Mapping[str, Any]]) -> None:
    """Print a list of invoices."""
    table = _table("number", "tenant", "month", "total", "due", "by", "", right=("total", "due"))
    for each in invoices:
        table.add_row(
            each["number"],
            each["tenant_id"],
            each["month"],
            _money(each["total"]),
            _money(each["amount_due"]),
            each["due_at"][:10],
            "paid" if each["paid_at"] else "",
        )
    screen.out.print(table if table.row_count else "no invoices")


def print_invoice(invoice: Mapping[str, Any]) -> None:
    """Print an invoice with its lines and sums."""
    screen.out.print(
        f"{invoice['number']} to {invoice['tenant_name']}, {invoice['month']}, due "
        f"{invoice['due_at'][:10]}" + (", paid" if invoice["paid_at"] else ""),
        markup=False,
    )
    right = ("GPU-hours", "rate", "amount")
    table = _table("what", "lease", "from", "until", *right, right=right)
    for line in invoice["lines"]:
        what = f"{line['chip']} {line['product']}" + (f", {line['band']}" if line["band"] else "")
        if line["kind"] == "correction":
            what += f" (correction of {line['month']})"
        table.add_row(
            what,
            line["lease_id"],
            line["start"][:16],
            line["end"][:16],
            _hours(line["gpu_seconds"]),
            line["rate"],
            line["amount"],
        )
    screen.out.print(table)
    sums = _table("", "", right=("",))
    sums.show_header = False
    rows = [("net", invoice["net"])]
    rows += [(f"{t['name']} on {t['net']}", t["amount"]) for t in invoice["taxes"]]
    rows.append(("total", invoice["total"]))
    rows += [(f"{a['source']} {a['source_id']}", f"-{a['amount']}") for a in invoice["applied"]]
    rows.append(("amount due", f"{invoice['amount_due']} {invoice['currency']}"))
    for name, value in rows:
        sums.add_row(name, value)
    screen.out.print(sums)


def print_credits(notes: Iterable[Mapping[str, Any]]) -> None:
    """Print a list of credit notes."""
    table = _table(
        "number", "tenant", "issued", "reason", "lease", "event", "total", "left",
        right=("event", "total", "left"),
    )  # fmt: skip
    for each in notes:
        table.add_row(
            each["number"],
            each["tenant_id"],
            each["issued_at"][:10],
            each["reason"],
            each["lease_id"] or "",
            "" if each["event"] is None else str(each["event"]),
            _money(each["total"]),
            _money(each["left"]),
        )
    screen.out.print(table if table.row_count else "no credit notes")


def print_prices(book: Mapping[str, Any]) -> None:
    """Print a price book."""
    table = _table("chip", "product", "class", "rate", "", "bands", "until", right=("rate",))
    for price in book["prices"]:
        bands = ", ".join(
            f"{b['name']} {b['start']}-{b['end']} {b['rate']}" for b in price["bands"]
        )
        table.add_row(
            price["chip"],
            price["product"],
            price["tenant_class"] or "",
            price["rate"],
            price["currency"],
            f"{bands} ({price['zone']})" if bands else "",
            (price["valid_until"] or "")[:10],
        )
    screen.out.print(table if table.row_count else "no prices")
    for step in book["volume_discounts"]:
        screen.out.print(f"{_share(step)} off from {step['gpus']} GPUs on")
    for step in book["term_discounts"]:
        screen.out.print(f"{_share(step)} off from {step['wanted_s'] / 3600:g} hours on")


def book_body(book: PriceBook, source: str) -> dict[str, Any]:
    """Return a price book as the interface takes it."""

    def time(at_s: int | None) -> str | None:
        return None if at_s is None else datetime.fromtimestamp(at_s, UTC).isoformat()

    def clock(minute: int) -> str:
        return f"{minute // 60:02d}:{minute % 60:02d}"

    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return {
        "source": source,
        "currency": book.currency,
        "prices": [
            {
                "id": price.id,
                "chip": price.chip,
                "product": price.product,
                "rate": f"{price.rate:f}",
                "currency": price.currency,
                "tenant_class": price.tenant_class,
                "zone": price.zone,
                "bands": [
                    {
                        "name": band.name,
                        "start": clock(band.from_minute),
                        "end": clock(band.to_minute),
                        "factor": f"{band.factor:f}",
                        "days": [days[day] for day in sorted(band.days)],
                    }
                    for band in price.bands
                ],
                "valid_from": time(price.from_s),
                "valid_until": time(price.until_s),
            }
            for price in book.prices
        ],
        "volume_discounts": [
            {"gpus": step.threshold, "share": f"{step.share:f}"} for step in book.volume
        ],
        "term_discounts": [
            {"wanted_s": step.threshold, "share": f"{step.share:f}"} for step in book.term
        ],
        "cash_costs": {chip: f"{cost:f}" for chip, cost in book.cash_costs.items()},
        "exchange": {code: f"{rate:f}" for code, rate in book.exchange.items()},
    }


def print_books(told: Mapping[str, Any]) -> None:
    """Print what a check of the books came to."""
    for line in told["wrong"]:
        screen.out.print(f"[bold red]wrong[/] {escape(line)}", soft_wrap=True)
    for line in told["pending"]:
        screen.out.print(f"pending {escape(line)}", soft_wrap=True)
    screen.out.print(
        f"{told['invoices']} invoices, {told['credit_notes']} credit notes, {told['leases']} leases, "
        f"{_hours(told['gpu_seconds'])} GPU-hours: {len(told['wrong'])} wrong, {len(told['pending'])} pending",
        soft_wrap=True,
    )


def _share(step: Mapping[str, Any]) -> str:
    return f"{Decimal(step['share']):.1%}"


def _money(money: Mapping[str, str]) -> str:
    return f"{money['amount']} {money['currency']}"
