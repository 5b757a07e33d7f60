"""A past for a cluster that was born a moment ago: rows of jobs in the accounting database."""

import random
from collections.abc import Sequence

from tests.slurm.cluster import Cluster

DAY_S = 86_400
COMPLETED, TIMED_OUT = 3, 6

_COLUMNS = (
    "mod_time, account, cpus_req, job_name, id_assoc, id_job, id_qos, id_resv, id_wckey, id_user, id_group,"
    " het_job_id, het_job_offset, state_reason_prev, nodelist, nodes_alloc, node_inx, `partition`, priority,"
    " state, time_submit, time_eligible, time_start, time_end, tres_alloc, tres_req"
)
FIRST_ID = 1_000_000


def give_past(
    cluster: Cluster, now_s: int, *, days: int = 28, jobs: int = 1_500, seed: int = 0
) -> None:
    """Jobs of the owner on the first group's nodes: one to three whole nodes, busier by day."""
    chance = random.Random(seed)
    group = cluster.layout.groups[0]
    total = cluster.sql("SELECT id FROM tres_table WHERE type='gres' AND name='gpu';")
    typed = cluster.sql(f"SELECT id FROM tres_table WHERE type='gres' AND name='gpu:{group.chip}';")
    assoc = cluster.sql("SELECT id_assoc FROM tide_assoc_table WHERE user='daemon';")
    rows = []
    for number in range(jobs):
        while True:
            start = now_s - chance.randrange(60, days * DAY_S)
            if chance.random() < (1.0 if 8 <= start // 3600 % 24 < 20 else 0.3):
                break
        nodes = min(chance.choice((1, 1, 2, 3)), group.nodes)
        end = min(start + int(chance.lognormvariate(6.5, 1.0)) + 60, now_s - 1)
        first = chance.randrange(1, group.nodes - nodes + 2)
        names = f"{group.prefix}[{first:04d}-{first + nodes - 1:04d}]"
        gpus = nodes * group.gpus
        tres = f"1={nodes},4={nodes},5={nodes},{total}={gpus},{typed}={gpus}"
        submit = start - chance.randrange(0, 60)
        rows.append(
            f"({end},'owner',{nodes},'past',{assoc},{FIRST_ID + number},1,0,0,1,1,0,4294967294,0,'{names}',{nodes},"
            f"'{first - 1}','{group.partitions[0]}',1,{COMPLETED},{submit},{submit},{start},{end},'{tres}','{tres}')"
        )
    insert(cluster, rows)


def insert(cluster: Cluster, rows: Sequence[str]) -> None:
    """Put rows into the table of jobs."""
    for at in range(0, len(rows), 1_000):
        cluster.sql(
            f"INSERT INTO tide_job_table ({_COLUMNS}) VALUES {','.join(rows[at : at + 1_000])};"
        )
