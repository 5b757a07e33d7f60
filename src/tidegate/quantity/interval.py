"""Half-open intervals of whole seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Interval:
    """The seconds from ``start_s`` up to, but not including, ``end_s``.

    Attributes
    ----------
    start_s, end_s : int
        Bounds, in seconds; equal bounds make an empty interval.

    Raises
    ------
    ValueError
        If the end lies before the start.
    """

    start_s: int
    end_s: int

    def __post_init__(self) -> None:
        if self.end_s < self.start_s:
            raise ValueError(f"the interval ends ({self.end_s}) before it starts ({self.start_s})")

    @property
    def duration_s(self) -> int:
        """Length in seconds."""
        return self.end_s - self.start_s

    def __contains__(self, time_s: int) -> bool:
        return self.start_s <= time_s < self.end_s

    def overlap_s(self, other: "Interval") -> int:
        """Seconds that both intervals have; 0 when they only touch."""
        return max(0, min(self.end_s, other.end_s) - max(self.start_s, other.start_s))
