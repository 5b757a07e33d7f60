"""What the doors of the running system need kept: declared piece by piece by those who use it, joined here."""

from contextlib import AbstractContextManager
from typing import Protocol

from tidegate.control.audit import AuditStore
from tidegate.control.keys import KeyStore
from tidegate.control.notices import NoticeStore
from tidegate.control.once import OnceStore
from tidegate.control.sessions import SessionStore
from tidegate.control.tenants import TenantStore
from tidegate.control.webhooks import HookStore


class AccessStore(
    KeyStore, SessionStore, TenantStore, HookStore, NoticeStore, OnceStore, AuditStore, Protocol
):
    """One transaction on keys, users, sessions, tenants, webhooks, notices, tickets and the audit log."""

    def bookmark(self, name: str) -> int:
        """How far somebody has read the events; 0 in the beginning. Held until the transaction ends."""
        ...

    def set_bookmark(self, name: str, seq: int) -> None:
        """Remember how far."""
        ...


class AccessDoor(Protocol):
    """Opens transactions."""

    def changing(self) -> AbstractContextManager[AccessStore]:
        """One that writes: committed at the end, rolled back when anything is raised."""
        ...

    def reading(self) -> AbstractContextManager[AccessStore]:
        """One that only reads, and sees one state of everything."""
        ...
