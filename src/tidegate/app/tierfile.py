"""A tier plan written down, approved, and put into the fleet file; certificates of what leaves."""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from tidegate.errors import OptionError, Place, RunError
from tidegate.feeds.fleetfile import read_fleet
from tidegate.finance.report.tiers import tiers_report
from tidegate.finance.tiers import TierPlan
from tidegate.finance.tiers.retirement import Certificate
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
        raise OptionError.at("--by", "nobody, or no reason, is named.", "--by NAME --reason TEXT.")
    plan = _read(path)
    fleet = Path(plan["fleet"])
    if not fleet.exists() or _digest(fleet) != plan["fleet_sha256"]:
        raise OptionError.at("PLAN", f"{fleet} has changed since the plan was made.", "a new plan.")
    moves = {move["pool"]: move for move in plan["moves"]}
    if not moves:
        raise OptionError.at("PLAN", f"{path} proposes no move.", "a plan that moves a pool.")
    chosen = pools or tuple(moves)
    missing = [pool for pool in chosen if pool not in moves]
    if missing:
        told = ", ".join(missing)
        raise OptionError.at(
            "--pool", f"the plan does not move {told}.", f"one of {', '.join(moves)}."
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
        raise OptionError.at(
            "PLAN", f"{path} cannot be read: {error}.", "a plan of tidegate tiers plan --out."
        ) from error
    if not isinstance(plan, dict) or plan.get("format") != _FORMAT:
        raise OptionError.at(
            "PLAN", f"{path} is no tier plan.", "a plan of tidegate tiers plan --out."
        )
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
    raise OptionError.at(
        "PLAN", f"the pool {pool} is not found in the fleet file.", "[[pool]] with its id."
    )


def _check(path: Path, moves: tuple[tuple[str, str, str], ...]) -> None:
    """Read the new file as any command does, so that no broken one is left behind as good."""
    tiers = {case.pool.id: case.pool.tier.value for case in read_fleet(path).cases}
    for pool, _, to in moves:
        if tiers[pool] != to:
            raise OptionError.at(
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


def certificate_of(
    fleet: Path,
    pool: str,
    node: str,
    *,
    method: str,
    by: str,
    checked_by: str,
    done_on: str | None = None,
) -> Certificate:
    """Return a certificate from what a command is told.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when the day is none or to come, or when not two people are named.
    """
    try:
        day = date.fromisoformat(done_on) if done_on else datetime.now(UTC).date()
    except ValueError as error:
        raise OptionError.at("--done-on", f"{error}.", "a day, such as 2026-09-30.") from error
    # A day of grace: where the node stands it may be tomorrow already.
    if day > datetime.now(UTC).date() + timedelta(days=1):
        raise OptionError.at("--done-on", f"{day} is to come.", "the day on which it was done.")
    chips = {case.pool.id: case.pool.chip.id for case in read_fleet(fleet).cases}
    try:
        return Certificate(node, pool, chips.get(pool, ""), method, day, by, checked_by)
    except ValueError as error:
        raise OptionError.at("--checked-by", f"{error}.", "two people.") from error


def certify(fleet: Path, certificate: Certificate, record: Path) -> tuple[str, int, int]:
    """Add a sanitising certificate to a record.

    Parameters
    ----------
    fleet : Path
        The fleet file; the certificate's pool must be in it.
    certificate : Certificate
    record : Path
        A file of JSON lines, which is only ever added to.

    Returns
    -------
    text, certified, nodes : str, int, int
        The certificate as text, and how many of the pool's nodes now have one.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when the pool is unknown, the node has a certificate already, or the record cannot be read.
    RunError
        ``TG-RUN-OUT`` when it cannot be written.
    """
    pools = {case.pool.id: case.pool for case in read_fleet(fleet).cases}
    pool = pools.get(certificate.pool)
    if pool is None:
        raise OptionError.at(
            "POOL", f"no pool is called {certificate.pool!r}.", f"one of {', '.join(pools)}."
        )
    try:
        lines = record.read_text("utf-8").splitlines() if record.exists() else []
        done = [told for line in lines if (told := json.loads(line))["pool"] == pool.id]
        nodes = {told["node"] for told in done}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OptionError.at(
            "--record", f"{record} cannot be read: {error!r}.", "a record of certificates."
        ) from error
    if certificate.node in nodes:
        raise OptionError.at(
            "NODE", f"{certificate.node} has a certificate already.", "each node once."
        )
    if len(nodes) >= pool.nodes:
        raise OptionError.at(
            "NODE",
            f"{pool.id} has {pool.nodes} nodes, all with a certificate.",
            "a node of the pool.",
        )
    told = {**asdict(certificate), "done_on": certificate.done_on.isoformat()}
    try:
        record.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot(record, error) from error
    _append(record, json.dumps(told) + "\n")
    return certificate.text(), len(nodes) + 1, pool.nodes
