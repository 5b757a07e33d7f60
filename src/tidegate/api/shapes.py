"""How values are written in requests and answers."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, field_validator

Id = Annotated[str, Path(pattern=r"^[a-z]{3}_[0-9a-z]{1,36}$", description="The id of the thing.")]
"""An id in a path."""

_FIRST_S: Final = 0
_LAST_S: Final = 253_402_300_799  # the end of the year 9999


class Shape(BaseModel):
    """Something that is sent: nothing in it changes."""

    model_config = ConfigDict(frozen=True)


class Body(BaseModel):
    """Something that comes: a field that is not known is an error, not ignored; no text holds a NUL."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    @field_validator("*", mode="before")
    @classmethod
    def _without_nul(cls, value: Any) -> Any:
        if _holds_nul(value):
            raise ValueError("a text holds no NUL character")
        return value


def _holds_nul(value: Any) -> bool:
    # No database keeps one: refused here, it cannot become a fault there.
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(map(_holds_nul, value.values())) or any(map(_holds_nul, value))
    return isinstance(value, list) and any(map(_holds_nul, value))


def duration_of(seconds: int) -> str:
    """Duration in words: ``2 minutes``, ``6 hours``."""
    for name, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size and seconds % size == 0:
            count = seconds // size
            return f"{count} {name}" if count == 1 else f"{count} {name}s"
    return "1 second" if seconds == 1 else f"{seconds} seconds"


def text_of(at_s: int) -> str:
    """Time as ISO 8601 in UTC."""
    return datetime.fromtimestamp(at_s, UTC).isoformat().replace("+00:00", "Z")


def _seconds(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("a time in whole seconds")


def _instant(value: Any) -> int:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError("a time is written as 2026-03-01T08:00:00Z") from None
    if moment.tzinfo is None:
        raise ValueError("a time needs its offset, such as Z or +01:00")
    try:
        seconds = int(moment.timestamp() // 1)
    except OverflowError:
        seconds = -1
    if not _FIRST_S <= seconds <= _LAST_S:
        raise ValueError("a time lies in the years 1970 to 9999")
    return seconds


Time = Annotated[
    int,
    BeforeValidator(_seconds),
    PlainSerializer(text_of, return_type=str, when_used="json"),
    Field(json_schema_extra={"type": "string", "format": "date-time"}),
]
"""A time that is sent: epoch seconds inside, ISO 8601 UTC outside."""

TimeIn = Annotated[
    int,
    BeforeValidator(_instant),
    Field(json_schema_extra={"type": "string", "format": "date-time"}),
]
"""A time that comes: ISO 8601 with an offset outside, epoch seconds inside."""
