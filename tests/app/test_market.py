"""Who plays makes no difference; finance gets paths that are long enough."""

from datetime import date

import numpy as np
import pytest

from tidegate.app.market import market_paths, month_after, play_scenario
from tidegate.app.workers import Crew
from tidegate.errors import OptionError
from tidegate.feeds.marketfile import read_market
from tidegate.market.play import BLOCK
from tidegate.market.posterior import shipped
from tidegate.market.run import Draws

CREWS = [Crew("threading", 1), Crew("threading", 2), Crew("loky", 2), Crew("dask", 2)]


@pytest.mark.slow
@pytest.mark.enable_socket
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_backends_agree():
    """Threads, processes and a cluster give the same futures, number for number."""
    market, draws = read_market("enters"), Draws(shipped().posterior, BLOCK + 5, 3)
    first, *others = (play_scenario(market, draws, crew=crew, months=30) for crew in CREWS)
    for other in others:
        for name in first.record._fields:
            assert np.array_equal(getattr(first.record, name), getattr(other.record, name)), name


def test_more_draws_begin_with_the_fewer():
    market = read_market("base")
    few, many = (
        play_scenario(market, Draws(shipped().posterior, count, 3), months=30) for count in (4, 9)
    )
    assert np.array_equal(few.record.rent, many.record.rent[:4])


def test_paths_begin_after_the_calibrated_past_and_are_as_long_as_asked():
    """A chip that the market does not have goes with its architecture; its used price with its list price."""
    after = month_after(shipped().posterior)
    assert after == date(2026, 10, 1)
    chips = ("H100-SXM", "H100-PCIe", "B200-SXM")
    paths, source = market_paths("base", chips, date(2020, 1, 1), months=100, paths=3, seed=0)
    assert "base" in source
    assert (paths.generations, paths.months[0], len(paths.months)) == (chips, after, 100)
    assert np.array_equal(paths.rent("H100-PCIe"), paths.rent("H100-SXM"))
    ratio = paths.resale("H100-PCIe") / paths.resale("H100-SXM")
    assert ratio == pytest.approx(25250 / 33600)


def test_a_chip_of_another_world_is_refused():
    with pytest.raises(OptionError, match="TPU-v5p"):
        market_paths("base", ("TPU-v5p",), date(2026, 11, 1), months=12, paths=2, seed=0)
