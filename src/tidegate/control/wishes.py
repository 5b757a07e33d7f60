"""What tenants ask of a lease or order that is there: to end it, make it smaller or longer, or cancel it.

Only the loop changes what is in its book: a wish is written down, and granted or refused in the next step.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class WishKind(StrEnum):
    """What is asked for."""

    END = "end"
    SHRINK = "shrink"
    EXTEND = "extend"
    CANCEL = "cancel"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Wish:
    """Something asked of the loop.

    Attributes
    ----------
    id, pool_id : str
    subject : str
        Id of the lease, order or quote.
    kind : WishKind
    value : int
        The nodes that stay, the new end, or until when to hold; 0 for others.
    actor : str
    made_s : int
    done_s : int or None
    trouble : str
        Why it was refused.
    """

    id: str
    pool_id: str
    subject: str
    kind: WishKind
    value: int
    actor: str
    made_s: int
    done_s: int | None = None
    trouble: str = ""


class WishStore(Protocol):
    """Where wishes are kept."""

    def wish(self, wish: Wish) -> None:
        """Write one down."""
        ...

    def wishes(self, pool_id: str) -> list[Wish]:
        """Those of a pool that are neither granted nor refused, the oldest first."""
        ...

    def wished(self, wish_id: str) -> Wish | None:
        """A wish by id."""
        ...
