"""Webhooks: events sent to a receiver, signed as Standard Webhooks ask, tried again, kept when all tries failed.

Nothing here opens a connection: a sender does, outside of any transaction.
"""

import base64
import json
import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final, Protocol

from standardwebhooks import Webhook

from tidegate.control.access import Reach
from tidegate.control.seal import Seal
from tidegate.errors import Place, RequestError

BACKOFF_S: Final = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds before each try, as Standard Webhooks recommend; after the last one a delivery is a dead letter."""
ROTATION_GRACE_S: Final = 86_400
"""How long the old secret signs beside the new one."""
KEPT_S: Final = 30 * 86_400
"""How long a delivery is kept once it is delivered or dead."""
CLAIM_S: Final = 60
"""A sender that has not come back after so long is thought dead; somebody else tries."""

_PURPOSE: Final = "webhook"
_JITTER: Final = 0.1
_GONE: Final = 410


class DeliveryState(StrEnum):
    """What has become of a delivery."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True)
class Endpoint:
    """A receiver.

    Attributes
    ----------
    id : str
        ``whk_`` and a time-ordered text.
    tenant_id : str or None
        Whose events it gets; None for everybody's: the owner's own receiver.
    url : str
    kinds : tuple of str
        Kinds of events, each with ``*`` for any text; none for all.
    secret : str
        Encrypted.
    old_secret : str or None
        Encrypted; signs too, until ``old_until_s``.
    old_until_s : int or None
    created_s : int
    disabled_s : int or None
        From then on nothing is sent.
    trouble : str
        Why it was disabled.
    """

    id: str
    tenant_id: str | None
    url: str
    kinds: tuple[str, ...]
    secret: str
    created_s: int
    old_secret: str | None = None
    old_until_s: int | None = None
    disabled_s: int | None = None
    trouble: str = ""

    def wants(self, kind: str, tenant_id: str | None) -> bool:
        """Whether an event of a kind about a tenant's things (None: the owner's) is sent to it."""
        if self.disabled_s is not None or not Reach(self.tenant_id).covers(tenant_id):
            return False
        return not self.kinds or any(fnmatchcase(kind, pattern) for pattern in self.kinds)


@dataclass(frozen=True)
class Delivery:
    """An event on its way to a receiver.

    Attributes
    ----------
    id : str
        Sent as ``webhook-id``: the same at every try, so that a receiver can tell a repeat.
    endpoint_id : str
    tenant_id : str or None
    event_seq : int or None
        Which event; None for one sent to try the receiver.
    kind : str
    body : str
        JSON, the same at every try.
    state : DeliveryState
    tries : int
    next_s : int
        Wall-clock time of the next try.
    created_s : int
    done_s : int or None
    status : int or None
        HTTP status of the last answer.
    trouble : str
        Code and text of the last failure.
    """

    id: str
    endpoint_id: str
    tenant_id: str | None
    event_seq: int | None
    kind: str
    body: str
    created_s: int
    next_s: int
    state: DeliveryState = DeliveryState.WAITING
    tries: int = 0
    done_s: int | None = None
    status: int | None = None
    trouble: str = ""


@dataclass(frozen=True)
class Outcome:
    """What came of one try.

    Attributes
    ----------
    status : int or None
        HTTP status; None when there was no answer.
    trouble : str
        Empty when the receiver took it.
    """

    status: int | None
    trouble: str = ""


class Sender(Protocol):
    """Posts a body to a receiver."""

    def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Post; never raises for what a receiver or a network can do."""
        ...

    def check_url(self, url: str) -> None:
        """Refuse an address that must not be called.

        Raises
        ------
        RequestError
            ``TG-HOOK-URL``.
        """
        ...


class HookStore(Protocol):
    """Where receivers are kept."""

    def endpoint(
        self, endpoint_id: str, reach: Reach, *, to_change: bool = False
    ) -> Endpoint | None:
        """Receiver by id, when within reach; held against other writers when it is to be changed."""
        ...

    def endpoints(self, reach: Reach, after_id: str | None, limit: int) -> list[Endpoint]:
        """Receivers within reach in order of id, from behind ``after_id``."""
        ...

    def save_endpoint(self, endpoint: Endpoint) -> None:
        """Add a receiver, or replace the one of that id."""
        ...

    def remove_endpoint(self, endpoint_id: str) -> None:
        """Forget a receiver with its deliveries."""
        ...


class DeliveryStore(Protocol):
    """Where deliveries are kept."""

    def delivery(
        self, delivery_id: str, reach: Reach, *, to_change: bool = False
    ) -> Delivery | None:
        """Delivery by id, when within reach; held against other writers when it is to be changed."""
        ...

    def deliveries(
        self,
        reach: Reach,
        endpoint_id: str,
        state: DeliveryState | None,
        before_id: str | None,
        limit: int,
    ) -> list[Delivery]:
        """Deliveries to a receiver, youngest first, from behind ``before_id``."""
        ...

    def save_delivery(self, delivery: Delivery) -> None:
        """Add a delivery, or replace the one of that id."""
        ...

    def drop_before(self, done_s: int) -> int:
        """Forget deliveries that were done, or given up, before a time; return how many."""
        ...

    def claim_due(self, wall_s: int, limit: int) -> list[tuple[Delivery, Endpoint]]:
        """Deliveries that are due, each with its receiver; no other sender gets them for :data:`CLAIM_S`."""
        ...


def new_secret(seal: Seal) -> tuple[str, str]:
    """Make a secret of 256 bits: its text as Standard Webhooks write it, and the same encrypted."""
    text = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    return text, seal.encrypt(_PURPOSE, text)


def rotate_secret(endpoint: Endpoint, sealed: str, wall_s: int) -> Endpoint:
    """Receiver with a new secret; the one before signs beside it for a while."""
    return replace(
        endpoint,
        secret=sealed,
        old_secret=endpoint.secret,
        old_until_s=wall_s + ROTATION_GRACE_S,
    )


def wrong_address(why: str) -> RequestError:
    """``TG-HOOK-URL``, with why."""
    return RequestError(
        "TG-HOOK-URL",
        f"{why}.",
        place=Place(field="url"),
        expected="https:// and a public host.",
    )


def body_of(kind: str, at_s: int, data: Mapping[str, object]) -> str:
    """Body of a message as Standard Webhooks lay it out."""
    at = datetime.fromtimestamp(at_s, UTC).isoformat().replace("+00:00", "Z")
    return json.dumps({"type": kind, "timestamp": at, "data": dict(data)}, separators=(",", ":"))


def signed_headers(
    seal: Seal, endpoint: Endpoint, delivery: Delivery, wall_s: int
) -> Mapping[str, str]:
    """Headers of one try: id, time, and a signature by each secret that is valid."""
    sealed: Sequence[str | None] = (
        endpoint.secret,
        endpoint.old_secret if wall_s < (endpoint.old_until_s or 0) else None,
    )
    at = datetime.fromtimestamp(wall_s, UTC)
    signatures = [
        Webhook(seal.decrypt(_PURPOSE, each)).sign(delivery.id, at, delivery.body)
        for each in sealed
        if each
    ]
    return {
        "webhook-id": delivery.id,
        "webhook-timestamp": str(wall_s),
        "webhook-signature": " ".join(signatures),
        "content-type": "application/json",
        "user-agent": "Tidegate",
    }


def after_try(delivery: Delivery, outcome: Outcome, wall_s: int) -> Delivery:
    """Delivery after one more try: delivered, waiting for the next, or dead."""
    tries = delivery.tries + 1
    told = replace(delivery, tries=tries, status=outcome.status, trouble=outcome.trouble)
    if not outcome.trouble:
        return replace(told, state=DeliveryState.DELIVERED, done_s=wall_s)
    if tries >= len(BACKOFF_S) or outcome.status == _GONE:
        return replace(told, state=DeliveryState.DEAD, done_s=wall_s)
    pause_s = BACKOFF_S[tries]
    spread = random.uniform(1 - _JITTER, 1 + _JITTER)  # receivers are not to be hit in step
    return replace(told, next_s=wall_s + max(1, round(pause_s * spread)))


def after_gone(endpoint: Endpoint, outcome: Outcome, wall_s: int) -> Endpoint | None:
    """Receiver disabled because it answered 410 Gone; None when it stays as it is."""
    if outcome.status != _GONE:
        return None
    return replace(endpoint, disabled_s=wall_s, trouble="The receiver answered 410 Gone.")


def replay(delivery: Delivery, wall_s: int) -> Delivery:
    """Delivery to be tried from the start, under the same id."""
    return replace(
        delivery, state=DeliveryState.WAITING, tries=0, next_s=wall_s, done_s=None, trouble=""
    )
