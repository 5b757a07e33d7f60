"""Which way to count is worth more in a pool: by level, or by level and hour. The past decides, by pinball loss."""

from typing import Final

from tidegate.compiled import compiled
from tidegate.forecast.state import FutureMax

BY_LEVEL: Final = 0
BY_HOUR: Final = 1

HALF_LIFE_DAYS: Final = 7.0
"""After which a loss counts half."""

LEAST_GAIN: Final = 0.95
"""The hour has to bring this share of the loss or less, as fewer samples are alike."""


@compiled
def _loss(top: int, bound: int, eps: float) -> float:
    """Return the pinball loss of a bound at risk ``eps`` (Koenker and Bassett, Econometrica 1978)."""
    return (1.0 - eps) * (top - bound) if top > bound else eps * (bound - top)


@compiled
def judge_candidates(state: FutureMax, j: int, begun: int, top: int) -> None:
    """Add what the candidates of tick ``begun`` have lost, now that the maximum of its window is known."""
    ring = state.candidate[state.at[j] : state.at[j + 1]]
    keep = 0.5 ** (1.0 / (HALF_LIFE_DAYS * state.day))
    for way in (BY_LEVEL, BY_HOUR):
        loss = _loss(top, ring[begun % ring.shape[0], way], state.eps[j])
        state.lost[j, way] = state.lost[j, way] * keep + loss


@compiled
def trusts_hour(state: FutureMax, j: int) -> bool:
    """Return whether the hour of the day has been worth it."""
    return bool(state.lost[j, BY_HOUR] < LEAST_GAIN * state.lost[j, BY_LEVEL])


@compiled
def chosen(state: FutureMax, j: int, i: int, by_level: int, by_hour: int) -> int:
    """Remember the candidates of tick ``i``, and return the one to be trusted."""
    ring = state.candidate[state.at[j] : state.at[j + 1]]
    place = i % ring.shape[0]
    ring[place, BY_LEVEL] = by_level
    ring[place, BY_HOUR] = by_hour
    return by_hour if trusts_hour(state, j) else by_level
