"""Whatever is drawn and whatever happens: chips and money add up, every month, and nothing is out of bounds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.market.worlds import base, played

from tidegate.market.kernel import SHOCKS
from tidegate.market.parameters import parameters, thetas_of
from tidegate.market.play import play
from tidegate.market.record import Record

ENTRY = st.floats(0, 1e6)
PATH = st.floats(0.3, 3.0)


@st.composite
def records(draw: st.DrawFn) -> Record:
    """Plays of the base scenario with an entry, a surge or slump of demand and a barrier, all drawn."""
    world = base()
    months = 40
    offered = world.owner.offered.copy()
    offered[draw(st.integers(0, 30)) :, 1:3] = draw(ENTRY)
    path = world.demand.path.copy()
    path[20:] *= draw(PATH)
    allowed = world.chips.allowed.copy()
    allowed[15:, 1] *= draw(st.floats(0, 1))
    world = world._replace(
        owner=world.owner._replace(offered=offered),
        demand=world.demand._replace(path=path),
        chips=world.chips._replace(allowed=allowed),
    )
    source = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = draw(st.floats(0, 1.5))
    thetas = thetas_of(scale * source.standard_normal((2, len(parameters()))))
    return play(world, thetas, source.standard_normal((2, months, SHOCKS)))


@settings(max_examples=40)
@given(records())
def test_chips_and_money_add_up(record: Record):
    made = record.made.astype(np.float64)
    there = (record.in_use + record.stored + record.scrapped).astype(np.float64)
    assert there == pytest.approx(made, rel=1e-5, abs=1e-2)
    assert (record.stored >= -1e-6 * made.max()).all()
    for name in Record._fields:
        assert np.isfinite(getattr(record, name)).all(), name
    assert (record.rent > 0).all()
    assert (record.resale > 0).all()
    assert (record.occupancy <= 0.9501).all()
    assert (record.occupancy >= 0).all()
    assert (record.let <= 1).all()
    assert (np.diff(record.firms, axis=1) <= 1e-4).all()
    assert (record.debt >= -1.0).all()
    _money(record)


def _money(record: Record) -> None:
    """A camp's cash changes by what flowed and by nothing else; so does its debt."""
    flows = {
        name: getattr(record, name)[:, 1:].astype(np.float64)
        for name in ("revenue", "costs", "equity", "purchases", "sales", "borrowed", "written_off")
    }
    size = 1e-5 * np.maximum(1e6, sum(np.abs(f) for f in flows.values()))
    size += 1e-6 * (np.abs(record.cash[:, 1:]) + np.abs(record.debt[:, 1:]))
    f = flows
    change = np.diff(record.cash.astype(np.float64), axis=1)
    into = f["revenue"] - f["costs"] + f["equity"] - f["purchases"] + f["sales"] + f["borrowed"]
    assert (np.abs(change - into) <= 10 * size).all()
    change = np.diff(record.debt.astype(np.float64), axis=1)
    assert (np.abs(change - f["borrowed"] + f["written_off"]) <= 10 * size).all()
    # What one camp sells of a failed firm, others buy.
    traded = f["sales"].sum(axis=-1)
    assert (np.abs(traded) <= 10 * size.max(axis=-1)).all()


def test_the_same_seed_gives_the_same_result():
    one, two = played(base(), draws=3, months=24), played(base(), draws=3, months=24)
    for name in Record._fields:
        assert np.array_equal(getattr(one, name), getattr(two, name)), name


def test_a_shorter_play_is_the_start_of_a_longer_one():
    short, long = played(base(), draws=3, months=24), played(base(), draws=3, months=36)
    assert np.array_equal(short.rent, long.rent[:, :24])
