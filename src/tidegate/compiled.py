"""The one door to the compiler.

Compiled functions are kept on disk. Numba's own check looks only at the file of the function that is
called, so a change in a function that it inlines would go unnoticed; the cache folder is therefore named
after a digest of every module that holds compiled code.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

import numba
import numpy as np
from numba import njit
from numba.core.config import _OptLevel

P = ParamSpec("P")
R = TypeVar("R")

_PACKAGE: Final = Path(__file__).parent
_COMPILED_PACKAGES: Final = (
    "finance/paths",
    "finance/stress",
    "forecast",
    "market",
    "quota",
    "simulate",
)


def _digest() -> str:
    digest = hashlib.sha256(numba.__version__.encode())
    for package in _COMPILED_PACKAGES:
        for path in sorted((_PACKAGE / package).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def cache_dir() -> Path:
    """Folder of the compile cache.

    Returns
    -------
    Path
        ``$NUMBA_CACHE_DIR`` if set, else a folder below ``$XDG_CACHE_HOME`` (or ``~/.cache``).
    """
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(chosen)
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "tidegate" / "compiled" / _digest()


numba.config.CACHE_DIR = str(cache_dir())


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function on first call, keep the result on disk, release the GIL while it runs."""
    # Inlined into whatever compiled code calls it: a call that hands over groups of arrays would
    # count the references to each of them. `error_model`: no check for division by zero.
    wrapped: Any = njit(cache=True, nogil=True, forceinline=True, error_model="numpy")(function)
    result: Callable[P, R] = wrapped
    return result


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function into those that call it; it cannot be called from Python."""
    wrapped: Any = njit(
        nogil=True,
        forceinline=True,
        error_model="numpy",
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
    )(function)
    result: Callable[P, R] = wrapped
    return result


@contextmanager
def lightly_optimised() -> Iterator[None]:
    """Compile what is first called inside at LLVM's level 1.

    With everything inlined, the kernel is several times faster and compiled sooner than at level 3, whose
    loop transformations do not suit its long, branching loop. The level is a setting of the whole
    process, so it is put back.
    """
    before = numba.config.OPT
    numba.config.OPT = _OptLevel(1)
    try:
        yield
    finally:
        numba.config.OPT = before


def machine_int(value: int) -> int:
    """Return an integer that the compiler takes as a 64-bit variable.

    Numba gives a plain constant a type of its own, so that every function it is passed to would be
    compiled once more for it.
    """
    wide: Any = np.int64(value)
    result: int = wide
    return result
