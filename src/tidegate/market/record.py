"""What the kernel writes down, month by month."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Track = NDArray[np.float32]


class Record(NamedTuple):
    """One array per figure; ``n`` draws, ``T`` months, ``R`` regions, ``C`` camps, ``G`` generations.

    Attributes
    ----------
    rent, contract, resale : (n, T, R, G)
        USD per GPU-hour on demand; the same for running contracts on average; USD per used GPU.
    occupancy : (n, T, R, G)
        Rented over offered GPUs.
    gap : (n, T)
        Largest relative difference between demand and supply that clearing left.
    chip_price : (n, T, G)
        USD per new GPU.
    made, in_use, stored, scrapped : (n, T, G)
        GPUs: delivered so far, at work, standing, gone.
    capacity : (n, T, R, C)
        Installed work, in reference GPUs.
    let : (n, T, R, C)
        Rented GPUs over GPUs that the camp offers.
    revenue, costs, cash, debt, equity, purchases, sales, borrowed, written_off : (n, T, R, C)
        USD: rent of the month; running costs and interest; balances; paid in by a parent (negative: paid out),
        chips bought, chips sold less used chips bought, borrowed less repaid, debt that a lender lost.
    firms : (n, T, R, C)
        Firms left.
    allotted, ordered : (n, T, C)
        USD of chips ordered and granted in the month, both regions.
    concentration : (n, T, 2)
        Herfindahl index of revenue over both regions, and the share of the four largest firms.
    developers : (n, T)
        Developers drawn in, over those of the start.
    owner : (n, T, 4)
        USD: lease revenue; running cost of its fleet; profit of all else; rent paid to others.
    """

    rent: Track
    contract: Track
    resale: Track
    occupancy: Track
    gap: Track
    chip_price: Track
    made: Track
    in_use: Track
    stored: Track
    scrapped: Track
    capacity: Track
    let: Track
    revenue: Track
    costs: Track
    cash: Track
    debt: Track
    equity: Track
    purchases: Track
    sales: Track
    borrowed: Track
    written_off: Track
    firms: Track
    allotted: Track
    ordered: Track
    concentration: Track
    developers: Track
    owner: Track


def empty_record(draws: int, months: int, camps: int, generations: int) -> Record:
    """Return a record of zeros."""
    by_generation = (draws, months, 2, generations)
    by_camp = (draws, months, 2, camps)
    shapes = {
        **dict.fromkeys(("rent", "contract", "resale", "occupancy"), by_generation),
        **dict.fromkeys(
            ("chip_price", "made", "in_use", "stored", "scrapped"), (draws, months, generations)
        ),
        **dict.fromkeys(("allotted", "ordered"), (draws, months, camps)),
        "gap": (draws, months),
        "developers": (draws, months),
        "concentration": (draws, months, 2),
        "owner": (draws, months, 4),
    }
    return Record(
        **{name: np.zeros(shapes.get(name, by_camp), dtype=np.float32) for name in Record._fields}
    )
