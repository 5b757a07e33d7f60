"""The free GPUs of the nodes, and who is first to get them."""

from bisect import bisect_left, insort


class Room:
    """Free GPUs, node by node; a node that is not available has none.

    Parameters
    ----------
    nodes, gpus_per_node : int
        All nodes are idle at first.
    """

    def __init__(self, nodes: int, gpus_per_node: int) -> None:
        self.gpus_per_node = gpus_per_node
        self.free = [gpus_per_node] * nodes
        self._levels: list[list[int]] = [[] for _ in range(gpus_per_node + 1)]
        self._levels[gpus_per_node] = list(range(nodes))

    def set_free(self, node: int, gpus: int) -> None:
        """Set the free GPUs of a node."""
        level = self._levels[self.free[node]]
        level.pop(bisect_left(level, node))
        self.free[node] = gpus
        insort(self._levels[gpus], node)

    @property
    def idle(self) -> int:
        """Number of idle nodes."""
        return len(self._levels[self.gpus_per_node])

    def lowest(self, gpus: int) -> int | None:
        """Return the lowest node with so many free GPUs."""
        firsts = [level[0] for level in self._levels[gpus:] if level]
        return min(firsts, default=None)

    def lowest_idle(self, nodes: int) -> list[int]:
        """Return the lowest idle nodes."""
        return self._levels[self.gpus_per_node][:nodes]
