"""A tier plan written down, approved, and put into the fleet file."""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tidegate.errors import OptionError, Place, RunError
from tidegate.feeds.fleetfile import read_fleet
from tidegate.finance.report.tiers import tiers_report
from tidegate.finance.tiers import TierPlan
from tidegate.fleet import Tier

_FORMAT: Final = "tidegate tier plan 1"
_POOL: Final = re.compile(r"^\s*\[\[\s*pool\s*\]\]")
_HEADER: Final = re.compile(r"^\s*\[")
_TIER: Final = re.compile(r"""^(\s*tier\s*=\s*)(["'])(\w+)(["'])(.*)$""")
_LEASE: Final = re.compile(r"^(\s*lease\s*=\s*)\[[^\]]*\](.*)$")
_ID: Final = re.compile(r"""^\s*id\s*=\s*["']([^"']+)["']""")


@dataclass(frozen=True)
class Applied:
    """An approved plan, put into a fleet file.

    Attributes
    ----------
    fleet : Path
        The new fleet file.
    record : Path
        Where the approval has been added.
    moves : tuple of (pool, from, to)
    """

    fleet: Path
    record: Path
    moves: tuple[tuple[str, str, str], ...]


def write_plan(plan: TierPlan, fleet: Path, path: Path) -> Path:
    """Write a plan as JSON, with the digest of the fleet file that it is made for.

    Raises
    ------
    RunError
        ``TG-RUN-OUT`` when it cannot be written.
    """
    document = {
        "format": _FORMAT,
        "fleet": str(fleet),
        "fleet_sha256": _digest(fleet),
        "moves": [
            {"pool": p.pool, "from": p.tier.value, "to": p.to.value}
            for p in plan.proposals
            if p.moves
        ],
        "report": tiers_report(plan).to_json(),
    }
    _write(path, json.dumps(document, indent=2) + "\n")
    return path


def apply_plan(path: Path, *, by: str, reason: str, pools: tuple[str, ...], to: Path) -> Applied:
    """Put a plan's moves into a copy of its fleet file, and record who has approved them.

    Parameters
    ----------
    path : Path
        A plan that :func:`write_plan` has written.
    by, reason : str
        Who approves, and why.
    pools : tuple of str
        The moves that are approved; all of them when empty.
    to : Path
        The new fleet file; the approval is added to ``<to>.approvals.jsonl``.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when the plan cannot be read, is of another fleet file than the present one, proposes none of the
        moves, or when nobody or no reason is named.
    RunError
        ``TG-RUN-OUT`` when something cannot be written.
    """
    if not (by.strip() and reason.strip()):
        raise _wrong("--by", "nobody, or no reason, is named.", "--by NAME --reason TEXT.")
    plan = _read(path)
    fleet = Path(plan["fleet"])
    if not fleet.exists() or _digest(fleet) != plan["fleet_sha256"]:
        raise _wrong("PLAN", f"{fleet} has changed since the plan was made.", "a new plan.")
    moves = {move["pool"]: move for move in plan["moves"]}
    chosen = pools or tuple(moves)
    missing = [pool for pool in chosen if pool not in moves]
    if missing or not chosen:
        told = ", ".join(missing) or "any pool"
        raise _wrong(
            "--pool", f"the plan does not move {told}.", f"one of {', '.join(moves) or 'none'}."
        )
    text = fleet.read_text("utf-8")
    for pool in chosen:
        text = _moved(text, pool, moves[pool]["to"])
    done = tuple((pool, moves[pool]["from"], moves[pool]["to"]) for pool in chosen)
    _write(to, text)
    _check(to, done)
    record = to.with_name(f"{to.name}.approvals.jsonl")
    act = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "by": by,
        "reason": reason,
        "plan": str(path),
        "plan_sha256": _digest(path),
        "fleet_sha256_before": plan["fleet_sha256"],
        "fleet_sha256_after": _digest(to),
        "moves": [dict(zip(("pool", "from", "to"), move, strict=True)) for move in done],
    }
    _append(record, json.dumps(act) + "\n")
    return Applied(to, record, done)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        plan = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise _wrong(
            "PLAN", f"{path} cannot be read: {error}.", "a plan of tidegate tiers plan --out."
        ) from error
    if not isinstance(plan, dict) or plan.get("format") != _FORMAT:
        raise _wrong("PLAN", f"{path} is no tier plan.", "a plan of tidegate tiers plan --out.")
    return plan


def _moved(text: str, pool: str, to: str) -> str:
    """Return the fleet file with the pool's tier changed; a retired pool leases nothing."""
    lines = text.splitlines(keepends=True)
    first = _start_of(lines, pool)
    last = next((n for n in range(first + 1, len(lines)) if _POOL.match(lines[n])), len(lines))
    for number in range(first, last):
        bare = lines[number].rstrip("\n")
        if found := _TIER.match(bare):
            lines[number] = f"{found[1]}{found[2]}{to}{found[4]}{found[5]}\n"
        elif to == Tier.RETIRED and (found := _LEASE.match(bare)):
            lines[number] = f"{found[1]}[]{found[2]}\n"
    return "".join(lines)


def _start_of(lines: list[str], pool: str) -> int:
    for number, line in enumerate(lines):
        if not _POOL.match(line):
            continue
        for following in lines[number + 1 :]:
            if _HEADER.match(following):
                break
            if (found := _ID.match(following)) and found[1] == pool:
                return number
    raise _wrong(
        "PLAN", f"the pool {pool} is not found in the fleet file.", "[[pool]] with its id."
    )


def _check(path: Path, moves: tuple[tuple[str, str, str], ...]) -> None:
    """Read the new file as any command does, so that no broken one is left behind as good."""
    tiers = {case.pool.id: case.pool.tier.value for case in read_fleet(path).cases}
    for pool, _, to in moves:
        if tiers[pool] != to:
            raise _wrong(
                "PLAN",
                f"the tier of {pool} stands where it cannot be changed; {path} has the old one.",
                f"tier = '{to}' on a line of its own below [[pool]].",
            )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise _cannot(path, error) from error


def _append(path: Path, text: str) -> None:
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _cannot(path, error) from error


def _cannot(path: Path, error: OSError) -> RunError:
    return RunError("TG-RUN-OUT", f"The result cannot be written: {error}.", place=Place(str(path)))


def _wrong(option: str, message: str, expected: str) -> OptionError:
    return OptionError("TG-OPTION", message, place=Place(field=option), expected=expected)
