"""From a scenario to the arrays that the kernel reads."""

import numpy as np

from tidegate.market.model import MAKERS, Generation, Market
from tidegate.market.parameters import INDEX
from tidegate.market.world import Camps, Chips, Demand, Floats, Owner, Rules, World

_HOURS_A_MONTH = 730.5
_MUSD = 1e6


def world_of(market: Market) -> World:
    """Return a scenario as arrays.

    Raises
    ------
    KeyError
        If something names a generation or use that the scenario does not have.
    """
    return World(_chips(market), _demand(market), _camps(market), _owner(market), _rules(market))


def planned_output(it: Generation, launch: int, end: int | None, months: int) -> Floats:
    """Return GPUs made a month by plan: a ramp, a plateau, a fade (equation 25).

    Parameters
    ----------
    it : Generation
        What is made.
    launch, end : int
        Months from the scenario's first; None for a plateau without end.
    months : int
        How many are wanted.
    """
    t = np.arange(months, dtype=np.float64)
    rise = np.clip((t - launch + 1) / max(1, it.ramp_months), 0, 1)
    fall = np.ones(months)
    if end is not None:
        fall = np.clip(1 - (t - end) / max(1, it.fade_months), 0, 1)
    return it.peak_gpus_per_month * rise * fall


def _chips(m: Market) -> Chips:
    generations, s = m.generations, m.setting
    reference = next(g for g in generations if g.id == s.reference)
    ratios = np.log(
        [
            (
                g.bf16_tflops / reference.bf16_tflops,
                g.bandwidth_tb_s / reference.bandwidth_tb_s,
                g.memory_gb / reference.memory_gb,
            )
            for g in generations
        ]
    )
    weights = np.array([(u.flops, u.bandwidth, u.memory) for u in m.uses])
    slips = {slip.generation: slip.months for slip in m.slips}
    launch = [m.month_of(g.launch) + slips.get(g.id, 0) for g in generations]
    ends = [None if g.end is None else m.month_of(g.end) + slips.get(g.id, 0) for g in generations]
    output = np.stack(
        [
            planned_output(g, at, end, m.months)
            for g, at, end in zip(generations, launch, ends, strict=True)
        ],
        axis=1,
    )
    kilowatts = np.array([g.tdp_w for g in generations]) / 1000 * s.node_overhead
    price = np.array([g.price_usd for g in generations])
    operations = s.operations_share * price / (12 * _HOURS_A_MONTH)
    power = np.array([s.power_usd_per_kwh_open, s.power_usd_per_kwh_walled])
    run = power[:, None] * kilowatts * s.draw * s.pue + s.avoidable_operations * operations
    hold = kilowatts * s.colocation_usd_per_kw_month / _HOURS_A_MONTH
    hold = hold + (1 - s.avoidable_operations) * operations
    return Chips(
        log_quality=weights @ ratios.T,
        taste=np.array([INDEX[g.taste] if g.taste else -1 for g in generations]),
        launch=np.array(launch),
        output=output,
        price=price,
        memory_gb=np.array([g.memory_gb for g in generations]),
        lag=np.array([g.lag_months for g in generations]),
        run_cost=run,
        hold_cost=np.stack([hold, hold]),
        allowed=_allowed(m),
        maker=np.array([MAKERS.index(g.maker) for g in generations]),
    )


def _allowed(m: Market) -> Floats:
    allowed = np.ones((m.months, 2, len(m.generations)))
    allowed[:, 1] = [g.allowed_share for g in m.generations]
    for export in m.exports:
        names = export.generations or tuple(g.id for g in m.generations if g.maker == "vendor")
        for name in names:
            g = m.generation_ids.index(name)
            allowed[max(0, m.month_of(export.first)) :, 1, g] = export.allowed_share
    return allowed


def _demand(m: Market) -> Demand:
    uses, count = m.uses, len(m.generations)
    path = np.ones((m.months, 2, len(uses)))
    for pause in m.pauses:
        names = pause.uses or tuple(u.id for u in uses)
        places = [[u.id for u in uses].index(name) for name in names]
        span = slice(max(0, m.month_of(pause.first)), max(0, m.month_of(pause.last) + 1))
        path[span][:, :, places] *= pause.factor
    return Demand(
        share=np.array([[u.share_open for u in uses], [u.share_walled for u in uses]]),
        growth=np.array([u.growth_per_year for u in uses]),
        frontier=np.array([float(u.frontier) for u in uses]),
        adopts=np.array([float(u.adopts) for u in uses]),
        path=path,
        fixed_work=np.zeros(2),
        remote=m.setting.remote_share,
        adoption=m.setting.adoption,
        linear=0,
        intercept=np.zeros((2, count)),
        slope=np.zeros((2, count, count)),
    )


def _camps(m: Market) -> Camps:
    camps = m.camps
    stocks = np.array(
        [
            [g.stock_open_gpus for g in m.generations],
            [g.stock_walled_gpus for g in m.generations],
        ]
    )
    shares = np.array([[c.stock_share_open for c in camps], [c.stock_share_walled for c in camps]])

    def column(name: str) -> Floats:
        return np.array([float(getattr(c, name)) for c in camps])

    firms = np.stack([column("firms_open"), column("firms_walled")])
    firms[0, -1] *= m.owners
    capex = np.stack([column("capex_musd_open"), column("capex_musd_walled")])
    return Camps(
        stock=shares[:, :, None] * stocks[:, None, :],
        firms=firms,
        capex=capex * _MUSD,
        **{name: column(name) for name in Camps._fields if name not in ("stock", "firms", "capex")},
    )


def _owner(m: Market) -> Owner:
    shape = (m.months, len(m.generations))
    arrivals, offered, rents = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for it in m.fleet:
        g = m.generation_ids.index(it.generation)
        first, last = m.month_of(it.first), m.month_of(it.last)
        each = it.gpus * m.owners / (last - first + 1)
        for t in range(first, last + 1):
            # What came before the first month is there in it; what comes after the last never comes.
            if t < m.months:
                arrivals[max(0, t), g] += each
    if m.entry is not None:
        begin = m.month_of(m.entry.month)
        ramp = np.clip((np.arange(m.months) - begin + 1) / max(1, m.entry.ramp_months), 0, 1)
        for name, gpus in m.entry.gpus.items():
            offered[:, m.generation_ids.index(name)] = ramp * gpus * m.owners
        for name, gpus in m.rents.items():
            rents[:, m.generation_ids.index(name)] = ramp * gpus * m.owners
    s = m.setting
    return Owner(
        arrivals,
        offered,
        rents,
        s.owner_contract_months,
        s.owner_core_profit_musd * _MUSD * m.owners,
    )


def _rules(m: Market) -> Rules:
    s = m.setting
    return Rules(
        most_occupied=s.most_occupied,
        rented_at_rest=s.rented_at_rest,
        life_years=s.life_years,
        discount=s.discount,
        failures=s.failures,
        scrap_usd=s.scrap_usd,
        memory_growth=s.memory_growth,
        memory_room=s.memory_room,
        weights=np.array([s.size, s.skill, s.ecosystem, s.steadiness]),
        clear_at_once=0,
        is_rented_share=1,
    )
