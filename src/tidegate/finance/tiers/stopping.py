"""Optimal stopping by least-squares Monte Carlo (Longstaff and Schwartz 2001).

Each month one goes on and gets that month's flow, or stops and gets what stopping pays. The rule is fitted on one half
of the paths and valued on the other, so that the value is not flattered by the paths that the rule was fitted to.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Stopping:
    """When to stop, and what that is worth.

    Attributes
    ----------
    value : float
        Mean present value on the paths that the rule was not fitted to.
    error : float
        Standard error of it.
    stop_now, go_on : float
        Present value of stopping at once, and of going on one month and then following the rule.
    months : int64 array, shape (valued paths,)
        Month in which each of them stops.
    values : float64 array, shape (valued paths,)
        Their present values.
    """

    value: float
    error: float
    stop_now: float
    go_on: float
    months: I64
    values: F64

    @property
    def is_now(self) -> bool:
        """Whether stopping at once is best."""
        return self.stop_now >= self.go_on


def best_stopping(
    flow: F64, payoff: F64, basis: F64, discount: float, *, split: bool = True
) -> Stopping:
    """Return when to stop.

    Parameters
    ----------
    flow : float64 array, shape (paths, months)
        What month t brings when one goes on; it comes at the month's end.
    payoff : float64 array, shape (paths, months + 1)
        What stopping pays at the start of month t; after the last month one must stop.
    basis : float64 array, shape (paths, months + 1, functions)
        What may be known at the start of month t, as functions whose sum estimates the worth of going on.
    discount : float
        Of a month, in (0, 1].
    split : bool
        Whether the rule is valued on other paths than it is fitted to.

    Raises
    ------
    ValueError
        If shapes do not fit, or there are fewer than two paths to split.
    """
    paths, months = flow.shape
    if payoff.shape != (paths, months + 1) or basis.shape[:2] != (paths, months + 1):
        raise ValueError("flow, payoff and basis have shapes that do not fit")
    fitted = np.arange(paths) < paths // 2 if split else np.ones(paths, dtype=np.bool_)
    valued = ~fitted if split else fitted
    if not (fitted.any() and valued.any()):
        raise ValueError("there are too few paths to split")
    worth = payoff[:, months].copy()
    when = np.full(paths, months, dtype=np.int64)
    for t in range(months - 1, 0, -1):
        worth = discount * (flow[:, t] + worth)
        estimate = _estimate(basis[:, t], worth, fitted)
        stops = payoff[:, t] >= estimate
        worth = np.where(stops, payoff[:, t], worth)
        when[stops] = t
    ahead = discount * (flow[:, 0] + worth)
    now = float(payoff[:, 0].mean())
    # Whether to stop at once is decided by the fitted half and valued by the other.
    at_once = now >= float(ahead[fitted].mean())
    values = payoff[valued, 0] if at_once else ahead[valued]
    return Stopping(
        value=float(values.mean()),
        error=float(values.std(ddof=1) / np.sqrt(values.size)) if values.size > 1 else 0.0,
        stop_now=now,
        go_on=float(ahead[fitted].mean()),
        months=np.zeros(values.size, dtype=np.int64) if at_once else when[valued],
        values=values,
    )


def _estimate(basis: F64, worth: F64, fitted: NDArray[np.bool_]) -> F64:
    # By the normal equations: a handful of functions over thousands of paths; the pseudo-inverse leaves out
    # a function that is the same on all of them.
    known = basis[fitted]
    weights = np.linalg.pinv(known.T @ known, rcond=1e-12, hermitian=True) @ (
        known.T @ worth[fitted]
    )
    found: F64 = basis @ weights
    return found


def polynomials(*state: F64) -> F64:
    """Return 1, each variable, their squares and their products, on a last axis.

    Parameters
    ----------
    *state : float64 arrays of one shape
        What is known, best around 0 and not much larger than 1.
    """
    terms = [np.ones_like(state[0]), *state]
    for place, one in enumerate(state):
        terms += [one * other for other in state[place:]]
    return np.stack(terms, axis=-1)
