"""Which parameter moves coverage most: one at a time, and all at once (Sobol indices by SALib)."""

import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np

from tidegate.finance.stress.levers import OWN_RENT, Levers

_BASE_SAMPLES: Final = 512


@dataclass(frozen=True)
class Bar:
    """One lever of a tornado.

    Attributes
    ----------
    lever : str
    low, base, high : float
        Its values.
    at_low, at_high : float
        Coverage there, the others as they are.
    total_index : float
        Sobol total index: the share of coverage's variance that would be left if all others were known; levers are
        spread evenly between low and high.
    """

    lever: str
    low: float
    base: float
    high: float
    at_low: float
    at_high: float
    total_index: float

    @property
    def swing(self) -> float:
        """Width of the bar."""
        return abs(self.at_high - self.at_low)


def tornado(levers: Levers, *, own_use: bool = False, seed: int = 0) -> tuple[Bar, ...]:
    """Return the levers by their swing, the widest first; those that move nothing are left out.

    Parameters
    ----------
    levers : Levers
    own_use : bool
        Whether own hours count at the market's rent.
    seed : int
        Of the sample.
    """
    # SALib draws in pandas and multiprocess, whose import warns on some versions.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from SALib.analyze import sobol as analyse  # noqa: PLC0415
        from SALib.sample import sobol as sample  # noqa: PLC0415

    names = [
        name
        for name in levers.base
        if (own_use or name != OWN_RENT) and levers.high[name] > levers.low[name]
    ]
    problem = {
        "num_vars": len(names),
        "names": names,
        "bounds": [[levers.low[name], levers.high[name]] for name in names],
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        points = sample.sample(problem, _BASE_SAMPLES, calc_second_order=False, seed=seed)
        values = np.asarray(
            levers.coverage(dict(zip(names, points.T, strict=True)), own_use=own_use)
        )
        found = analyse.analyze(problem, values, calc_second_order=False, seed=seed)
    bars = [
        Bar(
            name,
            levers.low[name],
            levers.base[name],
            levers.high[name],
            float(levers.coverage({name: levers.low[name]}, own_use=own_use)),
            float(levers.coverage({name: levers.high[name]}, own_use=own_use)),
            float(index),
        )
        for name, index in zip(names, found["ST"], strict=True)
    ]
    return tuple(sorted((b for b in bars if b.swing), key=lambda b: -b.swing))
