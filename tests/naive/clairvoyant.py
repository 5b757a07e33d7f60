"""The slow twin of the clairvoyant bound: its linear program, written out dense, second by second."""

import numpy as np
from scipy.optimize import linprog

from tidegate.simulate.model import Cluster, Holder, Requests, Window


def free_nodes(cluster: Cluster, holdings: np.ndarray, until_s: int) -> list[int]:
    """Free nodes in every second from 0 on."""
    taken: list[set[int]] = [set() for _ in range(until_s)]
    for node, holder, _, start, end in holdings.tolist():
        if holder in (Holder.INTERNAL, Holder.FAILED):
            for second in range(start, min(end, until_s)):
                taken[second].add(node)
    return [cluster.nodes - len(nodes) for nodes in taken]


def bound(
    cluster: Cluster,
    requests: Requests,
    rent: list[float],
    window: Window,
    holdings: np.ndarray,
    slot_s: int,
) -> float:
    """The optimum: one share per request and slot, and one that is accepted."""
    free = free_nodes(cluster, holdings, window.stop_s)
    slots = -(-(window.stop_s - window.lease_from_s) // slot_s)

    def slot_of(second: int) -> int:
        return (second - window.lease_from_s) // slot_s

    capacity = [0] * slots
    for second in range(window.lease_from_s, window.stop_s):
        capacity[slot_of(second)] += free[second]
    worth: list[float] = []
    rows: list[dict[int, float]] = []
    most: list[float] = []
    held: list[dict[int, float]] = [{} for _ in range(slots)]
    for time, _, nodes, duration, firm, notice, price in zip(
        *map(np.ndarray.tolist, requests[:6]), rent, strict=True
    ):
        if not window.lease_from_s <= time < window.stop_s or nodes > cluster.nodes:
            continue
        seconds: dict[int, int] = {}
        promised: dict[int, int] = {}
        for second in range(time, min(time + duration, window.stop_s)):
            slot = slot_of(second)
            seconds[slot] = seconds.get(slot, 0) + 1
            promised[slot] = promised.get(slot, 0) + (second < time + max(firm, notice))
        accepted = before = len(worth)
        worth.append(0.0)
        for slot, count in seconds.items():
            share = len(worth)
            worth.append(price * nodes * count * cluster.gpus_per_node / 3600)
            held[slot][share] = nodes * count
            rows.append({share: 1.0, before: -1.0})
            rows.append({accepted: promised[slot] / count, share: -1.0})
            most += [0.0, 0.0]
            before = share
    rows += held
    most += capacity
    if not worth:
        return 0.0
    matrix = np.zeros((len(rows), len(worth)))
    for i, row in enumerate(rows):
        for column, value in row.items():
            matrix[i, column] = value
    found = linprog(-np.array(worth), A_ub=matrix, b_ub=most, bounds=(0, 1), method="highs")
    assert found.success, found.message
    return -float(found.fun)
