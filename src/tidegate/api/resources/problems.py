"""``/v1/problems``: what a code means; open to everybody."""

from typing import Annotated

from fastapi import APIRouter, Path

from tidegate.api.problems import STATUS
from tidegate.api.shapes import Shape
from tidegate.control.access import not_found
from tidegate.errors import CODES

router = APIRouter(prefix="/problems", tags=["problems"])


class CodeOut(Shape):
    """What a code means."""

    code: str
    title: str
    status: int | None


@router.get("/{code}", summary="Say what an error's code means")
def read_code(code: Annotated[str, Path(max_length=60)]) -> CodeOut:
    """Say what a code means; the `type` of every problem leads here."""
    if code not in CODES:
        raise not_found("code", code)
    return CodeOut(code=code, title=CODES[code], status=STATUS.get(code))
