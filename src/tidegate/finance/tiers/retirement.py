"""Orderly retirement: a schedule of sales that does not swamp its own market, and the papers of each node.

Selling q GPUs in a month brings ``q p (1 - k q / d)``: d is what the market takes in a month, k by how much the price
falls when as many are sold (linear temporary impact, as in Almgren and Chriss 2000). What is kept loses price and
costs or earns its keep.
"""

import heapq
from dataclasses import dataclass
from datetime import date

from tidegate.finance.month import Month


@dataclass(frozen=True)
class SaleMonth:
    """What is sold in a month.

    Attributes
    ----------
    month : Month
    nodes, gpus : int
    price : float
        Of a GPU, after the sale's own pressure on it and the cost of selling.
    proceeds : float
    """

    month: Month
    nodes: int
    gpus: int
    price: float
    proceeds: float


@dataclass(frozen=True)
class Market:
    """What a chip's second-hand market takes.

    Attributes
    ----------
    price : float
        Of a GPU now, after the cost of selling.
    monthly_fall : float
        Share that the price loses in a month.
    depth : float
        GPUs that it takes in a month.
    impact : float
        Share by which the price falls when as many as ``depth`` are sold.
    keep : float
        What a GPU earns (above 0) or costs (below 0) in a month that it is kept.
    discount : float
        Of a month.
    """

    price: float
    monthly_fall: float
    depth: float
    impact: float
    keep: float
    discount: float


def sales(
    nodes: int, gpus_per_node: int, market: Market, start: Month, months: int = 36
) -> tuple[SaleMonth, ...]:
    """Return the schedule of sales that brings most.

    What the next node adds to a month's proceeds falls with every node sold in it, so that giving each node to
    the month where it adds most is optimal (a separable concave resource allocation; Fox 1966).

    Parameters
    ----------
    nodes, gpus_per_node : int
    market : Market
    start : Month
        First month of sales.
    months : int
        In which all is to be sold.
    """
    sold = [0] * months

    def total(month: int, count: int) -> float:
        gpus = count * gpus_per_node
        price = market.price * (1 - market.monthly_fall) ** month
        paid = gpus * price * (1 - market.impact * gpus / market.depth)
        kept = sum(market.discount ** (t + 1) for t in range(month)) * market.keep * gpus
        return market.discount**month * paid + kept

    heap = [(-(total(month, 1) - total(month, 0)), month) for month in range(months)]
    heapq.heapify(heap)
    for _ in range(nodes):
        _, month = heapq.heappop(heap)
        sold[month] += 1
        gain = total(month, sold[month] + 1) - total(month, sold[month])
        heapq.heappush(heap, (-gain, month))
    found = []
    for month, count in enumerate(sold):
        if count:
            gpus = count * gpus_per_node
            price = (
                market.price
                * (1 - market.monthly_fall) ** month
                * (1 - market.impact * gpus / market.depth)
            )
            found.append(SaleMonth(start + month, count, gpus, price, gpus * price))
    return tuple(found)


@dataclass(frozen=True)
class Certificate:
    """That a node has been sanitised before it leaves.

    Attributes
    ----------
    node : str
    pool : str
    chip : str
    method : str
        Such as ``NIST SP 800-88 purge``.
    done_on : date
    by : str
        Who did it.
    checked_by : str
        Who has checked it: somebody else.
    """

    node: str
    pool: str
    chip: str
    method: str
    done_on: date
    by: str
    checked_by: str

    def __post_init__(self) -> None:
        if not (self.by.strip() and self.checked_by.strip()) or self.by == self.checked_by:
            raise ValueError(
                "a certificate names who has sanitised the node, and another who has checked it"
            )

    def text(self) -> str:
        """Return the certificate as text."""
        return (
            f"Sanitising certificate\n\nNode {self.node} of pool {self.pool} ({self.chip})\n"
            f"Method: {self.method}\nDone on {self.done_on} by {self.by}\nChecked by {self.checked_by}\n"
        )
