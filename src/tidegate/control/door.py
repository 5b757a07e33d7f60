"""The door to the stores of a room."""

from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

Stores_co = TypeVar("Stores_co", covariant=True)


class Door(Protocol[Stores_co]):
    """Opens transactions; each gives the stores of a room."""

    def changing(self) -> AbstractContextManager[Stores_co]:
        """One that writes: committed at the end, rolled back when anything is raised."""
        ...

    def reading(self) -> AbstractContextManager[Stores_co]:
        """One that only reads, and sees one state of everything."""
        ...
