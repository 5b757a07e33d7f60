"""From what was played to shares, limits, means over cases and targets."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, Final

BROKEN_LIMIT: Final = 0.005
DELAYED_LIMIT: Final = 0.005
SHARE_TARGET: Final = 0.80
LEAD_TARGET: Final = 1.3

CHOSEN: Final = "static*"
"""``static`` at the share that earns most within both limits, case by case: a rival that looks ahead."""

_NOT_RIVALS: Final = ("none", "tidegate", "clairvoyant")
_MEASURES: Final = (
    "share",
    "harvested_share_of_idle",
    "delay_mean_s",
    "delay_p99_s",
    "delayed_share",
    "broken_share",
    "evictions_per_1000_gpu_hours",
)

Row = dict[str, Any]


def is_within(row: Mapping[str, Any]) -> bool:
    """Whether both limits are kept."""
    kept: bool = row["broken_share"] <= BROKEN_LIMIT and row["delayed_share"] <= DELAYED_LIMIT
    return kept


def _judged(row: Row, bound: float | None) -> Row:
    share = row["revenue"] / bound if bound else None
    return {**row, "share": share, "within": is_within(row)}


def judged_case(found: Row) -> Row:
    """Return a case with ``static`` in its place, shares of the bound, and limits marked."""
    by_name = {row["policy"]: row for row in found["policies"]}
    bound = by_name.get("clairvoyant", {}).get("revenue")
    nothing = {**by_name["none"], "setting": "0 %"}
    best = max(found["static"], key=lambda row: row["revenue"])
    chosen = max([nothing, *filter(is_within, found["static"])], key=lambda row: row["revenue"])
    rows = [by_name.pop("none"), best, {**chosen, "policy": CHOSEN}, *by_name.values()]
    turned: Row = {
        part: [_judged(row, bound) for row in found[part]]
        for part in ("static", "frontier")
        if part in found
    }
    losses = [
        {**row, "share": row["revenue"] / bound if bound else None} for row in found["losses"]
    ]
    return {**found, **turned, "losses": losses, "policies": [_judged(row, bound) for row in rows]}


def mean_rows(cases: Sequence[Row], part: str) -> list[Row]:
    """Return the means over cases of every policy (or setting); a missing figure leaves the mean missing."""
    means = []
    for place, row in enumerate(cases[0][part]):
        same = [case[part][place] for case in cases if place < len(case[part])]
        mean: Row = {
            "policy": row["policy"],
            "setting": row["setting"] if part != "policies" else None,
        }
        for name in _MEASURES:
            values = [one[name] for one in same]
            known = len(values) == len(cases) and None not in values
            mean[name] = fmean(values) if known else None
        means.append({**mean, "within": is_within(mean)})
    return means


def _verdict(name: str, value: str, *, is_met: bool | None) -> Row:
    return {"target": name, "found": value, "met": is_met}


def targets(cases: Sequence[Row], means: Sequence[Row]) -> list[Row]:
    """Return the targets with what was found; ``met`` is None where it cannot be said."""
    ours = next(row for row in means if row["policy"] == "tidegate")
    rivals = [row for row in means if row["policy"] not in _NOT_RIVALS and row["within"]]
    best = max(rivals, key=lambda row: row["share"] or 0.0, default=None)
    share = ours["share"]
    every = [row for case in cases for row in case["calibration"]]
    cells = [row for row in every if row["met"] is not None]
    met = sum(row["met"] for row in cells)
    short = len(every) - len(cells)
    limits = (
        f"broken {100 * ours['broken_share']:.2f} %, delayed {100 * ours['delayed_share']:.2f} %"
    )
    verdicts = [
        _verdict(
            "both limits kept: at most 0.5 % broken, 0.5 % delayed", limits, is_met=ours["within"]
        ),
        _verdict(
            f"revenue at least {SHARE_TARGET:.0%} of clairvoyant, within the limits",
            "unknown" if share is None else f"{share:.3f}",
            is_met=None if share is None else ours["within"] and share >= SHARE_TARGET,
        ),
    ]
    if share is not None and best is not None and best["share"]:
        lead = share / best["share"]
        verdicts.append(
            _verdict(
                f"revenue at least {LEAD_TARGET} times the best rival's, both within the limits",
                f"{lead:.2f} times {best['policy']} ({best['share']:.3f})",
                is_met=ours["within"] and lead >= LEAD_TARGET,
            )
        )
    else:
        verdicts.append(
            _verdict("a lead over the best rival", "no rival keeps the limits", is_met=None)
        )
    verdicts.append(
        _verdict(
            "miss rate within 20 % of eps, or eps in its 95 % interval, everywhere",
            f"{met} of {len(cells)}" + f", {short} too short to say" * (short > 0),
            is_met=met == len(cells) if cells else None,
        )
    )
    return verdicts
