"""On which line of a TOML file each key stands; ``tomllib`` does not say."""

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys and array places from the top of a document: ``("pool", 1, "policy", "risk")``."""

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE: Final = re.compile(r"[ \t]*")
_SCALAR: Final = re.compile(r"[^,\]}#\n]+")
_STRING: Final = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)


def key_lines(text: str, document: Mapping[str, object]) -> Mapping[KeyPath, int]:
    """Return the line, counted from 1, on which each key and array element begins.

    Parameters
    ----------
    text : str
        A valid TOML document.
    document : mapping
        The same document as ``tomllib`` reads it. When the scan does not find exactly its keys,
        nothing is returned: no line is better than a wrong one.
    """
    scanner = _Scanner(text)
    try:
        scanner.scan()
    except (ValueError, LookupError):
        return {}
    return scanner.lines if set(scanner.lines) == set(_paths(document, ())) else {}


def _paths(value: object, path: KeyPath) -> Iterator[KeyPath]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _paths(inner, (*path, place))


class _Scanner:
    def __init__(self, text: str) -> None:
        self.lines: dict[KeyPath, int] = {}
        self._text = text
        self._at = 0
        self._breaks = [found.start() for found in re.finditer(r"\n", text)]
        self._tables_in: dict[KeyPath, int] = {}

    def scan(self) -> None:
        table: KeyPath = ()
        while self._after_blank():
            if self._take("[["):
                table = self._header(is_array=True)
                self._expect("]]")
            elif self._take("["):
                table = self._header(is_array=False)
                self._expect("]")
            else:
                self._pair(table)

    def _header(self, *, is_array: bool) -> KeyPath:
        line = self._line()
        *outer, last = self._dotted_key()
        path: KeyPath = ()
        for key in outer:
            path = self._latest((*path, key), line)
        path = (*path, last)
        if not is_array:
            return self._latest(path, line)
        self._tables_in[path] = self._tables_in.get(path, 0) + 1
        return self._latest(path, line)

    def _latest(self, path: KeyPath, line: int) -> KeyPath:
        self.lines.setdefault(path, line)
        if path in self._tables_in:
            path = (*path, self._tables_in[path] - 1)
            self.lines.setdefault(path, line)
        return path

    def _pair(self, table: KeyPath) -> None:
        line = self._line()
        path = table
        for key in self._dotted_key():
            path = (*path, key)
            self.lines.setdefault(path, line)
        self._expect("=")
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        self._match(_SPACE)
        if self._take("["):
            place = 0
            while not (self._after_blank() and self._take("]")):
                self.lines[(*path, place)] = self._line()
                self._value((*path, place))
                self._after_blank()
                self._take(",")
                place += 1
        elif self._take("{"):
            while not (self._after_blank() and self._take("}")):
                self._pair(path)
                self._after_blank()
                self._take(",")
        elif self._text[self._at] in "\"'":
            self._match(_STRING)
        else:
            self._match(_SCALAR)

    def _dotted_key(self) -> list[str]:
        keys = [self._key()]
        while self._match(_SPACE) is not None and self._take("."):
            keys.append(self._key())
        return keys

    def _key(self) -> str:
        self._match(_SPACE)
        if self._text[self._at] in "\"'":
            return str(tomllib.loads(f"key = {self._match(_STRING)}")["key"])
        return self._match(_BARE_KEY)

    def _after_blank(self) -> bool:
        self._match(_BLANK)
        return self._at < len(self._text)

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise ValueError(f"unexpected text at offset {self._at}")
        self._at = found.end()
        return found.group()

    def _take(self, mark: str) -> bool:
        taken = self._text.startswith(mark, self._at)
        self._at += len(mark) if taken else 0
        return taken

    def _expect(self, mark: str) -> None:
        self._match(_SPACE)
        if not self._take(mark):
            raise ValueError(f"expected {mark} at offset {self._at}")

    def _line(self) -> int:
        return bisect_right(self._breaks, self._at) + 1
