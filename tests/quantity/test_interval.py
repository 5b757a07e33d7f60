"""Half-open intervals."""

import pytest

from tidegate.quantity import Interval


def test_the_end_is_outside():
    hour = Interval(0, 3600)
    assert 0 in hour
    assert 3599 in hour
    assert 3600 not in hour
    assert hour.duration_s == 3600


@pytest.mark.parametrize(
    ("other", "seconds"),
    [((10, 20), 0), ((5, 15), 5), ((2, 4), 2), ((-5, 50), 10), ((30, 40), 0)],
)
def test_overlap(other: tuple[int, int], seconds: int):
    assert Interval(0, 10).overlap_s(Interval(*other)) == seconds
    assert Interval(*other).overlap_s(Interval(0, 10)) == seconds


def test_an_interval_does_not_end_before_it_starts():
    with pytest.raises(ValueError, match="ends"):
        Interval(1, 0)
