"""Grants: approved projects, what they may use, and what they used."""

from typing import Final

from tidegate.billing import Grant, GrantReport, grant_has_room, grant_report
from tidegate.control.access import Act, Actor, Reach, not_found, require
from tidegate.control.audit import entry
from tidegate.control.ids import Prefix, new_id
from tidegate.control.money_store import MoneyDoor, MoneyRules, MoneyStore, require_tenant
from tidegate.errors import RequestError
from tidegate.lease.pricebook import PriceBook
from tidegate.lease.product import ProductKind
from tidegate.meter import MeterRecord

_ALL: Final = 10_000
_REFERENCE: Final = "flex"


def award_grant(door: MoneyDoor, actor: Actor, grant: Grant, *, wall_s: int) -> Grant:
    """Approve a project.

    Raises
    ------
    AccessError, RequestError
        ``TG-API-CONFLICT`` when the tenant has another grant on the chip at the same time: it would not be clear
        which of them a lease uses.
    """
    require(actor, Act.TENANTS_WRITE)
    with door.changing() as store:
        require_tenant(store, actor, grant.tenant_id)
        for other in store.plans.grants(Reach(grant.tenant_id), limit=_ALL):
            is_at_once = other.from_s < grant.until_s and grant.from_s < other.until_s
            if other.id != grant.id and other.chip == grant.chip and is_at_once:
                raise RequestError(
                    "TG-API-CONFLICT",
                    f"Grant {other.id} gives {grant.tenant_id} {grant.chip} at the same time.",
                )
        store.plans.save_grant(grant)
        data = {"project": grant.project, "chip": grant.chip, "gpu_hours": grant.gpu_hours}
        store.audit.add(
            entry(
                new_id(Prefix.AUDIT_ENTRY),
                actor,
                "grants.award",
                grant.id,
                wall_s=wall_s,
                tenant_id=grant.tenant_id,
                data=data,
            )
        )
    return grant


def list_grants(door: MoneyDoor, actor: Actor, after_id: str | None, limit: int) -> list[Grant]:
    """Return grants within the actor's reach."""
    require(actor, Act.USAGE_READ)
    with door.reading() as store:
        return store.plans.grants(actor.reach, after_id, limit)


def require_room(
    store: MoneyStore, tenant_id: str, *, chip: str, gpus: int, start_s: int, wanted_s: int
) -> Grant:
    """Return the grant that a lease would use.

    Raises
    ------
    RequestError
        ``TG-BILL-GRANT`` when the tenant has none, or not enough is left of it.
    """
    for grant in store.plans.grants(Reach(tenant_id), limit=_ALL):
        used = sum(record.gpu_seconds for record in _used(store, grant))
        if grant_has_room(grant, used, chip=chip, gpus=gpus, start_s=start_s, wanted_s=wanted_s):
            return grant
    raise RequestError(
        "TG-BILL-GRANT",
        f"no grant of {tenant_id} has room for {gpus} GPUs of {chip} over that time.",
        expected="a project that was approved, with enough GPU-hours left.",
    )


def report_grant(
    door: MoneyDoor,
    actor: Actor,
    rules: MoneyRules,
    grant_id: str,
    offered: PriceBook,
    now_s: int,
) -> GrantReport:
    """Report what a grant was used for, and what that would have cost at the flex price of today."""
    require(actor, Act.USAGE_READ)
    with door.reading() as store:
        found = [g for g in store.plans.grants(actor.reach, limit=_ALL) if g.id == grant_id]
        if not found:
            raise not_found("grant", grant_id)
        records = _used(store, found[0])
        book = store.plans.price_book() or offered
    price = book.price(found[0].chip, _REFERENCE, None, book.currency, now_s)
    reference = None if price is None else (price.rate, price.currency)
    return grant_report(found[0], records, zone=rules.zone, reference=reference)


def _used(store: MoneyStore, grant: Grant) -> list[MeterRecord]:
    """Return what the leases under a grant have metered: those of its products, on its chip, in its time."""
    leases = [
        lease.lease_id
        for lease in store.accounts.leases_in(Reach(grant.tenant_id), grant.from_s, grant.until_s)
        if lease.chip == grant.chip and lease.kind is ProductKind.GRANT
    ]
    return store.meter.sums(leases)
