"""Runs of the past, where an id was given out twice."""

from tidegate.drivers.slurm.feed import series
from tidegate.drivers.slurm.history import HEADER, history
from tidegate.drivers.slurm.site import SlurmPool
from tidegate.fleet import Tier

POOL = SlurmPool("h100", tuple(f"hh{n}" for n in range(1, 7)), "h100", 8, Tier.MAINSTAY)
DAY = "2026-03-01"
AT_S = 1_772_323_200  # midnight of that day


def row(job: str, state: str, submit: str, start: str, end: str, gpus: int = 16) -> str:
    times = [text if text == "Unknown" else f"{DAY}T{text}" for text in (submit, start, end)]
    tres = f"gres/gpu={gpus},gres/gpu:h100={gpus}"
    return "|".join([job, "owner", state, *times, "0", tres, tres, "internal", "normal", "", "hh1"])


class Told:
    """What sacct says."""

    def __init__(self, *rows: str) -> None:
        self.text = "\n".join([HEADER, *rows]) + "\n"

    def run(self, *argv: str, seconds: float | None = None) -> str:
        return self.text


def nodes_at(rows: tuple[str, ...], *hours: int) -> list[int]:
    found = history(Told(*rows), AT_S, AT_S + 86_400)
    points = {p.at_s: p.demand_nodes for p in series(found, POOL, AT_S, AT_S + 86_399)}
    return [points[AT_S + hour * 3600] for hour in hours]


def test_an_id_given_out_twice_is_two_jobs():
    """The first was lost when slurmctld was killed: in slurmdbd it runs on for ever."""
    lost = row("7", "RUNNING", "01:00:00", "01:00:00", "Unknown")
    again = row("7", "COMPLETED", "04:00:00", "05:00:00", "08:00:00", gpus=8)
    assert nodes_at((lost, again), 0, 2, 4, 6, 9) == [0, 2, 1, 1, 0]
    assert nodes_at((again, lost), 0, 2, 4, 6, 9) == [0, 2, 1, 1, 0]
    assert nodes_at((lost,), 2, 9) == [2, 2]


def test_one_that_waited_when_it_was_lost_is_none():
    lost = row("7", "PENDING", "01:00:00", "Unknown", "Unknown")
    again = row("7", "RUNNING", "04:00:00", "05:00:00", "Unknown", gpus=8)
    assert nodes_at((lost, again), 2, 4, 9) == [0, 1, 1]
    assert nodes_at((lost,), 2, 9) == [2, 2]


def test_the_runs_of_a_requeued_job_are_left_as_they_are():
    first = row("7", "PREEMPTED", "01:00:00", "01:00:00", "02:00:00")
    second = row("7", "COMPLETED", "02:00:00", "03:00:00", "04:00:00")
    assert [found.line for found in history(Told(first, second), AT_S, AT_S + 86_400)] == [
        first,
        second,
    ]
