"""The lines of invoices as a table, for spreadsheets."""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from tidegate.billing.documents import Invoice
from tidegate.billing.periods import month_name

COLUMNS: Final = (
    *("invoice", "tenant_id", "month", "kind", "lease_id", "pool", "site", "chip", "product"),
    *("price_id", "band", "start", "end", "gpu_seconds", "gpu_hours", "list_rate", "rate"),
    *("amount", "currency"),
)
"""Columns of :func:`lines_csv`."""


def lines_csv(invoices: Iterable[Invoice], zone: str = "UTC") -> str:
    """Write the lines of invoices as CSV with a header.

    Times are ISO 8601 in UTC, ``month`` is that of the zone; GPU-hours are rounded to a millionth.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for invoice in invoices:
        for line in invoice.lines:
            hours = Decimal(line.gpu_seconds) / 3600
            writer.writerow(
                (
                    invoice.number,
                    line.tenant_id,
                    month_name(line.period, zone),
                    line.kind,
                    line.lease_id,
                    line.pool,
                    line.site,
                    line.chip,
                    line.product,
                    line.price_id,
                    line.rate.band,
                    _time(line.start_s),
                    _time(line.end_s),
                    line.gpu_seconds,
                    f"{hours.quantize(Decimal('0.000001'), rounding=ROUND_HALF_EVEN):f}",
                    f"{line.rate.list_rate:f}",
                    f"{line.rate.rate:f}",
                    f"{line.amount.amount:f}",
                    line.amount.currency,
                )
            )
    return out.getvalue()


def _time(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
