"""The loop: load, decide, apply. One leader runs it over every pool."""

from collections.abc import Callable, Mapping, Sequence

import structlog

from tidegate.control.book import Book
from tidegate.control.changes import Changes, Tick
from tidegate.control.failures import take_refusal
from tidegate.control.granting import grant_wishes
from tidegate.control.heldrows import NEVER_S
from tidegate.control.intake import Intake, apart
from tidegate.control.leases import end_due
from tidegate.control.outbox import Desk, News, Refused, Seen, Trouble
from tidegate.control.pools import TICK_S, LivePool
from tidegate.control.ports import Clock, Feed, HandOver
from tidegate.control.reconcile import NOTHING, check_facts
from tidegate.control.steering import SteeringStore
from tidegate.control.step import decide_step, see, see_trouble
from tidegate.control.store import LeaseStore
from tidegate.errors import DriverError
from tidegate.lease.events import DRIFT
from tidegate.lease.lease import Order

log = structlog.get_logger(__name__)

Told = Callable[[str, Changes], None]
"""Given a pool's id and what has been written."""


class Line:
    """One pool in the loop: its book, and the desk that speaks to its driver.

    Parameters
    ----------
    pool : LivePool
    store : LeaseStore
    steering : SteeringStore
    desk : Desk
    clock : Clock
    stale_after_s : int
        Age of the facts beyond which the pool sells nothing.
    tell : callable
        Told what a step came to, once that is written.
    intake : Intake
        Orders of this process.
    feed : Feed or None
        The history of demand, for a pool that has none in the store.
    """

    def __init__(  # noqa: PLR0913 - what a pool in the loop is made of
        self,
        pool: LivePool,
        store: LeaseStore,
        steering: SteeringStore,
        desk: Desk,
        clock: Clock,
        *,
        stale_after_s: int,
        tell: Told,
        intake: Intake | None = None,
        feed: Feed | None = None,
    ) -> None:
        self.pool = pool
        self.desk = desk
        self._store = store
        self._steering = steering
        self._clock = clock
        self._stale_after_s = stale_after_s
        self._tell = tell
        self.intake = intake or Intake()
        self._feed = feed
        self._epoch = 0
        self._book: Book | None = None

    @property
    def book(self) -> Book:
        """The pool's state; only while leading."""
        assert self._book is not None, "a line has a book once it leads"
        return self._book

    @property
    def seconds_to_due(self) -> int | None:
        """Seconds to the first end of a lease that the driver has not been seen to have come to.

        0 while it has to be looked at again for that; None when there is no lease, or the driver is not heard of.
        """
        watch = self.book.watch
        due_s = self.book.rows.first_due_s
        if due_s == NEVER_S or watch.is_stale or (watch.facts_at_s or 0) >= due_s:
            return None
        return max(0, due_s - self._clock.now_s())

    def begin(self, epoch: int) -> None:
        """Begin to lead: everything is made anew from the tables."""
        kept = self._store.kept(self.pool.id)
        if not kept.ticks and self._feed is not None:
            self._store.write(self.pool.id, epoch, Changes(ticks=self._history(self._feed)))
            kept = self._store.kept(self.pool.id)
        is_new, self._epoch = epoch != self._epoch, epoch
        self._book = Book(self.pool, kept, self._steering.steering(self.pool.id))
        self.desk.begin(kept.commands, kept.last_command, is_new=is_new)

    def _history(self, feed: Feed) -> list[Tick]:
        """Return the ticks before now that a feed knows of."""
        now_s, most = self._clock.now_s(), self.pool.pool.nodes
        return [
            Tick(self.pool.id, point.at_s // TICK_S, min(most, point.demand_nodes), 0, 0, 0)
            for point in feed.demand(self.pool.id, 0)
            if point.at_s // TICK_S < now_s // TICK_S
        ]

    def end_due(self) -> None:
        """End the leases that are due, and write it."""
        end_due(self.book, self._clock.now_s())
        self._apply()

    def step(self, news: Sequence[News], *, looks: bool = True) -> None:
        """Take in what is new, decide, and write what it comes to.

        Parameters
        ----------
        news : sequence
            From the desk, in order.
        looks : bool
            Whether to look into the tables for what other replicas have placed or wished there.
        """
        now_s = self._clock.now_s()
        if news:
            self._obey()
            self.book.holds = self._store.held_quotes(self.pool.id, now_s)
        book = self.book
        for each in news:
            self._take_in(each, now_s)
        if not news:
            self._see_trouble("", now_s)
        # A driver's time may lag behind: nobody's nodes are taken before it has come to the end of the lease.
        end_due(book, now_s if book.watch.is_stale else min(now_s, book.watch.facts_at_s or 0))
        placed = []
        if looks:
            grant_wishes(book, self._store.wishes(self.pool.id), now_s, self._store.quote)
            placed = self._store.placed(self.pool.id)
        handed, repeats = self._taken()
        for order in handed:
            book.enter(order)
        decide_step(book, sorted((*placed, *handed), key=lambda order: order.id), now_s)
        if book.pool.pool.tier.may_lease:
            self.desk.cap(book.leasable())
        judged = self._apply()
        self.intake.tell([*((order, judged[order.id]) for order in handed), *repeats])

    def _taken(self) -> tuple[list[Order], list[tuple[Order, Order]]]:
        """Return the orders handed in, and apart from them those that were placed before with the same key."""
        orders = self.intake.take(self.pool.id)
        keys = [
            (order.tenant_id, order.idempotency_key)
            for order in orders
            if order.idempotency_key is not None
        ]
        return apart(orders, self._store.orders_of_keys(keys))

    def _obey(self) -> None:
        """Take in what an operator has said since."""
        was = self.book.steering
        if self._steering.version(self.pool.id) == was.version:
            return
        said = self._steering.steering(self.pool.id)
        if (said.risk, said.tier, said.announced) != (was.risk, was.tier, was.announced):
            # Another forecast, or other rules: made anew from what is kept.
            self._book = Book(self.pool, self._store.kept(self.pool.id), said)
        else:
            self.book.steer(said)

    def _take_in(self, news: News, now_s: int) -> None:
        book = self.book
        match news:
            case Seen(facts, done):
                try:
                    # A clock that went back makes facts untrue that were not.
                    goes_on = facts.at_s >= (book.watch.facts_at_s or 0)
                    settled = book.settled if goes_on else NOTHING
                    check_facts(facts, self.pool.id, self.pool.pool.nodes, now_s, settled)
                except DriverError as error:
                    log.warning("driver's answer set aside", pool=self.pool.id, trouble=str(error))
                    self._see_trouble(str(error), now_s)
                else:
                    see(book, facts, done, now_s, self._stuck(now_s))
            case Trouble(text):
                log.warning("driver in trouble", pool=self.pool.id, trouble=text)
                self._see_trouble(text, now_s)
            case Refused(command, _, trouble):
                log.warning("command refused", pool=self.pool.id, trouble=trouble)
                book.journal.tell(DRIFT, self.pool.id, {"found": [trouble]}, now_s)
                if isinstance(command, HandOver):
                    take_refusal(book, command, now_s)

    def _see_trouble(self, text: str, now_s: int) -> None:
        see_trouble(self.book, text, now_s, self._stale_after_s, self._stuck(now_s))

    def _stuck(self, now_s: int) -> str:
        """Return what the driver has failed at for too long: what is decided now would not come true either."""
        return self.desk.stuck(now_s, self._stale_after_s)

    def _apply(self) -> Mapping[str, Order]:
        """Write what has come of the step; return the orders that have moved, by id."""
        changes = self.book.journal.turn()
        if changes:
            self._store.write(self.pool.id, self._epoch, changes)
            self.desk.send(changes.commands)
            self._tell(self.pool.id, changes)
        return changes.orders


def step_at_once(line: Line) -> None:
    """Run one step of a pool with its driver called in between, as a simulation does.

    What ends now ends before the driver is looked at, and what is decided is carried out before time goes on.
    """
    line.desk.look()
    line.end_due()
    line.step(line.desk.work())
    if news := line.desk.clear():
        line.step([*news, line.desk.look()])
