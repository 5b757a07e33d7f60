"""How often somebody may ask: token buckets, in the memory of one replica."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_MOST_BUCKETS: Final = 100_000


@dataclass(frozen=True)
class Rate:
    """What a bucket holds and how fast it fills.

    Attributes
    ----------
    burst : int
        Requests that may come at once.
    per_second : float
        Requests a second in the long run.
    """

    burst: int
    per_second: float


class Limiter:
    """Buckets by name, each of one rate.

    Parameters
    ----------
    rate : Rate
    monotonic_s : callable
        Seconds that never go back.
    """

    def __init__(self, rate: Rate, monotonic_s: Callable[[], float]) -> None:
        self.rate = rate
        self._now = monotonic_s
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str, tokens: float = 1.0) -> float:
        """Take from a bucket; return 0, or the seconds to wait when it holds too little."""
        now = self._now()
        with self._lock:
            level, at = self._buckets.pop(name, (float(self.rate.burst), now))
            level = min(self.rate.burst, level + (now - at) * self.rate.per_second)
            wait_s = 0.0 if level >= tokens else (tokens - level) / self.rate.per_second
            self._buckets[name] = (level if wait_s else level - tokens, now)
            # The bucket asked for longest ago goes first; it has most likely filled up again anyway.
            if len(self._buckets) > _MOST_BUCKETS:
                self._buckets.popitem(last=False)
        return wait_s
