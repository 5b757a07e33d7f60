"""The tables, one file per room, all on one :data:`METADATA`."""

from tidegate.store.tables import access, core, money, steering
from tidegate.store.tables.metadata import METADATA

__all__ = ["METADATA", "access", "core", "money", "steering"]
