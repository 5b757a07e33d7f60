"""Bills for other systems."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from tidegate.billing import Source, month_of
from tidegate.billing.focus import Charge, FocusVersion, charges
from tidegate.control.access import Act, Actor, require
from tidegate.control.money_store import Till

_ALL: Final = 1_000_000


def focus_charges(till: Till, actor: Actor, month: str, version: FocusVersion) -> list[Charge]:
    """Return the charges of all invoices of a month within the actor's reach, invoice by invoice.

    Parameters
    ----------
    till : Till
    actor : Actor
    month : str
        Such as ``2026-03``, of the billing zone.
    version : FocusVersion
    """
    require(actor, Act.INVOICES_READ)
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=ZoneInfo(till.rules.zone))
    period = month_of(int(first.timestamp()), till.rules.zone)
    with till.door.reading() as store:
        kept = store.bills.invoices(actor.reach, None, _ALL, period.start_s)
        numbers = {
            part.source_id
            for each in kept
            for part in each.invoice.applied
            if part.source is Source.CREDIT_NOTE
        }
        notes = store.credits.credit_notes_by_number(numbers, actor.reach)
    return [
        charge
        for each in reversed(kept)
        for charge in charges(each.invoice, till.rules.issuer, notes, version)
    ]
