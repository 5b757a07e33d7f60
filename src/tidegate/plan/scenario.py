"""What a backtest is about: pools, what they sell, and where their demand comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tidegate.demand import PlannedRun
from tidegate.errors import FleetFileError
from tidegate.fleet.pool import Pool
from tidegate.lease.product import Offer


@dataclass(frozen=True)
class LogSource:
    """A file of jobs, or a demand series.

    Attributes
    ----------
    path : Path
        The file.
    format : str
        A name of ``tidegate.feeds.FORMATS``, or ``auto``.
    where : mapping of str to str
        Keep only rows whose column has this value.
    columns : mapping of str to str
        For generic tables: our field (``submit``, ``duration``, ...) to the file's column.
    timezone : str
        Zone of times without an offset.
    window_from, window_to : str or None
        Keep submissions in [from, to): ISO 8601 or seconds.
    """

    path: Path
    format: str = "auto"
    where: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    timezone: str = "UTC"
    window_from: str | None = None
    window_to: str | None = None


@dataclass(frozen=True)
class TideSource:
    """A serving pool's request rate, turned into the GPUs that it needs.

    Attributes
    ----------
    log : LogSource
        A series whose value is a request rate (requests per second).
    requests_per_s_per_gpu : float
        What one GPU serves at the latency target.
    headroom : float
        Share added on top for spikes: 0.3 keeps 30 % more GPUs than the rate needs.
    """

    log: LogSource
    requests_per_s_per_gpu: float
    headroom: float


@dataclass(frozen=True)
class FailureModel:
    """Exponential node failures.

    Attributes
    ----------
    mtbf_h : float
        Mean time between failures of one node, in hours.
    repair_h : float
        Repair time, in hours (fixed).
    """

    mtbf_h: float
    repair_h: float


@dataclass(frozen=True)
class PoolCase:
    """One pool with its offers and its demand.

    Attributes
    ----------
    pool : Pool
        The pool.
    offers : tuple of Offer
        What it sells, in order of the fleet file; empty for a pool that leases nothing.
    demand : LogSource or TideSource
        Where its internal demand comes from.
    failures : FailureModel or None
        Node failures to play, if any.
    planned : tuple of PlannedRun
        Runs that were announced.
    foreseen : LogSource, TideSource or None
        A forecast of load, made by others: a series of GPUs, or of request rates.

    Raises
    ------
    FleetFileError
        ``TG-FLEET-FRONTIER`` when a pool that may not be leased has offers.
    """

    pool: Pool
    offers: tuple[Offer, ...]
    demand: LogSource | TideSource
    failures: FailureModel | None = None
    planned: tuple[PlannedRun, ...] = ()
    foreseen: LogSource | TideSource | None = None

    def __post_init__(self) -> None:
        if self.offers and not self.pool.tier.may_lease:
            raise FleetFileError(
                "TG-FLEET-FRONTIER",
                f"Pool {self.pool.id} is {self.pool.tier.value} and has something to sell.",
                expected="no offer for a pool that is neither mainstay nor legacy.",
            )


@dataclass(frozen=True)
class Scenario:
    """A fleet as a backtest sees it.

    Attributes
    ----------
    name : str
        Name of the fleet.
    currency : str
        ISO 4217 code of all prices; ``XXX`` when prices are relative.
    cases : tuple of PoolCase
        The pools, in order of the fleet file.
    offered_load : float
        GPU-hours asked for by tenants over mean headroom.
    sanitise_s : int
        Time a node needs between two holders, in seconds.
    source : str
        The file, or ``command line``.
    assumptions : tuple of str
        Sentences for the report: every default that was filled in.
    books : Path or None
        The fleet's books file, for finance.
    """

    name: str
    currency: str
    cases: tuple[PoolCase, ...]
    offered_load: float = 1.5
    sanitise_s: int = 300
    source: str = "command line"
    assumptions: tuple[str, ...] = ()
    books: Path | None = None
