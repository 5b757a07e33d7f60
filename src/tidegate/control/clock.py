"""Clocks: the real one, and one that runs faster."""

import threading
import time


class RealClock:
    """The machine's clock."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def now_s(self) -> int:
        """Return the time."""
        return int(time.time())

    def wait(self, seconds: float) -> None:
        """Wait, or until it is stopped."""
        self._stopped.wait(seconds)

    def stop(self) -> None:
        """End every wait."""
        self._stopped.set()


class FastClock:
    """A clock that begins at a moment of its own and runs several times as fast.

    Parameters
    ----------
    start_s : int
        What it shows at ``started_at``.
    factor : float
    started_at : float or None
        Real time of its start, in seconds since the epoch; None for now.
    """

    def __init__(self, start_s: int, factor: float, started_at: float | None = None) -> None:
        self.start_s = start_s
        self.factor = factor
        self.started_at = time.time() if started_at is None else started_at
        self._stopped = threading.Event()

    def now_s(self) -> int:
        """Return the time."""
        return self.start_s + int((time.time() - self.started_at) * self.factor)

    def wait(self, seconds: float) -> None:
        """Wait for so many of its seconds, or until it is stopped."""
        self._stopped.wait(seconds / self.factor)

    def stop(self) -> None:
        """End every wait."""
        self._stopped.set()
