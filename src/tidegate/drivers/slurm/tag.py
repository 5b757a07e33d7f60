"""What the driver writes down on a node, in its Comment: the phase it is in, for which lease, since when.

So all that the driver knows lies in Slurm itself, and is saved there: the driver can be killed at any moment, and
another one carries on. A comment of the site's own is kept beside the tag.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_TAG: Final = re.compile(r"\s*\[tidegate ([^\]]*)\]")
KEYS: Final = ("since", "lease", "tenant", "product", "clean", "noticed", "take")
"""What may stand in a tag before ``=``."""
_WORD: Final = re.compile(r"[\w.:-]+")


class Phase(StrEnum):
    """What a node that is ours goes through."""

    PREPARING = "preparing"
    """Drained, and being wiped for a lease."""
    LEASED = "leased"
    """With its tenant."""
    DRAINING = "draining"
    """Taken from its tenant, not wiped yet."""
    WIPING = "wiping"
    CLEAN = "clean"
    """Drained and wiped; nobody has held it since."""
    FAILED = "failed"
    """Its wipe failed: drained until somebody has looked at it."""


@dataclass(frozen=True)
class Tag:
    """The tag of a node.

    Attributes
    ----------
    phase : Phase
    since_s : int
        Start of the phase, in Unix seconds.
    lease_id, tenant_id, product : str
        Empty when the phase has none.
    is_clean : bool
        In ``preparing``: whether the wipe is done.
    noticed_s, take_at_s : int
        When notice was given, and for when; 0 without.
    """

    phase: Phase
    since_s: int
    lease_id: str = ""
    tenant_id: str = ""
    product: str = ""
    is_clean: bool = False
    noticed_s: int = 0
    take_at_s: int = 0

    def __str__(self) -> str:
        words = [f"{self.phase} since={self.since_s}"]
        for key, value in (
            ("lease", self.lease_id),
            ("tenant", self.tenant_id),
            ("product", self.product),
            ("clean", "1" if self.is_clean else ""),
            ("noticed", str(self.noticed_s or "")),
            ("take", str(self.take_at_s or "")),
        ):
            if value:
                words.append(f"{key}={value}")
        return f"[tidegate {' '.join(words)}]"


def read_tag(comment: str) -> Tag | None:
    """Return the tag in a node's comment; None when there is none, or somebody has spoilt it."""
    found = _TAG.search(comment)
    if found is None:
        return None
    phase, *pairs = found[1].split() or [""]
    told = dict(pair.partition("=")[::2] for pair in pairs)
    try:
        return Tag(
            phase=Phase(phase),
            since_s=int(told["since"]),
            lease_id=told.get("lease", ""),
            tenant_id=told.get("tenant", ""),
            product=told.get("product", ""),
            is_clean=told.get("clean") == "1",
            noticed_s=int(told.get("noticed", "0")),
            take_at_s=int(told.get("take", "0")),
        )
    except (KeyError, ValueError):
        return None


def with_tag(comment: str, tag: Tag | None) -> str:
    """Return a comment with this tag in place of any other, or with none."""
    rest = _TAG.sub("", comment).strip()
    return rest if tag is None else f"{rest} {tag}".strip()


def is_word(text: str) -> bool:
    """Whether an id can stand in a tag, and in the name of an object of Slurm."""
    return _WORD.fullmatch(text) is not None
