"""Who leads, and the threads of the loop."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from tidegate.control.intake import Intake
from tidegate.control.loop import Line
from tidegate.control.outbox import News
from tidegate.control.store import LEADER, LeadershipStore
from tidegate.errors import FencedError, StoreError

log = structlog.get_logger(__name__)


DUE_S: Final = 0.05
"""Real seconds between two turns when a lease ends within a second."""


@dataclass(frozen=True)
class Pace:
    """How often things happen, in real seconds.

    Attributes
    ----------
    look_s : float
        Between two looks at a pool.
    soon_s : float
        Between two looks when commands have been carried out since: what they have done is seen sooner.
    orders_s : float
        Between two looks for orders that other replicas took.
    lead_s, lead_for_s : float
        Between two renewals of the leadership; for how long each holds.
    retry_s : float
        After a failure.
    """

    look_s: float = 1.0
    soon_s: float = 1.0
    orders_s: float = 0.25
    lead_s: float = 1.0
    lead_for_s: float = 6.0
    retry_s: float = 1.0


class Leadership:
    """Takes the leadership when it is free, and renews it.

    Parameters
    ----------
    store : LeadershipStore
    holder : str
        Name of this replica.
    pace : Pace
    """

    def __init__(self, store: LeadershipStore, holder: str, pace: Pace) -> None:
        self._store = store
        self._holder = holder
        self._pace = pace
        self._epoch: int | None = None
        self._until = 0.0
        self._has_asked = False
        self._stop = threading.Event()
        self.changed: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._run, name="leadership", daemon=True)

    @property
    def epoch(self) -> int | None:
        """The epoch that this replica leads in; None while it does not lead."""
        return self._epoch if time.monotonic() < self._until else None

    @property
    def has_asked(self) -> bool:
        """Whether the store has said who leads."""
        return self._has_asked

    def start(self) -> None:
        """Begin to try."""
        self._thread.start()

    def stop(self) -> None:
        """Give it up."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        if self._epoch is not None:
            self._epoch = None
            try:
                self._store.resign(LEADER, self._holder)
            except StoreError as error:
                log.warning("leadership not given up", trouble=str(error))

    def _run(self) -> None:
        while not self._stop.is_set():
            asked = time.monotonic()
            try:
                epoch = self._store.lead(LEADER, self._holder, self._pace.lead_for_s)
            except StoreError as error:
                log.warning("leadership not renewed", trouble=str(error))
            else:
                if epoch != self._epoch:
                    log.info("leadership", epoch=epoch, leads=epoch is not None)
                self._epoch, self._has_asked = epoch, True
                # Counted from before the question: here it ends before it ends in the database.
                self._until = asked + self._pace.lead_for_s
                self.changed()
            self._stop.wait(self._pace.lead_s)


class _Caller:
    """The thread in which one pool's driver is called, when the loop asks for it.

    It looks again only after the loop has taken in the look before: what is decided on a look is carried out before
    the next one.
    """

    def __init__(self, line: Line, wake: Callable[[], None]) -> None:
        self.line = line
        self.asked_at = 0.0
        self.looked_at = 0.0
        self._wake = wake
        self._asked = threading.Event()
        self._news: list[News] | None = None
        self._looks = False
        self._is_over = False
        self.is_busy = False
        self._thread = threading.Thread(
            target=self._run, name=f"driver {line.pool.id}", daemon=True
        )
        self._thread.start()

    def ask(self, *, look: bool) -> None:
        """Have commands carried out, and the pool looked at if it is time to."""
        if self.is_busy:
            return
        self.is_busy = True
        self._looks = look
        if look:
            self.asked_at = time.monotonic()
        self._asked.set()

    def take(self) -> list[News]:
        """Return what came of it, once."""
        news, self._news = self._news, None
        if news is None:
            return []
        self.is_busy = False
        return news

    @property
    def has_news(self) -> bool:
        """Whether there is something to take."""
        return self._news is not None

    def close(self) -> None:
        """End the thread, after its call."""
        self._is_over = True
        self._asked.set()

    def _run(self) -> None:
        while True:
            self._asked.wait()
            self._asked.clear()
            if self._is_over:
                return
            desk = self.line.desk
            try:
                news = desk.work() if self._looks else desk.clear()
            except StoreError as error:
                log.warning("outbox not written", pool=self.line.pool.id, trouble=str(error))
                news = []
            if news:
                self._news = news
                self._wake()
            else:
                self.is_busy = False


class Loop:
    """Runs the lines while this replica leads.

    Parameters
    ----------
    lines : sequence of Line
    leadership : Leadership
    pace : Pace
    intake : Intake
        Of the lines: open while this replica leads.
    stepped : callable
        Told how many seconds each step took.
    """

    def __init__(
        self,
        lines: Sequence[Line],
        leadership: Leadership,
        pace: Pace,
        intake: Intake,
        stepped: Callable[[Line, float], None] = lambda line, seconds: None,
    ) -> None:
        self._lines = lines
        self._stepped = stepped
        self._leadership = leadership
        self._pace = pace
        self._wakes = {line.pool.id: threading.Event() for line in lines}
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._stirred = {line.pool.id: threading.Event() for line in lines}
        for line in lines:
            line.desk.on_stir(partial(self._stir, line.pool.id))
        self._callers: dict[str, _Caller] = {}
        self._epoch: int | None = None
        self._thread = threading.Thread(target=self._run, name="loop", daemon=True)
        self._intake = intake
        leadership.changed = intake.wake = self._wake.set

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    @property
    def leads(self) -> bool:
        """Whether this replica leads, and has its books in order."""
        return self._epoch is not None and self._leadership.epoch == self._epoch

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self, pool_id: str) -> None:
        """Have a pool's orders looked at at once."""
        if pool_id in self._wakes:
            self._wakes[pool_id].set()
            self._wake.set()

    def _stir(self, pool_id: str) -> None:
        """Have a pool's driver looked at at once."""
        self._stirred[pool_id].set()
        self._wake.set()

    def stop(self) -> None:
        """End after the step that is being made."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=15)
        self._rest()

    def _rest(self) -> None:
        for caller in self._callers.values():
            caller.close()
        self._callers = {}
        self._epoch = None
        self._intake.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                pause_s = self._turn()
            except FencedError as error:
                log.warning("another replica leads", trouble=str(error))
                self._rest()
                pause_s = self._pace.retry_s
            except StoreError as error:
                log.error("the store failed", trouble=str(error))
                self._rest()
                pause_s = self._pace.retry_s
            except Exception:
                log.exception("a step failed; the books are made anew")
                self._rest()
                pause_s = self._pace.retry_s
            if pause_s > 0:
                self._wake.wait(pause_s)
            self._wake.clear()

    def _turn(self) -> float:
        """Do what there is to do; return how long to wait at most."""
        epoch = self._leadership.epoch
        if epoch is None:
            if self._epoch is not None:
                self._rest()
            return self._pace.lead_s
        if epoch != self._epoch:
            self._begin(epoch)
        now = time.monotonic()
        for line in self._lines:
            caller = self._callers[line.pool.id]
            woken = self._wakes[line.pool.id]
            stirred = self._stirred[line.pool.id]
            pause_s = self._pace.look_s
            if line.desk.has_done:
                pause_s = min(pause_s, self._pace.soon_s)
            is_due = now - caller.asked_at >= pause_s or stirred.is_set()
            # It is seen to have come to the end of a lease, then the lease is taken.
            is_due = is_due or line.seconds_to_due == 0
            looks = woken.is_set() or now - caller.looked_at >= self._pace.orders_s
            if not (looks or caller.has_news or is_due or self._intake.holds(line.pool.id)):
                continue
            if looks:
                woken.clear()
                caller.looked_at = now
            began = time.perf_counter()
            line.step(caller.take(), looks=looks)
            self._stepped(line, time.perf_counter() - began)
            if is_due or not line.desk.is_idle:
                if not caller.is_busy:
                    stirred.clear()
                caller.ask(look=is_due)
        pause_s = min(self._pace.orders_s, self._pace.look_s, self._pace.soon_s)
        # A lease is taken when its second has come, not at the next turn after it.
        near = any(line.seconds_to_due in (0, 1) for line in self._lines)
        return min(pause_s, DUE_S) if near else pause_s

    def _begin(self, epoch: int) -> None:
        self._rest()
        for line in self._lines:
            line.begin(epoch)
            self._callers[line.pool.id] = _Caller(line, self._wake.set)
        self._epoch = epoch
        self._intake.open()
        log.info("leading", epoch=epoch, pools=len(self._lines))
