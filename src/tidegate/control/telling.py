"""Events in words: which of them a tenant must be told, and how."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from tidegate.control.notices import Notice
from tidegate.lease.events import NODES_LOST, NODES_REPLACED, Event


def _time(at_s: Any) -> str:
    if not isinstance(at_s, int):
        return "an unknown time"
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _percent(share: Any) -> str:
    try:
        return f"{Decimal(str(share)):.0%}"
    except InvalidOperation:
        return "A part"


def _prices(changed: Iterable[Mapping[str, Any]]) -> str:
    shown = [
        f"{each['product']} on {each['chip']} at {each['rate']} {each['currency']}"
        for each in changed
    ]
    more = f", and {len(shown) - 5} more" if len(shown) > 5 else ""  # noqa: PLR2004
    return ", ".join(shown[:5]) + more


def _names(nodes: Any) -> str:
    shown = [str(node) for node in nodes or ()]
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")  # noqa: PLR2004


PRICES_CHANGED: Final = "prices.changed"
"""The one kind of event that is everybody's and nobody's: each tenant is told what concerns it."""

_LINES: Final[Mapping[str, Callable[[str, Mapping[str, Any]], str]]] = {
    "lease.noticed": lambda subject, data: (
        f"Recall: the nodes of lease {subject} are taken back at {_time(data.get('take_s'))}."
    ),
    "lease.broken": lambda subject, _: (
        f"Lease {subject} was taken back before its promised time; a credit note follows by itself."
    ),
    "lease.failed": lambda subject, _: f"Lease {subject} ended because of a failure.",
    NODES_REPLACED: lambda subject, data: (
        f"{_names(data.get('failed'))} of lease {subject} failed: {_names(data.get('nodes'))} instead."
    ),
    NODES_LOST: lambda subject, data: (
        f"{_names(data.get('nodes'))} of lease {subject} failed: it goes on without."
        + (" A credit note follows by itself." if data.get("lost_s") else "")
    ),
    "lease.ending": lambda subject, data: f"Lease {subject} ends at {_time(data.get('end_s'))}.",
    PRICES_CHANGED: lambda _, data: (
        f"Prices have changed for new quotes: {_prices(data.get('changed', ()))}."
    ),
    "budget.reached": lambda _, data: (
        f"{_percent(data.get('share'))} of the budget of {data.get('month')} is spent: "
        f"{data.get('spent')} of {data.get('budget')} {data.get('currency')}."
    ),
    "invoice.issued": lambda subject, data: (
        f"Invoice {data.get('number', subject)} for {data.get('month')}: {data.get('amount_due')} "
        f"{data.get('currency')} due at {_time(data.get('due_s'))}."
    ),
    "credit_note.issued": lambda subject, data: (
        f"Credit note {data.get('number', subject)} ({data.get('reason')}): {data.get('total')} "
        f"{data.get('currency')}, taken off the next invoices."
    ),
}


TOLD_TO_TENANTS: Final = frozenset(_LINES)
"""Kinds of events that are written on a tenant's account; all others matter to webhooks alone."""


def headline(event: Event) -> str | None:
    """Return the sentence that tells a tenant of an event; None when it need not be told."""
    line = _LINES.get(event.kind)
    return None if line is None else line(event.subject, event.data)


def told_to_tenant(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event's data without what is the owner's alone: the floor of a price tells its costs."""
    detail = data.get("price_detail")
    if not isinstance(detail, Mapping):
        return dict(data)
    return {**data, "price_detail": {k: v for k, v in detail.items() if k != "floor"}}


def for_tenants(
    event: Event, classes: Mapping[str, str], tenants: Iterable[str]
) -> Iterator[Event]:
    """Return what each tenant is told of an event: its own events, and prices that concern it.

    Parameters
    ----------
    classes : mapping of str to str
        Class in the price book of each tenant that has one.
    tenants : iterable of str
        All of them.
    """
    if event.kind != PRICES_CHANGED:
        if event.tenant_id is not None:
            yield replace(event, data=told_to_tenant(event.data))
        return
    for tenant_id in tenants:
        own = (None, "", classes.get(tenant_id))
        changed = [each for each in event.data.get("changed", ()) if each["tenant_class"] in own]
        if changed:
            yield replace(event, tenant_id=tenant_id, data={"changed": changed})


def mail_text(notice: Notice) -> str:
    """Return the text of a notice's e-mail."""
    return (
        f"{notice.headline}\n\n"
        f"What:  {notice.kind}\n"
        f"About: {notice.subject}\n"
        f"When:  {_time(notice.at_s)}\n\n"
        "This is also on your account, and at /v1/notices.\n"
    )
