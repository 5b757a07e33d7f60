"""What slurmrestd answers, as the same frozen values: v0.0.38 (Slurm 22.05) to v0.0.45 (26.05).

A field is read by its shape, not by the version: a number may come alone or as ``{"set", "infinite", "number"}``, a
state as one word with flags beside it or as a list, names as a list or with commas. What fits none of them is an
error, and nothing is concluded from it.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar, cast

from tidegate.drivers.slurm.answers import gpus_of_gres, tasks_of
from tidegate.drivers.slurm.hostlist import expand
from tidegate.drivers.slurm.records import Job, Node, Reservation
from tidegate.errors import SlurmError

Record = Mapping[str, object]
Found = TypeVar("Found")

_NO_NUMBER: Final = 0xFFFFFFFD
"""From here on a number of 32 bits means that there is none (NO_VAL, INFINITE)."""

_NODE_BASES: Final = frozenset(
    ("IDLE", "ALLOCATED", "MIXED", "DOWN", "ERROR", "FUTURE", "UNKNOWN", "INVALID")
)
_OVER: Final = frozenset(
    (
        "BOOT_FAIL",
        "CANCELLED",
        "COMPLETED",
        "DEADLINE",
        "FAILED",
        "LAUNCH_FAILED",
        "NODE_FAIL",
        "OUT_OF_MEMORY",
        "PREEMPTED",
        "RECONFIG_FAIL",
        "REVOKED",
        "TIMEOUT",
        "UPDATE_DB",
        "EXPEDITING",
    )
)
# Of several words for a job's state, squeue prints the first of these, else the base state.
_SHOWN: Final = (
    "COMPLETING",
    "CONFIGURING",
    "RESIZING",
    "REQUEUED",
    "REQUEUE_FED",
    "REQUEUE_HOLD",
    "SPECIAL_EXIT",
    "STOPPED",
    "REVOKED",
    "RESV_DEL_HOLD",
    "SIGNALING",
    "STAGE_OUT",
)


def nodes_of(answer: object) -> tuple[Node, ...]:
    """Read the answer to ``GET /slurm/.../nodes``.

    Raises
    ------
    SlurmError
        ``TG-SLURM-GARBAGE`` when it is none.
    """
    return _each(answer, "nodes", _node)


def jobs_of(answer: object) -> tuple[Job, ...]:
    """Read the answer to ``GET /slurm/.../jobs``; jobs that are over are left out, as squeue does.

    Raises
    ------
    SlurmError
        ``TG-SLURM-GARBAGE`` when it is none.
    """
    return tuple(job for job in _each(answer, "jobs", _job) if job is not None)


def reservations_of(answer: object) -> tuple[Reservation, ...]:
    """Read the answer to ``GET /slurm/.../reservations``.

    Raises
    ------
    SlurmError
        ``TG-SLURM-GARBAGE`` when it is none.
    """
    return _each(answer, "reservations", _reservation)


def _each(answer: object, key: str, read: Callable[[Record], Found]) -> tuple[Found, ...]:
    listed = answer.get(key) if isinstance(answer, Mapping) else None
    if not isinstance(listed, list) or not all(isinstance(one, Mapping) for one in listed):
        raise SlurmError("TG-SLURM-GARBAGE", f"slurmrestd tells no list of {key}.")
    return tuple(read(cast(Record, one)) for one in listed)


def _node(told: Record) -> Node:
    words = [word.upper() for word in (*_names(told, "state"), *_names(told, "state_flags"))]
    base = next((word for word in words if word in _NODE_BASES), words[0] if words else "UNKNOWN")
    kind, gpus = gpus_of_gres(_text(told, "gres"))
    return Node(
        name=_needed(told, "name"),
        state=base,
        flags=frozenset(words) - {base},
        gpu_type=kind,
        gpus=gpus,
        partitions=frozenset(_names(told, "partitions")),
        comment=_text(told, "comment").strip(),
        reason=_text(told, "reason").strip(),
        reason_s=_number(told, "reason_changed_at"),
    )


def _job(told: Record) -> Job | None:
    words = [word.upper() for word in _names(told, "job_state")]
    if not words:
        raise _strange(told, "job_state")
    if set(words) <= _OVER:
        return None
    number, tasks = _id(told)
    reason = _text(told, "state_description").replace(" ", "_") or _text(told, "state_reason")
    return Job(
        id=number,
        tasks=tasks,
        state=next((word for word in _SHOWN if word in words), words[0]),
        partitions=_names(told, "partition"),
        user=_text(told, "user_name"),
        account=_text(told, "account"),
        qos=_text(told, "qos"),
        reservation=_text(told, "resv_name"),
        nodes_wanted=_number(told, "node_count"),
        tres=_text(told, "tres_alloc_str") or _text(told, "tres_req_str"),
        hosts=_text(told, "nodes"),
        start_s=_number(told, "start_time"),
        submit_s=_number(told, "submit_time"),
        reason=reason,
    )


def _id(told: Record) -> tuple[str, int]:
    """Return what scancel calls a job, and for how many waiting tasks it stands."""
    array, waiting = _number(told, "array_job_id"), _text(told, "array_task_string")
    if array and waiting:
        return str(array), tasks_of(f"{array}_[{waiting}]")
    if array:
        return f"{array}_{_number(told, 'array_task_id')}", 1
    if het := _number(told, "het_job_id"):
        return f"{het}+{_number(told, 'het_job_offset')}", 1
    number = _number(told, "job_id")
    if not number:
        raise _strange(told, "job_id")
    return str(number), 1


def _reservation(told: Record) -> Reservation:
    return Reservation(
        name=_needed(told, "name"),
        nodes=expand(_text(told, "node_list")),
        accounts=_names(told, "accounts"),
        users=_names(told, "users"),
        partition=_text(told, "partition"),
        flags=frozenset(_names(told, "flags")),
        start_s=_number(told, "start_time"),
        end_s=_number(told, "end_time"),
    )


def _text(told: Record, key: str) -> str:
    found = told.get(key)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise _strange(told, key)
    return found


def _needed(told: Record, key: str) -> str:
    found = _text(told, key)
    if not found:
        raise _strange(told, key)
    return found


def _names(told: Record, key: str) -> tuple[str, ...]:
    found = told.get(key) or ()
    names = found.split(",") if isinstance(found, str) else found
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise _strange(told, key)
    return tuple(name for name in names if name)


def _number(told: Record, key: str) -> int:
    found = told.get(key)
    if isinstance(found, Mapping):
        found = found.get("number") if found.get("set") else 0
    if found is None:
        return 0
    if isinstance(found, bool) or not isinstance(found, int):
        raise _strange(told, key)
    return 0 if found >= _NO_NUMBER else found


def _strange(told: Record, key: str) -> SlurmError:
    return SlurmError(
        "TG-SLURM-GARBAGE",
        f"slurmrestd tells {key} as {told.get(key)!r:.80}, which cannot be read.",
    )
