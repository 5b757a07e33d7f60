"""Print what share of a serving pool's GPUs its own requests leave unused on average."""

import sys

from tidegate.feeds import read_series
from tidegate.feeds.fleetfile import read_fleet
from tidegate.plan.scenario import TideSource


def unused_share(fleet_file: str) -> float:
    """Return 1 - mean(min(need, GPUs)) / GPUs over the first pool of ``fleet_file``.

    The need is the request rate over the rate of one GPU, with the headroom on top.
    """
    case = read_fleet(fleet_file).cases[0]
    tide = case.demand
    if not isinstance(tide, TideSource):
        raise SystemExit(f"{case.pool.id} has no tide")
    rates = read_series(tide.log).frame["gpus"]  # the series' value; of a tide, requests per second
    need = rates / tide.requests_per_s_per_gpu * (1 + tide.headroom)
    used = need.clip(upper_bound=case.pool.gpus)
    return 1 - float(used.sum()) / (case.pool.gpus * used.len())


if __name__ == "__main__":
    print(f"{unused_share(sys.argv[1]):.1%} of the GPUs paid for are unused on average")
