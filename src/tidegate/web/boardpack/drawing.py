"""How the board pack's charts are drawn: as SVG with drawn text, so that they look the same wherever they are set."""

import io
from collections.abc import Callable
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from tidegate.web.palette import COLOURS

_STYLE: Final[Any] = {
    "svg.fonttype": "path",
    "svg.hashsalt": "tidegate",
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": COLOURS["edge"][0],
    "axes.labelcolor": COLOURS["muted"][0],
    "xtick.color": COLOURS["muted"][0],
    "ytick.color": COLOURS["muted"][0],
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlecolor": COLOURS["ink"][0],
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": COLOURS["grid"][0],
    "legend.frameon": False,
    "legend.fontsize": 7,
}
HUES: Final = tuple(COLOURS[f"product-{n}"][0] for n in range(1, 7))
WIDE: Final = (6.9, 2.7)
HALF: Final = (3.4, 2.6)


def drawn(size: tuple[float, float], draw: Callable[[Axes], None]) -> str:
    """Return a chart of so many inches as SVG."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure.subplots())
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()


def millions(axis: Axes, currency: str, *, across: bool = False) -> None:
    """Have an axis of money told in millions."""
    formatter = FuncFormatter(lambda value, _: f"{value / 1e6:,.1f}")
    if across:
        axis.xaxis.set_major_formatter(formatter)
        axis.set_xlabel(f"million {currency}")
    else:
        axis.yaxis.set_major_formatter(formatter)
        axis.set_ylabel(f"million {currency}")
