"""Sweeps: fleets x policies x risks x seeds, cut into cells and put together again."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Final

import polars as pl

from tidegate.plan.backtest import SHARES
from tidegate.plan.cell import BOUND, CODES_BY_NAME, Cell, CellResult, Intake
from tidegate.plan.game import Settings
from tidegate.plan.policyresult import MISS_HORIZONS, PolicyResult
from tidegate.plan.scenario import PoolCase, Scenario
from tidegate.plan.tally import over_bound, total
from tidegate.quota import PolicyCode

# Whether a policy asks for the risk: what is not listed does, so that a new one is never played too seldom.
_WITHOUT_RISK: Final = (
    PolicyCode.NONE,
    PolicyCode.STATIC,
    PolicyCode.REACTIVE,
    PolicyCode.GFS,
    None,
)


@dataclass(frozen=True)
class Sweep:
    """What is to be played.

    Attributes
    ----------
    scenarios : tuple of Scenario
        The fleets.
    policies : tuple of str
        Names of :data:`tidegate.quota.POLICIES`; ``none`` is always played.
    risks : tuple of float
        Risks, each for every pool; empty for each pool's own.
    seeds : tuple of int
        Seeds of the request streams and of the failures.
    warmup_s : int
        History before leasing starts.
    offered_load : float or None
        GPU-hours asked for over mean headroom, for every fleet; None for each fleet's own.
    source : str
        The file.
    """

    scenarios: tuple[Scenario, ...]
    policies: tuple[str, ...] = Settings.policies
    risks: tuple[float, ...] = ()
    seeds: tuple[int, ...] = Settings.seeds
    warmup_s: int = Settings.warmup_s
    offered_load: float | None = None
    source: str = "command line"

    def settings(self, fleet: int) -> Settings:
        """Return how the cells of a fleet are played."""
        scenario = self.scenarios[fleet]
        load = scenario.offered_load if self.offered_load is None else self.offered_load
        return Settings(
            policies=self.policies,
            seeds=self.seeds,
            warmup_s=self.warmup_s,
            offered_load=load,
            sanitise_s=scenario.sanitise_s,
            currency=scenario.currency,
        )

    def pools(self) -> Iterator[tuple[int, int, PoolCase]]:
        """Go through all pools with the places of fleet and pool."""
        for fleet, scenario in enumerate(self.scenarios):
            for pool, case in enumerate(scenario.cases):
                yield fleet, pool, case


Group = tuple[str, float | None, tuple[tuple[Cell, ...], ...]]
"""Policy and risk, and for each of the policy's settings its cells, one per seed."""


def _groups(sweep: Sweep, fleet: int, pool: int, case: PoolCase) -> Iterator[Group]:
    """Go through the rows of a pool's table, in their order."""
    for policy, code in CODES_BY_NAME.items():
        wanted = policy in sweep.policies and bool(case.offers)
        if not (wanted or code is PolicyCode.NONE):
            continue
        risks: Sequence[float | None] = sweep.risks or (case.pool.policy.risk,)
        # As in a backtest: without failures the play without leases is the same for every seed.
        once = code is PolicyCode.NONE and not case.failures
        shares = SHARES if code is PolicyCode.STATIC else (100,)
        for risk in (None,) if code in _WITHOUT_RISK else risks:
            yield (
                policy,
                risk,
                tuple(
                    tuple(
                        Cell(fleet, pool, policy, share, risk, seed)
                        for seed in (sweep.seeds[:1] if once else sweep.seeds)
                    )
                    for share in shares
                ),
            )


def cells_of(sweep: Sweep) -> list[Cell]:
    """Return the cells of a sweep, those of a pool next to each other, each once."""
    return [
        cell
        for place in sweep.pools()
        for _, _, settings in _groups(sweep, *place)
        for cells in settings
        for cell in cells
    ]


@dataclass(frozen=True)
class SweepRow:
    """One policy at one risk; the risk is None where the policy does not ask for it."""

    risk: float | None
    result: PolicyResult

    def to_json(self) -> dict[str, Any]:
        """Return the row as plain values."""
        return {"risk": self.risk, **self.result.to_json()}


@dataclass(frozen=True)
class SweepPool:
    """One pool's part of a sweep.

    Attributes
    ----------
    scenario : Scenario
        Its fleet.
    case : PoolCase
        The pool.
    rows : tuple of SweepRow
        Policies in their order, then risks in the sweep's; a row of which a cell failed is missing.
    intake : Intake or None
        How its log was read; None when every cell failed.
    """

    scenario: Scenario
    case: PoolCase
    rows: tuple[SweepRow, ...]
    intake: Intake | None

    def row(self, policy: str, risk: float | None = None) -> SweepRow | None:
        """Return the row of a policy at a risk, None when there is none."""
        return next((r for r in self.rows if (r.result.policy, r.risk) == (policy, risk)), None)

    def to_json(self) -> dict[str, Any]:
        """Return the pool as plain values."""
        pool, intake = self.case.pool, self.intake
        return {
            "fleet": self.scenario.name,
            "source": self.scenario.source,
            "currency": self.scenario.currency,
            "name": pool.id,
            "tier": pool.tier.value,
            "chip": pool.chip.id,
            "nodes": pool.nodes,
            "gpus": pool.gpus,
            "jobs": intake.jobs if intake else None,
            "rejected_rows": intake.rejected if intake else None,
            "rows": [row.to_json() for row in self.rows],
        }


def merge(sweep: Sweep, results: Mapping[Cell, CellResult]) -> tuple[SweepPool, ...]:
    """Put finished cells together; the order in which they were finished does not matter.

    Parameters
    ----------
    sweep : Sweep
    results : mapping of Cell to CellResult
        As far as there are any.
    """
    by_pool: dict[tuple[int, int], dict[Cell, CellResult]] = {}
    for cell, result in results.items():
        by_pool.setdefault((cell.fleet, cell.pool), {})[cell] = result
    return tuple(
        _merged(sweep, fleet, pool, case, by_pool.get((fleet, pool), {}))
        for fleet, pool, case in sweep.pools()
    )


def _merged(
    sweep: Sweep, fleet: int, pool: int, case: PoolCase, found: Mapping[Cell, CellResult]
) -> SweepPool:
    scenario = sweep.scenarios[fleet]
    idle = _idle_gpu_hours(sweep, case, found)
    rows = []
    for policy, risk, settings in _groups(sweep, fleet, pool, case):
        if idle is None or not all(cell in found for cells in settings for cell in cells):
            continue
        tallies = [[found[cell].tally for cell in cells] for cells in settings]
        revenues = [sum(tally.revenue for tally in of_seeds) for of_seeds in tallies]
        best = revenues.index(max(revenues))
        result = total(
            policy,
            f"share {settings[best][0].share_percent} %" if len(settings) > 1 else None,
            tallies[best],
            idle_gpu_hours=idle,
            currency=scenario.currency,
        )
        rows.append(SweepRow(risk, result))
    if rows and rows[-1].result.policy == BOUND:
        most = rows[-1].result.revenue
        rows = [dataclasses.replace(r, result=over_bound(r.result, most)) for r in rows]
    intake = next((result.intake for result in found.values()), None)
    return SweepPool(scenario, case, tuple(rows), intake)


def _idle_gpu_hours(sweep: Sweep, case: PoolCase, found: Mapping[Cell, CellResult]) -> float | None:
    """Return the GPU-hours idle when nothing is leased, mean over seeds; None when a seed is missing."""
    by_seed = {cell.seed: result.alone for cell, result in found.items()}
    if not by_seed or (case.failures and len(by_seed) < len(sweep.seeds)):
        return None
    # Without failures every seed says the same.
    seeds = sweep.seeds if case.failures else tuple(by_seed)[:1]
    alone = [by_seed[seed] for seed in seeds]
    internal = fmean(a.internal_gpu_hours for a in alone)
    return alone[0].capacity_gpu_hours - internal - fmean(a.failed_gpu_hours for a in alone)


def sweep_frame(pools: Sequence[SweepPool]) -> pl.DataFrame:
    """Return one row per pool, policy and risk, with the main figures of :class:`PolicyResult`."""
    rows = [
        {
            "fleet": pool.scenario.name,
            "source": pool.scenario.source,
            "pool": pool.case.pool.id,
            "tier": pool.case.pool.tier.value,
            "policy": p.policy,
            "setting": p.setting,
            "risk": row.risk,
            "seeds": len(p.revenue_by_seed),
            "currency": pool.scenario.currency,
            **p.figures,
            "revenue_by_seed": [float(r) for r in p.revenue_by_seed],
            **{f"miss_rate_{key}": p.miss_rate[key] for key in MISS_HORIZONS},
            "revenue_share_of_clairvoyant": p.revenue_share_of_clairvoyant,
        }
        for pool in pools
        for row in pool.rows
        for p in (row.result,)
    ]
    return pl.DataFrame(rows, schema=_SCHEMA)


_SCHEMA: Final = {
    **dict.fromkeys(("fleet", "source", "pool", "tier", "policy", "setting"), pl.String()),
    "risk": pl.Float64(),
    "seeds": pl.Int64(),
    "currency": pl.String(),
    "revenue": pl.Float64(),
    "revenue_by_seed": pl.List(pl.Float64),
    **dict.fromkeys(
        (
            "harvested_gpu_hours",
            "harvested_share_of_idle",
            "internal_delay_mean_s",
            "internal_delay_p99_s",
            "delayed_jobs_share",
            "broken_share",
            "evictions_per_1000_gpu_hours",
            *(f"miss_rate_{key}" for key in MISS_HORIZONS),
            "revenue_share_of_clairvoyant",
        ),
        pl.Float64(),
    ),
}
