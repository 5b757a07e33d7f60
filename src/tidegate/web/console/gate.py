"""Which side of the desk somebody stands on: the owner's pages, and the tenants' portal."""

from tidegate.control.access import Act, Actor, not_found, require


def owner_only(actor: Actor, act: Act) -> None:
    """Let only the owner's people on: for a tenant's people such a page does not exist.

    A tenant may ask over the API what pools there are; the owner's pages show what others hold of them.

    Raises
    ------
    AccessError, RequestError
        When the role has not the right; ``TG-API-NOT-FOUND`` for a tenant's people.
    """
    require(actor, act)
    if actor.tenant_id is not None:
        raise not_found("page", "of this name")


def tenants_only(actor: Actor, act: Act) -> None:
    """Let only a tenant's people on: for others the portal does not exist.

    Raises
    ------
    AccessError, RequestError
        When the role has not the right; ``TG-API-NOT-FOUND`` for the owner's people.
    """
    require(actor, act)
    if actor.tenant_id is None:
        raise not_found("page", "of this name")
