"""Everything that is wrong with one file in TOML, gathered and raised at once."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final, NamedTuple, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from tidegate.errors import FleetFileError, Place, TomlFileError
from tidegate.feeds.fleetfile.lines import KeyPath

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_SHOWN: Final = 40


class FileKind(NamedTuple):
    """How errors in a kind of file are named: ``TG-FLEET-KEY`` and its like, raised as ``error``."""

    codes: str
    error: type[TomlFileError]


FLEET: Final = FileKind("TG-FLEET", FleetFileError)


class Problems:
    """Collects the errors of one file.

    Parameters
    ----------
    file : str
        The file as the user named it.
    lines : mapping of KeyPath to int
        Where each key stands; may be empty.
    document : mapping
        The file as ``tomllib`` reads it.
    kind : FileKind
        What kind of file it is.
    """

    def __init__(
        self,
        file: str,
        lines: Mapping[KeyPath, int],
        document: Mapping[str, object],
        kind: FileKind = FLEET,
    ) -> None:
        self._file = file
        self._lines = lines
        self._document = document
        self._kind = kind
        self._found: list[TomlFileError] = []

    def add(self, code: str, path: KeyPath, message: str, expected: str | None = None) -> None:
        """Note an error at ``path``; for a key that is missing, at the line of its table."""
        self.put(code, f"{self._owner(path)}{message}", self.place(path), expected)

    def put(self, code: str, message: str, place: Place, expected: str | None = None) -> None:
        """Note an error at any place: in another file that this one names."""
        self._found.append(self._kind.error(code, message, place=place, expected=expected))

    def place(self, path: KeyPath) -> Place:
        """Return where ``path`` stands in the file; for a key that is missing, where its table does."""
        line = self._lines.get(path)
        if line is None and path:
            line = self._lines.get(path[:-1])
        return Place(self._file, line, dotted(path) or None)

    def add_invalid(self, error: ValidationError, model: type[BaseModel]) -> None:
        """Note every error that validation has found."""
        for detail in error.errors(include_url=False):
            self._add_detail(detail, model)

    def raise_if_any(self) -> None:
        """Raise the first error by line, with the others in its ``others``.

        Raises
        ------
        TomlFileError
            Of the file's kind, if anything was noted.
        """
        if not self._found:
            return
        by_line = sorted(
            self._found,
            key=lambda e: (e.place.file != self._file, e.place.line is None, e.place.line or 0),
        )
        first, *others = by_line
        first.others = tuple(others)
        raise first

    def _add_detail(self, detail: ErrorDetails, model: type[BaseModel]) -> None:
        path = detail["loc"]
        key = dotted(path[-1:])
        fault, codes = detail["type"], self._kind.codes
        if fault == "extra_forbidden":
            known = one_of(str(path[-1]), _keys(_model_at(model, path[:-1])))
            self.add(f"{codes}-KEY", path, f"the key {key} is unknown.", known)
            return
        expected = _description(model, path)
        if fault == "missing":
            self.add(f"{codes}-KEY", path, f"the key {key} is missing.", expected)
            return
        reason = detail.get("ctx", {}).get("error")
        cause = f": {reason}" if reason else ""
        shown = _shown(detail["input"])
        self.add(f"{codes}-VALUE", path, f"{key} = {shown} cannot be used{cause}.", expected)

    def _owner(self, path: KeyPath) -> str:
        tables = self._document.get(str(path[0])) if len(path) > 1 else None
        if not isinstance(tables, list) or not isinstance(path[1], int):
            return ""
        table = tables[path[1]]
        name = table.get("id") if isinstance(table, dict) else None
        return f"{path[0]} {name!r}: " if isinstance(name, str) and name else ""


def dotted(path: KeyPath) -> str:
    """Write a path as users write keys, places counted from 0: ``pool[1].policy.risk``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            key = part if _BARE_KEY.fullmatch(part) else f'"{part}"'
            text += f".{key}" if text else key
    return text


def one_of(wrong: str, known: Iterable[str]) -> str:
    """Say what was probably meant, and what there is."""
    names = list(known)
    by_lower = {name.lower(): name for name in reversed(names)}
    close = get_close_matches(wrong.lower(), by_lower, n=1, cutoff=0.6) or [
        lower for lower in by_lower if wrong and lower.startswith(wrong.lower())
    ]
    there = f"one of {', '.join(names)}." if names else "none is defined."
    return f"{by_lower[close[0]]}? It is {there}" if close else there


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _keys(model: type[BaseModel] | None) -> list[str]:
    fields = model.model_fields if model else {}
    return [field.alias or name for name, field in fields.items()]


def _field(model: type[BaseModel], key: str) -> FieldInfo | None:
    fields = model.model_fields
    return next((f for name, f in fields.items() if (f.alias or name) == key), None)


def _model_at(model: type[BaseModel], path: KeyPath) -> type[BaseModel] | None:
    found: type[BaseModel] | None = model
    is_name = False
    for key in path:
        # The keys of a mapping are the user's own names, not fields of a model.
        if is_name or not isinstance(key, str):
            is_name = False
            continue
        field = _field(found, key) if found else None
        found = _model_in(field.annotation) if field else None
        is_name = field is not None and get_origin(field.annotation) is dict
    return found


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for arg in get_args(annotation) if (m := _model_in(arg))), None)


def _description(model: type[BaseModel], path: KeyPath) -> str | None:
    names = [key for key in path if isinstance(key, str)]
    for end in range(len(names), 0, -1):
        owner = _model_at(model, tuple(names[: end - 1]))
        field = _field(owner, names[end - 1]) if owner else None
        if field and field.description:
            return f"{field.description}."
    return None
