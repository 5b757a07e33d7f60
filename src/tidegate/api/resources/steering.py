"""``/v1/pools/{id}``: what an operator says of a pool while it runs."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field, model_validator

from tidegate.api.etags import IfMatch, require_match, tagged
from tidegate.api.guard import Asking
from tidegate.api.once import Doing
from tidegate.api.resources.pools import PoolId
from tidegate.api.services import Given
from tidegate.api.shapes import Body, Id, Shape, Time, TimeIn
from tidegate.control import steering as acts
from tidegate.control.access import Act, require
from tidegate.control.steering import LONGEST_NAME, Leasing, Steering
from tidegate.fleet.tier import Tier

router: Final = APIRouter(prefix="/pools", tags=["pools"])

Node = Annotated[str, Path(min_length=1, max_length=200, description="Name of the node.")]
_Said = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]


class QuarantineOut(Shape):
    """A node that is not lent."""

    node: str
    reason: str
    actor: str
    since: Time


class RunOut(Shape):
    """Work that is known to come."""

    id: str
    name: str
    start: Time
    end: Time
    gpus: int
    is_firm: bool
    actor: str


class SteeringOut(Shape):
    """What operators have said of a pool."""

    pool: str
    risk: float | None = Field(description="null: that of the fleet file.")
    leasing: Leasing
    tier: Tier | None = Field(description="null: that of the fleet file.")
    quarantined: list[QuarantineOut]
    announced: list[RunOut]
    version: int


class PoolChange(Body):
    """One thing that is to be changed."""

    risk: float | None = Field(
        default=None, gt=0, lt=1, description="null sets that of the fleet file again."
    )
    leasing: Leasing | None = Field(
        default=None,
        description="`open`; `draining`: nothing new; `stopped`: those that run are called back, firm or not.",
    )
    tier: Tier | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> "PoolChange":
        if len(self.model_fields_set) != 1:
            raise ValueError("one thing is changed at a time: risk, leasing or tier")
        if self.leasing is None and self.tier is None and "risk" not in self.model_fields_set:
            raise ValueError("only the risk can be null")
        return self


class RunIn(Body):
    """Work that is to come."""

    name: _Said
    start: TimeIn
    end: TimeIn
    gpus: int = Field(ge=1, le=10_000_000)
    is_firm: bool = Field(default=True, description="Whether it is certain; else likely.")


class QuarantineIn(Body):
    """Why a node is not to be lent."""

    reason: _Said


def _out(said: Steering) -> SteeringOut:
    return SteeringOut(
        pool=said.pool_id,
        risk=said.risk,
        leasing=said.leasing,
        tier=said.tier,
        quarantined=[
            QuarantineOut(node=each.node, reason=each.reason, actor=each.actor, since=each.since_s)
            for each in said.quarantined.values()
        ],
        announced=[
            RunOut(
                id=run.id,
                name=run.name,
                start=run.from_s,
                end=run.to_s,
                gpus=run.gpus,
                is_firm=run.is_firm,
                actor=run.actor,
            )
            for run in said.announced
        ],
        version=said.version,
    )


@router.get("/{pool_id}/steering", response_model=SteeringOut, summary="Read what was said")
def read_steering(request: Request, services: Given, actor: Asking, pool_id: PoolId) -> Response:
    """Read what operators have said of a pool; for operators."""
    require(actor, Act.POOLS_WRITE)
    return tagged(request, _out(services.steering.steering(pool_id)))


@router.patch("/{pool_id}", response_model=SteeringOut, summary="Change a pool")
def change_pool(
    request: Request,
    services: Given,
    actor: Asking,
    pool_id: PoolId,
    body: PoolChange,
    if_match: IfMatch = None,
) -> Response:
    """Change a pool's risk, whether it leases, or its tier, one at a time; `If-Match` is the ETag of its steering."""
    require(actor, Act.POOLS_WRITE)
    store, now_s = services.steering, services.till.now_s()
    require_match(if_match, _out(store.steering(pool_id)))
    if body.leasing is not None:
        said = acts.set_leasing(store, actor, now_s, pool_id, body.leasing)
    elif body.tier is not None:
        live = len(services.views.live_leases(actor.reach, pool_id))
        said = acts.move_tier(store, actor, now_s, pool_id, body.tier, live)
    else:
        said = acts.set_risk(store, actor, now_s, pool_id, body.risk)
    return tagged(request, _out(said))


@router.post(
    "/{pool_id}/announced-runs",
    status_code=201,
    response_model=SteeringOut,
    summary="Announce a run",
)
def announce_run(
    services: Given, actor: Asking, once: Doing, pool_id: PoolId, body: RunIn
) -> Response:
    """Announce work that is to come, so that its GPUs are not promised away."""
    return once(
        lambda: _out(
            acts.announce(
                services.steering,
                actor,
                services.till.now_s(),
                pool_id,
                name=body.name,
                from_s=body.start,
                to_s=body.end,
                gpus=body.gpus,
                is_firm=body.is_firm,
            )
        )
    )


@router.delete(
    "/{pool_id}/announced-runs/{run_id}", status_code=204, summary="Take an announcement back"
)
def withdraw_run(services: Given, actor: Asking, pool_id: PoolId, run_id: Id) -> None:
    """Take an announcement back."""
    acts.withdraw(services.steering, actor, services.till.now_s(), pool_id, run_id)


@router.put(
    "/{pool_id}/quarantine/{node}",
    response_model=SteeringOut,
    summary="Keep a node from being lent",
)
def quarantine_node(
    services: Given, actor: Asking, pool_id: PoolId, node: Node, body: QuarantineIn
) -> SteeringOut:
    """Keep a node from being lent; a lease that holds it keeps it."""
    now_s = services.till.now_s()
    return _out(acts.quarantine(services.steering, actor, now_s, pool_id, node, body.reason))


@router.delete("/{pool_id}/quarantine/{node}", status_code=204, summary="Let a node be lent again")
def release_node(services: Given, actor: Asking, pool_id: PoolId, node: Node) -> None:
    """Let a node be lent again."""
    acts.release(services.steering, actor, services.till.now_s(), pool_id, node)
