"""A pool as the operator's pages show it, put together from what is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidegate.control.access import Reach
from tidegate.control.curve import Curve, curve_with
from tidegate.control.heldrows import as_held
from tidegate.control.pools import LivePool
from tidegate.control.steering import Steering
from tidegate.control.views import PoolRow, TickRow
from tidegate.lease.lease import Holding, Lease
from tidegate.lease.states import HoldingState
from tidegate.quota import HELD_LEASE, Record
from tidegate.quota.engine import Engine
from tidegate.web.console.services import Console

EVERYBODY: Final = Reach(None)

LETTERS: Final[Mapping[HoldingState, str]] = {
    HoldingState.FREE: "F",
    HoldingState.INTERNAL: "I",
    HoldingState.LEASED: "L",
    HoldingState.NOTICED: "N",
    HoldingState.DRAINING: "D",
    HoldingState.SANITISING: "S",
    HoldingState.FAILED: "X",
}
"""A node's state as one letter: ten thousand nodes are ten thousand letters."""

QUARANTINED: Final = "Q"

FAN_SHARES: Final = (0.5, 0.8, 0.95)
"""Shares of the futures that the forecast is drawn for."""


@dataclass(frozen=True)
class PoolPicture:
    """What is known of a pool now.

    Attributes
    ----------
    row : PoolRow
    live : LivePool
        With what operators have said of it.
    steering : Steering
    counts : mapping of HoldingState to int
        Nodes in each state.
    leases : sequence of Lease
        Those that live.
    tick : TickRow or None
        The latest.
    record : Record
        Firm node-seconds sold so far, and those not kept.
    curve : Curve or None
        None before the first tick.
    fan : int64 array, shape (shares, horizons), or None
        What own demand stays within in each of :data:`FAN_SHARES` of the futures; None before the first tick.
    """

    row: PoolRow
    live: LivePool
    steering: Steering
    counts: Mapping[HoldingState, int]
    leases: Sequence[Lease]
    tick: TickRow | None
    record: Record
    curve: Curve | None
    fan: NDArray[np.int64] | None

    @property
    def can_lease(self) -> bool:
        """Whether anything of it may ever be leased."""
        return self.live.pool.tier.may_lease

    @property
    def leased_nodes(self) -> int:
        """Nodes of the leases that live."""
        return sum(lease.nodes for lease in self.leases)

    def count(self, *states: HoldingState) -> int:
        """Nodes in any of these states."""
        return sum(self.counts.get(state, 0) for state in states)


def picture(console: Console, row: PoolRow, now_s: int) -> PoolPicture:
    """Return what is known of a pool."""
    steering = console.steering.steering(row.id)
    live = console.pools[row.id].steered(steering)
    counts = console.views.holding_counts(row.id)
    leases = console.views.live_leases(EVERYBODY, row.id)
    engine = console.engines.engine(console.views, live)
    lost = counts.get(HoldingState.FAILED, 0) + len(steering.quarantined)
    record = Record(*console.views.promised(row.id))
    curve = curve_of(engine, live, leases, lost, now_s, record) if engine else None
    return PoolPicture(
        row,
        live,
        steering,
        counts,
        leases,
        console.views.latest_tick(row.id),
        record,
        curve,
        engine.fan(FAN_SHARES) if engine else None,
    )


def curve_of(
    engine: Engine, live: LivePool, leases: Sequence[Lease], lost: int, now_s: int, record: Record
) -> Curve:
    """Return an engine's curve with what leases promise of it."""
    held = np.array([as_held(live, lease) for lease in leases], dtype=HELD_LEASE)
    return curve_with(engine, held, lost, now_s, live.sanitise_s, record)


def letters(holdings: Sequence[Holding], steering: Steering) -> dict[str, str]:
    """Return the state of each node as a letter, by its name, in the order in which people count."""
    spare = steering.quarantined
    return {
        holding.node: QUARANTINED
        if holding.node in spare and holding.state is HoldingState.FREE
        else LETTERS[holding.state]
        for holding in sorted(holdings, key=lambda each: natural(each.node))
    }


def natural(name: str) -> tuple[str, int, str]:
    """Sorting key by which node 9 comes before node 10."""
    head = name.rstrip("0123456789")
    return head, int(name[len(head) :] or 0), name
