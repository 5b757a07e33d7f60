"""What `tidegate slurm check` says of a configuration."""

import pytest

from tidegate.drivers.slurm.checks import passes_of


@pytest.mark.parametrize(
    ("parameters", "is_good", "found"),
    [
        ("", False, "sched_interval=60, bf_interval=30"),
        ("bf_interval=1,sched_interval=2", False, "sched_interval=2, bf_interval=1"),
        (
            "defer,sched_interval=1,bf_interval=1,bf_window=1440",
            True,
            "sched_interval=1, bf_interval=1",
        ),
    ],
)
def test_passes_of_the_scheduler(parameters: str, is_good: bool, found: str):
    finding = passes_of(parameters)
    assert (finding.is_good, finding.is_needed, finding.found) == (is_good, False, found)
