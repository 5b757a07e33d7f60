"""Time-of-day bands, against a look at the wall clock minute by minute."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.lease.bands import Band, Slice, band_at, clash, slices

NIGHT = Band("night", 22 * 60, 6 * 60, Decimal("0.8"))
WEEKEND_NIGHT = Band("weekend night", 22 * 60, 6 * 60, Decimal("0.5"), frozenset({4, 5}))
ZONES = ["Europe/Oslo", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]

# Around both changes of 2026 in Europe and America, Lord Howe's half hours, and an ordinary day.
DAYS = [
    "2026-03-08",
    "2026-03-29",
    "2026-04-05",
    "2026-06-15",
    "2026-10-04",
    "2026-10-25",
    "2026-11-01",
]


def at(text: str, zone: str = "UTC", fold: int = 0) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp())


def hours(day: str, next_day: str, zone: str, band: Band) -> float:
    """Hours that a band lasts between noon of two days."""
    parts = slices(at(f"{day}T12:00", zone), at(f"{next_day}T12:00", zone), [band], zone)
    return sum(s.end_s - s.start_s for s in parts if s.band is not None) / 3600


def minute_by_minute(start_s: int, end_s: int, bands: list[Band], zone: str) -> list[Slice]:
    """The slow twin: look at the wall each minute."""
    cut: list[Slice] = []
    for now_s in range(start_s, end_s, 60):
        wall = datetime.fromtimestamp(now_s, UTC).astimezone(ZoneInfo(zone))
        minute = wall.hour * 60 + wall.minute
        held = [i for i, b in enumerate(bands) if b.holds(wall.weekday(), minute)]
        band = held[0] if held else None
        if cut and cut[-1].band == band:
            cut[-1] = cut[-1]._replace(end_s=now_s + 60)
        else:
            cut.append(Slice(now_s, now_s + 60, band))
    return cut


def test_a_night_follows_the_wall_when_clocks_change():
    assert hours("2026-06-14", "2026-06-15", "Europe/Oslo", NIGHT) == 8
    assert hours("2026-03-28", "2026-03-29", "Europe/Oslo", NIGHT) == 7
    assert hours("2026-10-24", "2026-10-25", "Europe/Oslo", NIGHT) == 9
    assert hours("2026-04-04", "2026-04-05", "Australia/Lord_Howe", NIGHT) == 8.5


def test_an_hour_shown_twice_is_in_the_band_twice():
    band = Band("early", 2 * 60 + 30, 3 * 60, Decimal(1))
    start_s = at("2026-10-25T00:00")
    parts = list(slices(start_s, start_s + 4 * 3600, [band], "Europe/Oslo"))
    assert [(s.start_s - start_s, s.end_s - start_s) for s in parts if s.band == 0] == [
        (1800, 3600),
        (5400, 7200),
    ]


def test_a_band_whose_start_is_skipped_begins_with_the_next_minute_shown():
    band = Band("early", 2 * 60 + 30, 5 * 60, Decimal(1))
    change_s = at("2026-03-29T01:00")
    parts = list(slices(change_s - 3600, change_s + 4 * 3600, [band], "Europe/Oslo"))
    assert parts == [
        Slice(change_s - 3600, change_s, None),
        Slice(change_s, change_s + 2 * 3600, 0),
        Slice(change_s + 2 * 3600, change_s + 4 * 3600, None),
    ]


def test_a_night_belongs_to_the_day_on_which_it_begins():
    friday, saturday, sunday = (at(f"2026-06-{day}T23:00", "Europe/Oslo") for day in (19, 20, 21))
    bands = [WEEKEND_NIGHT]
    assert band_at(friday, bands, "Europe/Oslo") == 0
    assert band_at(saturday + 6 * 3600, bands, "Europe/Oslo") == 0
    assert band_at(sunday, bands, "Europe/Oslo") is None
    assert band_at(friday - 20 * 3600, bands, "Europe/Oslo") is None


@st.composite
def bands_of_a_day(draw: st.DrawFn) -> list[Band]:
    """Up to three bands that do not clash."""
    bands: list[Band] = []
    for place in range(draw(st.integers(1, 3))):
        from_minute = draw(st.integers(0, 1439))
        to_minute = draw(st.integers(1, 1440).filter(from_minute.__ne__))
        days = draw(st.frozensets(st.integers(0, 6), min_size=1))
        band = Band(f"band {place}", from_minute, to_minute, Decimal(place), days)
        if clash([*bands, band]) is None:
            bands.append(band)
    return bands


@given(bands_of_a_day(), st.sampled_from(ZONES), st.sampled_from(DAYS), st.integers(-1000, 1000))
def test_the_wall_agrees_minute_by_minute(bands: list[Band], zone: str, day: str, shift: int):
    start_s = at(f"{day}T00:00") + 60 * shift
    end_s = start_s + 40 * 3600
    assert list(slices(start_s, end_s, bands, zone)) == minute_by_minute(
        start_s, end_s, bands, zone
    )


@given(st.integers(-3600, 3600), st.integers(1, 90_000))
def test_slices_leave_no_gap(shift: int, span_s: int):
    start_s = at("2026-10-25T00:00") + shift
    parts = list(slices(start_s, start_s + span_s, [NIGHT], "Europe/Oslo"))
    assert parts[0].start_s == start_s
    assert parts[-1].end_s == start_s + span_s
    assert all(a.end_s == b.start_s and a.band != b.band for a, b in pairwise(parts))


def test_clashes_are_found():
    morning = Band("morning", 5 * 60, 9 * 60, Decimal(1))
    assert clash([NIGHT, morning]) == (0, 1)
    assert clash([NIGHT, Band("day", 6 * 60, 22 * 60, Decimal(1))]) is None
    assert clash([WEEKEND_NIGHT, Band("monday", 0, 1440, Decimal(1), frozenset({0}))]) is None
    assert clash([WEEKEND_NIGHT, Band("sunday", 0, 1440, Decimal(1), frozenset({6}))]) == (0, 1)


@pytest.mark.parametrize(
    ("from_minute", "to_minute", "days", "factor"),
    [
        (60, 60, {0}, "1"),
        (1440, 60, {0}, "1"),
        (0, 1441, {0}, "1"),
        (0, 60, {7}, "1"),
        (0, 60, set(), "1"),
        (0, 60, {0}, "-1"),
        (0, 60, {0}, "NaN"),
    ],
)
def test_what_is_not_a_band(from_minute: int, to_minute: int, days: set[int], factor: str):
    with pytest.raises(ValueError):  # noqa: PT011 - the message differs
        Band("no", from_minute, to_minute, Decimal(factor), frozenset(days))
