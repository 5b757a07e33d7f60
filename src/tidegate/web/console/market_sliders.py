"""The market's sliders: where they stand, and what that brings, told from a grid that was played beforehand."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import Request

from tidegate.plan.surface import YEARS, Surface
from tidegate.web.console.acts.typed import typed_number
from tidegate.web.console.frame import Frame

_TOLD_YEAR: Final = 2
_SAME: Final = 0.005
"""A smaller relative difference is none: so few futures do not tell it."""


def _(text: str) -> str:
    return text


AXES: Final[Mapping[str, tuple[str, str]]] = {
    "entry": (_("GPUs that the owner opens to leasing"), _("thousand GPUs")),
    "own_use": (_("Share of them that its own work holds"), "%"),
    "demand": (_("Demand from the entry on, against the model's"), "%"),
    "slip": (_("Delay of the next generation"), _("months")),
}
"""Label and unit of each slider."""

OTHERS: Final = (
    _("Lease revenue of the owner, bn USD a year"),
    _("Small lessors left"),
    _("Herfindahl index, points"),
    _("A used GPU of the reference generation, USD"),
)
"""What the sliders move beside rents, in the order of :data:`tidegate.plan.surface.OTHERS`."""


def short(frame: Frame, value: float) -> str:
    """Return a figure with the digits that matter."""
    size = abs(value)
    return frame.figures.number(value, 0 if size >= 100 else 1 if size >= 10 else 2)  # noqa: PLR2004


def answer_of(frame: Frame, surface: Surface) -> dict[str, Any]:
    """Return the sliders where the request has them, and what they bring."""
    say = frame.texts.say
    at = _position(frame.request, surface)
    here, start = surface.at(at), surface.at({})
    names = [
        *(say(_("Rent of %(name)s, USD per GPU-hour")) % {"name": g} for g in surface.generations),
        *(say(other) for other in OTHERS),
    ]
    rows = [
        (
            name,
            [
                (short(frame, here[year][f]), _was(frame, here[year][f], start[year][f]))
                for year in range(len(YEARS))
            ],
        )
        for f, name in enumerate(names)
    ]
    return {
        "is_fragment": False,
        "sliders": [
            {
                "key": axis.key,
                "label": say(AXES[axis.key][0]),
                "value": f"{at[axis.key]:g}",
                "said": f"{_whole(frame, at[axis.key])} {say(AXES[axis.key][1])}",
                "least": f"{axis.points[0]:g}",
                "most": f"{axis.points[-1]:g}",
                "step": f"{axis.step:g}",
            }
            for axis in surface.axes
        ],
        "years": YEARS,
        "rows": rows,
        "draws": surface.draws,
        "sentence": _sentence(frame, surface, here, start),
    }


def _whole(frame: Frame, value: float) -> str:
    return frame.figures.number(value, 0 if value == round(value) else 1)


def _position(request: Request, surface: Surface) -> dict[str, float]:
    """Return where a request has the sliders; one that it does not name, or wrongly, stands at its start."""
    found = {}
    for axis in surface.axes:
        typed = typed_number(request.query_params.get(axis.key, ""), 1)
        value = axis.start if typed is None else typed
        found[axis.key] = min(max(value, axis.points[0]), axis.points[-1])
    return found


def _was(frame: Frame, value: float, start: float) -> str:
    return "" if abs(value - start) <= _SAME * abs(start) else short(frame, start)


def _sentence(
    frame: Frame,
    surface: Surface,
    here: Sequence[Sequence[float]],
    start: Sequence[Sequence[float]],
) -> str:
    place = surface.generations.index(surface.reference)
    value, before = here[_TOLD_YEAR][place], start[_TOLD_YEAR][place]
    change = value / before - 1
    if abs(change) <= _SAME:
        text = _(
            "After two years %(name)s rents for %(rent)s USD an hour, as where the sliders began."
        )
    elif change < 0:
        text = _(
            "After two years %(name)s rents for %(rent)s USD an hour, %(change)s less than where the sliders began."
        )
    else:
        text = _(
            "After two years %(name)s rents for %(rent)s USD an hour, %(change)s more than where the sliders began."
        )
    return frame.texts.say(text) % {
        "name": surface.reference,
        "rent": short(frame, value),
        "change": frame.figures.percent(abs(change)),
    }
