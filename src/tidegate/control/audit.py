"""The audit log: who did what, append-only, in a chain of hashes.

An entry is written in the transaction of the deed. Once a second the sealer chains what is new: each seal hashes the
entry together with the seal before it, under the installation's secret, so that whoever can write to the database but
does not hold the secret can neither change, remove, insert nor reorder entries unseen. Because
chaining is apart from writing, deeds do not wait for each other.
"""

import json
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Final, Protocol

from tidegate.control.access import Actor, Reach
from tidegate.control.seal import Seal

_PURPOSE: Final = "audit"
FIRST: Final = "0" * 64
"""The seal before the first one."""


@dataclass(frozen=True)
class AuditEntry:
    """One deed.

    Attributes
    ----------
    id : str
        ``aud_`` and a time-ordered text.
    at_s : int
        Wall-clock time.
    actor_id, role : str
    tenant_id : str or None
        The tenant whose things were touched.
    act : str
        What was done, such as ``keys.rotate``.
    subject : str
        Id of what it was done to.
    data : Mapping
        What it was changed to, as JSON values; never a secret.
    """

    id: str
    at_s: int
    actor_id: str
    role: str
    tenant_id: str | None
    act: str
    subject: str
    data: Mapping[str, object]

    def canonical(self) -> bytes:
        """Text of the entry that is hashed: JSON with sorted keys."""
        fields = {
            "id": self.id,
            "at_s": self.at_s,
            "actor_id": self.actor_id,
            "role": self.role,
            "tenant_id": self.tenant_id,
            "act": self.act,
            "subject": self.subject,
            "data": dict(self.data),
        }
        return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True)
class AuditSeal:
    """A link of the chain.

    Attributes
    ----------
    position : int
        From 1 on, without a gap.
    entry_id : str
    digest : str
        HMAC-SHA-256 of position, the digest before, and the entry, in hexadecimal.
    """

    position: int
    entry_id: str
    digest: str


class AuditStore(Protocol):
    """Where the log is kept; it can be added to and read, nothing else."""

    def add(self, entry: AuditEntry) -> None:
        """Write an entry."""
        ...

    def entries(self, reach: Reach, before_id: str | None, limit: int) -> list[AuditEntry]:
        """Entries within reach, youngest first, from behind ``before_id``."""
        ...

    def unsealed(self, limit: int) -> list[AuditEntry]:
        """Entries that no seal names, in order of id."""
        ...

    def last_seal(self) -> AuditSeal | None:
        """The youngest seal; held against other sealers until the transaction ends."""
        ...

    def add_seals(self, seals: Iterable[AuditSeal]) -> None:
        """Write seals."""
        ...

    def sealed(self) -> Generator[tuple[AuditSeal, AuditEntry | None], None, None]:
        """All seals in order of position, each with its entry if that is still there."""
        ...


@dataclass(frozen=True)
class AuditVerdict:
    """What a check of the log found.

    Attributes
    ----------
    sealed, unsealed : int
        Entries in the chain, and entries too young to be in it.
    head : str
        ``position:digest`` of the last link that holds; note it elsewhere to prove later that nothing was cut off.
    broken : str or None
        What is wrong with the first link that does not hold.
    """

    sealed: int
    unsealed: int
    head: str
    broken: str | None = None


def entry(  # the fields of an entry are what they are
    entry_id: str,
    actor: Actor,
    act: str,
    subject: str,
    *,
    wall_s: int,
    tenant_id: str | None = None,
    data: Mapping[str, object] | None = None,
) -> AuditEntry:
    """Make the entry of a deed."""
    return AuditEntry(
        entry_id,
        wall_s,
        actor.id,
        actor.role.value,
        tenant_id if tenant_id is not None else actor.tenant_id,
        act,
        subject,
        data or {},
    )


def seal_entries(seal: Seal, store: AuditStore, limit: int = 1_000) -> int:
    """Chain what is new; return how many entries were sealed."""
    last = store.last_seal()
    position, digest = (last.position, last.digest) if last else (0, FIRST)
    seals = []
    for item in store.unsealed(limit):
        position += 1
        digest = _link(seal, position, digest, item)
        seals.append(AuditSeal(position, item.id, digest))
    store.add_seals(seals)
    return len(seals)


def verify(seal: Seal, store: AuditStore, expected_head: str | None = None) -> AuditVerdict:
    """Check every link of the chain.

    Parameters
    ----------
    expected_head : str or None
        A head noted earlier, ``position:digest``: the chain must still go through it.
    """
    position, digest = 0, FIRST
    want_position, _, want_digest = (expected_head or "").partition(":")
    seen = expected_head is None
    broken: str | None = None
    with closing(store.sealed()) as links:
        for link, item in links:
            broken = _fault(seal, position, digest, link, item)
            if broken:
                break
            position, digest = link.position, link.digest
            if str(position) == want_position:
                seen = digest == want_digest
                if not seen:
                    broken = f"link {position} is not the one noted earlier"
                    break
    if broken is None and not seen:
        broken = f"the chain ends at {position}, before the head noted earlier"
    return AuditVerdict(position, len(store.unsealed(1_000_000)), f"{position}:{digest}", broken)


def _fault(
    seal: Seal, position: int, digest: str, link: AuditSeal, item: AuditEntry | None
) -> str | None:
    if link.position != position + 1:
        return f"link {position + 1} is missing"
    if item is None:
        return f"entry {link.entry_id} of link {link.position} is missing"
    if _link(seal, link.position, digest, item) != link.digest:
        return f"entry {item.id} (link {link.position}) is not what was sealed"
    return None


def _link(seal: Seal, position: int, before: str, item: AuditEntry) -> str:
    text = f"{position}\n{before}\n".encode() + item.canonical()
    return seal.digest(_PURPOSE, text).hex()
