"""Names of nodes, written short and read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.drivers.slurm.hostlist import compress, expand
from tidegate.errors import SlurmError

NAMES = st.from_regex(r"[a-z]{1,3}(-[0-9]{1,4})?[0-9]{0,4}(-ib)?", fullmatch=True)


@given(st.sets(NAMES, max_size=40))
def test_what_is_compressed_expands_to_the_same(names: set[str]):
    told = expand(compress(names))
    assert sorted(told) == sorted(names)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        ("(null)", ()),
        ("None assigned", ()),
        ("gpu7", ("gpu7",)),
        ("gpu[08-10,12],login", ("gpu08", "gpu09", "gpu10", "gpu12", "login")),
        ("r[1-2]n[01-02]", ("r1n01", "r1n02", "r2n01", "r2n02")),
        ("a[1-2]-ib", ("a1-ib", "a2-ib")),
    ],
)
def test_expand(text: str, names: tuple[str, ...]):
    assert expand(text) == names


@pytest.mark.parametrize(
    "text", ["gpu[1-", "gpu[3-1]", "gpu[x]", "a[0-9999999]", "a[0-999]b[0-9999]", "[", "a,,b"]
)
def test_garbage_is_an_error_and_no_flood(text: str):
    with pytest.raises(SlurmError, match="TG-SLURM-GARBAGE"):
        expand(text)


def test_compress_keeps_widths_apart():
    assert compress(["n1", "n2", "n10", "n01", "n02"]) == "n[01-02,10],n[1-2]"
