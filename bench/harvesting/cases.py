"""The cases of the harvest benchmark: a log, and the nodes of a pool that it keeps in tides."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Final

from bench.logs import BUNDLED

from tidegate.app import scenario_from_options
from tidegate.app.options import windowed
from tidegate.feeds import read_jobs
from tidegate.plan import Game, LogSource, PoolCase, Settings, prepare


@dataclass(frozen=True)
class Case:
    """One log with the size of its pool.

    Attributes
    ----------
    name : str
        Names the streams of requests too.
    log : Path
    nodes : int
        Of eight GPUs. The rule of the bundled cases: unconstrained internal demand, on a grid of five minutes after
        the warm-up, exceeds them 0.5 % of the time.
    format : str
        A name of ``tidegate.feeds.FORMATS``, or ``auto``.
    where : mapping of str to str
        Keep rows whose column has this value.
    window_from : str or None
        Play jobs submitted from here on.
    """

    name: str
    log: Path
    nodes: int
    format: str = "auto"
    where: Mapping[str, str] = field(default_factory=dict)
    window_from: str | None = None


CASES: Final = (
    Case("itp-02", BUNDLED, 36, where={"cluster": "cluster02"}),
    Case("itp-03", BUNDLED, 123, where={"cluster": "cluster03"}),
    Case("itp-04", BUNDLED, 118, where={"cluster": "cluster04"}),
)
"""What comes with the project; hyperparameters are common to all, and to every log of a blind check."""


def philly(log: Path) -> Case:
    """Return the case of the Philly trace, which is not bundled."""
    return Case("philly", log, 105, window_from="2017-10-03")


def pool_case(case: Case, risk: float) -> PoolCase:
    """Return the pool, selling the standard products at prices relative to 1."""
    scenario = scenario_from_options(
        case.log,
        nodes=case.nodes,
        price=Decimal(1),
        risk=risk,
        format=case.format,
        where=case.where,
    )
    if case.window_from is not None:
        scenario = windowed(scenario, case.window_from, None)
    (found,) = scenario.cases
    return dataclasses.replace(found, pool=dataclasses.replace(found.pool, id=case.name))


def game_of(case: Case, settings: Settings, risk: float) -> Game:
    """Return the case made ready to be played."""
    pool = pool_case(case, risk)
    assert isinstance(pool.demand, LogSource)
    return prepare(pool, read_jobs(pool.demand), settings)
