"""Tidegate with leases and decisions every five minutes.

``python -m bench.leasing LOG FORMAT CLUSTER NODES RUNS SEED``; CLUSTER ``-`` takes the whole log.
"""

import sys
from pathlib import Path

from bench.logs import GPUS_PER_NODE
from bench.measured import peak_mb, print_json, timed

from tidegate.app.options import scenario_from_options
from tidegate.feeds import read_jobs
from tidegate.plan import LogSource, Settings, prepare
from tidegate.quota import PolicyCode
from tidegate.simulate import Played, play


def main(path: str, file_format: str, cluster: str, nodes: str, runs: str, seed: str) -> None:
    """Measure."""
    where = {} if cluster == "-" else {"cluster": cluster}
    case = scenario_from_options(
        Path(path), nodes=int(nodes), gpus_per_node=GPUS_PER_NODE, format=file_format, where=where
    ).cases[0]
    assert isinstance(case.demand, LogSource)
    game = prepare(case, read_jobs(case.demand), Settings())
    requests, failures = game.requests(int(seed)), game.failures(int(seed))
    policy = game.policy(PolicyCode.TIDEGATE)

    def one_run() -> Played:
        return play(game.cluster, game.jobs, requests, failures, policy, game.window)

    # Compiled, or read from the cache, before anything is timed.
    played = one_run()
    figures = timed(one_run, int(runs))
    print_json(
        {
            **figures,
            "jobs": game.jobs.submit_s.size,
            "requests": requests.time_s.size,
            "admitted": int((played.leases.verdict == 0).sum()),
            "ticks": -(-game.window.stop_s // game.window.tick_s),
            "peak_mb": peak_mb(),
        }
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
