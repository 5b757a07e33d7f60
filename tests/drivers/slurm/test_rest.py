"""Which version of slurmrestd is asked, and for what."""

import pytest

from tidegate.drivers.slurm.rest import abilities_of
from tidegate.errors import SlurmError


def api(*paths: str, method: str = "get") -> dict[str, object]:
    return {"paths": {path: {method: {}} for path in paths}}


@pytest.mark.parametrize(
    ("offered", "taken"),
    [
        (("0.0.36", "0.0.37", "0.0.38"), "0.0.38"),
        (("0.0.42", "0.0.43", "0.0.44"), "0.0.44"),
        (("0.0.44", "0.0.45", "0.0.46", "0.0.47"), "0.0.45"),
        (("0.0.46", "0.0.47"), "0.0.46"),
    ],
    ids=["22.05", "25.11", "newer", "newer than all that are known"],
)
def test_the_newest_that_is_known_is_asked(offered: tuple[str, ...], taken: str):
    paths = [f"/slurm/v{v}/{what}/" for v in offered for what in ("nodes", "jobs", "reservations")]
    assert abilities_of(api(*paths)) == {
        what: f"/slurm/v{taken}/{what}/" for what in ("nodes", "jobs", "reservations")
    }


def test_what_is_not_offered_for_reading_is_left_to_the_commands():
    told = api("/slurm/v0.0.38/nodes", "/slurmdb/v0.0.38/jobs", "/slurm/v0.0.38/node/{node_name}")
    assert abilities_of(told) == {"nodes": "/slurm/v0.0.38/nodes"}
    assert abilities_of(api("/slurm/v0.0.38/nodes", method="post")) == {}
    assert abilities_of(api("/slurm/v0.0.35/nodes")) == {}


@pytest.mark.parametrize("told", [None, [], {"paths": 7}, "<html>"])
def test_no_document_is_garbage(told: object):
    with pytest.raises(SlurmError, match="TG-SLURM-GARBAGE"):
        abilities_of(told)
