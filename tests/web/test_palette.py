"""Colours keep the contrast that WCAG 2.2 AA asks for, in light and in dark."""

import pytest

from tidegate.web.palette import COLOURS, PRODUCTS, colour, palette_css, product_colour

TEXT = ("ink", "muted", "accent", "good")
MARKS = (
    *(f"product-{i + 1}" for i in range(PRODUCTS)),
    *("internal", "sanitising", "failed", "demand", "capacity", "edge", "idle"),
)


def luminance(hexadecimal: str) -> float:
    """Relative luminance of WCAG 2.2."""
    parts = [int(hexadecimal[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2.2."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("shade", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "sheet", "raised"])
@pytest.mark.parametrize("name", TEXT)
def test_text(name: str, ground: str, shade: int):
    assert contrast(COLOURS[name][shade], COLOURS[ground][shade]) >= 4.5


@pytest.mark.parametrize("shade", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("name", MARKS)
def test_lines_and_areas(name: str, shade: int):
    assert contrast(COLOURS[name][shade], COLOURS["sheet"][shade]) >= 3


@pytest.mark.parametrize("shade", [0, 1], ids=["light", "dark"])
def test_the_skip_link(shade: int):
    assert contrast(COLOURS["on-accent"][shade], COLOURS["accent"][shade]) >= 4.5


def test_an_unknown_colour_fails_here():
    with pytest.raises(KeyError):
        colour("mauve")
    assert product_colour(PRODUCTS) == product_colour(0)
    assert all(f"--{name}:" in palette_css() for name in COLOURS)
