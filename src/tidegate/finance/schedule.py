"""Depreciation by month: what each cohort is worth on the books, and why.

Sources: IAS 16.50-62 and ASC 360-10-35-2 to 35-10 (spreading the depreciable amount), IAS 16.67-71 (disposal),
IAS 8.36 (changes of estimate are prospective), IAS 36.63 (depreciation after an impairment loss).
"""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import Final

from tidegate.errors import FinanceError
from tidegate.finance.asset import (
    Asset,
    Disposal,
    Method,
    Part,
    Revision,
    Writedown,
    months_between,
)
from tidegate.finance.flows import Flows, Row, Schedule, in_money
from tidegate.finance.month import Month, months_from
from tidegate.quantity import minor_units

_DIGITS: Final = 50
_ZERO: Final = Decimal(0)
_YEAR: Final = 12


@dataclass
class _State:
    """What one part stands at while its days are gone through."""

    part: Part
    in_service: date
    total: Flows
    held: Decimal  # share of the GPUs still held
    base: Decimal  # book value at the last change of estimate or write-down
    base_day: date
    year_base: Decimal  # book value at the start of the year of life (declining balance)
    units_left: Decimal

    @property
    def value(self) -> Decimal:
        return self.total.book_value

    @property
    def residual(self) -> Decimal:
        return self.part.residual * self.held

    def rebase(self, day: date) -> None:
        self.base, self.base_day, self.year_base = self.value, day, self.value


def schedule(
    asset: Asset,
    last: Month | None = None,
    gpu_hours: Mapping[Month, Decimal] | None = None,
) -> Schedule:
    """Return the depreciation schedule of a cohort.

    Parameters
    ----------
    asset : Asset
        The cohort.
    last : Month or None
        Last month; None for the month in which the longest life ends.
    gpu_hours : mapping of Month to Decimal, optional
        GPU-hours delivered, for parts depreciated by units of production; a month that is missing delivered none.

    Returns
    -------
    Schedule
        Amounts rounded to the currency's smallest unit, such that they add up to the cent: what is rounded
        is each running total.
    """
    if last is None:
        longest = max(
            [part.life_months for part in asset.parts]
            + [r.life_months for r in asset.revisions if r.life_months is not None]
        )
        before = months_between(asset.in_service.replace(day=1), asset.in_service)
        last = Month.of(asset.in_service) + (math.ceil(longest + before) - 1)
    days = [spend.day for spend in asset.spends] or [asset.in_service]
    months = tuple(months_from(Month.of(min(*days, asset.in_service)), last))
    step = Decimal(1).scaleb(-minor_units(asset.currency))
    with localcontext() as context:
        context.prec = _DIGITS
        exact = _play(asset, months, gpu_hours or {})
        whole = in_money([sum(totals, Flows()) for totals in exact], step)
        # The last part takes what rounding leaves, so that the parts add up to the cohort.
        others = [in_money([t[n] for t in exact], step) for n in range(len(asset.parts) - 1)]
        rounded = [[part[place] for part in others] for place in range(len(months))]
        for totals, parts in zip(whole, rounded, strict=True):
            parts.append(totals - sum(parts, Flows()))
        by_part = {
            part.id: _rows(asset, months, [parts[place] for parts in rounded])
            for place, part in enumerate(asset.parts)
        }
        rows = _rows(asset, months, whole)
    return Schedule(asset, rows, by_part)


def _rows(asset: Asset, months: Sequence[Month], totals: Sequence[Flows]) -> tuple[Row, ...]:
    rows: list[Row] = []
    before = Flows()
    for month, total in zip(months, totals, strict=True):
        in_progress = total.construction - total.additions if asset.spends else _ZERO
        gpus = asset.gpus_on(month.last) if month.last >= asset.in_service else 0
        rows.append(
            Row(month, gpus, before.book_value, total.book_value, in_progress, total - before)
        )
        before = total
    return tuple(rows)


def _play(
    asset: Asset, months: Sequence[Month], gpu_hours: Mapping[Month, Decimal]
) -> list[list[Flows]]:
    """Return, for each month and part, the flows so far, not rounded."""
    states = [
        _State(
            part=part,
            in_service=asset.in_service,
            total=Flows(),
            held=Decimal(1),
            base=part.cost,
            base_day=asset.in_service,
            year_base=part.cost,
            units_left=part.expected_gpu_hours or _ZERO,
        )
        for part in asset.parts
    ]
    found = []
    for month in months:
        for spend in asset.spends:
            if Month.of(spend.day) == month:
                for state in states:
                    state.total += Flows(construction=spend.amount * state.part.cost / asset.cost)
        for start, end in _stretches(asset, month):
            for state in states:
                if start == asset.in_service:
                    state.total += Flows(additions=state.part.cost)
                _revise(state, asset.revisions, start)
                _depreciate(state, month, start, end, gpu_hours.get(month, _ZERO))
            _end_of_day(states, asset, end - timedelta(days=1))
        found.append([state.total for state in states])
    return found


def _stretches(asset: Asset, month: Month) -> Iterable[tuple[date, date]]:
    """Yield the days [start, end) of a month in which nothing but depreciation happens."""
    start = max(month.first, asset.in_service)
    if start >= month.end:
        return
    cuts = {start, month.end}
    cuts |= {revision.day for revision in asset.revisions}
    ends: tuple[Writedown | Disposal, ...] = (*asset.writedowns, *asset.disposals)
    cuts |= {event.day + timedelta(days=1) for event in ends}
    # A year of life starts anew for the declining balance.
    anniversary = _anniversary(asset.in_service, month)
    cuts |= {anniversary} if anniversary else set()
    inside = sorted(cut for cut in cuts if start <= cut <= month.end)
    yield from itertools.pairwise(inside)


def _anniversary(in_service: date, month: Month) -> date | None:
    if month.number != in_service.month or month.year <= in_service.year:
        return None
    return date(month.year, month.number, min(in_service.day, month.days))


def _revise(state: _State, revisions: Iterable[Revision], day: date) -> None:
    for revision in revisions:
        if revision.day != day:
            continue
        if revision.life_months is not None:
            state.part = replace(state.part, life_months=revision.life_months)
        if revision.residual_share is not None:
            residual = state.part.cost * revision.residual_share
            state.part = replace(state.part, residual=residual)
        state.rebase(day)


def _depreciate(state: _State, month: Month, start: date, end: date, units: Decimal) -> None:
    part = state.part
    room = max(_ZERO, state.value - state.residual)
    length = months_between(start, end)
    match part.method:
        case Method.STRAIGHT_LINE:
            charge = _straight(state, start, length)
        case Method.UNITS_OF_PRODUCTION:
            in_month = months_between(max(month.first, state.in_service), month.end)
            made = units * length / in_month if in_month else _ZERO
            charge = room * min(Decimal(1), made / state.units_left) if state.units_left else _ZERO
            state.units_left = max(_ZERO, state.units_left - made)
        case Method.DECLINING_BALANCE:
            if start.day == state.in_service.day and start.month == state.in_service.month:
                state.year_base = state.value
            rate = part.yearly_rate or 2 * _YEAR / part.life_months
            charge = state.year_base * rate * length / _YEAR
            if months_between(state.in_service, end) >= part.life_months:
                charge = room  # the last month writes off what is left
    state.total += Flows(depreciation=min(room, charge))


def _straight(state: _State, start: date, length: Decimal) -> Decimal:
    """Return the charge of a stretch: the base less residual over the life that was left at the base."""
    age = months_between(state.in_service, start)
    left_at_base = state.part.life_months - months_between(state.in_service, state.base_day)
    if left_at_base <= 0:
        return _ZERO
    length = min(length, max(_ZERO, state.part.life_months - age))
    return (state.base - state.residual) * length / left_at_base


def _end_of_day(states: Sequence[_State], asset: Asset, day: date) -> None:
    for writedown in asset.writedowns:
        if writedown.day == day:
            _write_down(states, asset, writedown)
            for state in states:
                state.rebase(day + timedelta(days=1))
    left = asset.gpus_on(day - timedelta(days=1))
    for sale in asset.disposals:
        if sale.day == day:
            for state in states:
                _dispose(state, asset, sale, Decimal(sale.gpus) / left)
            left -= sale.gpus


def _dispose(state: _State, asset: Asset, sale: Disposal, gone: Decimal) -> None:
    cost = state.part.cost * state.held
    share = state.part.cost / asset.cost if asset.cost else Decimal(1) / len(asset.parts)
    state.total += Flows(
        disposed_cost=cost * gone,
        disposed_depreciation=(cost - state.value) * gone,
        proceeds=sale.proceeds * share,
        selling_costs=sale.costs * share,
    )
    kept = 1 - gone
    state.held *= kept
    state.base, state.year_base = state.base * kept, state.year_base * kept
    state.units_left *= kept


def _write_down(states: Sequence[_State], asset: Asset, writedown: Writedown) -> None:
    """Spread a write-down over the parts by book value (IAS 36.104), a reversal too (IAS 36.122)."""
    value = sum((state.value for state in states), _ZERO)
    written_off = sum((state.total.impairment - state.total.reversal for state in states), _ZERO)
    is_loss = writedown.amount >= 0
    room = value if is_loss else written_off
    if abs(writedown.amount) > room:
        raise FinanceError(
            "TG-FIN-WRITEDOWN",
            f"cohort {asset.id!r}: a {'write-down' if is_loss else 'reversal'} of {abs(writedown.amount):f} "
            f"on {writedown.day} is more than there is to {'write down' if is_loss else 'reverse'}.",
            place=writedown.place,
            expected=f"at most {room:.2f}.",
        )
    for state in states:
        part = writedown.amount * state.value / value if value else writedown.amount / len(states)
        state.total += Flows(impairment=part) if is_loss else Flows(reversal=-part)
