"""The journal of an embedded cluster: what was commanded when, so that it outlives its process.

A cluster's state follows from its jobs and these commands alone. Whoever starts after a kill, or takes over from
another replica on the same machine, plays them again and stands where the cluster stood.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO


class Journal:
    """Lines of JSON, each on the disk before the command counts as carried out.

    Parameters
    ----------
    path : Path
        Made when it does not exist.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = path.open("a+b", buffering=0)
        self._read_to = 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes out while it is read and added to."""
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def news(self) -> Iterator[Mapping[str, Any]]:
        """Return the lines that have not been read or written here; a torn last line is cut off."""
        self._file.seek(self._read_to)
        text = self._file.read()
        whole = text.rfind(b"\n") + 1
        if whole < len(text):
            self._file.truncate(self._read_to + whole)
        self._read_to += whole
        for line in text[:whole].splitlines():
            yield json.loads(line)

    def add(self, entry: Mapping[str, Any]) -> None:
        """Write a line and have it on the disk."""
        line = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
        self._file.write(line)
        os.fdatasync(self._file.fileno())
        self._read_to += len(line)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
