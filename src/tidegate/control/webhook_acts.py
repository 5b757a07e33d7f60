"""What is done with webhooks: receivers made, changed and tried; deliveries listed and replayed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from tidegate.control.access import Act, Actor, existing, not_found, require
from tidegate.control.access_store import AccessDoor, AccessStore
from tidegate.control.audit import AuditEntry, entry
from tidegate.control.ids import Prefix, new_id
from tidegate.control.seal import Seal
from tidegate.control.webhooks import (
    Delivery,
    DeliveryState,
    Endpoint,
    Sender,
    body_of,
    new_secret,
    replay,
    rotate_secret,
)
from tidegate.errors import RequestError

TEST_KIND: Final = "webhook.test"
"""Kind of the message that tries a receiver."""


@dataclass(frozen=True)
class NewEndpoint:
    """A receiver with its secret, which is shown now and never again."""

    endpoint: Endpoint
    secret: str

    def __repr__(self) -> str:
        return f"NewEndpoint({self.endpoint.id}, secret=...)"


def _endpoint(
    store: AccessStore, actor: Actor, endpoint_id: str, *, to_change: bool = False
) -> Endpoint:
    found = store.hooks.endpoint(endpoint_id, actor.reach, to_change=to_change)
    return existing(found, "webhook", endpoint_id)


class Webhooks:
    """Use cases on receivers.

    Parameters
    ----------
    door : AccessDoor
    seal : Seal
    sender : Sender
        Knows which addresses may be called.
    wall_s : callable
        Wall-clock time in whole seconds.
    """

    def __init__(
        self, door: AccessDoor, seal: Seal, sender: Sender, wall_s: Callable[[], int]
    ) -> None:
        self._door = door
        self._seal = seal
        self._sender = sender
        self._wall_s = wall_s

    def create(
        self, actor: Actor, url: str, kinds: tuple[str, ...], tenant_id: str | None
    ) -> NewEndpoint:
        """Make a receiver of a tenant's events, or, without one, of everybody's.

        Raises
        ------
        AccessError, RequestError
            ``TG-HOOK-URL`` for an address that must not be called; ``TG-API-NOT-FOUND`` for an unknown tenant.
        """
        require(actor, Act.WEBHOOKS_WRITE)
        tenant_id = tenant_id or actor.tenant_id
        if not actor.reach.covers(tenant_id):
            raise not_found("tenant", str(tenant_id))
        self._sender.check_url(url)
        secret, sealed = new_secret(self._seal)
        endpoint = Endpoint(new_id(Prefix.WEBHOOK), tenant_id, url, kinds, sealed, self._wall_s())
        with self._door.changing() as store:
            if tenant_id and store.tenants.tenant(tenant_id, actor.reach) is None:
                raise not_found("tenant", tenant_id)
            store.hooks.save_endpoint(endpoint)
            store.audit.add(self._entry(actor, "webhooks.create", endpoint))
        return NewEndpoint(endpoint, secret)

    def page(self, actor: Actor, after_id: str | None, limit: int) -> list[Endpoint]:
        """Receivers within the actor's reach."""
        require(actor, Act.WEBHOOKS_READ)
        with self._door.reading() as store:
            return store.hooks.endpoints(actor.reach, after_id, limit)

    def find(self, actor: Actor, endpoint_id: str) -> Endpoint:
        """Receiver by id.

        Raises
        ------
        AccessError, RequestError
            ``TG-API-NOT-FOUND``.
        """
        require(actor, Act.WEBHOOKS_READ)
        with self._door.reading() as store:
            return _endpoint(store, actor, endpoint_id)

    def change(
        self, actor: Actor, endpoint_id: str, change: Callable[[Endpoint], Endpoint]
    ) -> Endpoint:
        """Change a receiver.

        Raises
        ------
        AccessError, RequestError
            ``TG-API-NOT-FOUND``; ``TG-HOOK-URL``.
        """
        require(actor, Act.WEBHOOKS_WRITE)
        with self._door.changing() as store:
            before = _endpoint(store, actor, endpoint_id, to_change=True)
            after = change(before)
            if after.url != before.url:
                self._sender.check_url(after.url)
            if after != before:
                store.hooks.save_endpoint(after)
                store.audit.add(self._entry(actor, "webhooks.change", after))
        return after

    def rotate(self, actor: Actor, endpoint_id: str) -> NewEndpoint:
        """Give a receiver a new secret; the old one signs beside it for a day.

        Raises
        ------
        AccessError, RequestError
            ``TG-API-NOT-FOUND``.
        """
        secret, sealed = new_secret(self._seal)
        after = self.change(
            actor, endpoint_id, lambda before: rotate_secret(before, sealed, self._wall_s())
        )
        return NewEndpoint(after, secret)

    def remove(self, actor: Actor, endpoint_id: str) -> None:
        """Forget a receiver and its deliveries.

        Raises
        ------
        AccessError, RequestError
            ``TG-API-NOT-FOUND``.
        """
        require(actor, Act.WEBHOOKS_WRITE)
        with self._door.changing() as store:
            endpoint = _endpoint(store, actor, endpoint_id, to_change=True)
            store.hooks.remove_endpoint(endpoint_id)
            store.audit.add(self._entry(actor, "webhooks.remove", endpoint))

    def test(self, actor: Actor, endpoint_id: str) -> Delivery:
        """Send a receiver a message to try it.

        Raises
        ------
        AccessError, RequestError
            ``TG-API-NOT-FOUND``; ``TG-API-CONFLICT`` when the receiver is disabled.
        """
        require(actor, Act.WEBHOOKS_WRITE)
        wall_s = self._wall_s()
        with self._door.changing() as store:
            endpoint = _endpoint(store, actor, endpoint_id)
            if endpoint.disabled_s is not None:
                raise RequestError("TG-API-CONFLICT", f"Webhook {endpoint_id} is disabled.")
            body = body_of(TEST_KIND, wall_s, {"webhook_id": endpoint_id})
            delivery = Delivery(
                new_id(Prefix.DELIVERY),
                endpoint_id,
                endpoint.tenant_id,
                None,
                TEST_KIND,
                body,
                wall_s,
                wall_s,
            )
            store.deliveries.save_delivery(delivery)
        return delivery

    def deliveries(
        self,
        actor: Actor,
        endpoint_id: str,
        state: DeliveryState | None,
        before_id: str | None,
        limit: int,
    ) -> list[Delivery]:
        """Deliveries to a receiver, the youngest first.

        Raises
        ------
        AccessError, RequestError
            ``TG-API-NOT-FOUND``.
        """
        self.find(actor, endpoint_id)
        with self._door.reading() as store:
            return store.deliveries.deliveries(actor.reach, endpoint_id, state, before_id, limit)

    def replay(self, actor: Actor, endpoint_id: str, delivery_id: str) -> Delivery:
        """Have a delivery tried from the start, dead or delivered, under the same id.

        Raises
        ------
        AccessError, RequestError
            ``TG-API-NOT-FOUND``.
        """
        require(actor, Act.WEBHOOKS_WRITE)
        with self._door.changing() as store:
            delivery = store.deliveries.delivery(delivery_id, actor.reach, to_change=True)
            if delivery is None or delivery.endpoint_id != endpoint_id:
                raise not_found("delivery", delivery_id)
            if delivery.state is DeliveryState.WAITING:
                return delivery
            again = replay(delivery, self._wall_s())
            store.deliveries.save_delivery(again)
        return again

    def _entry(self, actor: Actor, act: str, endpoint: Endpoint) -> AuditEntry:
        return entry(
            new_id(Prefix.AUDIT_ENTRY),
            actor,
            act,
            endpoint.id,
            wall_s=self._wall_s(),
            tenant_id=endpoint.tenant_id,
            data={
                "url": endpoint.url,
                "kinds": list(endpoint.kinds),
                "disabled_s": endpoint.disabled_s,
            },
        )


def edited(
    endpoint: Endpoint,
    wall_s: int,
    *,
    url: str | None,
    kinds: tuple[str, ...] | None,
    is_disabled: bool | None,
) -> Endpoint:
    """Receiver with those things changed that are given."""
    after = replace(
        endpoint,
        url=endpoint.url if url is None else url,
        kinds=endpoint.kinds if kinds is None else kinds,
    )
    if is_disabled is None:
        return after
    disabled_s = (endpoint.disabled_s or wall_s) if is_disabled else None
    return replace(after, disabled_s=disabled_s, trouble="")
