"""AccaSim: first in first out, first fit on nodes, with statistics and logs switched off.

``python -m bench.peers.accasim_fifo LOG.npz NODES RULE WAITS.npy``, in a folder where it may write.
RULE is ``skip`` (a later job may start when an earlier one does not fit: Tidegate's rule) or ``strict``
(AccaSim's default: nobody overtakes).
"""

import collections
import collections.abc
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from bench.logs import GPUS_PER_NODE, load, write_swf
from bench.measured import now_mb, peak_mb, print_json, timed

# AccaSim 1.1.3 still looks for these where Python kept them before 3.10.
for _name in ("Mapping", "MutableMapping", "Sequence", "Iterable", "Callable"):
    if not hasattr(collections, _name):
        setattr(collections, _name, getattr(collections.abc, _name))

from accasim.base.allocator_class import FirstFit  # noqa: E402
from accasim.base.scheduler_class import FirstInFirstOut  # noqa: E402
from accasim.base.simulator_class import Simulator  # noqa: E402
from accasim.utils.reader_class import DefaultWorkloadParser, Tweaker  # noqa: E402


class WholeNodes(Tweaker):
    """Ask for nodes as Tidegate does: whole ones from a node's GPUs on, a part of one below."""

    def tweak_function(self, job_dict: dict[str, Any]) -> dict[str, Any]:
        """Turn GPUs asked for into nodes and cores on each."""
        gpus = job_dict["total_processors"]
        nodes = -(-gpus // GPUS_PER_NODE)
        cores = min(gpus, GPUS_PER_NODE)
        job_dict["core"] = nodes * cores
        job_dict["requested_nodes"] = nodes
        job_dict["requested_resources"] = {"core": cores}
        job_dict["queue"] = job_dict.pop("queue_number")
        return job_dict


def _parsing_s(path: Path) -> float:
    """Return how long reading the log alone takes; AccaSim reads while it simulates."""
    parser = DefaultWorkloadParser()
    began = time.process_time()
    for line in path.read_text().splitlines():
        parser.parse_line(line)
    return time.process_time() - began


def main(path: str, nodes: str, rule: str, answer: str) -> None:
    """Measure, and write the waiting times."""
    log = load(Path(path))
    swf, system = Path("log.swf").resolve(), Path("system.json").resolve()
    write_swf(log, swf)
    system.write_text(
        json.dumps({"groups": {"gpu": {"core": GPUS_PER_NODE}}, "resources": {"gpu": int(nodes)}})
    )
    parsing_s = _parsing_s(swf)
    before = now_mb()
    simulator = Simulator(
        str(swf),
        str(system),
        FirstInFirstOut(FirstFit(), skip_jobs_on_allocation=rule == "skip"),
        tweak_function=WholeNodes(),
        RESULTS_FOLDER_PATH=str(Path("results").resolve()),
        LOG_LEVEL="ERROR",
        overwrite_previous=False,
        scheduling_output=False,
        statistics_output=False,
        show_statistics=False,
    )
    figures = timed(simulator.start_simulation, 1)
    peak = peak_mb()
    np.save(answer, np.array(simulator.mapper.wtimes, dtype=np.int64))
    print_json(
        {
            **figures,
            "parsing_s": parsing_s,
            "jobs": len(log),
            "peak_mb": peak,
            "before_mb": before,
        }
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
