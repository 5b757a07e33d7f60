"""What the doors of the running system need kept, joined: each store is declared beside its user."""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from tidegate.control.audit import AuditStore
from tidegate.control.door import Door
from tidegate.control.event_store import EventStore
from tidegate.control.keys import KeyStore
from tidegate.control.notices import NoticeStore
from tidegate.control.once import OnceStore
from tidegate.control.sessions import SessionStore
from tidegate.control.tenants import TenantStore
from tidegate.control.users import UserStore
from tidegate.control.webhooks import DeliveryStore, HookStore


class BookmarkStore(Protocol):
    """How far somebody has read the events."""

    def place(self, name: str) -> int:
        """Last event read, 0 in the beginning; held against other readers of that name until the transaction ends."""
        ...

    def move(self, name: str, seq: int) -> None:
        """Remember how far."""
        ...


@dataclass(frozen=True)
class AccessStore:
    """The stores of one transaction."""

    keys: KeyStore
    users: UserStore
    sessions: SessionStore
    tenants: TenantStore
    hooks: HookStore
    deliveries: DeliveryStore
    notices: NoticeStore
    tickets: OnceStore
    audit: AuditStore
    events: EventStore
    bookmarks: BookmarkStore


AccessDoor: TypeAlias = Door[AccessStore]
"""Opens transactions."""
