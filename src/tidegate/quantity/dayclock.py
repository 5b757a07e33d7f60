"""Times of day of many moments at once; apart from the texts, so that a command's help loads no arrays."""

import numpy as np
from numpy.typing import NDArray

from tidegate.quantity.timetext import time_of_day_s


def times_of_day_s(seconds: NDArray[np.int64], timezone: str) -> NDArray[np.int64]:
    """Return :func:`time_of_day_s` of many times, shape as given.

    Offsets are looked up once for every quarter of an hour, where alone they change.
    """
    quarter, place = np.unique(seconds // 900, return_inverse=True)
    first = [time_of_day_s(900 * number, timezone) for number in quarter.tolist()]
    result: NDArray[np.int64] = (np.array(first, dtype=np.int64)[place] + seconds % 900) % 86_400
    return result
