"""The free GPUs of the nodes, as a tree of maxima: an int64 array, shape (2 x size,), size a power of two.

Leaf ``size + i`` holds the free GPUs of node ``i``, 0 when the node is not available; every inner
place holds the larger of its two children. The lowest and the highest node with room are found in O(log nodes).
"""

import numpy as np
from numpy.typing import NDArray

from tidegate.compiled import inlined

I64 = NDArray[np.int64]


def new_tree(nodes: int, gpus_per_node: int) -> I64:
    """Return the tree of a pool whose nodes are all idle; shape (2 x size,), size a power of two."""
    size = 1 << max(0, nodes - 1).bit_length()
    tree = np.zeros(2 * size, dtype=np.int64)
    tree[size : size + nodes] = gpus_per_node
    for place in range(size - 1, 0, -1):
        tree[place] = max(tree[2 * place], tree[2 * place + 1])
    return tree


@inlined
def free_gpus(tree: I64, node: int) -> int:
    """Return the free GPUs of a node."""
    return tree[tree.size // 2 + node]


@inlined
def set_free(tree: I64, node: int, gpus: int) -> None:
    """Set the free GPUs of a node."""
    place = tree.size // 2 + node
    tree[place] = gpus
    place >>= 1
    while place:
        larger = max(tree[2 * place], tree[2 * place + 1])
        if tree[place] == larger:
            return
        tree[place] = larger
        place >>= 1


@inlined
def lowest(tree: I64, gpus: int) -> int:
    """Return the lowest node with at least ``gpus`` free; there must be one."""
    size = tree.size // 2
    place = 1
    while place < size:
        place *= 2
        if tree[place] < gpus:
            place += 1
    return place - size


@inlined
def highest(tree: I64, gpus: int) -> int:
    """Return the highest node with at least ``gpus`` free; there must be one."""
    size = tree.size // 2
    place = 1
    while place < size:
        place = 2 * place + 1
        if tree[place] < gpus:
            place -= 1
    return place - size
