"""A sweep cut into cells and put together again says what backtests say."""

import dataclasses
import pickle
import random

import pytest
from tests.plan.pools import a_case, a_log, backtest, settings, tide

from tidegate.plan import (
    Cell,
    CellResult,
    FailureModel,
    PoolCase,
    Scenario,
    Stage,
    Sweep,
    cells_of,
    merge,
    sweep_frame,
)

POLICIES = ("none", "static", "reactive", "tidegate")
LOG = a_log(tide(6))


def a_sweep(*cases: PoolCase, **more: object) -> Sweep:
    scenario = Scenario("fleet", "USD", cases or (a_case(),))
    sweep = Sweep(
        (scenario,), policies=POLICIES, risks=(0.05, 0.3), seeds=(0, 1), warmup_s=2 * 86400
    )
    return dataclasses.replace(sweep, **more)  # type: ignore[arg-type]


def played(sweep: Sweep) -> dict[Cell, CellResult]:
    stages = {
        (fleet, pool): Stage(case, LOG, sweep.settings(fleet))
        for fleet, pool, case in sweep.pools()
    }
    return {cell: stages[cell.fleet, cell.pool].play(cell) for cell in cells_of(sweep)}


def with_risk(case: PoolCase, risk: float) -> PoolCase:
    policy = dataclasses.replace(case.pool.policy, risk=risk)
    return dataclasses.replace(case, pool=dataclasses.replace(case.pool, policy=policy))


def test_every_cell_once_and_none_for_a_risk_that_nobody_asks_for():
    cells = cells_of(a_sweep())
    assert len(cells) == len(set(cells)) == 1 + 10 * 2 + 2 + 2 * 2
    assert {c.risk for c in cells if c.policy == "tidegate"} == {0.05, 0.3}
    assert {c.risk for c in cells if c.policy != "tidegate"} == {None}


def test_without_a_risk_each_pool_has_its_own():
    sweep = a_sweep(a_case(risk=0.07), a_case(risk=0.2), risks=())
    asked = [c for c in cells_of(sweep) if c.policy == "tidegate" and c.seed == 0]
    assert [c.risk for c in asked] == [0.07, 0.2]


def test_a_pool_that_sells_nothing_is_played_once():
    assert [c.policy for c in cells_of(a_sweep(a_case(offers=())))] == ["none"]


@pytest.mark.parametrize("failures", [None, FailureModel(mtbf_h=300, repair_h=6)])
def test_the_same_numbers_as_a_backtest(failures: FailureModel | None):
    case = a_case(failures=failures)
    sweep = a_sweep(case, policies=(*POLICIES, "clairvoyant"))
    (pool,) = merge(sweep, played(sweep))
    for risk in sweep.risks:
        how = settings(*sweep.policies, seeds=2, warmup_s=2 * 86400)
        single = backtest(with_risk(case, risk), tide(6), how)
        for policy in single.policies:
            row = pool.row(policy.policy, risk if policy.policy == "tidegate" else None)
            assert row is not None
            mine = row.result
            # The last digit depends on whether the mean or the hours were taken first.
            assert mine.harvested_share_of_idle == pytest.approx(policy.harvested_share_of_idle)
            same = dataclasses.replace(mine, harvested_share_of_idle=policy.harvested_share_of_idle)
            assert same == policy


def test_the_order_of_finishing_does_not_matter():
    sweep = a_sweep()
    results = list(played(sweep).items())
    frame = sweep_frame(merge(sweep, dict(results)))
    random.Random(3).shuffle(results)
    assert sweep_frame(merge(sweep, dict(results))).equals(frame)
    assert frame.height == 1 + 1 + 1 + 2


def test_a_row_whose_cell_is_missing_is_left_out():
    sweep = a_sweep(policies=("reactive", "tidegate"))
    results = played(sweep)
    lost = next(c for c in results if c.policy == "tidegate" and c.risk == 0.3)
    (pool,) = merge(sweep, {c: r for c, r in results.items() if c != lost})
    assert pool.row("tidegate", 0.3) is None
    assert pool.row("tidegate", 0.05) is not None
    assert pool.row("reactive") is not None


def test_without_a_finished_cell_there_is_a_table_without_rows():
    frame = sweep_frame(merge(a_sweep(), {}))
    assert frame.height == 0
    assert {"policy", "risk", "revenue", "broken_share"} <= set(frame.columns)


def test_cells_cross_from_one_process_to_another():
    sweep = a_sweep()
    assert pickle.loads(pickle.dumps((cells_of(sweep), sweep))) == (cells_of(sweep), sweep)
