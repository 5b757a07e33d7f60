"""Every colour of the pages and charts, in light and in dark.

The hues of the products differ in lightness too, for readers who tell few hues apart. Text reaches
4.5:1, lines and areas 3:1 against the sheet they lie on (WCAG 2.2, 1.4.3 and 1.4.11).
"""

from collections.abc import Mapping
from typing import Final

COLOURS: Final[Mapping[str, tuple[str, str]]] = {
    # Page.
    "paper": ("#f4f6f8", "#10151c"),
    "sheet": ("#ffffff", "#18202a"),
    "raised": ("#eef2f5", "#212b37"),
    "ink": ("#17212d", "#e8ecf1"),
    "muted": ("#4f5c6b", "#a9b4c2"),
    "line": ("#d5dce4", "#313d4b"),
    "edge": ("#7c8896", "#7f8c9b"),
    "accent": ("#0b666d", "#62cbc5"),
    "on-accent": ("#ffffff", "#0d1f22"),
    "good": ("#17663a", "#7bd29c"),
    # Charts.
    "internal": ("#3a5878", "#7f9fc4"),
    "product-1": ("#0d8587", "#3dbdb7"),
    "product-2": ("#b97400", "#f0b341"),
    "product-3": ("#7d5fb0", "#b197e0"),
    "product-4": ("#3a93cb", "#76c2ef"),
    "product-5": ("#bd4a6b", "#e5869f"),
    "product-6": ("#6f801a", "#b0c155"),
    "sanitising": ("#7f8b98", "#8d98a5"),
    "failed": ("#a02c20", "#f0806f"),
    "demand": ("#17212d", "#f2f5f8"),
    "capacity": ("#17212d", "#f2f5f8"),
    "idle": ("#7f8b98", "#8d98a5"),
    "grid": ("#e3e8ee", "#2a3542"),
}
"""Colour by name: hexadecimal in light, in dark."""

PRODUCTS: Final = 6
"""Colours for products; a seventh product takes the first again."""


def colour(name: str) -> dict[str, str]:
    """Return a colour as chart options carry it: looked up in the page when the chart is drawn.

    Raises
    ------
    KeyError
        If the palette has no such colour.
    """
    COLOURS[name]  # an unknown name fails here, not in a browser
    return {"$color": name}


def product_colour(place: int) -> str:
    """Return the name of a product's colour by its place among the pool's offers."""
    return f"product-{place % PRODUCTS + 1}"


def palette_css() -> str:
    """Return the colours as custom properties: by the reader's preference, by choice, on paper."""
    light, dark = (
        ";".join(f"--{name}:{pair[shade]}" for name, pair in COLOURS.items()) for shade in (0, 1)
    )
    return (
        f":root{{color-scheme:light;{light}}}\n"
        "@media (prefers-color-scheme:dark)"
        f"{{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}\n"
        f":root[data-theme=dark]{{color-scheme:dark;{dark}}}\n"
        f"@media print{{:root:root:root{{color-scheme:light;{light}}}}}"
    )
