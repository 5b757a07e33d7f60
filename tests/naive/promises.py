"""What leases promise at each horizon, slowly and obviously: every lease is looked at, every time."""

from typing import NamedTuple


class Lease(NamedTuple):
    """A lease's terms."""

    nodes: int
    firm_until: int
    end: int
    notice: int
    take: int = -1
    """When it is taken, for one under notice."""

    def remaining(self, now: int) -> int:
        """Return its remaining firm time."""
        if self.take >= 0:
            return self.take - now
        return min(max(self.firm_until - now, self.notice), self.end - now)


def promised(leases: list[Lease], horizons: tuple[int, ...], granted: int, now: int) -> list[int]:
    """Return the nodes promised at each horizon."""
    nodes = []
    for j in range(len(horizons)):
        past = max(granted, horizons[j - 1] if j else 0)
        nodes.append(sum(lease.nodes for lease in leases if lease.remaining(now) > past))
    return nodes
