"""The courier: tells tenants and receivers what has happened.

It follows the events by a bookmark. For every event it writes, in one transaction with the bookmark, what is to be
sent: so nothing is forgotten and nothing written twice, whatever is killed when. Sending comes after, outside of any
transaction, until the receiver has taken it or every try has failed.
"""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final, Protocol

import structlog

from tidegate.control.access import Reach
from tidegate.control.access_store import AccessDoor, AccessStore
from tidegate.control.audit import seal_entries
from tidegate.control.ids import Prefix, new_id
from tidegate.control.notices import MAIL_BACKOFF_S, MailState, Notice
from tidegate.control.once import KEPT_S
from tidegate.control.seal import Seal
from tidegate.control.sessions import IDLE_S, LIFETIME_S
from tidegate.control.telling import TOLD_TO_TENANTS, for_tenants, headline, mail_text
from tidegate.control.webhooks import KEPT_S as DELIVERIES_KEPT_S
from tidegate.control.webhooks import (
    Delivery,
    Endpoint,
    Sender,
    after_gone,
    after_try,
    body_of,
    signed_headers,
)
from tidegate.lease.events import LOOP, Event

TERM_ENDS: Final = "lease.ending"
"""A lease ends within a day."""
REMIND_S: Final = 86_400

_EVENTS: Final = "courier"
_TERMS: Final = "term-ends"
_AT_ONCE: Final = 500
_MOST: Final = 1_000_000
_SENDERS: Final = 8
_SENT_AT_ONCE: Final = 4 * _SENDERS
_TIDY_EVERY_S: Final = 60

log = structlog.get_logger(__name__)


class MailRoom(Protocol):
    """Hands in e-mail."""

    def send(self, to: str, subject: str, text: str, message_id: str) -> str:
        """Hand in one message; empty when the server took it, else what failed. Never raises."""
        ...


@dataclass(frozen=True)
class Clocks:
    """The courier's two clocks, each returning whole seconds: the fleet's, and the one on the wall."""

    fleet_s: Callable[[], int]
    wall_s: Callable[[], int]


@dataclass(frozen=True)
class Everybody:
    """Whoever may be told."""

    endpoints: Sequence[Endpoint]
    tenants: Collection[str]
    classes: Mapping[str, str]


class Courier:
    """Tells of events, sends what waits, seals the audit log, sweeps out what is old.

    Several replicas may each run one: what one has claimed, the others leave alone.

    Parameters
    ----------
    door : AccessDoor
    seal : Seal
    sender : Sender
    mail : MailRoom or None
        None when no e-mail is sent.
    clocks : Clocks
    """

    def __init__(
        self,
        door: AccessDoor,
        seal: Seal,
        sender: Sender,
        mail: MailRoom | None,
        clocks: Clocks,
    ) -> None:
        self._door = door
        self._seal = seal
        self._sender = sender
        self._mail = mail
        self._clocks = clocks
        self._tidied_s = 0

    def work(self) -> bool:
        """Do what there is to do now, a page of each; return whether there is more."""
        self.remind()
        has_more = self.tell()
        has_more |= self.send() == _SENT_AT_ONCE
        has_more |= self.send_mail() == _SENDERS
        with self._door.changing() as store:
            has_more |= seal_entries(self._seal, store.audit, _AT_ONCE) == _AT_ONCE
        self.tidy()
        return has_more

    def run(self, stop: threading.Event, pause_s: float = 0.5) -> None:
        """Work until it is stopped; what fails is logged, and tried again."""
        while not stop.is_set():
            try:
                busy = self.work()
            except Exception:
                log.exception("courier failed")
                busy = False
            if not busy:
                stop.wait(pause_s)

    def remind(self) -> int:
        """Write an event for each lease that ends within a day; return how many."""
        until_s = self._clocks.fleet_s() + REMIND_S
        with self._door.changing() as store:
            from_s = store.bookmarks.place(_TERMS)
            if until_s <= from_s:
                return 0
            ending = store.events.ending(max(from_s, until_s - REMIND_S), until_s)
            store.bookmarks.move(_TERMS, until_s)
            store.events.add(
                [
                    Event(
                        until_s - REMIND_S,
                        LOOP,
                        TERM_ENDS,
                        lease.id,
                        {"end_s": lease.end_s, "nodes": lease.nodes, "pool_id": lease.pool_id},
                        tenant_id=lease.tenant_id,
                    )
                    for lease in ending
                    # One that is shorter than a day has been told its end when it was ordered.
                    if lease.end_s - lease.start_s > REMIND_S
                ]
            )
        return len(ending)

    def tell(self) -> bool:
        """Write what is to be sent of new events; return whether there are more."""
        with self._door.changing() as store:
            seen = store.bookmarks.place(_EVENTS)
            last = store.events.last()
            if last == seen:
                return False
            endpoints = store.hooks.endpoints(Reach(None), None, _MOST)
            wanted = None if endpoints else TOLD_TO_TENANTS
            events = store.events.after(seen, _AT_ONCE, until=last, kinds=wanted)
            if events:
                self._tell_all(store, endpoints, events)
            has_more = len(events) == _AT_ONCE
            store.bookmarks.move(_EVENTS, events[-1].seq if has_more else last)
        return has_more

    def _tell_all(
        self, store: AccessStore, endpoints: Sequence[Endpoint], events: Sequence[Event]
    ) -> None:
        everybody = Everybody(
            endpoints,
            frozenset(tenant.id for tenant in store.tenants.tenants(Reach(None), None, _MOST)),
            store.tenants.price_classes(),
        )
        for event in events:
            self._tell(store, everybody, event)

    def _tell(self, store: AccessStore, everybody: Everybody, event: Event) -> None:
        # The owner's receivers get the event as it is, a tenant's what that tenant is told of it.
        told = [event, *for_tenants(event, everybody.classes, everybody.tenants)]
        for endpoint in everybody.endpoints:
            for each in told[:1] if endpoint.tenant_id is None else told[1:]:
                if endpoint.wants(each.kind, each.tenant_id):
                    store.deliveries.save_delivery(self._delivery(endpoint, each))
        for each in told[1:]:
            line = headline(each)
            if line is not None and each.tenant_id in everybody.tenants:
                store.notices.save_notice(self._notice(each, line))

    def _delivery(self, endpoint: Endpoint, event: Event) -> Delivery:
        wall_s = self._clocks.wall_s()
        return Delivery(
            new_id(Prefix.DELIVERY),
            endpoint.id,
            endpoint.tenant_id,
            event.seq,
            event.kind,
            body_of(event.kind, event.at_s, told_of(event)),
            wall_s,
            wall_s,
        )

    def _notice(self, event: Event, line: str) -> Notice:
        return Notice(
            new_id(Prefix.NOTICE),
            str(event.tenant_id),
            event.kind,
            event.subject,
            line,
            event.at_s,
            dict(event.data),
            event.seq,
            mail=MailState.WAITING if self._mail else MailState.NONE,
            mail_next_s=self._clocks.wall_s(),
        )

    def send(self) -> int:
        """Send the deliveries that are due; return how many."""
        with self._door.changing() as store:
            due = store.deliveries.claim_due(self._clocks.wall_s(), _SENT_AT_ONCE)
        if due:
            with ThreadPoolExecutor(min(_SENDERS, len(due))) as pool:
                list(pool.map(lambda pair: self._send_one(*pair), due))
        return len(due)

    def _send_one(self, delivery: Delivery, endpoint: Endpoint) -> None:
        wall_s = self._clocks.wall_s()
        headers = signed_headers(self._seal, endpoint, delivery, wall_s)
        outcome = self._sender.send(endpoint.url, delivery.body.encode(), headers)
        with self._door.changing() as store:
            now = store.deliveries.delivery(delivery.id, Reach(None), to_change=True)
            if now is None:  # its receiver was removed meanwhile
                return
            after = after_try(now, outcome, self._clocks.wall_s())
            store.deliveries.save_delivery(after)
            kept = store.hooks.endpoint(endpoint.id, Reach(None), to_change=True)
            disabled = after_gone(kept, outcome, self._clocks.wall_s()) if kept else None
            if disabled:
                store.hooks.save_endpoint(disabled)
        if outcome.trouble:
            log.warning(
                "webhook failed",
                webhook=endpoint.id,
                delivery=delivery.id,
                tries=after.tries,
                state=after.state.value,
                trouble=outcome.trouble,
            )

    def send_mail(self) -> int:
        """Send the e-mails that are due; return how many."""
        if self._mail is None:
            return 0
        with self._door.changing() as store:
            due = store.notices.claim_due(self._clocks.wall_s(), _SENDERS)
        for notice, address in due:
            trouble = self._mail.send(address, notice.headline, mail_text(notice), notice.id)
            with self._door.changing() as store:
                now = store.notices.notice(notice.id, Reach(None), to_change=True)
                if now is not None:
                    store.notices.save_notice(_after_mail(now, trouble, self._clocks.wall_s()))
            if trouble:
                log.warning("e-mail failed", notice=notice.id, trouble=trouble)
        return len(due)

    def tidy(self) -> None:
        """Sweep out old tickets and sessions, once a minute."""
        wall_s = self._clocks.wall_s()
        if wall_s < self._tidied_s + _TIDY_EVERY_S:
            return
        self._tidied_s = wall_s
        with self._door.changing() as store:
            store.tickets.drop_before(wall_s - KEPT_S)
            store.deliveries.drop_before(wall_s - DELIVERIES_KEPT_S)
            store.sessions.end_sessions_before(wall_s - LIFETIME_S, wall_s - IDLE_S)


def told_of(event: Event) -> dict[str, object]:
    """Return what a receiver is told of an event."""
    return {"subject": event.subject, "actor": event.actor, **event.data}


def _after_mail(notice: Notice, trouble: str, wall_s: int) -> Notice:
    tries = notice.mail_tries + 1
    if not trouble:
        return replace(notice, mail=MailState.SENT, mail_tries=tries)
    if tries >= len(MAIL_BACKOFF_S):
        return replace(notice, mail=MailState.DEAD, mail_tries=tries)
    return replace(notice, mail_tries=tries, mail_next_s=wall_s + MAIL_BACKOFF_S[tries])
