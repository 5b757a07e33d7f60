"""Thousands of jobs that wait on a real cluster, each a record of its own in slurmctld and in slurmdbd."""

from concurrent.futures import ThreadPoolExecutor

from tests.slurm.cluster import OWNER, Cluster, wait_until
from tests.slurm.conf import Group, Layout

ROOM = "MaxJobCount=20000\n"
AT_ONCE = 4

LAYOUT = Layout((Group("hh", 6, "h100"), Group("gb", 2, "gb200", gpus=4)), extra=ROOM)
"""A cluster that takes so many; by default Slurm keeps 10,000 jobs."""


def pile_up(cluster: Cluster, jobs: int) -> None:
    """Let one job hold every H100, and so many wait for it; return when slurmdbd knows of all of them."""
    whole = ("--gres=gpu:h100:8", f"--nodes={cluster.layout.groups[0].nodes}", "--exclusive")
    cluster.wait_state(cluster.submit(*whole), "RUNNING")
    share, rest = divmod(jobs, AT_ONCE)
    submit = "sbatch --output=/dev/null --gres=gpu:h100:8 --nodes=2 --wrap='sleep 60'"

    def some(number: int) -> None:
        count = share + (number < rest)
        loop = f"i=0; while [ $i -lt {count} ]; do {submit} > /dev/null || exit 1; i=$((i+1)); done"
        cluster.run("sh", "-c", loop, user=OWNER, seconds=1_200)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(some, range(AT_ONCE)))
    told = "SELECT count(*) FROM tide_job_table WHERE time_end = 0;"
    wait_until(lambda: int(cluster.sql(told)) > jobs, "slurmdbd knows of all of them", 300)
