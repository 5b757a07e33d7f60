"""Tiers: what a pool's GPUs may be used for."""

from enum import StrEnum


class Tier(StrEnum):
    """The policy a pool stands under."""

    FRONTIER = "frontier"
    """Kept for its owner's own work; never leased."""
    MAINSTAY = "mainstay"
    """Works for its owner first; what the tide leaves idle is leased out."""
    LEGACY = "legacy"
    """No frontier work; leased, granted, then sold."""
    RETIRED = "retired"
    """Out of service."""

    @property
    def may_lease(self) -> bool:
        """Whether GPUs of this tier may ever be in a lease."""
        return self in (Tier.MAINSTAY, Tier.LEGACY)
