"""The chip catalogue: a data file with units, sources and dates."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Chip:
    """An accelerator model.

    Attributes
    ----------
    id : str
        Stable id, such as ``H100-SXM``.
    """

    id: str


def catalogue() -> Mapping[str, Chip]:
    """Return every chip by id, in the order of the data file."""
    raise NotImplementedError
