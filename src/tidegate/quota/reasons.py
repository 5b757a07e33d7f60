"""Why a request was admitted or refused, and why a lease was taken back: the codes in words.

Backtest tables, the command line and the console all say it with these functions.
"""

from collections.abc import Callable
from typing import Final

from tidegate.quantity import format_duration
from tidegate.quota.admission import Verdict
from tidegate.quota.recall import RecallReason

Amount = Callable[[float], str]
"""Writes an amount of money."""

_PER_UNIT: Final = 36_000


def money_of(amount: int, *, price_step: float, gpus_per_node: int) -> float:
    """Return an amount of :attr:`tidegate.quota.Plan.cost` or ``against`` in the currency.

    Parameters
    ----------
    amount : int
        In tenths of a price times node-seconds.
    price_step : float
        The unit of prices, in currency per GPU-hour.
    gpus_per_node : int
    """
    return amount * gpus_per_node * price_step / _PER_UNIT


def _nodes(count: int) -> str:
    return "1 node" if count == 1 else f"{count} nodes"


def why_verdict(
    verdict: int,
    *,
    nodes: int,
    room: int,
    horizon_s: int = -1,
    price: float = 0,
    bid: float = 0,
    amount: Amount = "{:,.3f}".format,
) -> str:
    """Say why a request was admitted or refused.

    Parameters
    ----------
    verdict : int
        A :class:`~tidegate.quota.Verdict`.
    nodes, room : int
        Nodes asked for, and those that there was room for (:attr:`tidegate.quota.Plan.room`).
    horizon_s : int
        The horizon that binds, in seconds.
    price, bid : float
        Price of a GPU-hour, and the bid price that it was held against.
    amount : callable
        Writes an amount of money.
    """
    asked = _nodes(nodes)
    horizon = format_duration(horizon_s) if horizon_s >= 0 else "so long"
    match Verdict(verdict):
        case Verdict.ADMITTED if room < nodes:
            said = f"{asked} asked for, {room} idle: leases that pay less give way"
        case Verdict.ADMITTED:
            said = f"{asked} asked for, {room} idle"
        case Verdict.NOT_SOLD:
            said = "nothing is sold here"
        case Verdict.NO_ROOM:
            said = f"{asked} asked for, {room} idle, and no lease that should give way"
        case Verdict.SHARE:
            said = f"{asked} asked for, more than the policy's share of the pool"
        case Verdict.QUOTA:
            said = f"{asked} asked for, {room} may still be promised for {horizon}"
        case Verdict.PRICE:
            pays = f"{amount(price)} a GPU-hour is below the bid price of {horizon}"
            said = f"{pays}, {amount(bid)}: better offers would be displaced, or breaks cost more"
    return said


def why_recall(
    why: int,
    *,
    need: int,
    cost: float,
    against: float,
    displaced_for: int = -1,
    amount: Amount = "{:,.2f}".format,
) -> str:
    """Say why a lease was given notice, or was kept although internal jobs wait.

    Parameters
    ----------
    why : int
        A :class:`~tidegate.quota.RecallReason`.
    need : int
        Nodes that were lacking.
    cost, against : float
        What taking it costs, and what that was weighed against, as :func:`money_of` returns it.
    displaced_for : int
        The request that gets the nodes.
    amount : callable
        Writes an amount of money.
    """
    lacking = f"internal jobs lacked {_nodes(need)}"
    match RecallReason(why):
        case RecallReason.NONE:
            return ""
        case RecallReason.INTERNAL:
            return f"{lacking}; past its firm time, taking it costs {amount(cost)}"
        case RecallReason.BROKEN:
            wait = f", their wait {amount(against)}" if against else ""
            return f"{lacking} and only firm leases were left; breaking costs {amount(cost)}{wait}"
        case RecallReason.DISPLACED:
            gets = f"request {displaced_for}" if displaced_for >= 0 else "another request"
            pays = f"{gets} lacked {_nodes(need)} and pays {amount(against)} for them"
            return f"{pays}; this one would still have brought {amount(cost)}"
        case RecallReason.KEPT:
            return (
                f"{lacking} and wait, at {amount(against)}; breaking would have cost {amount(cost)}"
            )
