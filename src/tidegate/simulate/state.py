"""Everything that changes while a pool is played, grouped."""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.forecast import HORIZONS_S
from tidegate.quota import HELD_LEASE, Offers, Policy, Promises, new_offers, new_promises
from tidegate.simulate.model import Cluster, Failures, Jobs, Leases, Requests
from tidegate.simulate.nodes import new_tree

I64 = NDArray[np.int64]
Records = NDArray[Any]

# Places in `State.tally`.
IDLE: Final = 0
BUSY: Final = 1
WAITING: Final = 2  # jobs in the queue
WAITING_NODES: Final = 3  # whole nodes they ask for
WAITING_GPUS: Final = 4  # GPUs asked for by waiting jobs smaller than a node
USED_GPUS: Final = 5  # GPUs held by internal jobs
LEASED: Final = 6
SANITISING: Final = 7
FAILED: Final = 8
LEASES: Final = 9
HEAP: Final = 10
HOLDINGS: Final = 11
NEXT_NODE_S: Final = 12  # earliest end of sanitising or repair
NEXT_LEASE_S: Final = 13  # earliest end or taking of a lease
# For the feedback of `gfs`:
FAILED_PERIODS: Final = 14  # guarantee periods that failed of late
KEPT_PERIODS: Final = 15
SEEN: Final = 16  # requests whose verdicts have been taken into account
OLDEST: Final = 17  # the first request whose lease may have had a period of late
REFUSED_S: Final = 18  # when the oldest waiting request was refused
SOLD_S: Final = 19  # firm node-seconds sold so far
BROKEN_S: Final = 20  # those of them not kept
STARTED: Final = 21  # internal jobs started, of those submitted since leasing began
LATE: Final = 22  # those of them that had waited beyond the floor while nodes were leased
FLOOR_S: Final = 23  # the recall floor
TICK: Final = 24  # number of the latest tick; -1 before the first
LEVEL: Final = 25  # internal demand that a recall was made for of late
LEVEL_UNTIL_S: Final = 26  # until when it counts
SHORT_SINCE_S: Final = 27  # since when internal work has lacked nodes; -1 when it does not
SINCE_S: Final = 28  # since when internal jobs are counted
COUNTS: Final = 29

# Values of `State.node_state`.
AVAILABLE: Final = 0
IS_LEASED: Final = 1
IS_SANITISING: Final = 2
IS_FAILED: Final = 3

NEVER: Final = 1 << 62
NO_JOB: Final = (1 << 31) - 1


NODE: Final = np.dtype(
    [
        ("state", np.int64),
        ("clean", np.int64),  # 1: nobody has held it since it was sanitised
        ("since_s", np.int64),  # when its lease got it, or when sanitising or repair began
        ("until_s", np.int64),  # when it ends
        ("request", np.int64),  # whose lease holds it
        ("heir", np.int64),  # whose lease gets it when that one ends; -1: nobody's
        ("after", np.int64),  # next node of the same job or lease, -1 at the end
    ]
)

LEASE_RESULT: Final = np.dtype([(name, np.int64) for name in Leases._fields])
"""What becomes of a request."""

WAITING_SIZE: Final = np.dtype([("head", np.int64), ("tail", np.int64), ("size", np.int64)])
"""Waiting jobs of one size: first and last (``NO_JOB`` when there is none), GPUs or nodes needed."""


class State(NamedTuple):
    """The pool while it is played.

    Waiting jobs stand in one queue per size: sizes below a node first (in GPUs), then whole nodes, ascending. The
    earliest waiting job that fits is the earliest head among the sizes that fit, so that a crowd of
    waiting jobs costs no more than a few.

    Attributes
    ----------
    tally : int64 array
        Running totals, at the places named above.
    tree : int64 array
        Free GPUs (see ``nodes.py``).
    node : array of NODE, shape (nodes,)
    heap : int64 array
        Ends of running jobs (see ``heap.py``).
    job_node : int64 array, shape (jobs,)
        First node of a running job; of a waiting one, the next job of the same size.
    job_start : int64 array, shape (jobs,)
        Last start; -1 before it.
    queue : array of WAITING_SIZE, shape (sizes,)
    size_of_nodes : int64 array, shape (nodes + 1,)
        Place in ``queue`` of a number of whole nodes.
    held : array of HELD_LEASE
        The first ``tally[LEASES]`` are in use.
    holdings : int64 array, shape (room, 5)
        Who held which node, as far as it is recorded.
    ahead : int64 array, shape (ticks or 1, 1 + horizons)
        Nodes announced, as :func:`tidegate.forecast.announced_ahead` gives them; one row of zeros for none at all.
    forecast_free : int64 array, shape (ticks,)
        Nodes free by forecast; empty but for ``gfs``.
    eta : float64 array, shape (1,)
        Factor on them.
    offers : Offers
        What promises kept out.
    promises : Promises
        What the leases held promise.
    """

    tally: I64
    tree: I64
    node: Records
    heap: I64
    job_node: I64
    job_start: I64
    queue: Records
    size_of_nodes: I64
    held: Records
    holdings: I64
    ahead: I64
    forecast_free: I64
    eta: NDArray[np.float64]
    offers: Offers
    promises: Promises


def _queue(cluster: Cluster, jobs: Jobs) -> tuple[Records, I64]:
    g = cluster.gpus_per_node
    # Counting is linear in jobs, where sorting them all would not be.
    seen = np.flatnonzero(np.bincount(jobs.gpus, minlength=g))
    whole = np.unique(-(-seen[seen >= g] // g))
    size_of_nodes = np.full(cluster.nodes + 1, -1, dtype=np.int64)
    size_of_nodes[whole] = g - 1 + np.arange(whole.size)
    queue = np.full(g - 1 + whole.size, NO_JOB, dtype=WAITING_SIZE)
    queue["size"] = np.concatenate((np.arange(1, g), whole))
    return queue, size_of_nodes


def _holdings_room(cluster: Cluster, jobs: Jobs, requests: Requests, failures: Failures) -> int:
    """Return the most rows that can be recorded."""
    g = cluster.gpus_per_node
    nodes = -(-jobs.gpus.astype(np.int64) // g)
    killed = failures.node.size * max(g, int(nodes.max(initial=1)))
    # Each lease's nodes are sanitised once, and a failure brings in one more.
    return int(nodes.sum() + 2 * requests.nodes.sum()) + 3 * failures.node.size + killed


def new_state(  # noqa: PLR0913  each is one thing that a play depends on
    cluster: Cluster,
    jobs: Jobs,
    requests: Requests,
    failures: Failures,
    forecast_free: I64 | None,
    ahead: I64 | None,
    *,
    policy: Policy,
    tick_s: int,
    holdings: bool,
) -> State:
    """Return the state of an idle, clean pool with room for everything that can happen."""
    nodes, g = cluster.nodes, cluster.gpus_per_node
    n_jobs = jobs.gpus.size
    tally = np.zeros(COUNTS, dtype=np.int64)
    tally[IDLE] = nodes
    tally[TICK] = tally[SHORT_SINCE_S] = -1
    tally[NEXT_NODE_S] = tally[NEXT_LEASE_S] = tally[REFUSED_S] = NEVER
    node = np.zeros(nodes, dtype=NODE)
    node["clean"] = 1
    node["request"] = node["after"] = node["heir"] = -1
    queue, size_of_nodes = _queue(cluster, jobs)
    # A failure kills at most `g` jobs, each of which starts again and leaves a stale key behind.
    keys = min(n_jobs, nodes * g) + failures.node.size * g + 1
    most_leases = min(2 * nodes, requests.nodes.size)
    horizons_s = np.array(HORIZONS_S, dtype=np.int64)
    rows = _holdings_room(cluster, jobs, requests, failures) if holdings else 0
    return State(
        tally=tally,
        tree=new_tree(nodes, g),
        node=node,
        heap=np.empty(keys, dtype=np.int64),
        job_node=np.empty(n_jobs, dtype=np.int64),
        job_start=np.full(n_jobs, -1, dtype=np.int64),
        queue=queue,
        size_of_nodes=size_of_nodes,
        # A lease that is not whole yet may hold no node, but some node is meant for it.
        held=np.zeros(most_leases, dtype=HELD_LEASE),
        holdings=np.empty((rows, 5), dtype=np.int64),
        ahead=np.zeros((1, 1 + len(HORIZONS_S)), dtype=np.int64) if ahead is None else ahead,
        forecast_free=np.zeros(0, dtype=np.int64) if forecast_free is None else forecast_free,
        eta=np.ones(1),
        offers=new_offers(len(HORIZONS_S), tick_s),
        promises=new_promises(most_leases, horizons_s, policy.floor_s - cluster.sanitise_s),
    )
