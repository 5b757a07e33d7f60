"""Waiting for what the loop says: in the leader's own process at once, elsewhere by looking again."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final, Generic, TypeVar

T = TypeVar("T")

LOOK_S: Final = 0.1
"""Real seconds between two looks at the store, for what another replica's loop says."""


class Answers(Generic[T]):
    """Meeting point of those who wait for the loop and the loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, threading.Event] = {}
        self._said: dict[str, T] = {}

    @contextmanager
    def expected(self, id: str) -> Iterator[Callable[[float, Callable[[], T | None]], T | None]]:
        """Begin to wait before the question is put; gives what to wait with.

        The function given takes the seconds to wait and how to look the answer up; None when there is none in time.
        """
        event = threading.Event()
        with self._lock:
            self._waiting[id] = event

        def wait(seconds: float, look: Callable[[], T | None]) -> T | None:
            until = time.monotonic() + seconds
            while (left := until - time.monotonic()) > 0:
                if event.wait(min(LOOK_S, left)):
                    with self._lock:
                        return self._said.get(id)
                if (found := look()) is not None:
                    return found
            return look()

        try:
            yield wait
        finally:
            with self._lock:
                self._waiting.pop(id, None)
                self._said.pop(id, None)

    def tell(self, answers: Iterable[tuple[str, T]]) -> None:
        """Answer those who wait; nobody else is told."""
        with self._lock:
            for id, answer in answers:
                event = self._waiting.get(id)
                if event is not None:
                    self._said[id] = answer
                    event.set()
