"""The calendar of announced runs as nodes over time."""

import numpy as np

from tidegate.demand import PlannedRun, planned_nodes

HOUR = 3600
GRID = np.arange(0, 100 * HOUR, HOUR, dtype=np.int64)


def test_nothing_is_planned_without_a_run():
    assert planned_nodes([], GRID, 8).tolist() == [0] * 100


def test_a_firm_run_holds_whole_nodes_from_its_begin_to_its_end():
    run = PlannedRun(10 * HOUR, 60 * HOUR, gpus=17, is_firm=True)
    assert planned_nodes([run], GRID, 8).tolist() == [0] * 10 + [3] * 50 + [0] * 40


def test_room_is_kept_for_a_likely_run_for_a_day():
    long = PlannedRun(10 * HOUR, 60 * HOUR, gpus=8, is_firm=False)
    short = PlannedRun(10 * HOUR, 12 * HOUR, gpus=8, is_firm=False)
    assert planned_nodes([long], GRID, 8).tolist() == [0] * 10 + [1] * 24 + [0] * 66
    assert planned_nodes([short], GRID, 8).tolist() == [0] * 10 + [1] * 2 + [0] * 88


def test_runs_add_up():
    runs = [
        PlannedRun(0, 50 * HOUR, 8, is_firm=True),
        PlannedRun(40 * HOUR, 60 * HOUR, 16, is_firm=True),
    ]
    nodes = planned_nodes(runs, GRID, 8)
    assert nodes[[0, 39, 40, 49, 50, 59, 60]].tolist() == [1, 1, 3, 3, 2, 2, 0]
