"""A pool's shape."""

from typing import NamedTuple


class Cluster(NamedTuple):
    """A pool as compiled code takes it.

    Attributes
    ----------
    nodes, gpus_per_node : int
        Its size.
    sanitise_s : int
        Time a node needs between two holders.
    reserve_nodes : int
        Nodes that the quota curve never promises.
    block_nodes : int
        Nodes of a block (a rack, an island of the network), numbered one block after the other; 0 when there are none.
    """

    nodes: int
    gpus_per_node: int
    sanitise_s: int
    reserve_nodes: int
    block_nodes: int = 0
