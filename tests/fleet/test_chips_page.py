"""The page of chips says what the data files say."""

from tests.fleet.chips_page import BEGIN, END, PAGE, tables


def test_the_page_shows_the_data_files():
    page = PAGE.read_text(encoding="utf-8")
    shown = page.partition(BEGIN)[2].partition(END)[0]
    assert shown.strip() == tables().strip(), "run: python -m tests.fleet.chips_page"
