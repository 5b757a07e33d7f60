"""Orders handed to the leader in its own process: each is written once, together with its verdict.

Elsewhere, and whenever the leader does not take one, an order goes over the table: written as placed, then judged.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future

from tidegate.lease.lease import Order

Answer = Future[Order | None]
"""Becomes the order as it was judged; None when it was not, and has to go over the table."""


class Intake:
    """Where handlers and the leader of one process meet.

    Attributes
    ----------
    wake : callable
        Told of each order's pool; set by the loop.
    """

    def __init__(self) -> None:
        self.wake: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._waiting: dict[str, list[Order]] | None = None
        self._answers: dict[str, Answer] = {}
        self._of_key: dict[tuple[str, str], Order] = {}

    def open(self) -> None:
        """Begin to take orders: there is a leader."""
        with self._lock:
            self._waiting = defaultdict(list)

    def close(self) -> None:
        """Take no more, and hand back what was not judged."""
        with self._lock:
            self._waiting = None
            left = list(self._answers.values())
            self._answers.clear()
            self._of_key.clear()
        for answer in left:
            answer.set_result(None)

    def put(self, order: Order) -> Answer | None:
        """Hand an order in; None when nobody leads here.

        One that its tenant has handed in with the same key already gets the answer to that one.
        """
        with self._lock:
            if self._waiting is None:
                return None
            key = _key_of(order)
            if key is not None and (earlier := self._of_key.get(key)) is not None:
                return self._answers[earlier.id]
            answer: Answer = Future()
            # Whoever does not wait any longer leaves it to the others.
            answer.set_running_or_notify_cancel()
            self._answers[order.id] = answer
            if key is not None:
                self._of_key[key] = order
            self._waiting[order.pool_id].append(order)
        self.wake()
        return answer

    def withdraw(self, order: Order) -> None:
        """Take an order back, unless the leader has taken it: nobody waits for it any longer."""
        with self._lock:
            if self._waiting is not None and order in self._waiting.get(order.pool_id, ()):
                self._waiting[order.pool_id].remove(order)
                answer = self._answers.pop(order.id)
                self._of_key.pop(_key_of(order), None)  # type: ignore[arg-type]
                answer.set_result(None)

    def holds(self, pool_id: str) -> bool:
        """Whether there are orders for a pool."""
        waiting = self._waiting
        return waiting is not None and pool_id in waiting

    def take(self, pool_id: str) -> list[Order]:
        """Return a pool's orders; each of them has to be answered, or :meth:`close` follows."""
        with self._lock:
            return [] if self._waiting is None else self._waiting.pop(pool_id, [])

    def tell(self, judged: Iterable[tuple[Order, Order]]) -> None:
        """Answer orders: each as it was handed in, and as it is now."""
        answered = []
        with self._lock:
            for order, now in judged:
                answer = self._answers.pop(order.id, None)
                if (key := _key_of(order)) is not None:
                    self._of_key.pop(key, None)
                if answer is not None:
                    answered.append((answer, now))
        for answer, now in answered:
            answer.set_result(now)


def _key_of(order: Order) -> tuple[str, str] | None:
    return None if order.idempotency_key is None else (order.tenant_id, order.idempotency_key)


def apart(
    orders: Sequence[Order], earlier: Iterable[Order]
) -> tuple[list[Order], list[tuple[Order, Order]]]:
    """Return the orders that are new, and the others each with the one of the same key that is there."""
    known = {_key_of(order): order for order in earlier}
    new = [order for order in orders if _key_of(order) not in known]
    return new, [(order, known[_key_of(order)]) for order in orders if _key_of(order) in known]
