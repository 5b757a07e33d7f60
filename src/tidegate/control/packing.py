"""Snapshots as they are kept with decisions: compressed, and mostly as what differs from an earlier one.

From one decision to the next few of a pool's leases change. A decision therefore names an earlier one whose leases
stand there whole, and holds what has gone, changed and come since; every so often one stands there whole again.
"""

import json
import zlib
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tidegate.quota import Record, Snapshot

_FAST: Final = 1

_LEASES: Final = "held"
_KEY: Final = "request"

_FEW: Final = 64
"""So many rows that differ are always kept as a difference;"""
_SHARE: Final = 16
"""and beyond that no more than one in so many."""


class Packer:
    """Packs the snapshots of one pool, one after the other."""

    def __init__(self) -> None:
        self._base: tuple[str, NDArray[Any]] | None = None
        self._whole: tuple[str, NDArray[Any]] | None = None

    def pack(self, decision_id: str, snapshot: Snapshot) -> bytes:
        """Return a snapshot, compressed: a line of JSON, then the arrays that it names, row by row."""
        base = self._base
        parts = None if base is None else _difference(base[1], snapshot.held)
        if base is None or parts is None:
            self._whole = (decision_id, snapshot.held.copy())
            return _packed(snapshot, None, {})
        return _packed(snapshot, base[0], parts)

    def written(self, decision_id: str) -> None:
        """Take note that a decision is kept: others may name it."""
        if self._whole is not None and self._whole[0] == decision_id:
            self._base = self._whole


def _difference(before: NDArray[Any], now: NDArray[Any]) -> dict[str, NDArray[Any]] | None:
    """Return what makes one array of leases out of another, both in order of their ids; None when it is too much."""
    at = np.searchsorted(now[_KEY], before[_KEY])
    stays = np.zeros(before.size, dtype=np.bool_)
    within = at < now.size
    stays[within] = now[_KEY][at[within]] == before[_KEY][within]
    gone = np.flatnonzero(~stays)
    is_new = np.ones(now.size, dtype=np.bool_)
    is_new[at[stays]] = False
    kept = now[~is_new]
    changed = np.flatnonzero(kept != before[stays])
    if gone.size + changed.size + int(is_new.sum()) > max(_FEW, now.size // _SHARE):
        return None
    if np.any(
        is_new[: kept.size]
    ):  # one has come among the others: they are given their numbers in order
        return None
    return {"gone": gone, "changed": changed, "rows": kept[changed], "new": now[is_new]}


def _packed(snapshot: Snapshot, base: str | None, parts: dict[str, NDArray[Any]]) -> bytes:
    head: dict[str, Any] = {}
    arrays: list[NDArray[Any]] = []

    def described(array: NDArray[Any]) -> dict[str, Any]:
        arrays.append(np.ascontiguousarray(array))
        # The columns stand with the rows: what was decided stays readable when they change.
        return {"rows": len(array), "columns": np.lib.format.dtype_to_descr(array.dtype)}

    for name, value in snapshot._asdict().items():
        if name == _LEASES and base is not None:
            head[name] = {"since": base, **{part: described(rows) for part, rows in parts.items()}}
        elif isinstance(value, np.ndarray):
            head[name] = described(value)
        else:
            head[name] = value
    line = json.dumps(head, separators=(",", ":")).encode() + b"\n"
    return zlib.compress(line + b"".join(array.tobytes() for array in arrays), _FAST)


def base_of(packed: bytes) -> str | None:
    """Return the id of the decision that a snapshot names for its leases; None when they all stand in it."""
    leases: dict[str, Any] = json.loads(zlib.decompress(packed).partition(b"\n")[0])[_LEASES]
    return leases.get("since")


def read_snapshot(packed: bytes, snapshot_of: Callable[[str], bytes]) -> Snapshot:
    """Return a snapshot as the decision saw it.

    Parameters
    ----------
    packed : bytes
        As a :class:`Packer` made it.
    snapshot_of : callable
        Returns the packed snapshot of another decision, by id.
    """
    line, _, rest = zlib.decompress(packed).partition(b"\n")
    data = json.loads(line)
    place = 0

    def taken(described: dict[str, Any]) -> NDArray[Any]:
        nonlocal place
        columns = described["columns"]
        kind = np.dtype(columns if isinstance(columns, str) else [tuple(each) for each in columns])
        rows = np.frombuffer(rest, kind, described["rows"], place).copy()
        place += rows.nbytes
        return rows

    for name, value in data.items():
        if not isinstance(value, dict):
            continue
        if "since" in value:
            base = read_snapshot(snapshot_of(value["since"]), snapshot_of).held
            data[name] = _applied(base, {part: taken(value[part]) for part in _PARTS})
        else:
            data[name] = taken(value)
    data["record"] = Record(*data["record"])
    # What earlier versions did not write down.
    data.setdefault("kept_back", 0)
    data.setdefault("short_since_s", -1)
    data.setdefault("wide", 0)
    for name in ("free_in_block", "held_in_block"):
        data.setdefault(name, np.zeros(0, dtype=np.int64))
    for name in ("promised", "displaced"):
        data.setdefault(name, np.zeros_like(data["curve"]))
    return Snapshot(**data)


_PARTS: Final = ("gone", "changed", "rows", "new")


def _applied(before: NDArray[Any], parts: dict[str, NDArray[Any]]) -> NDArray[Any]:
    rows = np.delete(before, parts["gone"])
    rows[parts["changed"]] = parts["rows"]
    return np.concatenate((rows, parts["new"]))
