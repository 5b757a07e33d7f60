"""A dialog: what it asks, what it shows beforehand, and what becomes of the answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fastapi import Response

from tidegate.errors import TidegateError
from tidegate.web.console.frame import Frame


@dataclass(frozen=True)
class Choice:
    """One of several."""

    value: str
    title: str
    text: str


@dataclass(frozen=True)
class Field:
    """A field of a dialog."""

    name: str
    label: str
    value: str = ""
    type: str = "text"
    help: str = ""
    wrong: str = ""
    required: bool = True
    choices: Sequence[Choice] = ()


@dataclass(frozen=True)
class Dialog:
    """What a dialog asks."""

    title: str
    question: str
    verb: str
    action: str
    preview: str = ""
    fields: Sequence[Field] = ()
    effect: Sequence[str] = field(default_factory=tuple)
    is_harsh: bool = False
    undo: str = ""


def show(frame: Frame, dialog: Dialog) -> Response:
    """Return a dialog; when its fields have changed, what it would do now."""
    is_preview = frame.request.query_params.get("preview") is not None
    if is_preview:
        return frame.page("effect", act=dialog)
    return frame.page("act", act=dialog, wrong="")


def carry_out(
    frame: Frame,
    dialog: Callable[[], Dialog],
    deed: Callable[[], object],
    then: Callable[[], Response],
) -> Response:
    """Carry an act out, or show the dialog again with what is wrong."""
    try:
        deed()
    except TidegateError as error:
        wrong = f"{error.message} {error.expected or ''}"
        return frame.page("act", 422, act=dialog(), wrong=wrong)
    return then()
