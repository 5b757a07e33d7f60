"""The quota curve: what may be promised, from what demand may come to."""

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import compiled
from tidegate.quota.cluster import Cluster

I64 = NDArray[np.int64]


@compiled
def renew_curve(cluster: Cluster, failed_nodes: int, bound: I64, curve: I64) -> None:
    """Write to ``curve`` the nodes that may be promised for each horizon.

    Parameters
    ----------
    cluster : Cluster
    failed_nodes : int
        Nodes in repair.
    bound : int64 array, shape (horizons,)
        Upper bounds of internal demand's maximum, in nodes.
    curve : int64 array, shape (horizons,)
        Changed in place; never negative.
    """
    promisable = cluster.nodes - failed_nodes - cluster.reserve_nodes
    for j in range(curve.size):
        curve[j] = max(0, promisable - bound[j])
