"""``/v1/webhooks``: events sent to a receiver, signed as Standard Webhooks ask."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from tidegate.api.etags import IfMatch, require_match, tagged
from tidegate.api.guard import Asking
from tidegate.api.once import Doing
from tidegate.api.paging import ListQuery, Page, Paging
from tidegate.api.services import Given
from tidegate.api.shapes import Body, Id, Shape, Time
from tidegate.control.webhook_acts import NewEndpoint, edited
from tidegate.control.webhooks import Delivery, DeliveryState, Endpoint

router = APIRouter(prefix="/webhooks", tags=["webhooks"])

Url = Annotated[
    str, Field(min_length=1, max_length=2_000, description="`https://` and a public host.")
]
Kind = Annotated[str, Field(pattern=r"^[a-z*][a-z0-9_.*-]{0,39}$")]
Kinds = Annotated[
    list[Kind],
    Field(max_length=50, description="Kinds of events, such as `lease.*`; none for all of them."),
]


class WebhookOut(Shape):
    """A receiver."""

    id: str
    tenant_id: str | None = Field(description="Whose events it gets; null: everybody's.")
    url: str
    kinds: list[str]
    created_at: Time
    disabled_at: Time | None
    trouble: str = Field(description="Why it was disabled, when Tidegate did it.")


class NewWebhookOut(WebhookOut):
    """A receiver with a new secret."""

    secret: str = Field(description="Verifies signatures. It is shown this once.")


class WebhookIn(Body):
    """A receiver to be made."""

    url: Url
    kinds: Kinds = Field(default_factory=list)
    tenant_id: str | None = Field(default=None, max_length=40)


class WebhookChange(Body):
    """What is to be changed; what is left out stays."""

    url: Url | None = None
    kinds: Kinds | None = None
    disabled: bool | None = None


class DeliveryOut(Shape):
    """An event on its way to a receiver."""

    id: str = Field(description="Sent as `webhook-id`, the same at every try.")
    kind: str
    state: DeliveryState
    tries: int
    created_at: Time
    next_try_at: Time | None
    done_at: Time | None
    status: int | None = Field(description="HTTP status of the last answer.")
    trouble: str = Field(description="What the last try failed for.")


class DeliveryQuery(ListQuery):
    """Filters of the list of deliveries."""

    state: DeliveryState | None = None


def _fields(endpoint: Endpoint) -> dict[str, object]:
    return {
        "id": endpoint.id,
        "tenant_id": endpoint.tenant_id,
        "url": endpoint.url,
        "kinds": list(endpoint.kinds),
        "created_at": endpoint.created_s,
        "disabled_at": endpoint.disabled_s,
        "trouble": endpoint.trouble,
    }


def _out(endpoint: Endpoint) -> WebhookOut:
    return WebhookOut.model_validate(_fields(endpoint))


def _new_out(new: NewEndpoint) -> NewWebhookOut:
    return NewWebhookOut.model_validate({**_fields(new.endpoint), "secret": new.secret})


def _delivery_out(delivery: Delivery) -> DeliveryOut:
    waits = delivery.state is DeliveryState.WAITING
    return DeliveryOut(
        id=delivery.id,
        kind=delivery.kind,
        state=delivery.state,
        tries=delivery.tries,
        created_at=delivery.created_s,
        next_try_at=delivery.next_s if waits else None,
        done_at=delivery.done_s,
        status=delivery.status,
        trouble=delivery.trouble,
    )


@router.get("", summary="List webhooks")
def list_webhooks(
    services: Given, actor: Asking, query: Annotated[ListQuery, Query()], paging: Paging
) -> Page[WebhookOut]:
    """List receivers, the oldest first."""
    return paging.page(
        query, lambda after, limit: services.webhooks.page(actor, after, limit), _out
    )


@router.post("", status_code=201, response_model=NewWebhookOut, summary="Make a webhook")
def create_webhook(services: Given, actor: Asking, once: Doing, body: WebhookIn) -> Response:
    """Make a receiver. The secret of its signatures is in the answer, and never again."""
    return once(
        lambda: _new_out(
            services.webhooks.create(actor, body.url, tuple(body.kinds), body.tenant_id)
        ),
        at="/v1/webhooks",
    )


@router.get("/{webhook_id}", response_model=WebhookOut, summary="Read a webhook")
def read_webhook(request: Request, services: Given, actor: Asking, webhook_id: Id) -> Response:
    """Read a receiver; its secret is not shown again."""
    return tagged(request, _out(services.webhooks.find(actor, webhook_id)))


@router.patch("/{webhook_id}", response_model=WebhookOut, summary="Change a webhook")
def change_webhook(
    request: Request,
    services: Given,
    actor: Asking,
    webhook_id: Id,
    body: WebhookChange,
    if_match: IfMatch = None,
) -> Response:
    """Change a receiver's address or kinds, disable it or enable it again."""

    def change(endpoint: Endpoint) -> Endpoint:
        require_match(if_match, _out(endpoint))
        return edited(
            endpoint,
            services.wall_s(),
            url=body.url,
            kinds=None if body.kinds is None else tuple(body.kinds),
            is_disabled=body.disabled,
        )

    return tagged(request, _out(services.webhooks.change(actor, webhook_id, change)))


@router.delete("/{webhook_id}", status_code=204, summary="Remove a webhook")
def remove_webhook(services: Given, actor: Asking, webhook_id: Id) -> None:
    """Forget a receiver and its deliveries."""
    services.webhooks.remove(actor, webhook_id)


@router.post(
    "/{webhook_id}/rotate", status_code=201, response_model=NewWebhookOut, summary="New secret"
)
def rotate_webhook(services: Given, actor: Asking, once: Doing, webhook_id: Id) -> Response:
    """Give a receiver a new secret; for a day messages are signed with both."""
    return once(lambda: _new_out(services.webhooks.rotate(actor, webhook_id)))


@router.post(
    "/{webhook_id}/test", status_code=201, response_model=DeliveryOut, summary="Try a webhook"
)
def try_webhook(services: Given, actor: Asking, once: Doing, webhook_id: Id) -> Response:
    """Send a receiver a message of the kind `webhook.test`."""
    return once(lambda: _delivery_out(services.webhooks.test(actor, webhook_id)))


@router.get("/{webhook_id}/deliveries", summary="List deliveries")
def list_deliveries(
    services: Given,
    actor: Asking,
    webhook_id: Id,
    query: Annotated[DeliveryQuery, Query()],
    paging: Paging,
) -> Page[DeliveryOut]:
    """List what was sent to a receiver, the youngest first; dead letters with `state=dead`."""
    return paging.page(
        query,
        lambda before, limit: services.webhooks.deliveries(
            actor, webhook_id, query.state, before, limit
        ),
        _delivery_out,
    )


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/replay",
    status_code=201,
    response_model=DeliveryOut,
    summary="Replay a delivery",
)
def replay_delivery(
    services: Given, actor: Asking, once: Doing, webhook_id: Id, delivery_id: Id
) -> Response:
    """Have a delivery tried from the start, under the same `webhook-id`."""
    return once(lambda: _delivery_out(services.webhooks.replay(actor, webhook_id, delivery_id)))
