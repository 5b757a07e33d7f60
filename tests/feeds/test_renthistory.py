"""Rent histories: what is read, and what is refused with its line."""

from pathlib import Path

import numpy as np
import pytest

from tidegate.errors import FinanceError
from tidegate.feeds.renthistory import read_rent_history


def rows(count: int = 14, **changes: str) -> list[str]:
    months = [f"{2024 + n // 12}-{n % 12 + 1:02d}" for n in range(count)]
    return [
        "# source: made",
        "month,H100,H100_n,A100",
        *(f"{m},{4 - n / 10},3,2" for n, m in enumerate(months)),
    ]


def read(folder: Path, lines: list[str]):
    path = folder / "rents.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return read_rent_history(path)


def test_a_history_is_read(tmp_path: Path):
    found = read(tmp_path, rows())
    assert (str(found.first), found.months, sorted(found.rents)) == (
        "2024-01",
        14,
        ["A100", "H100"],
    )
    assert found.rents["H100"][1] == 3.9


def test_a_series_may_begin_late(tmp_path: Path):
    lines = rows(15)
    lines[2] = "2024-01,4,3,"
    assert np.isnan(read(tmp_path, lines).rents["A100"][0])


@pytest.mark.parametrize(
    ("line", "text", "said"),
    [
        (5, "2024-05,3,3,2", "missing before 2024-05"),
        (5, "2024-03,3,3,2", "twice or out of order"),
        (5, "May,3,3,2", "not a month"),
        (5, "2024-04,cheap,3,2", "not a number"),
        (5, "2024-04,-3,3,2", "not a rent"),
        (5, "2024-04,3", "2 fields"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(tmp_path: Path, line: int, text: str, said: str):
    lines = rows()
    lines[line] = text
    with pytest.raises(FinanceError, match=said) as caught:
        read(tmp_path, lines)
    assert (caught.value.code, caught.value.place.line) == ("TG-FIN-HISTORY", line + 1)


def test_a_gap_inside_a_series(tmp_path: Path):
    lines = rows()
    lines[6] = "2024-05,,3,2"
    with pytest.raises(FinanceError, match="gap at 2024-05"):
        read(tmp_path, lines)


def test_too_few_months(tmp_path: Path):
    with pytest.raises(FinanceError, match="has 5 months"):
        read(tmp_path, rows(5))
