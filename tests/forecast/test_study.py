"""The study of forecasters: nothing of the future is known, and the present forecaster is the one that runs."""

import dataclasses

import numpy as np
import pytest
from bench.forecasting.empirical import LEVELS, counting
from bench.forecasting.online import Step, adaptive, combined, pinball, plain
from bench.forecasting.survival import survival, survivors
from bench.forecasting.tides import LENGTHS, Jobs, Tide, tops

NODES = 20
TICKS = 2600


@pytest.fixture(scope="module")
def tide():
    random = np.random.default_rng(1)
    submit = np.sort(random.uniform(0, TICKS, 700))
    nodes = random.integers(1, 5, submit.size).astype(np.float64)
    jobs = Jobs(
        submit=submit,
        end=submit + random.exponential(15, submit.size),
        nodes=nodes,
        owner=np.zeros(submit.size, dtype=np.int64),
    )
    grid = np.arange(TICKS)[:, None]
    held = ((jobs.submit <= grid) & (grid < jobs.end)) @ nodes
    return Tide("made", NODES, np.minimum(held, NODES).astype(np.int64), 0, jobs)


def test_no_forecaster_knows_the_future(tide: Tide):
    now = 2300
    later = tide.demand.copy()
    later[now + 1 :] = np.random.default_rng(2).integers(0, NODES, TICKS - now - 1)
    other = dataclasses.replace(tide, demand=later, jobs=None)
    top, other_top = tops(tide.demand), tops(later)
    mine = counting(dataclasses.replace(tide, jobs=None), top)
    theirs = counting(other, other_top)
    names = ("both", "rise", "level")
    mine |= combined(mine, names, top)
    theirs |= combined(theirs, names, other_top)
    for name, forecast in mine.items():
        assert np.array_equal(forecast[..., : now + 1], theirs[name][..., : now + 1]), name
    for early in (False, True):
        step = Step(0.01, early=early)
        corrected = adaptive(mine["rise"], top, tide, step)
        others = adaptive(theirs["rise"], other_top, other, step)
        assert np.array_equal(corrected[..., : now + 1], others[..., : now + 1])


def test_survival_does_not_know_when_running_jobs_end(tide: Tide):
    now = 2300
    jobs = tide.jobs
    assert jobs is not None
    running = jobs.end > now
    # Whatever runs then ends at another time, and nothing is submitted any more.
    end = np.where(running, now + 1 + 3 * (jobs.end - now), jobs.end)
    known = jobs.submit <= now
    other = Jobs(jobs.submit[known], end[known], jobs.nodes[known], jobs.owner[known])
    changed = dataclasses.replace(tide, jobs=other)
    mine, theirs = survivors(tide), survivors(changed)
    assert np.allclose(mine[:, : now + 1], theirs[:, : now + 1])
    assert np.array_equal(
        survival(tide, mine)[..., : now + 1], survival(changed, theirs)[..., : now + 1]
    )


def test_the_present_forecaster_takes_half_the_risk_twice(tide: Tide):
    found = counting(tide, tops(tide.demand))["both"]
    h, i = 2, 2200
    length, now = int(LENGTHS[h]), tide.demand[i]
    seen = [tide.demand[j : j + length + 1] for j in range(i - length + 1)]
    for k, eps in enumerate(LEVELS.tolist()):
        rank = len(seen) + 1 - int((len(seen) + 1) * eps / 2)
        level = sorted([*(part.max() for part in seen), NODES])[rank - 1]
        rise = sorted([*(part.max() - part[0] for part in seen), NODES])[rank - 1]
        assert found[h, k, i] == max(now, min(NODES, level, now + rise))


def test_pinball_loss():
    loss = pinball(np.array([[5.0]]), np.array([[[3.0], [5.0], [7.0]]]))
    assert loss[0, :, 0] == pytest.approx([2 * 0.99, 0.0, 2 * 0.1])
    assert plain(np.full((1, LEVELS.size, 1), 3.2, dtype=np.float32))[0, 0, 0] == 4.0
