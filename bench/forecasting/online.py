"""What is done to forecasts as the truth comes in, some of it a horizon late."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from bench.forecasting.empirical import EPS, LEVELS
from bench.forecasting.tides import DAY, LENGTHS, Tide
from numpy.typing import NDArray

from tidegate.compiled import compiled

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
I64 = NDArray[np.int64]


@compiled
def at_level(quantiles: F32, levels: F64, nodes: int, now: float, risk: float) -> float:
    """Return the bound at any risk: all nodes at 0, interpolated between levels, down to demand now at 1."""
    if risk <= 0:
        return float(nodes)
    if risk >= 1:
        return now
    if risk < levels[0]:
        return float(nodes + (quantiles[0] - nodes) * risk / levels[0])
    last = levels.size - 1
    if risk >= levels[last]:
        share = (risk - levels[last]) / (1 - levels[last])
        return float(quantiles[last] + (now - quantiles[last]) * share)
    k = 0
    while levels[k + 1] <= risk:
        k += 1
    share = (risk - levels[k]) / (levels[k + 1] - levels[k])
    return float(quantiles[k] + (quantiles[k + 1] - quantiles[k]) * share)


@compiled
def _adaptive(
    forecast: F32,
    top: F64,
    demand: I64,
    nodes: int,
    length: int,
    eps: float,
    step: float,
    is_early: bool,  # noqa: FBT001 (compiled code takes no keywords)
) -> F64:
    ticks = demand.size
    bound = np.empty(ticks)
    unsettled = np.zeros(nodes + 1)
    risk = eps
    for i in range(ticks):
        if is_early:
            for value in range(demand[i]):
                risk -= step * (1 - eps) * unsettled[value]
                unsettled[value] = 0
        j = i - length
        if j >= length + DAY:
            if top[j] <= bound[j]:
                unsettled[int(bound[j])] -= 1
                risk += step * eps
            elif not is_early:
                risk -= step * (1 - eps)
        risk = min(risk, 1.0)
        bound[i] = np.ceil(at_level(forecast[:, i], LEVELS, nodes, float(demand[i]), risk) - 1e-4)
        if i >= length + DAY:
            unsettled[int(bound[i])] += 1
    return bound


@dataclass(frozen=True)
class Step:
    """How far a miss moves the risk.

    Attributes
    ----------
    gamma : float
        Per tick, or per horizon when ``per_window``.
    per_window : bool
        Divide by the horizon's ticks: the windows overlap, so one burst is counted that often.
    early : bool
        Count a miss as soon as demand rises above the bound, and not when the horizon has passed.
    """

    gamma: float
    per_window: bool = False
    early: bool = False

    @property
    def name(self) -> str:
        """The step as text."""
        when = ", early" if self.early else ""
        return f"{self.gamma:g} per {'horizon' if self.per_window else 'tick'}{when}"


def adaptive(forecast: F32, top: F64, tide: Tide, step: Step) -> F64:
    """Correct a forecast's risk by its own misses (Gibbs and Candès, NeurIPS 2021), as far as they are known.

    Parameters
    ----------
    forecast : float32 array, shape (horizons, levels, ticks)
    top : float64 array, shape (horizons, ticks)
    tide : Tide
    step : Step

    Returns
    -------
    float64 array, shape (horizons, risks, ticks)
        Bounds in whole nodes.
    """
    found = np.empty((LENGTHS.size, len(EPS), tide.demand.size))
    for h, length in enumerate(LENGTHS.tolist()):
        gamma = step.gamma / length if step.per_window else step.gamma
        for e, eps in enumerate(EPS):
            found[h, e] = _adaptive(
                forecast[h], top[h], tide.demand, tide.nodes, length, eps, gamma, step.early
            )
    return found


def plain(forecast: F32) -> F64:
    """Return the bounds of a forecast in whole nodes, at the risks that are scored."""
    at = np.searchsorted(LEVELS, EPS)
    return np.ceil(forecast[:, at].astype(np.float64) - 1e-4)


def pinball(top: F64, bound: F64) -> F64:
    """Return the pinball loss; shapes (horizons, ticks), (horizons, risks, ticks), (horizons, risks, ticks)."""
    over = top[:, None] - bound
    eps = np.array(EPS)[None, :, None]
    return np.maximum((1 - eps) * over, -eps * over)


def _trailing(loss: F64, half_life_days: float) -> F64:
    """Return the discounted sum of losses that are known at each tick; shapes (horizons, ticks)."""
    keep = 0.5 ** (1 / (half_life_days * DAY))
    found = np.zeros_like(loss)
    for h, length in enumerate(LENGTHS.tolist()):
        known = np.nan_to_num(loss[h])[: max(0, loss.shape[1] - length)]
        found[h, length:] = _discounted(known, keep)
    return found


@compiled
def _discounted(values: F64, keep: float) -> F64:
    found = np.empty(values.size)
    total = 0.0
    for i in range(values.size):
        total = total * keep + values[i]
        found[i] = total
    return found


def combined(
    forecasts: Mapping[str, F32], names: Sequence[str], top: F64, half_life_days: float = 7
) -> dict[str, F32]:
    """Choose, or mix, by trailing loss: per horizon, over all risks together, each loss over its risk.

    Returns
    -------
    dict of str to float32 array, shape (horizons, levels, ticks)
        ``choice``: at each tick the forecast with the least loss so far, discounted; ``mixture``: all of them, with
        weight ``(least loss / loss) ** 8``.
    """
    scale = np.array(EPS)[None, :, None]
    trailing = np.stack(
        [
            _trailing((pinball(top, plain(forecasts[name])) / scale).mean(axis=1), half_life_days)
            for name in names
        ]
    )
    best = np.argmin(trailing, axis=0)
    least = trailing.min(axis=0)
    weight = ((least + 1e-9) / (trailing + 1e-9)) ** 8
    weight /= weight.sum(axis=0)
    choice = np.zeros_like(forecasts[names[0]])
    mixture = np.zeros_like(choice)
    for n, name in enumerate(names):
        choice += np.where((best == n)[:, None], forecasts[name], 0).astype(np.float32)
        mixture += (weight[n][:, None] * forecasts[name]).astype(np.float32)
    return {"choice": choice, "mixture": mixture}
