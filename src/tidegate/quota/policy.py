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


FULL_RISK_S: Final = 6 * 3600
"""A miss within such a horizon costs little: what was promised so long is mostly about to mature."""

LONG_SHARE: Final = 0.075
"""Of the risk, at longer horizons: one flood breaks all that was promised, for many hours."""

EPS_PER_LIMIT: Final = 28.0
MOST_EPS: Final = 0.5


def eps_of(limit: float) -> float:
    """Return the curve's risk from what the owner allows.

    The owner's one number is the largest share of promised GPU-hours that may break, and of own jobs that
    may start later than the recall floor: 0.005 is 1 in 200. Most misses of the curve are met by leases past their firm
    time, by a wait within the floor, or by breaking what is about to mature; 28 was set by the harvest benchmark.

    Parameters
    ----------
    limit : float
        In (0, 1).
    """
    return min(MOST_EPS, EPS_PER_LIMIT * limit)


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
        hands its nodes over (:attr:`tidegate.quota.Plan.displaced_for`); 0 when requests get idle nodes only
        (``tidegate`` only).
    full_risk_s : int
        Beyond this horizon the risk is :data:`LONG_SHARE` of ``eps``; 0: all horizons have ``eps``.
    replaces : int
        1 when an idle node takes the place of one that fails under a lease (backtest only).
    """

    code: int
    cap_nodes: int = 0
    eps: float = 0.14
    wait_price: int = 10_000
    floor_s: int = 900
    displaces: int = 0
    full_risk_s: int = FULL_RISK_S
    replaces: int = 0


def risks(policy: Policy) -> NDArray[np.float64]:
    """Return the risk of each horizon, shape (horizons,)."""
    horizon_s = np.array(HORIZONS_S, dtype=np.float64)
    if policy.full_risk_s <= 0:
        return np.full(horizon_s.size, policy.eps)
    share: NDArray[np.float64] = np.where(horizon_s <= policy.full_risk_s, 1.0, LONG_SHARE)
    return policy.eps * share
