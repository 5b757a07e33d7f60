"""What a view and a tag say of a node: small questions, asked in several places; pure."""

from dataclasses import replace

from tidegate.control.ports import HandOver
from tidegate.drivers.slurm.records import Job
from tidegate.drivers.slurm.tag import Phase, Tag
from tidegate.drivers.slurm.view import View


def job_leaves(job: Job) -> bool:
    """Whether a job has ended and its nodes are being cleared."""
    return job.state == "COMPLETING"


def is_held(tag: Tag) -> bool:
    """Whether a node is a lease's, or on its way to it."""
    return tag.phase in (Phase.PREPARING, Phase.LEASED)


def wants_wipe(tag: Tag) -> bool:
    """Whether a node is to be wiped."""
    return tag.phase is Phase.WIPING or (tag.phase is Phase.PREPARING and not tag.is_clean)


def is_occupied(view: View, node: str) -> bool:
    """Whether a job is on a node, or nothing is known of it."""
    seen = view.nodes.get(node)
    return seen is None or seen.busy or bool(view.jobs_on.get(node))


def is_older(view: View, node: str, tag: Tag) -> bool:
    """Whether a node's tag, or its lack of one, is older than the one we know of."""
    there = view.tags.get(node)
    if there is not None:
        return (there.since_s, there.noticed_s) < (tag.since_s, tag.noticed_s)
    seen = view.nodes.get(node)
    return seen is not None and not seen.drained and node not in view.lease_of_node


def is_at(view: View, node: str, phase: Phase) -> bool:
    """Whether a node's tag says that it is at a phase."""
    tag = view.tags.get(node)
    return tag is not None and tag.phase is phase


def held_by(view: View, node: str, lease_id: str) -> bool:
    """Whether a node is this lease's, or on its way to it."""
    tag = view.tags.get(node)
    return tag is not None and tag.lease_id == lease_id and is_held(tag)


def nodes_of(view: View, lease_id: str) -> list[str]:
    """Nodes that are a lease's, or on their way to it."""
    return [node for node in view.tags if held_by(view, node, lease_id)]


def may_be_had(view: View, node: str) -> bool:
    """Whether a node is alive, and nobody's: not a tenant's, not an internal job's, not drained by hand."""
    seen, tag = view.nodes.get(node), view.tags.get(node)
    if seen is None or seen.dead or seen.unheard or is_occupied(view, node):
        return False
    if node in view.lease_of_node:
        return False
    if tag is not None:
        return tag.phase in (Phase.CLEAN, Phase.DRAINING)
    return not seen.drained


def may_be_taken(view: View, node: str, lease_id: str) -> bool:
    """Whether a node is a lease's to be taken; one whose wipe failed stays as it is until somebody has seen to it."""
    tag = view.tags.get(node)
    if tag is not None and tag.phase is Phase.FAILED:
        return False
    return held_by(view, node, lease_id) or view.lease_of_node.get(node) == lease_id


def may_be_wiped(view: View, node: str) -> bool:
    """Whether no tenant has a node, and no internal job is on it."""
    tag = view.tags.get(node)
    if tag is not None:
        return not is_held(tag)
    return not (view.jobs_on.get(node) or node in view.lease_of_node)


def preparing(view: View, node: str, command: HandOver, now_s: int) -> Tag:
    """Return the tag of a node that is being made ready for a lease."""
    before = view.tags.get(node)
    clean = before is not None and before.phase is Phase.CLEAN
    return Tag(
        Phase.PREPARING,
        now_s,
        command.lease_id,
        command.tenant_id,
        command.product,
        is_clean=clean,
    )


def taken(view: View, node: str, lease_id: str, now_s: int) -> Tag:
    """Return the tag of a node that is taken from a lease."""
    tag = view.tags.get(node)
    return Tag(Phase.DRAINING, now_s, lease_id, product=tag.product if tag else "")


def noticed(tag: Tag, now_s: int, take_at_s: int) -> Tag:
    """Return the tag of a node whose lease has been given notice."""
    return replace(tag, noticed_s=now_s, take_at_s=take_at_s)
