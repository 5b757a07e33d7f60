"""A tenant's keys and webhooks."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request, Response

from tidegate.control.access import Act, Role, require
from tidegate.control.key_acts import create_key, list_keys, revoke_key
from tidegate.control.keys import KeyWish
from tidegate.errors import TidegateError
from tidegate.web.console.frame import Frame
from tidegate.web.console.services import Console, Given
from tidegate.web.signin import FORM, Visitor

router: Final = APIRouter()

MANY: Final = 100
DELIVERIES: Final = 20

Text = Annotated[str, Form(max_length=2000)]


def _(text: str) -> str:
    return text


# ------------------------------------------------------------------------------------------------------------- keys


def _keys_page(
    frame: Frame, console: Console, secret: str = "", wrong: str = "", status: int = 200
) -> Response:
    keys = list_keys(console.access, frame.actor, None, MANY)
    return frame.page(
        "portal-keys",
        status,
        secret=secret,
        wrongs={"name": wrong} if wrong else {},
        keys=[
            {
                "id": key.id,
                "name": key.name,
                "made_s": key.created_s,
                "expires_s": key.expires_s,
                "is_live": key.works(console.wall_s()),
            }
            for key in reversed(keys)
        ],
    )


@router.get("/keys", name="console:portal-keys")
def keys(request: Request, visitor: Visitor, console: Given) -> Response:
    """Show the keys."""
    require(visitor.actor, Act.KEYS_READ)
    return _keys_page(Frame(request, visitor, "portal-keys"), console)


@router.post("/keys", name="console:portal-keys-make", dependencies=[FORM])
def make_key(request: Request, visitor: Visitor, console: Given, name: Text = "") -> Response:
    """Make a key, and show it this once."""
    require(visitor.actor, Act.KEYS_WRITE)
    frame = Frame(request, visitor, "portal-keys")
    tenant_id = frame.actor.tenant_id
    wish = KeyWish(name.strip(), Role.TENANT if tenant_id else frame.actor.role, tenant_id, None)
    try:
        made = create_key(console.access, console.seal, frame.actor, wish, console.wall_s())
    except TidegateError as error:
        return _keys_page(frame, console, wrong=error.message, status=422)
    return _keys_page(frame, console, secret=made.text)


@router.post("/keys/{key}/revoke", name="console:portal-key-revoke", dependencies=[FORM])
def end_key(request: Request, visitor: Visitor, console: Given, key: str) -> Response:
    """Revoke a key."""
    require(visitor.actor, Act.KEYS_WRITE)
    frame = Frame(request, visitor, "portal-keys")
    revoke_key(console.access, frame.actor, key, console.wall_s())
    return frame.go("portal-keys", "revoked")


# --------------------------------------------------------------------------------------------------------- webhooks


def _hooks_page(
    frame: Frame,
    console: Console,
    *,
    secret: str = "",
    url: str = "",
    wrong: str = "",
    status: int = 200,
) -> Response:
    hooks = console.webhooks.page(frame.actor, None, MANY)
    return frame.page(
        "portal-webhooks",
        status,
        secret=secret,
        form={"url": url},
        wrongs={"url": wrong} if wrong else {},
        hooks=[
            {"id": hook.id, "url": hook.url, "deliveries": _deliveries(frame, console, hook.id)}
            for hook in hooks
        ],
    )


def _deliveries(frame: Frame, console: Console, hook_id: str) -> list[dict[str, Any]]:
    found = console.webhooks.deliveries(frame.actor, hook_id, None, None, DELIVERIES)
    return [
        {
            "id": each.id,
            "at_s": each.created_s,
            "kind": each.kind,
            "state": each.state.value,
            "tries": each.tries,
            "answer": each.trouble or (str(each.status) if each.status else ""),
        }
        for each in found
    ]


@router.get("/webhooks", name="console:portal-webhooks")
def hooks(request: Request, visitor: Visitor, console: Given) -> Response:
    """Show the webhooks with their latest deliveries."""
    require(visitor.actor, Act.WEBHOOKS_READ)
    return _hooks_page(Frame(request, visitor, "portal-webhooks"), console)


@router.post("/webhooks", name="console:portal-webhooks-add", dependencies=[FORM])
def add_hook(request: Request, visitor: Visitor, console: Given, url: Text = "") -> Response:
    """Add a webhook, and show its secret this once."""
    require(visitor.actor, Act.WEBHOOKS_WRITE)
    frame = Frame(request, visitor, "portal-webhooks")
    try:
        made = console.webhooks.create(frame.actor, url.strip(), (), frame.actor.tenant_id)
    except TidegateError as error:
        return _hooks_page(frame, console, url=url, wrong=error.message, status=422)
    return _hooks_page(frame, console, secret=made.secret)


@router.post("/webhooks/{hook}/test", name="console:portal-webhook-test", dependencies=[FORM])
def try_hook(request: Request, visitor: Visitor, console: Given, hook: str) -> Response:
    """Send a test."""
    require(visitor.actor, Act.WEBHOOKS_WRITE)
    frame = Frame(request, visitor, "portal-webhooks")
    console.webhooks.test(frame.actor, hook)
    return frame.go("portal-webhooks", "webhook-tested")


@router.post("/webhooks/{hook}/remove", name="console:portal-webhook-remove", dependencies=[FORM])
def drop_hook(request: Request, visitor: Visitor, console: Given, hook: str) -> Response:
    """Remove a webhook."""
    require(visitor.actor, Act.WEBHOOKS_WRITE)
    frame = Frame(request, visitor, "portal-webhooks")
    console.webhooks.remove(frame.actor, hook)
    return frame.go("portal-webhooks", "webhook-removed")


@router.post(
    "/webhooks/{hook}/deliveries/{delivery}",
    name="console:portal-delivery-replay",
    dependencies=[FORM],
)
def send_again(
    request: Request, visitor: Visitor, console: Given, hook: str, delivery: str
) -> Response:
    """Send a dead letter again."""
    require(visitor.actor, Act.WEBHOOKS_WRITE)
    frame = Frame(request, visitor, "portal-webhooks")
    console.webhooks.replay(frame.actor, hook, delivery)
    return frame.go("portal-webhooks", "replayed")
