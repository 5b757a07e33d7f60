"""Slurm's short way of writing many node names: ``gpu[001-003,007],login1``."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby, product
from typing import Final

from tidegate.errors import SlurmError

MOST_NAMES: Final = 1_000_000
"""More than this in one expression is a mistake."""

_PART: Final = re.compile(r"((?:[^\[\],\s]+|\[[^\[\]]*\])+)(?:,|$)")
_PIECE: Final = re.compile(r"\[([^\[\]]*)\]|([^\[\]]+)")
_RANGE: Final = re.compile(r"(\d+)(?:-(\d+))?")


def expand(text: str) -> tuple[str, ...]:
    """Return the names in an expression, in its order.

    Parameters
    ----------
    text : str
        Such as ``gpu[001-003,007],login1``; nothing for ``""`` and ``(null)``.

    Raises
    ------
    SlurmError
        ``TG-SLURM-GARBAGE`` when it cannot be read.
    """
    text = text.strip()
    if text in ("", "(null)", "None assigned", "None", "N/A"):
        return ()
    names: list[str] = []
    at = 0
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            raise _garbage(text)
        names.extend(_names(part[1], text))
        at = part.end()
        if len(names) > MOST_NAMES:
            raise _garbage(text)
    return tuple(names)


def _names(part: str, text: str) -> Iterator[str]:
    pieces: list[list[str]] = []
    count = 1
    for bracket, plain in _PIECE.findall(part):
        pieces.append([plain] if plain else list(_numbers(bracket, text)))
        count *= len(pieces[-1])
        if count > MOST_NAMES:
            raise _garbage(text)
    return ("".join(each) for each in product(*pieces))


def _numbers(bracket: str, text: str) -> Iterator[str]:
    for item in bracket.split(","):
        found = _RANGE.fullmatch(item)
        if found is None:
            raise _garbage(text)
        low, high = found[1], found[2] or found[1]
        if not 0 <= int(high) - int(low) < MOST_NAMES:
            raise _garbage(text)
        yield from (str(n).zfill(len(low)) for n in range(int(low), int(high) + 1))


def compress(names: Iterable[str]) -> str:
    """Return an expression for some names: those that differ in their last number become a range.

    Parameters
    ----------
    names : iterable of str
        Names in any order; a name given twice counts once.
    """
    plain: list[str] = []
    numbered: dict[tuple[str, int, str], list[int]] = {}
    for name in sorted(set(names)):
        found = re.fullmatch(r"(.*?)(\d+)(\D*)", name)
        if found is None:
            plain.append(name)
        else:
            numbered.setdefault((found[1], len(found[2]), found[3]), []).append(int(found[2]))
    parts = plain
    for (before, width, after), numbers in numbered.items():
        ranges = list(_ranges(sorted(numbers), width))
        single = len(numbers) == 1
        parts.append(f"{before}{ranges[0] if single else '[' + ','.join(ranges) + ']'}{after}")
    return ",".join(parts)


def _ranges(numbers: list[int], width: int) -> Iterator[str]:
    for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        values = [number for _, number in run]
        low, high = str(values[0]).zfill(width), str(values[-1]).zfill(width)
        yield low if low == high else f"{low}-{high}"


def _garbage(text: str) -> SlurmError:
    return SlurmError(
        "TG-SLURM-GARBAGE",
        f"{text[:120]!r} is not a list of nodes.",
        expected="such as gpu[001-003],login1.",
    )
