"""From checked tables to a scenario: what the tables refer to, and whether it adds up."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from tidegate.feeds.fleetfile.pools import PoolReader, chip_of
from tidegate.feeds.fleetfile.pricing import products
from tidegate.feeds.fleetfile.problems import Problems
from tidegate.feeds.fleetfile.sources import Known
from tidegate.feeds.fleetfile.tables import CohortTable, FleetTable
from tidegate.fleet import Cohort, Site
from tidegate.plan.scenario import Scenario
from tidegate.quantity import format_duration


class _Named(Protocol):
    @property
    def id(self) -> str: ...


def resolve(fleet: FleetTable, path: Path, problems: Problems) -> Scenario:
    """Return the scenario of a fleet file; what does not fit together goes to ``problems``.

    The result is of use only when ``problems`` has stayed empty.
    """
    for kind, tables in (("site", fleet.site), ("cohort", fleet.cohort), ("pool", fleet.pool)):
        _check_ids(kind, tables, problems)
    known = Known(
        sites={table.id: Site(table.id, table.timezone) for table in fleet.site},
        cohorts=_cohorts(fleet.cohort, problems),
        products=products(fleet, problems),
        cohort_uses=Counter(name for table in fleet.pool for name in set(table.cohorts)),
        currency=fleet.currency,
        folder=path.parent,
    )
    assumptions = _fleet_defaults(fleet)
    cases = []
    for place, table in enumerate(fleet.pool):
        case, said = PoolReader(table, place, known, problems).case()
        assumptions += said
        if case is not None:
            cases.append(case)
    return Scenario(
        name=fleet.name or path.stem,
        currency=fleet.currency,
        cases=tuple(cases),
        offered_load=fleet.offered_load,
        sanitise_s=fleet.sanitise,
        source=str(path),
        assumptions=tuple(assumptions),
        books=path.parent / fleet.books if fleet.books else None,
    )


def _check_ids(kind: str, tables: Sequence[_Named], problems: Problems) -> None:
    seen: set[str] = set()
    for place, table in enumerate(tables):
        if table.id in seen:
            problems.add(
                "TG-FLEET-VALUE",
                (kind, place, "id"),
                f"the id {table.id!r} is used twice.",
                f"another id for each {kind}.",
            )
        seen.add(table.id)


def _cohorts(tables: Sequence[CohortTable], problems: Problems) -> Mapping[str, Cohort]:
    found = {}
    for place, table in enumerate(tables):
        chip = chip_of(table.chip, ("cohort", place, "chip"), problems)
        found[table.id] = Cohort(
            table.id, chip, table.count, table.price, table.in_service, table.life_years
        )
    return found


def _fleet_defaults(fleet: FleetTable) -> list[str]:
    said = []
    if "offered_load" not in fleet.model_fields_set:
        said.append(f"Tenants ask for {fleet.offered_load:g} times the mean headroom (default).")
    if "sanitise" not in fleet.model_fields_set:
        said.append(f"Sanitising a node takes {format_duration(fleet.sanitise)} (default).")
    said += [
        f"Site {site.id}: its time zone is {site.timezone} (default)."
        for site in fleet.site
        if "timezone" not in site.model_fields_set
    ]
    return said
