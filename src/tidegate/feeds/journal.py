"""The ledger's journal on disk: one line of JSON for each act, each with the digest of the line before.

A batch of entries is one line, so that it is there whole or not at all. A last line without its end was never
acknowledged: it is left out, and overwritten by the next act. A line that has been changed since is found by its
digest.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from tidegate.errors import FinanceError, Place, RunError
from tidegate.finance.ledger import Act, ActKind, Entry, Ledger, Posting
from tidegate.finance.ledger.accounts import parse_account
from tidegate.finance.month import Month
from tidegate.quantity import Money

_START: Final = "0" * 64


def read_journal(path: Path) -> Ledger:
    """Return the ledger that a journal holds; an empty one when there is none.

    Raises
    ------
    FinanceError
        ``TG-FIN-JOURNAL`` when a line cannot be read or has been changed.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return Ledger()
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong(path, None, f"it cannot be read: {error}.") from error
    return _ledger(path, text)[0]


def change_journal(path: Path, change: Callable[[Ledger], Ledger]) -> Ledger:
    """Change the ledger of a journal, whoever else would: what is new is added as one line.

    Parameters
    ----------
    path : Path
        The journal; it is made if need be.
    change : callable
        From the ledger as it stands to the ledger as it shall be; what it raises leaves the journal as it was.

    Raises
    ------
    FinanceError
        ``TG-FIN-JOURNAL`` when the journal cannot be read.
    RunError
        ``TG-RUN-OUT`` when it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            text = file.read().decode("utf-8")
            before, digest, length = _ledger(path, text)
            after = change(before)
            line = _line(before, after, digest)
            if line:
                file.truncate(length)
                file.write(line.encode())
                file.flush()
                os.fsync(file.fileno())
            return after
    except (OSError, UnicodeDecodeError) as error:
        message = f"The result cannot be written: {error}."
        raise RunError("TG-RUN-OUT", message, place=Place(str(path))) from error


def _ledger(path: Path, text: str) -> tuple[Ledger, str, int]:
    """Return the ledger, the digest of the last whole line, and the length of all whole lines in bytes."""
    whole = text[: text.rfind("\n") + 1]
    digest = _START
    entries: list[Entry] = []
    acts: list[Act] = []
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            told = json.loads(line)
            if told["previous"] != digest:
                raise _wrong(path, number, "a line before it has been changed or taken out.")
            entries += [_read_entry(path, number, it) for it in told.get("entries", ())]
            acts += [_act(it) for it in told.get("acts", ())]
        except (ValueError, KeyError, TypeError) as error:
            raise _wrong(path, number, f"it cannot be read: {error!r}.") from error
        digest = hashlib.sha256(line.encode()).hexdigest()
    return Ledger(tuple(entries), tuple(acts)), digest, len(whole.encode())


def _line(before: Ledger, after: Ledger, digest: str) -> str:
    entries = after.entries[len(before.entries) :]
    acts = after.acts[len(before.acts) :]
    if not (entries or acts):
        return ""
    told = {
        "previous": digest,
        "entries": [_told_entry(it) for it in entries],
        "acts": _told_acts(acts),
    }
    return json.dumps(told, ensure_ascii=False) + "\n"


def _told_entry(it: Entry) -> dict[str, Any]:
    return {
        "number": it.number,
        "key": it.key,
        "day": it.day.isoformat(),
        "text": it.text,
        "postings": [
            [str(p.account), f"{p.amount.amount:f}", p.amount.currency, p.source]
            for p in it.postings
        ],
    }


def _told_acts(acts: Sequence[Act]) -> list[dict[str, str]]:
    return [
        {
            "kind": act.kind.value,
            "month": str(act.month),
            "by": act.by,
            "at": act.at.isoformat(),
            "reason": act.reason,
        }
        for act in acts
    ]


def _read_entry(path: Path, number: int, it: dict[str, Any]) -> Entry:
    try:
        return _entry(it)
    except FinanceError as error:
        # Nothing that does not balance was ever written.
        raise _wrong(path, number, f"it has been changed: {error.message}") from error


def _entry(it: dict[str, Any]) -> Entry:
    postings = tuple(
        Posting(parse_account(account), Money(Decimal(amount), currency), source)
        for account, amount, currency, source in it["postings"]
    )
    return Entry(it["key"], date.fromisoformat(it["day"]), it["text"], postings, it["number"])


def _act(it: dict[str, str]) -> Act:
    return Act(
        ActKind(it["kind"]),
        Month.parse(it["month"]),
        it["by"],
        datetime.fromisoformat(it["at"]),
        it["reason"],
    )


def _wrong(path: Path, line: int | None, message: str) -> FinanceError:
    return FinanceError(
        "TG-FIN-JOURNAL",
        message,
        place=Place(str(path), line),
        expected="the journal as it was written; restore it from a copy.",
    )
