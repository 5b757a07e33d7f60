"""What slurmrestd tells, in the shapes of its versions; and what it should not tell, refused with a stable code."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.drivers.slurm.records import Job, Node, Reservation
from tidegate.drivers.slurm.restanswers import jobs_of, nodes_of, reservations_of
from tidegate.errors import SlurmError

NO_VALUE = 4_294_967_294


def number(value: int | None) -> dict[str, Any]:
    """A number as it is written from v0.0.39 on."""
    return {"set": value is not None, "infinite": False, "number": value or 0}


OLD_NODE = {
    "name": "hh0001",
    "state": "mixed",
    "state_flags": ["DRAIN", "COMPLETING"],
    "gres": "gpu:h100:8(S:0-1)",
    "partitions": ["internal", "tg-h100"],
    "comment": "[tidegate leased since=1 lease=lea_a tenant=ten_a product=flex]",
    "reason": "bad fan",
}
NEW_NODE = {key: value for key, value in OLD_NODE.items() if key != "state_flags"} | {
    "state": ["MIXED", "DRAIN", "COMPLETING"],
    "last_busy": number(17),
}
NODE = Node(
    "hh0001",
    "MIXED",
    frozenset(("DRAIN", "COMPLETING")),
    "h100",
    8,
    frozenset(("internal", "tg-h100")),
    "[tidegate leased since=1 lease=lea_a tenant=ten_a product=flex]",
    "bad fan",
)

OLD_JOB = {
    "job_id": 12,
    "array_job_id": 11,
    "array_task_id": None,
    "array_task_string": "3-30%3",
    "job_state": "PENDING",
    "partition": "internal,big",
    "user_name": "daemon",
    "account": "owner",
    "qos": "normal",
    "resv_name": "",
    "node_count": 2,
    "tres_req_str": "cpu=2,gres/gpu=16,gres/gpu:h100=16",
    "tres_alloc_str": "",
    "nodes": "",
    "start_time": NO_VALUE,
    "submit_time": 1_795_641_346,
    "state_reason": "Resources",
    "het_job_id": 0,
}
NEW_JOB = OLD_JOB | {
    "job_state": ["PENDING"],
    "array_job_id": number(11),
    "array_task_id": number(None),
    "node_count": number(2),
    "start_time": number(None),
    "submit_time": number(1_795_641_346),
    "het_job_id": number(0),
}
JOB = Job(
    "11",
    28,
    "PENDING",
    ("internal", "big"),
    "daemon",
    "owner",
    "normal",
    "",
    2,
    "cpu=2,gres/gpu=16,gres/gpu:h100=16",
    "",
    0,
    1_795_641_346,
    "Resources",
)

OLD_RESERVATION = {
    "name": "tg-lea_a",
    "node_list": "hh[0001-0002]",
    "accounts": "tg-ten_a",
    "users": "",
    "partition": "tg-h100",
    "flags": ["IGNORE_JOBS", "SPEC_NODES"],
    "start_time": 1_795_641_346,
    "end_time": 1_827_177_346,
}
NEW_RESERVATION = OLD_RESERVATION | {
    "start_time": number(1_795_641_346),
    "end_time": number(1_827_177_346),
}
RESERVATION = Reservation(
    "tg-lea_a",
    ("hh0001", "hh0002"),
    ("tg-ten_a",),
    (),
    "tg-h100",
    frozenset(("IGNORE_JOBS", "SPEC_NODES")),
    1_795_641_346,
    1_827_177_346,
)


@pytest.mark.parametrize("told", [OLD_NODE, NEW_NODE], ids=["v0.0.38", "v0.0.39 on"])
def test_node(told: dict[str, Any]):
    assert nodes_of({"nodes": [told], "errors": []}) == (NODE,)


@pytest.mark.parametrize("told", [OLD_JOB, NEW_JOB], ids=["v0.0.38", "v0.0.40 on"])
def test_job(told: dict[str, Any]):
    assert jobs_of({"jobs": [told]}) == (JOB,)


@pytest.mark.parametrize("told", [OLD_RESERVATION, NEW_RESERVATION], ids=["v0.0.38", "v0.0.40 on"])
def test_reservation(told: dict[str, Any]):
    assert reservations_of({"reservations": [told]}) == (RESERVATION,)


@pytest.mark.parametrize(
    ("told", "state", "name"),
    [
        ({"job_state": ["RUNNING"], "array_task_string": "", "array_task_id": number(4)}, "RUNNING", "11_4"),
        ({"job_state": ["CANCELLED", "COMPLETING"], "array_job_id": number(0)}, "COMPLETING", "12"),
        ({"job_state": ["RUNNING", "CONFIGURING"], "array_job_id": 0}, "CONFIGURING", "12"),
        ({"array_job_id": 0, "het_job_id": number(9), "het_job_offset": number(1)}, "PENDING", "9+1"),
        ({"job_state": ["SOMETHING_NEW"], "array_job_id": 0}, "SOMETHING_NEW", "12"),
    ],
)  # fmt: skip
def test_jobs_are_named_and_shown_as_squeue_does(told: dict[str, Any], state: str, name: str):
    (job,) = jobs_of({"jobs": [NEW_JOB | told]})
    assert (job.state, job.id) == (state, name)


@pytest.mark.parametrize("state", ["COMPLETED", "TIMEOUT", "OUT_OF_MEMORY"])
def test_jobs_that_are_over_are_left_out(state: str):
    assert jobs_of({"jobs": [OLD_JOB | {"job_state": state}]}) == ()
    assert jobs_of({"jobs": [NEW_JOB | {"job_state": [state]}]}) == ()


@pytest.mark.parametrize("state", [["INVALID"], ["BLOCKED"], []])
def test_a_base_state_that_is_not_known_is_not_free(state: list[str]):
    (node,) = nodes_of({"nodes": [NEW_NODE | {"state": state}]})
    assert node.state != "IDLE"


@pytest.mark.parametrize(
    ("read", "told"),
    [
        (nodes_of, "<html>502 Bad Gateway</html>"),
        (nodes_of, {"nodes": None}),
        (nodes_of, {"nodes": ["hh0001"]}),
        (nodes_of, {"nodes": [NEW_NODE | {"name": ""}]}),
        (nodes_of, {"nodes": [NEW_NODE | {"state": {"current": "IDLE"}}]}),
        (jobs_of, {"jobs": [NEW_JOB | {"job_state": []}]}),
        (jobs_of, {"jobs": [NEW_JOB | {"job_id": None, "array_job_id": 0}]}),
        (jobs_of, {"jobs": [NEW_JOB | {"start_time": "soon"}]}),
        (reservations_of, {"reservations": [OLD_RESERVATION | {"node_list": "hh[0001-"}]}),
        (reservations_of, {"reservations": [OLD_RESERVATION | {"end_time": True}]}),
    ],
)
def test_garbage_has_a_stable_code(read: object, told: object):
    assert callable(read)
    with pytest.raises(SlurmError) as caught:
        read(told)
    assert caught.value.code == "TG-SLURM-GARBAGE"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(ANYTHING, st.data())
def test_no_other_error_whatever_is_told(noise: object, data: st.DataObject):
    for key, read, good in (
        ("nodes", nodes_of, NEW_NODE),
        ("jobs", jobs_of, NEW_JOB),
        ("reservations", reservations_of, NEW_RESERVATION),
    ):
        field = data.draw(st.sampled_from(sorted(good)))
        for told in (noise, {key: noise}, {key: [noise]}, {key: [{**good, field: noise}]}):
            found: object = ()
            with suppress(SlurmError):
                found = read(json.loads(json.dumps(told)))
            assert isinstance(found, tuple)
