"""A request repeated under the same Idempotency-Key is served once."""

from dataclasses import dataclass
from typing import Final, Protocol

KEPT_S: Final = 86_400
"""How long an answer is kept for repeats."""
ABANDONED_S: Final = 60
"""A request that has not been answered after so long died with its server; a repeat takes over."""


@dataclass(frozen=True)
class Ticket:
    """A request that was made under a key.

    Attributes
    ----------
    actor_id : str
        Keys of two actors do not meet.
    key : str
    fingerprint : str
        Hash of method, path and body: a repeat has the same.
    at_s : int
        Wall-clock time at which it was begun.
    answer : str or None
        Encrypted answer (it may hold a secret that is shown once); None while it is being served.
    """

    actor_id: str
    key: str
    fingerprint: str
    at_s: int
    answer: str | None = None


class OnceStore(Protocol):
    """Where tickets are kept."""

    def add(self, ticket: Ticket) -> Ticket | None:
        """Write a ticket; when there is one of that actor and key already, return that one instead."""
        ...

    def take_over(self, ticket: Ticket, begun_s: int) -> bool:
        """Begin an abandoned one again: only one of those who try at the same time succeeds."""
        ...

    def answer(self, actor_id: str, key: str, answer: str) -> None:
        """Keep the answer."""
        ...

    def drop(self, actor_id: str, key: str) -> None:
        """Forget a ticket: nothing was done under it."""
        ...

    def drop_before(self, at_s: int) -> int:
        """Forget tickets begun before; return how many."""
        ...
