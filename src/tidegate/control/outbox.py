"""Carrying commands out and looking at pools: the only place that calls a driver.

Each pool has a desk of its own, with a thread of its own for the calls, so that a driver that hangs holds up
nobody else's. Commands are carried out at least once, in order; the driver makes repeats harmless.
"""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import structlog

from tidegate.control.changes import Numbered
from tidegate.control.ports import (
    CapsQuota,
    Command,
    Driver,
    GiveBack,
    HandOver,
    Notice,
    PoolFacts,
    Remembers,
    Sanitise,
    Stirs,
    Take,
)
from tidegate.control.store import CarriedOut, LeaseStore
from tidegate.errors import DriverError

log = structlog.get_logger(__name__)

FOR_GOOD: Final = frozenset(
    {"TG-DRIVER-BUSY", "TG-DRIVER-FRONTIER", "TG-DRIVER-QUOTA", "TG-DRIVER-UNKNOWN"}
)
"""What a driver refuses for good; anything else is tried again."""

AT_ONCE: Final = 64
"""Commands carried out before that is noted: after a crash, no more are repeated than these."""

RETRY_S: Final = (0.2, 1.0, 5.0, 15.0)
"""Real seconds between tries, the last one again and again."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A pool as it was seen.

    Attributes
    ----------
    facts : PoolFacts
    done : int
        Number of the last command carried out before.
    """

    facts: PoolFacts
    done: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A command that the driver refuses for good."""

    command: Command
    lease_id: str | None
    trouble: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """A driver that failed, or did not answer in time."""

    text: str


News = Seen | Refused | Trouble


def carry_out(driver: Driver, command: Command) -> None:
    """Have a driver carry a command out."""
    match command:
        case HandOver():
            driver.hand_over(command)
        case Notice():
            driver.notice(command)
        case Take():
            driver.take(command)
        case Sanitise():
            driver.sanitise(command)
        case GiveBack():
            driver.give_back(command)


def _guarded(call: Callable[[], Any]) -> Any:
    """Call a driver; whatever it raises becomes a DriverError."""
    try:
        return call()
    except DriverError:
        raise
    except Exception as error:
        raise DriverError("TG-DRIVER-DOWN", f"{type(error).__name__}: {error}.") from error


class CallsInTime:
    """A thread that makes one call at a time, and callers that do not wait for ever.

    Parameters
    ----------
    deadline_s : float
        Real seconds that a call may take.
    name : str
        Of the thread.
    """

    def __init__(self, deadline_s: float, name: str) -> None:
        self._deadline_s = deadline_s
        self._calls: queue.SimpleQueue[tuple[Callable[[], Any], queue.SimpleQueue[Any]] | None]
        self._calls = queue.SimpleQueue()
        self._is_hanging = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while (work := self._calls.get()) is not None:
            call, answer = work
            result: tuple[bool, Any]
            try:
                result = (True, _guarded(call))
            except DriverError as error:
                result = (False, error)
            # Before it is told: whoever is told may call again at once.
            self._is_hanging = False
            answer.put(result)

    def __call__(self, call: Callable[[], Any]) -> Any:
        """Make a call.

        Raises
        ------
        DriverError
            ``TG-DRIVER-HUNG`` when it takes too long, and while an earlier one still does.
        """
        if self._is_hanging:
            raise DriverError("TG-DRIVER-HUNG", "an earlier call has not come back yet.")
        answer: queue.SimpleQueue[tuple[bool, Any]] = queue.SimpleQueue()
        self._is_hanging = True
        self._calls.put((call, answer))
        try:
            is_good, value = answer.get(timeout=self._deadline_s)
        except queue.Empty:
            raise DriverError(
                "TG-DRIVER-HUNG", f"no answer within {self._deadline_s:g} s."
            ) from None
        if not is_good:
            raise value
        return value

    def close(self) -> None:
        """End the thread, once its call has come back."""
        self._calls.put(None)


CAP_RETRY_S: Final = 60.0
"""Real seconds between tries to set the quota: it is a second lock, and holds nothing up."""


class Desk:
    """What is sent to a pool's driver, and what it shows.

    Parameters
    ----------
    pool_id : str
    driver : Driver
    store : LeaseStore
    call : callable
        How the driver is called: :class:`CallsInTime`, or at once.
    now_s : callable
    """

    def __init__(
        self,
        pool_id: str,
        driver: Driver,
        store: LeaseStore,
        now_s: Callable[[], int],
        call: Callable[[Callable[[], Any]], Any] = _guarded,
    ) -> None:
        self.pool_id = pool_id
        self._driver = driver
        self._store = store
        self._call = call
        self._now_s = now_s
        self._waiting: deque[Numbered] = deque()
        self._done = 0
        self._seen = 0
        self._tries = 0
        self._next_try = 0.0
        self._stuck: tuple[int, str] | None = None
        self._leasable: int | None = None
        self._capped: int | None = None
        self._next_cap = 0.0

    def cap(self, nodes: int) -> None:
        """Have a driver that can be held to the quota lend no more nodes than these."""
        if nodes != self._leasable:
            self._leasable, self._next_cap = nodes, 0.0

    def on_stir(self, call: Callable[[], None]) -> None:
        """Have this called when the driver says that a look would show something new."""
        if isinstance(self._driver, Stirs):
            self._driver.on_stir(call)

    def send(self, commands: Iterable[Numbered]) -> None:
        """Take in commands that have been written."""
        self._waiting.extend(commands)

    def begin(self, commands: Iterable[Numbered], last_command: int, *, is_new: bool) -> None:
        """Begin with the commands that were left over; those before them have been carried out.

        Parameters
        ----------
        commands : iterable of Numbered
        last_command : int
        is_new : bool
            Whether another may have led meanwhile.
        """
        if is_new and isinstance(self._driver, Remembers):
            self._driver.forget()
        self._capped = self._stuck = None
        self._waiting = deque(commands)
        self._done = self._waiting[0].number - 1 if self._waiting else last_command
        self._seen = self._done

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits to be carried out."""
        return not self._waiting

    @property
    def has_done(self) -> bool:
        """Whether commands have been carried out since the pool was last looked at."""
        return self._done > self._seen

    def stuck(self, now_s: int, longer_than_s: int) -> str:
        """Return what the next command has failed at for longer than this; empty when none has."""
        if self._stuck is None or now_s - self._stuck[0] <= longer_than_s:
            return ""
        return self._stuck[1]

    @property
    def backlog(self) -> int:
        """How many commands wait to be carried out."""
        return len(self._waiting)

    def work(self) -> list[News]:
        """Carry out what waits, then look at the pool."""
        return [*self.clear(), self.look()]

    def clear(self) -> list[News]:
        """Carry out what waits, as far as the driver lets it; what was carried out is noted at the end."""
        self._set_leasable()
        news: list[News] = []
        done: list[CarriedOut] = []
        while self._waiting and time.monotonic() >= self._next_try:
            numbered = self._waiting[0]
            try:
                refused = self._carry_out(numbered)
            except DriverError as error:
                self._next_try = time.monotonic() + RETRY_S[min(self._tries, len(RETRY_S) - 1)]
                self._tries += 1
                since_s = self._now_s() if self._stuck is None else self._stuck[0]
                self._stuck = since_s, str(error)
                self._store.tried(self.pool_id, numbered.number, str(error))
                news.append(Trouble(str(error)))
                break
            self._tries, self._stuck = 0, None
            self._waiting.popleft()
            done.append(CarriedOut(numbered.number, refused.trouble if refused else None))
            if refused is not None:
                news.append(refused)
            if len(done) == AT_ONCE:
                self._note(done)
        self._note(done)
        return news

    def _set_leasable(self) -> None:
        driver, nodes = self._driver, self._leasable
        if nodes is None or nodes == self._capped or time.monotonic() < self._next_cap:
            return
        if not isinstance(driver, CapsQuota):
            return
        try:
            self._call(lambda: driver.set_leasable(self.pool_id, nodes))
        except DriverError as error:
            self._next_cap = time.monotonic() + CAP_RETRY_S
            log.warning("quota not set", pool=self.pool_id, nodes=nodes, trouble=str(error))
        else:
            self._capped = nodes

    def _note(self, done: list[CarriedOut]) -> None:
        if done:
            self._store.carried_out(self.pool_id, done, self._now_s())
            self._done = done[-1].number
            done.clear()

    def look(self) -> News:
        """Look at the pool."""
        done = self._seen = self._done
        try:
            facts: PoolFacts = self._call(lambda: self._driver.facts(self.pool_id))
        except DriverError as error:
            return Trouble(str(error))
        return Seen(facts, done)

    def _carry_out(self, numbered: Numbered) -> Refused | None:
        """Have a command carried out; return what the driver refuses for good."""
        command = numbered.command
        try:
            self._call(lambda: carry_out(self._driver, command))
        except DriverError as error:
            if error.code in FOR_GOOD:
                return Refused(command, numbered.lease_id, str(error))
            raise
        return None
