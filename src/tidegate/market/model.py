"""A market scenario as values: who makes, who wants, who lets, what happens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

MAKERS: Final = ("vendor", "domestic", "owner")
"""Who makes a generation: a vendor of the open region, a maker behind the barrier, the owner itself."""


@dataclass(frozen=True)
class Generation:
    """A chip generation.

    Attributes
    ----------
    id : str
        Chip id of the catalogue, or a name of the scenario's own.
    launch : date
        First month of output.
    ramp_months, peak_gpus_per_month, end, fade_months
        Planned output: rising to the peak, falling from ``end`` on; all over the world, own use included.
    price_usd : float
        List price of a GPU.
    lag_months : int
        From order to delivery.
    stock_open_gpus, stock_walled_gpus : float
        Shipped before the first month, by region.
    bf16_tflops, bandwidth_tb_s, memory_gb, tdp_w : float
        Figures of a GPU.
    taste : str
        Name of the parameter that adds to its worth, or empty.
    maker : str
        One of :data:`MAKERS`.
    allowed_share : float
        Share of the walled region's orders that the barrier lets pass.
    """

    id: str
    launch: date
    ramp_months: int
    peak_gpus_per_month: float
    end: date | None
    fade_months: int
    price_usd: float
    lag_months: int
    stock_open_gpus: float
    stock_walled_gpus: float
    bf16_tflops: float
    bandwidth_tb_s: float
    memory_gb: float
    tdp_w: float
    taste: str = ""
    maker: str = "vendor"
    allowed_share: float = 1.0


@dataclass(frozen=True)
class Use:
    """A use of computing.

    Attributes
    ----------
    id : str
        Its name.
    share_open, share_walled : float
        Share of a region's demanded work at the start.
    flops, bandwidth, memory : float
        What a GPU's work rests on; they add up to 1.
    growth_per_year : float
        Log growth beyond the common one.
    frontier : bool
        Whether older generations are shunned.
    adopts : bool
        Whether developers drawn in add to it.
    """

    id: str
    share_open: float
    share_walled: float
    flops: float
    bandwidth: float
    memory: float
    growth_per_year: float
    frontier: bool
    adopts: bool


@dataclass(frozen=True)
class Camp:
    """A camp of lessors; :class:`tidegate.market.world.Camps` says what each figure means."""

    id: str
    stock_share_open: float
    stock_share_walled: float
    firms_open: float
    firms_walled: float
    capex_musd_open: float
    capex_musd_walled: float
    reinvest: float
    hurdle: float
    draw: float
    price_factor: float
    cost_factor: float
    debt_share: float
    interest: float
    cash_months: float
    parent: bool
    skill: float
    ecosystem: float
    locked: float
    trend: float
    owner: bool = False


@dataclass(frozen=True)
class Arrival:
    """GPUs that join the owner's fleet, evenly over the months from ``first`` to ``last``."""

    generation: str
    gpus: float
    first: date
    last: date


@dataclass(frozen=True)
class Entry:
    """The owner opens part of its fleet to leasing.

    Attributes
    ----------
    month : date
        First month.
    ramp_months : int
        Months until all of it is open.
    gpus : mapping of str to float
        By generation; its own work takes the parameter ``own_use`` of them.
    """

    month: date
    ramp_months: int
    gpus: Mapping[str, float]


@dataclass(frozen=True)
class Pause:
    """Demand is multiplied by ``factor`` in months from ``first`` to ``last``, for uses named (all if none)."""

    first: date
    last: date
    factor: float
    uses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Slip:
    """A generation comes later by so many months."""

    generation: str
    months: int


@dataclass(frozen=True)
class Export:
    """From a month on the barrier lets only a share of orders pass, for generations named (all if none)."""

    first: date
    allowed_share: float
    generations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Setting:
    """Numbers of a scenario that are the same in every draw.

    Attributes
    ----------
    most_occupied, rented_at_rest, life_years, discount, failures, scrap_usd, memory_room, memory_growth
        As in :class:`tidegate.market.world.Rules`.
    power_usd_per_kwh_open, power_usd_per_kwh_walled : float
        Price of power.
    pue, node_overhead, draw : float
        Facility power over IT power; a node's power per GPU over the chip's; share of design power drawn.
    colocation_usd_per_kw_month : float
        Space and cooling.
    operations_share, avoidable_operations : float
        Yearly operations over the list price; the part of it that a standing fleet saves.
    remote_share : float
        Share of the walled region's demand that rents in the open one.
    adoption : float
        Strength of the developer loop, 0 for off.
    owner_core_profit_musd : float
        The owner's monthly profit from all else.
    owner_contract_months : float
        Length of the contracts that it lets for.
    size, skill, ecosystem, steadiness : float
        Weights of the vendor's allotment.
    reference : str
        Generation whose GPU is the unit of work.
    """

    most_occupied: float = 0.95
    rented_at_rest: float = 0.6
    life_years: float = 6.0
    discount: float = 0.10
    failures: float = 0.002
    scrap_usd: float = 150.0
    memory_room: float = 0.15
    memory_growth: float = 0.05
    power_usd_per_kwh_open: float = 0.08
    power_usd_per_kwh_walled: float = 0.08
    pue: float = 1.25
    node_overhead: float = 1.4
    draw: float = 0.9
    colocation_usd_per_kw_month: float = 180.0
    operations_share: float = 0.08
    avoidable_operations: float = 0.5
    remote_share: float = 0.1
    adoption: float = 0.0
    owner_core_profit_musd: float = 5000.0
    owner_contract_months: float = 12.0
    size: float = 0.4
    skill: float = 0.2
    ecosystem: float = 0.2
    steadiness: float = 0.2
    reference: str = "H100-SXM"


@dataclass(frozen=True)
class Market:
    """A whole scenario.

    Attributes
    ----------
    name, title : str
        What it is called; what it is, in a sentence.
    start : date
        First month.
    months : int
        How many are played.
    generations, uses, camps
        Who makes, who wants, who lets; the owner is the last camp.
    fleet : tuple of Arrival
        The owner's fleet.
    entry : Entry or None
        When and what the owner leases.
    rents : mapping of str to float
        GPUs that the owner rents from others from the entry on, by generation.
    pauses, slips, exports
        What happens.
    setting : Setting
        Numbers.
    owners : float
        Owners alike: the fleet, the entry and what is rented are multiplied by it.
    source : str
        Where it was read from.
    """

    name: str
    title: str
    start: date
    months: int
    generations: tuple[Generation, ...]
    uses: tuple[Use, ...]
    camps: tuple[Camp, ...]
    fleet: tuple[Arrival, ...] = ()
    entry: Entry | None = None
    rents: Mapping[str, float] = field(default_factory=dict)
    pauses: tuple[Pause, ...] = ()
    slips: tuple[Slip, ...] = ()
    exports: tuple[Export, ...] = ()
    setting: Setting = Setting()
    owners: float = 1.0
    source: str = ""

    @property
    def generation_ids(self) -> tuple[str, ...]:
        """Ids of the generations, in order."""
        return tuple(g.id for g in self.generations)

    @property
    def camp_ids(self) -> tuple[str, ...]:
        """Ids of the camps, in order."""
        return tuple(c.id for c in self.camps)

    def month_of(self, when: date) -> int:
        """Return the place of a month, counted from the first; negative before it."""
        return (when.year - self.start.year) * 12 + when.month - self.start.month
