"""Where a pool's demand comes from, and what is known of it ahead."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tidegate.demand import PlannedRun
from tidegate.feeds.fleetfile.lines import KeyPath
from tidegate.feeds.fleetfile.pricing import PricedProduct
from tidegate.feeds.fleetfile.problems import Problems, one_of
from tidegate.feeds.fleetfile.tables import LogTable, PlannedTable, PoolTable
from tidegate.feeds.formats import FORMATS
from tidegate.fleet import Cohort, Site
from tidegate.plan.scenario import LogSource, TideSource
from tidegate.quantity import Instant, parse_instant

_OF_SERIES: Final = {"tide": "tide", "foreseen": "forecast of load"}


@dataclass(frozen=True)
class Known:
    """What pools may refer to."""

    sites: Mapping[str, Site]
    cohorts: Mapping[str, Cohort]
    products: Mapping[str, PricedProduct]
    cohort_uses: Mapping[str, int]
    currency: str
    folder: Path


class SourceReader:
    """Reads ``log``, ``tide``, ``planned`` and ``foreseen`` of one ``[[pool]]``."""

    def __init__(self, table: PoolTable, path: KeyPath, known: Known, problems: Problems) -> None:
        self._table = table
        self._path = path
        self._known = known
        self._problems = problems

    def _add(self, code: str, key: KeyPath, message: str, expected: str) -> None:
        self._problems.add(code, (*self._path, *key), message, expected)

    def demand(self) -> LogSource | TideSource | None:
        """Return the one source of demand, None when there is none or more than one."""
        table = self._table
        if table.tide and table.log:
            self._add("TG-FLEET-KEY", ("tide",), "log and tide are both given.", "one of the two.")
            return None
        if table.tide:
            log = self._log(table.tide.log, ("tide", "log"))
            return TideSource(log, table.tide.requests_per_s_per_gpu, table.tide.headroom)
        if table.log:
            return self._log(table.log, ("log",))
        self._add(
            "TG-FLEET-KEY", ("log",), "the pool's demand is missing.", "[pool.log] or [pool.tide]."
        )
        return None

    def _log(self, log: LogTable, key: KeyPath) -> LogSource:
        self._check_format(log.format, key)
        bounds = {}
        for name, text in (("from", log.from_), ("to", log.to)):
            try:
                bounds[name] = parse_instant(text, log.timezone) if text else None
            except ValueError as error:
                self._add(
                    "TG-FLEET-VALUE", (*key, name), f"{error}.", "a time that exists in that zone."
                )
        self._check_order(bounds.get("from"), bounds.get("to"), log, key)
        return LogSource(
            path=self._known.folder / log.path,
            format=log.format,
            where=log.where,
            columns=log.columns,
            timezone=log.timezone,
            window_from=log.from_,
            window_to=log.to,
        )

    def _check_order(
        self,
        start: Instant | None,
        end: Instant | None,
        table: LogTable | PlannedTable,
        key: KeyPath,
    ) -> None:
        if start is None or end is None:
            return
        if start.calendar != end.calendar:
            self._add(
                "TG-FLEET-VALUE",
                (*key, "to"),
                "from and to are not of one kind.",
                "two dates, or two numbers of seconds.",
            )
        elif end.seconds <= start.seconds:
            self._add(
                "TG-FLEET-VALUE",
                (*key, "to"),
                f"to = {table.to} is not after from = {table.from_}.",
                "a later time.",
            )

    def planned(self) -> tuple[PlannedRun, ...]:
        """Return the calendar; times without an offset are the site's."""
        table, found = self._table, []
        site = self._known.sites.get(table.site)
        zone = site.timezone if site else "UTC"
        for place, run in enumerate(table.planned):
            key = ("planned", place)
            bounds: dict[str, Instant] = {}
            for name, text in (("from", run.from_), ("to", run.to)):
                try:
                    bounds[name] = parse_instant(text, zone)
                except ValueError as error:
                    self._add(
                        "TG-FLEET-VALUE",
                        (*key, name),
                        f"{error}.",
                        "a time that exists at the site.",
                    )
            start, end = bounds.get("from"), bounds.get("to")
            self._check_order(start, end, run, key)
            gpus = table.nodes * table.gpus_per_node
            if run.gpus > gpus:
                self._add(
                    "TG-FLEET-VALUE",
                    (*key, "gpus"),
                    f"gpus = {run.gpus} is more than the pool has.",
                    f"at most {gpus} GPUs.",
                )
            if start and end:
                is_firm = run.certainty == "firm"
                found.append(PlannedRun(start.seconds, end.seconds, run.gpus, is_firm))
        return tuple(found)

    def foreseen(self) -> LogSource | TideSource | None:
        """Return the forecast of load: of request rates where the pool serves, else of GPUs."""
        table = self._table
        if table.foreseen is None:
            return None
        log = self._log(table.foreseen, ("foreseen",))
        if table.tide is None:
            return log
        return TideSource(log, table.tide.requests_per_s_per_gpu, table.tide.headroom)

    def _check_format(self, name: str, key: KeyPath) -> None:
        known = {one.name: one.kind for one in FORMATS}
        if name != "auto" and name not in known:
            message = f"the log format {name!r} is unknown."
            self._add("TG-FLEET-VALUE", (*key, "format"), message, one_of(name, ("auto", *known)))
        elif key[0] in ("tide", "foreseen") and known.get(name) == "jobs":
            self._add(
                "TG-FLEET-VALUE",
                (*key, "format"),
                f"a log of format {name!r} holds jobs; a {_OF_SERIES[str(key[0])]} is a series.",
                one_of("", ("auto", *(one for one, kind in known.items() if kind == "series"))),
            )
