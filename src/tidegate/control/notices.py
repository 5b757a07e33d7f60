"""Notices: what a tenant must be told, on its account and by e-mail; and what a workload reads of its own lease."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from tidegate.control.access import Reach


class MailState(StrEnum):
    """What has become of a notice's e-mail."""

    NONE = "none"
    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"


MAIL_BACKOFF_S: Final = (0, 30, 120, 600, 3_600, 14_400)
"""Seconds before each try to send a notice's e-mail; after the last one it is dead."""


@dataclass(frozen=True)
class Notice:
    """Something that a tenant must be told.

    Attributes
    ----------
    id : str
        ``ntc_`` and a time-ordered text.
    tenant_id : str
    kind : str
        Kind of the event that it tells of.
    subject : str
        Id of what it is about.
    headline : str
        One sentence.
    at_s : int
        When it happened, by the fleet's clock.
    data : Mapping
        The event's data.
    event_seq : int
    seen_s : int or None
        Wall-clock time when somebody said that it was read.
    mail : MailState
    mail_tries : int
    mail_next_s : int
    """

    id: str
    tenant_id: str
    kind: str
    subject: str
    headline: str
    at_s: int
    data: Mapping[str, object]
    event_seq: int
    seen_s: int | None = None
    mail: MailState = MailState.NONE
    mail_tries: int = 0
    mail_next_s: int = 0


class NoticeStore(Protocol):
    """Where notices are kept."""

    def notice(self, notice_id: str, reach: Reach, *, to_change: bool = False) -> Notice | None:
        """Notice by id, when within reach."""
        ...

    def notices(
        self, reach: Reach, before_id: str | None, limit: int, *, unseen: bool = False
    ) -> list[Notice]:
        """Notices within reach, youngest first, from behind ``before_id``."""
        ...

    def save_notice(self, notice: Notice) -> None:
        """Add a notice, or replace the one of that id."""
        ...

    def claim_due(self, wall_s: int, limit: int) -> list[tuple[Notice, str]]:
        """Notices whose e-mail is due, each with the tenant's address; claimed for a minute."""
        ...
