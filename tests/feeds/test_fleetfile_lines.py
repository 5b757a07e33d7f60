"""The line of a key in a TOML file: right, or none."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.feeds.fleetfile.lines import key_lines

HARD = '''\
# a comment with [brackets] and "quotes
title = """
pool = 1
[not.a.table]
""" # key = 2
raw = \'\'\'it's
"""fine"""\'\'\'
"quoted.key" = 'x = [1'
a.b . c = 1979-05-27 07:32:00
esc = "say \\"hi\\" # no comment"

[ top ]   # header
list = [ "a", # one
  "]",
  { x = 1, "y z" = [2,
    3] },
]

[[pool]]
id = "p"
[pool.policy]
risk = 0.1
[[pool.part]]
n = 1
[[pool.part]]
n = 2
[[pool]]
id = "q"
policy.lease = ["flex"]
'''


def lines(text: str) -> dict[str, int]:
    found = key_lines(text, tomllib.loads(text))
    return {"/".join(map(str, path)): line for path, line in found.items()}


def test_a_hard_file():
    assert lines(HARD) == {
        "title": 2,
        "raw": 6,
        "quoted.key": 8,
        "a": 9,
        "a/b": 9,
        "a/b/c": 9,
        "esc": 10,
        "top": 12,
        "top/list": 13,
        "top/list/0": 13,
        "top/list/1": 14,
        "top/list/2": 15,
        "top/list/2/x": 15,
        "top/list/2/y z": 15,
        "top/list/2/y z/0": 15,
        "top/list/2/y z/1": 16,
        "pool": 19,
        "pool/0": 19,
        "pool/0/id": 20,
        "pool/0/policy": 21,
        "pool/0/policy/risk": 22,
        "pool/0/part": 23,
        "pool/0/part/0": 23,
        "pool/0/part/0/n": 24,
        "pool/0/part/1": 25,
        "pool/0/part/1/n": 26,
        "pool/1": 27,
        "pool/1/id": 28,
        "pool/1/policy": 29,
        "pool/1/policy/lease": 29,
        "pool/1/policy/lease/0": 29,
    }


@pytest.mark.parametrize("text", ["", "# nothing\n", "x = '''\n\n'''''\n", 'x = """a"""""'])
def test_edges(text: str):
    assert set(lines(text)) == set(tomllib.loads(text))


def test_no_line_is_better_than_a_wrong_one():
    assert key_lines("a = 1\nb = 2\n", {"a": 1}) == {}
    assert key_lines("a = \n", {"a": 1}) == {}
    assert key_lines("a", {"a": 1}) == {}


KEYS = st.text("ab-_1", min_size=1, max_size=3)
VALUES = st.sampled_from(
    ["1", '"x # ]"', "[1, 2]", '[\n  "a",\n  "b"\n]', "{ k = 1, l = [2] }", "'''\na = 1\n'''"]
)


@given(st.dictionaries(KEYS, VALUES, max_size=5), st.dictionaries(KEYS, VALUES, max_size=5))
def test_every_key_is_found_on_a_line_that_names_it(top: dict[str, str], inner: dict[str, str]):
    body = "\n".join(f"{key} = {value}" for key, value in inner.items())
    head = "\n".join(f"{key} = {value}" for key, value in top.items() if key != "t")
    text = f"{head}\n[[t]]\n{body}\n[[t]]\n{body}\n"
    rows = text.split("\n")
    found = key_lines(text, tomllib.loads(text))
    assert found
    for path, line in found.items():
        if isinstance(path[-1], str) and path != ("t",):
            assert path[-1] in rows[line - 1]
