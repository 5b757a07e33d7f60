"""The quota curve's bounds from the page, by weighing every window that has passed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

DAY_S = 86_400
HOURS = (1, 2, 3, 6, 9, 12, 18, 24, 36, 48, 72, 96, 120, 144, 168, 336, 720)
HORIZONS_S = (300, 600, 900, 1800, *(3600 * hours for hours in HOURS))


@dataclass(frozen=True)
class _Sample:
    rise: int
    complete: int
    levels: dict[int, float]
    parts: dict[int, float]


@dataclass
class _Horizon:
    """What is known of one horizon; ``issued`` holds the bounds that are open, by their ticks."""

    length: int
    eps: float
    samples: list[_Sample] = field(default_factory=list)
    balance: float = 0.0
    issued: dict[int, int] = field(default_factory=dict)
    bases: list[int] = field(default_factory=list)
    candidates: list[tuple[int, int]] = field(default_factory=list)
    lost: tuple[float, float] = (0.0, 0.0)


class Curve:
    """The bounds of one pool, tick by tick."""

    def __init__(
        self, nodes: int, tick_s: int, risks: Sequence[float], announced: Sequence[int] = ()
    ) -> None:
        self.nodes, self.announced = nodes, announced
        self.day = DAY_S / tick_s
        self.demand: list[int] = []
        self.clock: list[int] = []
        self.horizons = [
            _Horizon(max(1, h // tick_s), eps) for h, eps in zip(HORIZONS_S, risks, strict=True)
        ]

    def observe(self, demand: int, day_s: int) -> list[int]:
        """Take in a tick, with the time of day at the site; return the bounds of all horizons."""
        self.demand.append(min(self.nodes, demand))
        self.clock.append(day_s)
        bounds: list[int] = []
        for horizon in self.horizons:
            bounds.append(self._renewed(horizon, bounds[-1] if bounds else 0))
        return bounds

    def _renewed(self, horizon: _Horizon, shorter: int) -> int:
        d, i, day, eps = self.demand, len(self.demand) - 1, self.day, horizon.eps
        begun = i - horizon.length
        if begun >= 0:
            most = max(d[begun : i + 1])
            rise = max(0, most - horizon.bases[begun])
            sample = _Sample(rise, i, self._levels(begun), self._parts(begun))
            horizon.samples.append(sample)
            keep = 0.5 ** (1 / (7 * day))
            by_level, by_hour = horizon.lost
            losses = [_loss(eps, most, bound) for bound in horizon.candidates[begun]]
            horizon.lost = by_level * keep + losses[0], by_hour * keep + losses[1]
        missed = [tick for tick, bound in horizon.issued.items() if bound < d[i]]
        for tick in missed:
            del horizon.issued[tick]
        horizon.issued.pop(begun, None)
        horizon.balance -= len(missed)

        risk = min(max(0.5, eps), eps * math.exp(horizon.balance / (1.5 * day * eps)))
        unannounced = max(0, d[i] - self._announced(i))
        ahead = max(self.announced[i : i + horizon.length + 1], default=0)
        base = min(self.nodes, unannounced + ahead)
        horizon.bases.append(base)
        by_level, by_hour = (min(self.nodes, base + q) for q in self._rises(horizon.samples, risk))
        horizon.candidates.append((by_level, by_hour))
        chosen = by_hour if horizon.lost[1] < 0.95 * horizon.lost[0] else by_level
        bound = max(shorter, chosen)
        may_spend = max(1.0, 7 * day * eps) + horizon.balance - len(horizon.issued)
        if bound < self.nodes and may_spend < 1:
            bound = self.nodes
        if (len(horizon.samples) + 1) * eps >= 1:
            if bound < self.nodes:
                horizon.issued[i] = bound
            horizon.balance += eps
        return bound

    def _announced(self, tick: int) -> int:
        return self.announced[tick] if tick < len(self.announced) else 0

    def _levels(self, tick: int) -> dict[int, float]:
        place = min(5.0, max(0.0, 6 * self.demand[tick] / self.nodes - 0.5))
        return _between(place, min(5, math.floor(place) + 1))

    def _parts(self, tick: int) -> dict[int, float]:
        place = 8 * self.clock[tick] / DAY_S
        return _between(place, (math.floor(place) + 1) % 8)

    def _rises(self, samples: Sequence[_Sample], risk: float) -> tuple[int, int]:
        """Return the quantiles by level and by hour."""
        i = len(self.demand) - 1
        levels, parts = self._levels(i), self._parts(i)
        rows = []
        for sample in samples:
            weight = 2.0 ** (-(i - sample.complete) / (14 * self.day))
            level = weight * _common(sample.levels, levels)
            rows.append((sample.rise, weight, level, level * _common(sample.parts, parts)))
        of_level = sum(level for _, _, level, _ in rows)
        hour = self.day / 24
        share = hour / max(hour, of_level)
        by_level = [(rise, level + 0.02 * w) for rise, w, level, _ in rows]
        by_hour = [(rise, near + share * (level + 0.02 * w)) for rise, w, level, near in rows]
        return self._quantile(by_level, risk), self._quantile(by_hour, risk)

    def _quantile(self, counts: Sequence[tuple[int, float]], risk: float) -> int:
        total = sum(count for _, count in counts)
        for rise in sorted({rise for rise, _ in counts}):
            below = sum(count for other, count in counts if other <= rise)
            if below >= (1 - risk) * (total + 1) - 1e-9 * (total + 1):
                return rise
        return self.nodes


def _loss(eps: float, most: int, bound: int) -> float:
    return (1 - eps) * (most - bound) if most > bound else eps * (bound - most)


def _between(place: float, upper: int) -> dict[int, float]:
    """Weigh the two classes around a place; where both are the same one, it has all the weight."""
    lower = math.floor(place)
    weights = {lower: 1 - (place - lower)}
    weights[upper] = weights.get(upper, 0.0) + (place - lower)
    return weights


def _common(mine: dict[int, float], other: dict[int, float]) -> float:
    return sum(weight * other.get(kind, 0.0) for kind, weight in mine.items())


def bounds(
    demand: Sequence[int],
    nodes: int,
    tick_s: int,
    eps: float,
    clock_s: int = 0,
    announced: Sequence[int] = (),
) -> list[list[int]]:
    """Return the bounds of every horizon at every tick, each tick from all that came before."""
    curve = Curve(nodes, tick_s, [eps] * len(HORIZONS_S), announced)
    return [curve.observe(d, (clock_s + i * tick_s) % DAY_S) for i, d in enumerate(demand)]


def miss_rate(
    demand: Sequence[int], bound: Sequence[int], length: int, first: int
) -> Fraction | None:
    """Return how often the maximum over ``length`` further ticks was above the bound."""
    counted = [i for i in range(len(demand)) if i >= first and i + length < len(demand)]
    missed = [i for i in counted if max(demand[i : i + length + 1]) > bound[i]]
    return Fraction(len(missed), len(counted)) if counted else None
