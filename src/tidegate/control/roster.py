"""The nodes of a pool in the leader's memory: who holds each, and what is asked of that all the time."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from tidegate.lease.lease import Holding
from tidegate.lease.states import HoldingState

_BETWEEN = (HoldingState.SANITISING, HoldingState.DRAINING)


class Roster:
    """Open holdings, counted as they change: a step costs what it changes, not what the pool has.

    Parameters
    ----------
    holdings : iterable of Holding
    leases : iterable of str
        Those that live.

    Attributes
    ----------
    holdings : mapping of str to Holding
        By node; changed by :meth:`hold` alone.
    rank : mapping of str to int
        Place of each node in the driver's order.
    nodes_of : dict of str to set of str
        Nodes that each live lease holds, or that are being made ready for it.
    without : set of str
        Those leases that have no node: none has been given to them, or all have been lost.
    """

    def __init__(self, holdings: Iterable[Holding], leases: Iterable[str]) -> None:
        self._holdings = {holding.node: holding for holding in holdings}
        self.holdings: Mapping[str, Holding] = self._holdings
        self.rank: Mapping[str, int] = {}
        self._order: Sequence[str] = []
        self._spare: frozenset[str] = frozenset()
        self._counts: Counter[tuple[HoldingState, bool]] = Counter(
            (holding.state, holding.lease_id is not None) for holding in self._holdings.values()
        )
        self._lendable: list[str] | None = None
        self.nodes_of: dict[str, set[str]] = {lease_id: set() for lease_id in leases}
        for holding in self._holdings.values():
            if holding.lease_id in self.nodes_of:
                self.nodes_of[holding.lease_id].add(holding.node)
        self.without = {lease_id for lease_id, nodes in self.nodes_of.items() if not nodes}

    def begin(self, lease_id: str) -> None:
        """Take note of a lease that lives from now on; it has no node yet."""
        self.nodes_of[lease_id] = set()
        self.without.add(lease_id)

    def end(self, lease_id: str) -> None:
        """Take note that a lease lives no longer."""
        del self.nodes_of[lease_id]
        self.without.discard(lease_id)

    def hold(self, holding: Holding) -> Holding | None:
        """Put a node into a holding; return the one before."""
        node = holding.node
        before = self._holdings.get(node)
        if before is not None:
            self._counts[before.state, before.lease_id is not None] -= 1
            if before.state is HoldingState.FREE and self._lendable:
                if self._lendable[-1] == node:
                    self._lendable.pop()
                else:
                    self._lendable = None
            if before.lease_id in self.nodes_of and before.lease_id != holding.lease_id:
                self.nodes_of[before.lease_id].discard(node)
                if not self.nodes_of[before.lease_id]:
                    self.without.add(before.lease_id)
        if holding.lease_id in self.nodes_of:
            self.nodes_of[holding.lease_id].add(node)
            self.without.discard(holding.lease_id)
        self._counts[holding.state, holding.lease_id is not None] += 1
        if holding.state is HoldingState.FREE:
            self._lendable = None
        self._holdings[node] = holding
        return before

    def order(self, nodes: Sequence[str]) -> None:
        """Take note of the driver's order."""
        if nodes != self._order:
            self.rank = {node: i for i, node in enumerate(nodes)}
            self._order, self._lendable = nodes, None

    def spare(self, nodes: Iterable[str]) -> None:
        """Keep nodes from being lent."""
        self._spare, self._lendable = frozenset(nodes), None

    def in_order(self, nodes: Iterable[str]) -> list[str]:
        """Return nodes in the driver's order."""
        return sorted(nodes, key=lambda node: self.rank.get(node, 0))

    def count(self, *states: HoldingState) -> int:
        """Return how many nodes are in any of these states."""
        return sum(
            self._counts[state, is_leased] for state in states for is_leased in (True, False)
        )

    @property
    def between(self) -> int:
        """Nodes that a holder has left and that are not back yet."""
        return sum(self._counts[state, False] for state in _BETWEEN)

    @property
    def lost(self) -> int:
        """Nodes that cannot be promised, whoever holds them: failed, or kept from being lent."""
        known = (self._holdings.get(node) for node in self._spare)
        sound = sum(
            holding is not None and holding.state is not HoldingState.FAILED for holding in known
        )
        return self.count(HoldingState.FAILED) + sound

    @property
    def lendable(self) -> list[str]:
        """Free nodes that may be lent, the highest last: internal jobs fill a pool from below."""
        if self._lendable is None:
            free = (
                node
                for node, holding in self._holdings.items()
                if holding.state is HoldingState.FREE and node not in self._spare
            )
            self._lendable = self.in_order(free)
        return list(self._lendable)
