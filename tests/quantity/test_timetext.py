"""Durations and instants as users write them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.quantity import (
    format_duration,
    parse_duration,
    parse_instant,
    time_of_day_s,
)
from tidegate.quantity.dayclock import times_of_day_s


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("14d", 14 * 86_400),
        ("6h", 21_600),
        ("300s", 300),
        ("2w", 1_209_600),
        ("90m", 5_400),
        ("1h30m", 5_400),
        ("1.5h", 5_400),
        (" 0s ", 0),
    ],
)
def test_durations(text: str, seconds: int):
    assert parse_duration(text) == seconds


@given(st.integers(min_value=0, max_value=100 * 365 * 86_400))
def test_what_is_written_is_read_back(seconds: int):
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize("seconds", [(21_600, "6h"), (1_209_600, "2w"), (90, "90s"), (0, "0s")])
def test_the_largest_unit_that_divides(seconds: tuple[int, str]):
    assert format_duration(seconds[0]) == seconds[1]


@pytest.mark.parametrize(
    "text", ["", "6", "h", "6 h", "-6h", "6H", "1e3s", "6h foo", "1..5h", "٣h"]
)
def test_what_is_not_a_duration(text: str):
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


def test_a_duration_is_of_whole_seconds_and_of_sane_length():
    with pytest.raises(ValueError, match="whole seconds"):
        parse_duration("0.5s")
    with pytest.raises(ValueError, match="century"):
        parse_duration("999999w")
    with pytest.raises(ValueError, match="negative"):
        format_duration(-1)


@pytest.mark.parametrize(
    ("text", "zone", "seconds", "calendar"),
    [
        ("86400", "UTC", 86_400, False),
        ("-5", "UTC", -5, False),
        ("1970-01-02", "UTC", 86_400, True),
        ("1970-01-02T00:00Z", "Asia/Taipei", 86_400, True),
        ("1970-01-02T08:00", "Asia/Taipei", 86_400, True),
        ("1970-01-02 08:00:00+08:00", "UTC", 86_400, True),
        ("1969-12-31T23:59:59.5", "UTC", -1, True),
    ],
)
def test_instants(text: str, zone: str, seconds: int, calendar: bool):
    instant = parse_instant(text, zone)
    assert (instant.seconds, instant.calendar) == (seconds, calendar)


def test_instants_that_do_not_exist():
    with pytest.raises(ValueError, match="neither"):
        parse_instant("yesterday")
    with pytest.raises(ValueError, match="IANA"):
        parse_instant("2026-01-01", "Mars/Olympus")
    with pytest.raises(ValueError, match="does not exist in Europe/Oslo"):
        parse_instant("2026-03-29T02:30", "Europe/Oslo")
    with pytest.raises(ValueError, match="years 1 to 9999"):
        parse_instant("0001-01-01", "Asia/Taipei")


def test_time_of_day_follows_the_zone_and_its_summer_time():
    winter, summer = 1_767_225_600, 1_782_864_000  # midnights in UTC, 2026-01-01 and 2026-07-01
    assert time_of_day_s(winter, "Europe/Oslo") == 3600
    assert time_of_day_s(summer, "Europe/Oslo") == 7200
    assert time_of_day_s(summer + 61, "UTC") == 61
    assert time_of_day_s(winter, "America/New_York") == 19 * 3600


def test_a_time_that_no_calendar_has_still_has_an_hour():
    assert time_of_day_s(86_400 * 10**9 + 5, "Europe/Oslo") == 5


@given(
    st.lists(st.integers(0, 2**31), min_size=1, max_size=20),
    st.sampled_from(["UTC", "Europe/Oslo", "Asia/Kathmandu", "America/St_Johns"]),
)
def test_many_times_of_day_are_those_of_each(seconds: list[int], zone: str):
    many = times_of_day_s(np.array(seconds, np.int64), zone)
    assert many.tolist() == [time_of_day_s(each, zone) for each in seconds]
