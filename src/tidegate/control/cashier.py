"""The leader's work on money, turn by turn: meter, credit, warn, invoice."""

from typing import Final

import structlog

from tidegate.control.budgets import check_budgets
from tidegate.control.invoicing import broken_of_late, credit_breaks, invoice_months
from tidegate.control.metering import MARK, meter
from tidegate.control.money_store import Till

_DAY_S: Final = 86_400

log = structlog.get_logger(__name__)


class Cashier:
    """Does what is due; to be called every second or so by whoever leads.

    All that it does may be done twice, by two at once, or be cut off at any point: each step works out what is
    lacking and adds that.

    Parameters
    ----------
    till : Till
    """

    def __init__(self, till: Till) -> None:
        self._till = till
        self._credited: set[int] = set()

    def turn(self) -> None:
        """Do what is due now."""
        door, rules, now_s = self._till.door, self._till.rules, self._till.now_s()
        with door.reading() as store:
            metered_s = store.meter.look_at_mark(MARK)
            broken = {each.event_seq for each in broken_of_late(store, rules, now_s)}
        is_due = metered_s is None or now_s - metered_s >= rules.meter_every_s
        if is_due:
            # Once a day facts are held against the ledger again; billing does so of itself.
            is_new_day = metered_s is None or now_s // _DAY_S != metered_s // _DAY_S
            done = meter(door, rules, now_s, looks_back=is_new_day)
            log.debug("metered", records=done.records, gpu_seconds=done.gpu_seconds)
        # A new break is credited at once; old ones are looked at again with each pass of the meter, for late facts.
        if is_due or broken - self._credited:
            for note in credit_breaks(door, rules, now_s):
                log.info("credit note", number=note.number, lease=note.lease_id)
            self._credited = broken
        if is_due:
            check_budgets(door, rules, now_s)
            for invoice in invoice_months(door, rules, now_s):
                log.info("invoice", number=invoice.number, tenant=invoice.tenant.tenant_id)
