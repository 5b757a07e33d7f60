"""What was looked up a moment ago."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")

KEPT_S: Final = 1.0
"""Real seconds after which another process's change is seen at the latest; one of this process is seen at once."""

_MOST: Final = 10_000


class Recent(Generic[K, T]):
    """Values that are looked up again after :data:`KEPT_S` seconds, and when told that something has changed.

    One that is asked for all the time is looked up again before its time is over, in a thread apart: nobody waits.

    Parameters
    ----------
    look : callable
        Looks a value up; None when there is none, which is not kept.
    monotonic_s : callable
        Seconds that never go back.
    """

    def __init__(
        self, look: Callable[[K], T | None], monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._look = look
        self._now = monotonic_s
        self._lock = threading.Lock()
        self._kept: dict[K, tuple[float, T]] = {}
        self._changes = 0
        self._renewing: set[K] = set()
        self._aside = ThreadPoolExecutor(1, "look-ups")

    def forget(self) -> None:
        """Look everything up anew: something has changed."""
        with self._lock:
            self._changes += 1
            self._kept.clear()

    def known(self, key: K) -> T | None:
        """Return a value that was looked up a moment ago, without looking."""
        kept = self._kept.get(key)
        age_s = KEPT_S if kept is None else self._now() - kept[0]
        if kept is None or age_s >= KEPT_S:
            return None
        if age_s >= KEPT_S / 2 and key not in self._renewing:
            self._renewing.add(key)
            self._aside.submit(self._renew, key)
        return kept[1]

    def of(self, key: K) -> T | None:
        """Return a value, looked up if need be."""
        known = self.known(key)
        return self._looked_up(key) if known is None else known

    def close(self) -> None:
        """End the thread."""
        self._aside.shutdown(cancel_futures=True)

    def _renew(self, key: K) -> None:
        try:
            self._looked_up(key)
        finally:
            self._renewing.discard(key)

    def _looked_up(self, key: K) -> T | None:
        changes = self._changes
        asked = (
            self._now()
        )  # from before it is looked up: what changes meanwhile is not kept longer
        value = self._look(key)
        with self._lock:
            if changes == self._changes and value is not None:
                if len(self._kept) >= _MOST:
                    self._kept.clear()
                self._kept[key] = (asked, value)
        return value
