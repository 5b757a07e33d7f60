"""The rival policies, in one ordered list."""

from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.forecast import HORIZONS_S


class PolicyCode(IntEnum):
    """How compiled code tells the policies apart."""

    NONE = 0
    STATIC = 1
    REACTIVE = 2
    TIDEGATE = 3
    GFS = 4


POLICIES: Final[tuple[tuple[str, PolicyCode | None, str], ...]] = (
    # What the owner has today: every other policy's internal delay is measured against it.
    ("none", PolicyCode.NONE, "nothing is leased"),
    # A fixed share of the pool, the best one in hindsight: what a quota set by hand can reach.
    (
        "static",
        PolicyCode.STATIC,
        "at most a fixed share of the nodes, the best share in hindsight",
    ),
    # What cohort lending or plain preemption does.
    ("reactive", PolicyCode.REACTIVE, "lend all that is idle, take back when needed"),
    # The published rule of GFS (arXiv 2509.11134), as `quota.gfs` reads it.
    ("gfs", PolicyCode.GFS, "a quota from a Gaussian forecast, fed back from evictions"),
    # Quota curve, admission by firm horizon, recall at least cost.
    ("tidegate", PolicyCode.TIDEGATE, "promise by the quota curve, recall at least cost"),
    # Not a rule that can be played but a bound on all of them, hence without a code: `tidegate.plan.clairvoyant`.
    ("clairvoyant", None, "an upper bound: knows every job and every request beforehand"),
)
"""Name, code and one sentence of every policy, in the order in which results show them."""

DEFAULT_POLICIES: Final = ("none", "static", "reactive", "tidegate")
"""Names of the policies that are played unless others are asked for."""


FULL_RISK_S: Final = 12 * 3600
"""A break at a longer horizon costs more hours, and comes with others: one flood breaks all that was promised."""


class Policy(NamedTuple):
    """A policy with its settings, as compiled code takes it.

    Attributes
    ----------
    code : int
        A :class:`PolicyCode`.
    cap_nodes : int
        Most nodes leased at once (``static`` only).
    eps : float
        Risk of the quota curve, in (0, 1), at horizons up to ``full_risk_s``.
    wait_price : int
        Price of a GPU-hour of internal waiting beyond the floor, in the unit of the leases' prices.
    floor_s : int
        The recall floor in seconds: longest notice plus sanitising.
    displaces : int
        1 when a lease past its firm time may give way to a request that pays more, so that whoever carries the plan out
        hands its nodes over (:attr:`tidegate.quota.Plan.displaced_for`); 0 when requests get idle nodes only.
    full_risk_s : int
        Beyond this horizon the risk falls with its square; 0: all horizons have ``eps``.
    """

    code: int
    cap_nodes: int = 0
    eps: float = 0.05
    wait_price: int = 10_000
    floor_s: int = 900
    displaces: int = 0
    full_risk_s: int = FULL_RISK_S


def risks(policy: Policy) -> NDArray[np.float64]:
    """Return the risk of each horizon, shape (horizons,)."""
    horizon_s = np.array(HORIZONS_S, dtype=np.float64)
    if policy.full_risk_s <= 0:
        return np.full(horizon_s.size, policy.eps)
    share: NDArray[np.float64] = np.minimum(1.0, policy.full_risk_s / horizon_s) ** 2
    return policy.eps * share
