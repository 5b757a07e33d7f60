"""What a chart is: options for the library, and everything that stands around the drawing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tidegate.web.palette import colour
from tidegate.web.table import Table

Option = dict[str, Any]
"""Options of Apache ECharts as plain values.

``{"$color": name}`` stands for a colour of :mod:`tidegate.web.palette` and
``{"$format": name, ...}`` for a formatter of ``static/charts.js``; both are put in when the chart
is drawn.
"""


@dataclass(frozen=True)
class Key:
    """One entry of a legend.

    Attributes
    ----------
    label : str
        What is shown.
    colour : str
        Name in the palette.
    shape : str
        ``area``, ``band``, ``line`` or ``dashes``.
    """

    label: str
    colour: str
    shape: str = "area"


@dataclass(frozen=True)
class Variant:
    """One choice of what a chart shows, such as a policy.

    Attributes
    ----------
    label : str
        Its name in the switch.
    dataset : mapping
        ``columns``: values by dimension. ``start``, ``step``, ``count``: the regular grid of the
        dimension ``time``.
    """

    label: str
    dataset: Mapping[str, Any]


@dataclass(frozen=True)
class Chart:
    """A chart.

    Attributes
    ----------
    title : str
        What it shows.
    summary : str
        The same in a sentence or two with figures, for who does not see the drawing.
    caption : str
        How it was made: unit, thinning, what was cut.
    option : Option
        What is drawn.
    tables : tuple of Table
        The figures.
    legend : tuple of Key
        In order of drawing.
    variants : tuple of Variant
        Choices; the first is shown unless ``chosen`` says otherwise.
    chosen : int
        Place of the variant shown at first.
    zoom : bool
        Whether the time axis can be zoomed.
    height : int
        In CSS pixels.
    """

    title: str
    summary: str
    caption: str
    option: Option
    tables: tuple[Table, ...]
    legend: tuple[Key, ...] = ()
    variants: tuple[Variant, ...] = ()
    chosen: int = 0
    zoom: bool = False
    height: int = 320

    @property
    def payload(self) -> dict[str, Any]:
        """What the page's script needs, as plain values."""
        return {
            "option": self.option,
            "variants": [dict(variant.dataset) for variant in self.variants],
            "chosen": self.chosen,
        }


LABEL_SIZE: Final = 12


def frame(summary: str) -> Option:
    """Return what all charts have: no motion, a text for screen readers, a tooltip kept inside."""
    return {
        "animation": False,
        "aria": {"enabled": True, "label": {"description": summary}},
        "textStyle": {"fontFamily": "inherit", "fontSize": LABEL_SIZE, "color": colour("ink")},
        "grid": {"left": 8, "right": 16, "top": 32, "bottom": 8, "containLabel": True},
        "tooltip": {
            "trigger": "axis",
            "confine": True,
            "backgroundColor": colour("sheet"),
            "borderColor": colour("edge"),
            "textStyle": {"color": colour("ink"), "fontSize": LABEL_SIZE},
        },
    }


def axis(**options: Any) -> Option:
    """Return an axis in the colours of the page; ``options`` add to it."""
    return {
        "axisLabel": {"color": colour("muted"), "hideOverlap": True},
        "axisLine": {"lineStyle": {"color": colour("edge")}},
        "axisTick": {"lineStyle": {"color": colour("edge")}},
        "nameTextStyle": {"color": colour("muted")},
        "splitLine": {"lineStyle": {"color": colour("grid")}},
        **options,
    }


def format_as(name: str, **settings: Any) -> Option:
    """Return a reference to a formatter of ``static/charts.js``."""
    return {"$format": name, **settings}
