"""One pool of a fleet file: its references, its sums, its offers and its demand."""

from collections.abc import Collection
from typing import Final

from tidegate.feeds.fleetfile.lines import KeyPath
from tidegate.feeds.fleetfile.problems import Problems, one_of
from tidegate.feeds.fleetfile.sources import Known, SourceReader
from tidegate.feeds.fleetfile.tables import PoolTable
from tidegate.fleet import Chip, Cohort, LeasePolicy, Pool, Tier, catalogue
from tidegate.lease import Offer
from tidegate.plan.scenario import FailureModel, PoolCase

_SHARE_SLACK: Final = 1e-9


def chip_of(name: str, path: KeyPath, problems: Problems) -> Chip:
    """Return the chip of that name; when the catalogue has none, note that at ``path``."""
    chip = catalogue().get(name)
    if chip is None:
        problems.add(
            "TG-FLEET-REFERENCE",
            path,
            f"the chip {name!r} is not in the catalogue.",
            one_of(name, catalogue()),
        )
        return Chip(name)
    return chip


class PoolReader:
    """Reads one ``[[pool]]``."""

    def __init__(self, table: PoolTable, place: int, known: Known, problems: Problems) -> None:
        self._table = table
        self._path: KeyPath = ("pool", place)
        self._known = known
        self._problems = problems
        self._said: list[str] = []

    def case(self) -> tuple[PoolCase | None, list[str]]:
        """Return the pool's case, None when it cannot be made, and the assumptions made."""
        table = self._table
        self._check_reference("site", table.site, self._known.sites)
        chip = chip_of(table.chip, (*self._path, "chip"), self._problems)
        cohorts = self._cohorts()
        self._check_policy()
        offers = self._offers(chip)
        self._defaults()
        sources = SourceReader(table, self._path, self._known, self._problems)
        demand, planned, foreseen = sources.demand(), sources.planned(), sources.foreseen()
        site = self._known.sites.get(table.site)
        # What is wrong has been told above; a case of such a pool cannot be made.
        sells_in_vain = bool(offers) and not table.tier.may_lease
        if site is None or demand is None or sells_in_vain:
            return None, self._said
        policy = LeasePolicy(
            products=tuple(table.policy.lease),
            risk=table.policy.risk,
            reserve_nodes=table.policy.reserve_nodes,
            wait_price=table.policy.wait_price,
            on_failure=table.policy.on_failure,
        )
        pool = Pool(
            table.id,
            site,
            chip,
            table.nodes,
            table.gpus_per_node,
            table.tier,
            cohorts,
            policy,
            table.block_nodes,
        )
        broken = table.failures
        failures = FailureModel(broken.mtbf_h, broken.repair_h) if broken else None
        return PoolCase(pool, offers, demand, failures, planned, foreseen), self._said

    def _add(self, code: str, key: KeyPath, message: str, expected: str) -> None:
        self._problems.add(code, (*self._path, *key), message, expected)

    def _check_reference(
        self, kind: str, name: str, known: Collection[str], *place: str | int
    ) -> bool:
        if name in known:
            return True
        self._add(
            "TG-FLEET-REFERENCE",
            place or (kind,),
            f"the {kind} {name!r} is not defined.",
            one_of(name, known),
        )
        return False

    def _cohorts(self) -> tuple[Cohort, ...]:
        table = self._table
        found: list[Cohort] = []
        for place, name in enumerate(table.cohorts):
            key = ("cohorts", place)
            if not self._check_reference("cohort", name, self._known.cohorts, *key):
                continue
            cohort = self._known.cohorts[name]
            if cohort.chip.id != table.chip:
                self._add(
                    "TG-FLEET-VALUE",
                    key,
                    f"the cohort {name!r} is of {cohort.chip.id}.",
                    f"a cohort of the pool's chip, {table.chip}.",
                )
            if cohort in found or self._known.cohort_uses[name] > 1:
                self._add(
                    "TG-FLEET-COUNT",
                    key,
                    f"the cohort {name!r} is counted twice.",
                    "each cohort in one pool, once.",
                )
            found.append(cohort)
        gpus = table.nodes * table.gpus_per_node
        owned = sum(cohort.gpus for cohort in found)
        if found and len(found) == len(table.cohorts) and owned != gpus:
            parts = " + ".join(str(cohort.gpus) for cohort in found)
            self._add(
                "TG-FLEET-COUNT",
                ("cohorts",),
                f"its cohorts have {parts}{f' = {owned}' if len(found) > 1 else ''} GPUs.",
                f"{table.nodes} nodes x {table.gpus_per_node} GPUs = {gpus} GPUs.",
            )
        return tuple(found)

    def _check_policy(self) -> None:
        table = self._table
        if table.policy.lease and table.tier is Tier.FRONTIER:
            self._add(
                "TG-FLEET-FRONTIER",
                ("policy", "lease"),
                "frontier GPUs are never leased.",
                "no lease, or tier = 'mainstay'.",
            )
        if table.policy.lease and table.tier is Tier.RETIRED:
            self._add(
                "TG-FLEET-VALUE",
                ("policy", "lease"),
                "retired GPUs are out of service and cannot be leased.",
                "no lease, or tier = 'legacy'.",
            )
        if table.policy.reserve_nodes > table.nodes:
            self._add(
                "TG-FLEET-VALUE",
                ("policy", "reserve_nodes"),
                f"reserve_nodes = {table.policy.reserve_nodes} is more than the pool has.",
                f"at most {table.nodes} nodes.",
            )

    def _offers(self, chip: Chip) -> tuple[Offer, ...]:
        offers: list[Offer] = []
        derived: dict[str, list[str]] = {}
        for place, name in enumerate(self._table.policy.lease):
            key = ("policy", "lease", place)
            if not self._check_reference("product", name, self._known.products, *key):
                continue
            if any(offer.product.id == name for offer in offers):
                self._add("TG-FLEET-VALUE", key, f"{name!r} is listed twice.", "each product once.")
                continue
            priced = self._known.products[name].offer(chip, self._known.currency)
            if priced is None:
                if chip.id in catalogue():
                    self._no_price(key, name, chip)
                continue
            offer, basis = priced
            offers.append(offer)
            if basis:
                derived.setdefault(basis, []).append(f"{name} {offer.price}")
        self._said += [
            f"Pool {self._table.id}: prices per GPU-hour of {', '.join(prices)} "
            f"{self._known.currency} are derived from {basis}."
            for basis, prices in derived.items()
        ]
        shares = sum(offer.demand.share for offer in offers)
        if shares > 1 + _SHARE_SLACK:
            self._add(
                "TG-FLEET-VALUE",
                ("policy", "lease"),
                f"the products' shares of demand add up to {shares:g}.",
                "at most 1; set demand.share in [[product]].",
            )
        return tuple(offers)

    def _no_price(self, key: KeyPath, name: str, chip: Chip) -> None:
        self._add(
            "TG-FLEET-PRICE",
            key,
            f"the product {name!r} has no price for {chip.id}, and none can be derived: it has no "
            f"relative_price, or {chip.id} no reference rent in {self._known.currency}.",
            f"[[product]] id = '{name}' with prices = {{ \"{chip.id}\" = '...' }}.",
        )

    def _defaults(self) -> None:
        table, policy = self._table, self._table.policy
        said = [] if table.cohorts else ["no cohorts, so that depreciation is not known"]
        if policy.lease:
            defaults = {
                "risk": f"risk {policy.risk:g}",
                "reserve_nodes": f"{policy.reserve_nodes} nodes in reserve",
                "wait_price": f"waiting costs {policy.wait_price} per GPU-hour",
            }
            said += [text for key, text in defaults.items() if key not in policy.model_fields_set]
        log = table.tide.log if table.tide else table.log
        if log and "timezone" not in log.model_fields_set:
            said.append("times without an offset are in UTC")
        if said:
            self._said.append(f"Pool {table.id}: {'; '.join(said)} (default).")
