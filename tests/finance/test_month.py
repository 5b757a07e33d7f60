from datetime import date

import pytest

from tidegate.finance.month import Month, months_from


def test_months_count_over_years():
    assert Month(2025, 11) + 3 == Month(2026, 2)
    assert Month(2026, 2) - Month(2025, 11) == 3
    assert [str(m) for m in months_from(Month(2025, 12), Month(2026, 1))] == ["2025-12", "2026-01"]


def test_a_leap_february():
    assert (Month(2028, 2).days, Month(2028, 2).end) == (29, date(2028, 3, 1))


@pytest.mark.parametrize("text", ["2026-13", "2026", "26-01", "2026-00", ""])
def test_no_such_month(text: str):
    with pytest.raises(ValueError, match="month"):
        Month.parse(text)
