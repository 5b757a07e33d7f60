"""What the claims are measured by: one number per draw, from one or two plays over the same draws."""

from datetime import date
from typing import Any, Final

import numpy as np

from tidegate.market import theta as of
from tidegate.market.run import MarketRun
from tidegate.market.world import Floats

YEAR: Final = 12
HOPPER: Final = ("H100-SXM", "H200-SXM")
OLD: Final = ("A100-80-SXM", "H100-SXM", "H200-SXM")
SMALL: Final = "small low-price"
SPECIALISTS: Final = "specialists"
INHOUSE: Final = "MTIA-400"
NEWEST: Final = "NEXT"
_HHI: Final = 10_000


def _span(run: MarketRun, entry: date, first: int, last: int) -> slice:
    """Return months ``first`` to ``last`` after the entry, the last one not included."""
    at = run.market.month_of(entry)
    return slice(at + first, at + last)


def _g(run: MarketRun, generation: str) -> int:
    return run.market.generation_ids.index(generation)


def _c(run: MarketRun, camp: str) -> int:
    return run.market.camp_ids.index(camp)


def _float(values: Any) -> Floats:
    return np.asarray(values, dtype=np.float64)


def occupancy(run: MarketRun, entry: date) -> Floats:
    """Claim 3: rented over offered, all lessors of the open region by their capacity, three years."""
    span = _span(run, entry, 0, 3 * YEAR)
    let, capacity = run.record.let[:, span, 0], _float(run.record.capacity[:, span, 0])
    shown = let.max(axis=(0, 1)) > 0
    # The owner's fleet counts as far as it is offered, which is not recorded: lessors alone are weighed.
    shown[-1] = False
    return _float((let * capacity)[:, :, shown].sum((1, 2)) / capacity[:, :, shown].sum((1, 2)))


def occupancy_of(run: MarketRun, generation: str, entry: date) -> Floats:
    """Claim 7: rented over offered GPUs of a generation, three years."""
    span = _span(run, entry, 0, 3 * YEAR)
    return _float(run.record.occupancy[:, span, 0, _g(run, generation)].mean(axis=1))


def lease_revenue(run: MarketRun, entry: date) -> Floats:
    """Claim 4: the owner's lease revenue in the second year, in bn USD."""
    return _float(run.record.owner[:, _span(run, entry, YEAR, 2 * YEAR), 0].sum(axis=1)) / 1e9


def damping(run: MarketRun, other: MarketRun, entry: date) -> Floats:
    """Claim 5: rents of H100 and H200 with entry over those without, two years."""
    span = _span(run, entry, 0, 2 * YEAR)
    places = [_g(run, g) for g in HOPPER]
    logs = [np.log(_float(r.record.rent[:, span, 0][:, :, places])) for r in (run, other)]
    return _float(np.expm1((logs[0] - logs[1]).mean(axis=(1, 2))))


def rise(run: MarketRun, generation: str, entry: date) -> Floats:
    """Claim 6: a generation's rent a year on over that at the entry."""
    rent = run.record.rent[:, :, 0, _g(run, generation)]
    at = run.market.month_of(entry)
    return _float(rent[:, at + YEAR] / rent[:, at] - 1)


def small_exits(run: MarketRun, entry: date) -> Floats:
    """Claim 8: share of small lessors that gave up in three years, less that of specialists."""
    at = run.market.month_of(entry)
    firms = _float(run.record.firms[:, :, 0])
    gone = 1 - firms[:, at + 3 * YEAR] / np.maximum(firms[:, at], 1e-9)
    return _float(gone[:, _c(run, SMALL)] - gone[:, _c(run, SPECIALISTS)])


def concentration(run: MarketRun, entry: date) -> Floats:
    """Claim 9: change of the Herfindahl index in three years, in points."""
    at = run.market.month_of(entry)
    index = _float(run.record.concentration[:, :, 0]) * _HHI
    return _float(index[:, at + 3 * YEAR] - index[:, at])


def used_prices(run: MarketRun, entry: date) -> Floats:
    """Claim 10: used prices of the older generations a year on over those at the entry."""
    at = run.market.month_of(entry)
    places = [_g(run, g) for g in OLD]
    used = np.log(_float(run.record.resale[:, :, 0][:, :, places]))
    return _float(np.expm1((used[:, at + YEAR] - used[:, at]).mean(axis=1)))


def favour(run: MarketRun, entry: date) -> Floats:
    """Claim 11: share of orders granted to camps of more merit than the mean, less that of the others."""
    span = _span(run, entry, 0, 3 * YEAR)
    camps = run.market.camps
    buys = np.array([c.capex_musd_open + c.capex_musd_walled > 0 for c in camps])
    merit = np.array([c.skill + c.ecosystem for c in camps])
    able = buys & (merit > merit[buys].mean())
    asked = _float(run.record.ordered[:, span])
    granted = _float(run.record.allotted[:, span])

    def part(which: Any) -> Floats:
        wanted = asked[:, :, which].sum(axis=(1, 2))
        got = granted[:, :, which].sum(axis=(1, 2))
        return np.divide(got, wanted, out=np.ones_like(got), where=wanted > 0)

    return part(able) - part(buys & ~able)


def price_split(run: MarketRun, entry: date) -> Floats:
    """Claim 12: log change of the newest chip's price in two years, or its lead over H100's if smaller."""
    at = run.market.month_of(entry)
    price = np.log(_float(run.record.chip_price))
    change = price[:, at + 2 * YEAR] - price[:, at]
    newest = change[:, _g(run, NEWEST)]
    return _float(np.minimum(newest, newest - change[:, _g(run, "H100-SXM")]))


def smoothing(run: MarketRun, other: MarketRun, entry: date) -> Floats:
    """Claim 13: spread of yearly changes of the owner's profit with leasing over that without, less 1."""
    spreads = []
    for it in (run, other):
        owner = _float(it.record.owner)
        profit = owner[:, :, 0] - owner[:, :, 1] + owner[:, :, 2] - owner[:, :, 3]
        at = it.market.month_of(entry) + YEAR  # the entry itself is no cycle
        change = profit[:, at + YEAR :] - profit[:, at:-YEAR]
        spreads.append(change.std(axis=1))
    return _float(spreads[0] / np.maximum(spreads[1], 1.0) - 1)


def correlation(run: MarketRun, entry: date) -> Floats:
    """Claim 14: correlation of yearly rent changes of H100 in the two regions, from the entry on."""
    at = run.market.month_of(entry)
    logs = np.log(_float(run.record.rent[:, at:, :, _g(run, "H100-SXM")]))
    change = logs[:, YEAR:] - logs[:, :-YEAR]
    change = change - change.mean(axis=1, keepdims=True)
    cross = (change[:, :, 0] * change[:, :, 1]).mean(axis=1)
    return _float(cross / np.maximum(change.std(axis=1).prod(axis=1), 1e-12))


def inhouse_cost(run: MarketRun, entry: date) -> Floats:
    """Claim 15: cost of work by in-house chips over that by the newest vendor chip, less 1."""
    market = run.market
    thetas = run.draws.thetas()
    vendor, own = (market.generations[_g(run, g)] for g in (NEWEST, INHOUSE))
    weights = np.array([(u.flops, u.bandwidth, u.memory) for u in market.uses]).mean(axis=0)
    figures = np.log(
        [
            own.bf16_tflops / vendor.bf16_tflops,
            own.bandwidth_tb_s / vendor.bandwidth_tb_s,
            own.memory_gb / vendor.memory_gb,
        ]
    )
    work = np.exp(weights @ figures + thetas[:, of.TASTE_INHOUSE] - thetas[:, of.TASTE_NEXT])
    span = _span(run, entry, 0, 3 * YEAR)
    paid = _float(run.record.chip_price[:, span, _g(run, NEWEST)]).mean(axis=1)
    cost = thetas[:, of.INHOUSE_COST] * vendor.price_usd * figures_ratio(own, vendor)
    return _float(cost / work / paid - 1)


def figures_ratio(own: Any, vendor: Any) -> float:
    """Return an in-house chip's size over a vendor chip's, by design power: what it costs to make goes with it."""
    return float(own.tdp_w / vendor.tdp_w)


def developers(run: MarketRun, other: MarketRun, entry: date) -> Floats:
    """Claim 16: developers three years on, with entry over without, less 1."""
    at = run.market.month_of(entry) + 3 * YEAR
    return _float(run.record.developers[:, at] / other.record.developers[:, at] - 1)
