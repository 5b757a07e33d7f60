"""A scenario's rents as rows of a price book."""

from datetime import date
from decimal import Decimal

import numpy as np

from tidegate.fleet import catalogue
from tidegate.market.paths import next_month
from tidegate.market.run import MarketRun


def price_rows(
    run: MarketRun, first: date, months: int, product: str, factor: float
) -> list[dict[str, str]]:
    """Return price rows, one per chip and month: the median list rent times a factor.

    Parameters
    ----------
    run : MarketRun
        What was played.
    first : date
        First month that is priced.
    months : int
        How many; those beyond the end of the play are left out.
    product : str
        Product that is priced.
    factor : float
        Price over the market's list rent.

    Returns
    -------
    list of dict
        Columns of a price book's CSV; chips of the catalogue that are let in that month.
    """
    rows = []
    start = run.market.month_of(first)
    for t in range(max(0, start), min(start + months, run.record.rent.shape[1])):
        month = run.months[t]
        for g, chip in enumerate(run.market.generation_ids):
            if chip not in catalogue() or not run.record.occupancy[:, t, 0, g].any():
                continue
            rate = Decimal(str(factor * float(np.median(run.record.rent[:, t, 0, g]))))
            rows.append(
                {
                    "chip": chip,
                    "product": product,
                    "rate": str(rate.quantize(Decimal("0.01"))),
                    "currency": "USD",
                    "from": month.isoformat(),
                    "until": next_month(month).isoformat(),
                }
            )
    return rows
