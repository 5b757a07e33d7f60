"""What the meter's ledger adds up to."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from tidegate.meter.settle import MeterRecord

HOUR_S: Final = 3600


def gpu_seconds(records: Iterable[MeterRecord]) -> Mapping[str, int]:
    """Return GPU-seconds by lease, corrections taken off."""
    total: dict[str, int] = defaultdict(int)
    for record in records:
        total[record.lease_id] += record.gpu_seconds
    return dict(total)


def by_hour(
    records: Iterable[MeterRecord], from_s: int, until_s: int
) -> Mapping[tuple[str, int], int]:
    """Return GPU-seconds by lease and hour.

    Parameters
    ----------
    records : iterable of MeterRecord
        The ledger, or the part of it that touches the window.
    from_s, until_s : int
        The window ``[from_s, until_s)``; what lies outside of it is cut off.

    Returns
    -------
    mapping of (lease id, first second of the hour) to int
        Only hours in which something was held; hours begin at multiples of 3,600 s.
    """
    total: dict[tuple[str, int], int] = defaultdict(int)
    for record in records:
        start_s, end_s = max(record.start_s, from_s), min(record.end_s, until_s)
        while start_s < end_s:
            hour_s = start_s - start_s % HOUR_S
            next_s = min(hour_s + HOUR_S, end_s)
            total[record.lease_id, hour_s] += record.gpus * (next_s - start_s)
            start_s = next_s
    return {key: seconds for key, seconds in sorted(total.items()) if seconds}
