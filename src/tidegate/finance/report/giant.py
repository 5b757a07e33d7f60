"""The giant's map as tables."""

from decimal import Decimal

from tidegate.finance.giant import OCCUPANCIES, RENTS, GiantMap, giant_facts
from tidegate.finance.hour import HOURS_A_YEAR
from tidegate.finance.report.table import Report, Table, columns

_SHOWN_OCCUPANCY = Decimal("0.85")


def giant_report(found: GiantMap) -> Report:
    """Return the map as a report: GPUs needed, the map of fleet and occupancy, every combination, the cited facts."""
    inside = [e for e in found.earned if e.where == "inside"]
    at = [n for n in found.needed if n.occupancy == _SHOWN_OCCUPANCY and "H100" in n.rent_of]
    cheap, dear = at[1], at[3]
    return Report(
        title=f"What must be true for {float(found.low):g} to {float(found.high):g} billion USD a year",
        source="cited public figures alone; the number of leased GPUs follows, it is not put in",
        tables=(_needed(found), _map(found), _earned(found), _facts()),
        notes=(
            "Rent is GPUs x 8,766 hours x occupancy x rent. The fleet is what is offered over what own work leaves: "
            "from 30 % own work (the claim's lower end) to 65 % (secondary reports).",
            "Cost of the fleet: H100s at their list price with the cited share of network; plant is not in it.",
        ),
        headline={
            "GPUs offered, at 85 % occupancy and H100 rents of 2.35 to 3.79": f"{dear.low:,.0f} to {cheap.high:,.0f}",
            "of the map's combinations inside the claim": f"{len(inside)} of {len(found.earned)}",
            "full cost of an H100-hour in its first year": (
                f"{found.cost_hour:.2f} USD, of it {found.cash_hour:.2f} cash"
            ),
        },
    )


def _needed(found: GiantMap) -> Table:
    rows = [
        (
            n.rent_of,
            n.rent,
            n.occupancy,
            n.low,
            n.high,
            n.fleet_low,
            n.fleet_high,
            n.capex_low,
            n.capex_high,
        )
        for n in found.needed
        if n.occupancy in (Decimal("0.5"), _SHOWN_OCCUPANCY, Decimal("0.95"))
    ]
    low, high = f"{found.low * 10**9:f}", f"{found.high * 10**9:f}"
    own = giant_facts()
    return Table(
        "needed",
        "GPUs that must be offered, and the fleet that they are what is left of",
        columns(
            ("rent_of", "at the rent of"),
            ("rent", "USD", "rate"),
            ("occupancy", "occupancy", "share"),
            ("low", "GPUs, lower end", "count", f"{low}/({HOURS_A_YEAR}*{{occupancy}}*{{rent}})"),
            ("high", "upper end", "count", f"{high}/({HOURS_A_YEAR}*{{occupancy}}*{{rent}})"),
            ("fleet_low", "fleet, own work 30 %", "count", f"{{low}}/(1-{own['own_low'].value})"),
            ("fleet_high", "own work 65 %", "count", f"{{high}}/(1-{own['own_reported'].value})"),
            ("capex_low", "cost as H100s, billion", "number"),
            ("capex_high", "to", "number"),
        ),
        tuple(rows),
        "USD",
    )


def _map(found: GiantMap) -> Table:
    """Return billions a year by fleet and occupancy at the list rent of the H100 now."""
    name, rent = RENTS[3]
    gpus = list(dict.fromkeys(e.gpus for e in found.earned))
    by = {(e.gpus, e.occupancy): e for e in found.earned if e.rent_of == name}
    rows = []
    for size in gpus:
        cells = [by[size, occupancy] for occupancy in OCCUPANCIES]
        rows.append(
            (
                f"{size:,}",
                *(f"{c.billions:.1f}{' *' if c.where == 'inside' else ''}" for c in cells),
            )
        )
    heads = ((f"at_{100 * o:.0f}", f"{100 * o:.0f} %") for o in OCCUPANCIES)
    return Table(
        "map",
        f"Billion USD a year by GPUs offered and occupancy, at {rent} USD ({name})",
        columns(("gpus", "GPUs"), *heads),
        tuple(rows),
        "USD",
        note="*: inside the claim.",
    )


def _earned(found: GiantMap) -> Table:
    return Table(
        "earned",
        "Every combination",
        columns(
            ("gpus", "GPUs", "count"),
            ("occupancy", "occupancy", "share"),
            ("rent_of", "at the rent of"),
            ("rent", "USD", "rate"),
            (
                "billions",
                "billion a year",
                "number",
                f"{{gpus}}*{HOURS_A_YEAR}*{{occupancy}}*{{rent}}/10^9",
            ),
            ("where", "the claim"),
        ),
        tuple((e.gpus, e.occupancy, e.rent_of, e.rent, e.billions, e.where) for e in found.earned),
        "USD",
    )


def _facts() -> Table:
    return Table(
        "facts",
        "Cited figures",
        columns(
            ("key", "figure"),
            ("value", "value", "number"),
            ("unit", "unit"),
            ("source", "source"),
            ("date", "date"),
            ("secondary", "secondary"),
        ),
        tuple(
            (f.key, f.value, f.unit, f.source, f.date, "yes" if f.secondary else "no")
            for f in giant_facts().values()
        ),
        "USD",
    )
