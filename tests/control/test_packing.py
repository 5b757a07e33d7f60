"""Snapshots that are kept as differences come back as they were."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tidegate.control.packing import Packer, base_of, read_snapshot
from tidegate.quota import HELD_LEASE, REQUEST, Record, Snapshot


def snapshot(held: NDArray[np.void], now_s: int) -> Snapshot:
    horizons_s = np.array([0, 300, 3600], dtype=np.int64)
    curve = np.array([9, 8, 7], dtype=np.int64)
    asked = np.zeros(2, dtype=REQUEST)
    asked["nodes"] = now_s
    return Snapshot(
        now_s=now_s,
        idle=5,
        pending=1,
        sanitising=0,
        leased=3,
        sanitise_s=300,
        horizons_s=horizons_s,
        curve=curve,
        kept_back=0,
        short_since_s=-1,
        wide=0,
        free_in_block=np.zeros(0, np.int64),
        held_in_block=np.zeros(0, np.int64),
        promised=np.zeros(3, np.int64),
        displaced=np.zeros(3, np.int64),
        held=held,
        asked=asked,
        nodes=10,
        waiting=2,
        record=Record(1, 2, 3, 4),
    )


def rows(count: int, first: int = 1) -> NDArray[np.void]:
    held = np.zeros(count, dtype=HELD_LEASE)
    held["request"] = np.arange(first, first + count)
    held["nodes"] = held["request"] % 7 + 1
    return held


class Kept:
    """A pool's decisions, as they are kept."""

    def __init__(self) -> None:
        self.packer = Packer()
        self.packed: dict[str, bytes] = {}

    def decide(self, id: str, seen: Snapshot, *, is_written: bool = True) -> None:
        packed = self.packer.pack(id, seen)
        if is_written:
            self.packed[id] = packed
            self.packer.written(id)

    def read(self, id: str) -> Snapshot:
        return read_snapshot(self.packed[id], self.packed.__getitem__)


def check_same(one: Snapshot, other: Snapshot) -> None:
    for name, value in one._asdict().items():
        np.testing.assert_array_equal(value, getattr(other, name), err_msg=name)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.integers(0, 300),
    steps=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(0, 90)), max_size=6),
)
def test_every_snapshot_comes_back_as_it_was(
    seed: int, size: int, steps: list[tuple[float, float, int]]
):
    chance = np.random.default_rng(seed)
    kept, held, seen = Kept(), rows(size), {}
    for i, (stay, change, come) in enumerate(steps):
        held = held[chance.random(held.size) < stay]
        held["take_s"] += chance.random(held.size) < change
        first = int(held["request"].max(initial=0)) + 1
        held = np.concatenate((held, rows(come, first)))
        seen[f"dec_{i}"] = snapshot(held.copy(), i)
        kept.decide(f"dec_{i}", seen[f"dec_{i}"], is_written=bool(chance.random() < 0.8))
    for id in kept.packed:
        check_same(kept.read(id), seen[id])


def test_a_few_new_leases_among_many_are_kept_as_a_few():
    kept = Kept()
    held = rows(2_000)
    held["price"] = np.random.default_rng(0).integers(0, 10**9, size=held.size)
    kept.decide("dec_0", snapshot(held, 0))
    grown = np.concatenate((held, rows(5, 2_001)))
    kept.decide("dec_1", snapshot(grown, 1))
    assert base_of(kept.packed["dec_0"]) is None
    assert base_of(kept.packed["dec_1"]) == "dec_0"
    assert len(kept.packed["dec_1"]) < len(kept.packed["dec_0"]) / 10
    check_same(kept.read("dec_1"), snapshot(grown, 1))


def test_every_so_often_all_leases_stand_in_a_decision_again():
    kept = Kept()
    for i in range(100):
        kept.decide(f"dec_{i}", snapshot(rows(1_000 + 5 * i), i))
    bases = {base_of(packed) for packed in kept.packed.values()} - {None}
    assert 3 < len(bases) < 30
    assert all(base_of(kept.packed[base]) is None for base in bases if base)


def test_a_decision_that_was_not_written_is_named_by_none():
    kept = Kept()
    kept.decide("dec_0", snapshot(rows(10), 0), is_written=False)
    kept.decide("dec_1", snapshot(rows(12), 1))
    assert base_of(kept.packed["dec_1"]) is None
    with pytest.raises(KeyError):
        kept.read("dec_0")
