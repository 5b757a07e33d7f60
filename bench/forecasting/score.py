"""How good the forecasts of one series are, on its warm-up and after it."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from bench.forecasting.empirical import EPS, LEVELS
from bench.forecasting.online import at_level, pinball, plain
from bench.forecasting.tides import DAY, HORIZONS_S, LENGTHS, Tide
from numpy.typing import NDArray

from tidegate.compiled import compiled

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
I64 = NDArray[np.int64]

Row = dict[str, Any]

PRESENT: Final = "both"
"""The forecaster that the others are compared with."""
_RESAMPLES: Final = 500
_BISECTIONS: Final = 24


def name_of(horizon_s: int) -> str:
    """Return a horizon as text."""
    return f"{horizon_s // 3600}h" if horizon_s >= 3600 else f"{horizon_s // 60}min"


@compiled
def _at_miss_rate(
    forecast: F32, top: F64, demand: I64, nodes: int, levels: F64, wanted: float, steps: int
) -> tuple[float, float]:
    """Return mean nodes promised, and the miss rate, at the highest risk whose miss rate is not above ``wanted``."""
    low, high = 0.0, 1.0
    promised, rate = 0.0, 0.0
    for _ in range(steps):
        risk = (low + high) / 2
        missed, free = 0, 0.0
        for i in range(top.size):
            bound = np.ceil(at_level(forecast[:, i], levels, nodes, float(demand[i]), risk) - 1e-4)
            missed += top[i] > bound
            free += nodes - bound
        if missed <= wanted * top.size:
            low, promised, rate = risk, free / top.size, missed / top.size
        else:
            high = risk
    return promised, rate


def _ratio_interval(loss: F64, other: F64, block: int) -> tuple[float, float]:
    """Return the 95 % interval of a ratio of sums, by a circular block bootstrap with always the same draws."""
    n = loss.size
    block = min(block, n)
    blocks = -(-n // block)
    drawn = np.random.default_rng(2502_13451).integers(0, n, size=(_RESAMPLES, blocks))
    sums = []
    for series in (loss, other):
        total = np.append(0.0, np.cumsum(np.concatenate([series, series[: block - 1]])))
        sums.append((total[block:] - total[:-block])[drawn].sum(axis=1))
    low, high = np.quantile(sums[0] / np.maximum(sums[1], 1e-12), [0.025, 0.975])
    return float(low), float(high)


class Judge:
    """The truth of one series, and the loss of the present forecaster on it."""

    def __init__(self, tide: Tide, top: F64, present: F32) -> None:
        self.tide = tide
        self.top = top
        self.free = tide.nodes - top
        self.loss = pinball(top, plain(present))
        ticks = np.arange(tide.demand.size)
        last = ticks.size - LENGTHS
        # On the warm-up a forecast counts from a day of samples on, and while its horizon ends within the warm-up.
        self.early = [
            ticks[(ticks >= length + DAY) & (ticks + length < tide.warm)] for length in LENGTHS
        ]
        self.late = [
            ticks[tide.warm : end] if end - tide.warm >= 2 * max(length, DAY) else ticks[:0]
            for length, end in zip(LENGTHS.tolist(), last.tolist(), strict=True)
        ]

    def warmup(self, bound: F64) -> list[float | None]:
        """Return per horizon the loss on the warm-up, relative to the present forecaster's, mean over risks."""
        loss = pinball(self.top, bound)
        return [
            _relative(loss[h], self.loss[h], at) if at.size >= DAY else None
            for h, at in enumerate(self.early)
        ]

    def rows(self, name: str, bound: F64, forecast: F32 | None) -> list[Row]:
        """Return a row per horizon of which the record after the warm-up holds two windows or more.

        Parameters
        ----------
        name : str
        bound : float64 array, shape (horizons, risks, ticks)
        forecast : float32 array, shape (horizons, levels, ticks), or None
            Where given, the promise at equal miss rate is sought.
        """
        loss = pinball(self.top, bound)
        found = []
        for h, at in enumerate(self.late):
            if at.size == 0:
                continue
            mine, theirs = (_over_risks(part[h], self.loss[h], at) for part in (loss, self.loss))
            block = max(int(LENGTHS[h]), DAY)
            low, high = _ratio_interval(mine, theirs, block)
            row: Row = {
                "forecaster": name,
                "horizon": name_of(HORIZONS_S[h]),
                "windows": at.size / block,
                "ratio": float(mine.sum() / theirs.sum()),
                "low": low,
                "high": high,
                "pinball": {},
                "miss": {},
                "promised": {},
                "promised_at_equal_miss": {},
                "really_free": float(self.free[h, at].mean()),
            }
            for e, eps in enumerate(EPS):
                key = f"{eps:g}"
                row["pinball"][key] = float(loss[h, e, at].mean())
                row["miss"][key] = float((self.top[h, at] > bound[h, e, at]).mean())
                row["promised"][key] = float((self.tide.nodes - bound[h, e, at]).mean())
                if forecast is not None:
                    row["promised_at_equal_miss"][key] = _at_miss_rate(
                        np.ascontiguousarray(forecast[h][:, at]),
                        self.top[h, at],
                        self.tide.demand[at],
                        self.tide.nodes,
                        LEVELS,
                        eps,
                        _BISECTIONS,
                    )[0]
            found.append(row)
        return found


def _over_risks(loss: F64, present: F64, at: I64) -> F64:
    """Return the loss per tick, mean over risks, each in units of the present forecaster's mean loss."""
    unit = np.maximum(present[:, at].mean(axis=1, keepdims=True), 1e-9)
    found: F64 = (loss[:, at] / unit).mean(axis=0)
    return found


def _relative(loss: F64, present: F64, at: I64) -> float:
    return float(_over_risks(loss, present, at).mean())


def choice(warmup: Mapping[str, list[float | None]]) -> list[str]:
    """Return per horizon the forecaster with the least loss on the warm-up.

    Where the warm-up is too short to tell, the choice is that of the next shorter horizon.
    """
    found: list[str] = []
    for h in range(LENGTHS.size):
        known = {name: loss for name, losses in warmup.items() if (loss := losses[h]) is not None}
        found.append(min(known, key=known.__getitem__) if known else found[-1])
    return found
