"""The posterior that comes along: draws after calibration, and how they were made."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np

from tidegate.market.calibrate import Posterior
from tidegate.market.parameters import INDEX

FILE: Final = "posterior.npz"


@dataclass(frozen=True, eq=False)
class Shipped:
    """A posterior and its origin.

    Attributes
    ----------
    posterior : Posterior
        The draws.
    origin : mapping of str to object
        Command, seed, ensemble, rents and their digest.
    """

    posterior: Posterior
    origin: Mapping[str, Any]


@cache
def shipped() -> Shipped:
    """Return the posterior that comes along."""
    return loads(files("tidegate.market").joinpath("data", FILE).read_bytes())


def dumps(it: Shipped) -> bytes:
    """Return a posterior as the bytes of a file."""
    into = io.BytesIO()
    np.savez_compressed(
        into,
        names=np.array(list(INDEX)),
        thetas=it.posterior.thetas.astype(np.float32),
        past=it.posterior.past.astype(np.float16),
        start=np.array(it.posterior.start.isoformat()),
        origin=np.array(json.dumps(dict(it.origin), sort_keys=True)),
    )
    return into.getvalue()


def loads(content: bytes) -> Shipped:
    """Return the posterior in the bytes of a file.

    Raises
    ------
    ValueError
        When it holds other parameters than this version knows.
    """
    with np.load(io.BytesIO(content), allow_pickle=False) as held:
        if [str(name) for name in held["names"]] != list(INDEX):
            raise ValueError("it was made with other parameters")
        posterior = Posterior(
            held["thetas"].astype(np.float64),
            held["past"].astype(np.float64),
            date.fromisoformat(str(held["start"])),
        )
        return Shipped(posterior, json.loads(str(held["origin"])))
