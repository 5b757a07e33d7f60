"""What is done with API keys: made, listed, replaced, revoked."""

from dataclasses import replace

from tidegate.control.access import Act, Actor, existing, not_found, require
from tidegate.control.access_store import AccessDoor
from tidegate.control.audit import AuditEntry, entry
from tidegate.control.ids import Prefix, new_id
from tidegate.control.keys import ApiKey, KeyWish, NewKey, check_grant, make_key, retire
from tidegate.control.seal import Seal
from tidegate.errors import Place, RequestError


def create_key(door: AccessDoor, seal: Seal, actor: Actor, wish: KeyWish, wall_s: int) -> NewKey:
    """Make a key that can do no more than its giver.

    Raises
    ------
    AccessError, RequestError
        As :func:`~tidegate.control.keys.check_grant`; ``TG-API-NOT-FOUND`` for an unknown tenant;
        ``TG-API-FIELD`` for an expiry that has passed.
    """
    check_grant(actor, wish.role, wish.tenant_id, wish.scopes)
    if wish.expires_s is not None and wish.expires_s <= wall_s:
        raise RequestError(
            "TG-API-FIELD",
            "has passed.",
            place=Place(field="expires_at"),
            expected="a time to come.",
        )
    new = make_key(seal, new_id(Prefix.KEY), wish, wall_s)
    with door.changing() as store:
        if wish.tenant_id and store.tenants.tenant(wish.tenant_id, actor.reach) is None:
            raise not_found("tenant", wish.tenant_id)
        store.keys.save_key(new.key)
        store.audit.add(_entry(actor, "keys.create", new.key, wall_s))
    return new


def list_keys(door: AccessDoor, actor: Actor, after_id: str | None, limit: int) -> list[ApiKey]:
    """Keys within the actor's reach."""
    require(actor, Act.KEYS_READ)
    with door.reading() as store:
        return store.keys.keys(actor.reach, after_id, limit)


def find_key(door: AccessDoor, actor: Actor, key_id: str) -> ApiKey:
    """Key by id.

    Raises
    ------
    AccessError, RequestError
        ``TG-API-NOT-FOUND``.
    """
    require(actor, Act.KEYS_READ)
    with door.reading() as store:
        return existing(store.keys.key(key_id, actor.reach), "key", key_id)


def rotate_key(
    door: AccessDoor, seal: Seal, actor: Actor, key_id: str, *, grace_s: int, wall_s: int
) -> NewKey:
    """Make a key like another one, which works on for ``grace_s`` seconds.

    Raises
    ------
    AccessError, RequestError
        ``TG-API-NOT-FOUND``; ``TG-API-CONFLICT`` when the key works no longer.
    """
    require(actor, Act.KEYS_WRITE)
    with door.changing() as store:
        old = existing(store.keys.key(key_id, actor.reach, to_change=True), "key", key_id)
        if not old.works(wall_s):
            raise RequestError("TG-API-CONFLICT", f"Key {key_id} works no longer.")
        check_grant(actor, old.role, old.tenant_id, old.scopes)
        wish = KeyWish(old.name, old.role, old.tenant_id, old.scopes, old.expires_s)
        new = make_key(seal, new_id(Prefix.KEY), wish, wall_s)
        store.keys.save_key(retire(old, wall_s, grace_s))
        store.keys.save_key(new.key)
        store.audit.add(
            _entry(actor, "keys.rotate", old, wall_s, new_key=new.key.id, grace_s=grace_s)
        )
    return new


def revoke_key(door: AccessDoor, actor: Actor, key_id: str, wall_s: int) -> None:
    """Have a key work no longer, at once; a second time changes nothing.

    Raises
    ------
    AccessError, RequestError
        ``TG-API-NOT-FOUND``.
    """
    require(actor, Act.KEYS_WRITE)
    with door.changing() as store:
        key = existing(store.keys.key(key_id, actor.reach, to_change=True), "key", key_id)
        if key.revoked_s is None:
            store.keys.save_key(replace(key, revoked_s=wall_s))
            store.audit.add(_entry(actor, "keys.revoke", key, wall_s))


def _entry(actor: Actor, act: str, key: ApiKey, wall_s: int, **more: object) -> AuditEntry:
    data = {
        "name": key.name,
        "role": key.role.value,
        "scopes": None if key.scopes is None else sorted(key.scopes),
        **more,
    }
    return entry(
        new_id(Prefix.AUDIT_ENTRY),
        actor,
        act,
        key.id,
        wall_s=wall_s,
        tenant_id=key.tenant_id,
        data=data,
    )
