"""Histories of nodes and leases, true and otherwise."""

from hypothesis import strategies as st

from tidegate.meter import Held

LEASES = ("lea_1", "lea_2", "lea_3")
NODES = ("n1", "n2")
NOW_S = 60


def held(lease_id: str, node: str, start_s: int, span_s: int | None) -> Held:
    return Held(lease_id, node, 8, start_s, None if span_s is None else start_s + span_s)


CLAIMS = st.lists(
    st.builds(
        held,
        st.sampled_from(LEASES),
        st.sampled_from(NODES),
        st.integers(0, 50),
        st.none() | st.integers(0, 30),
    ),
    max_size=6,
)
"""Facts as a confused driver may tell them: overlapping, open, empty."""

STOPS = st.dictionaries(st.sampled_from(LEASES), st.integers(0, NOW_S))


@st.composite
def histories(draw: st.DrawFn) -> list[Held]:
    """Facts that can be true: on each node one lease after another."""
    told: list[Held] = []
    for node in NODES:
        at_s = 0
        for _ in range(draw(st.integers(0, 4))):
            start_s = at_s + draw(st.integers(0, 10))
            at_s = start_s + draw(st.integers(1, 15))
            told.append(Held(draw(st.sampled_from(LEASES)), node, 8, start_s, at_s))
    return told
