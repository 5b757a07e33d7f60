"""What scontrol tells of limits, and what is no such answer."""

import pytest

from tidegate.drivers.slurm.limits import parse_limits
from tidegate.errors import SlurmError

HEAD = "Current Association Manager state\nQOS Records\n"
LINE = (
    "QOS={name}(3) UsageRaw=0.000000 GrpJobs=N(0) GrpWall=N(0.00) "
    "GrpTRES=cpu=N(0),mem=N(0),node={limit}(1),gres/gpu:h100=N(0) "
    "GrpTRESMins=cpu=N(0),node=N(0) MaxWallPJ= Priority=0 Account Limits=No Accounts\n"
)


def test_limits_by_name():
    told = HEAD + LINE.format(name="tg-h100", limit="40") + LINE.format(name="tg-a100", limit="N")
    assert parse_limits(told) == {"tg-h100": 40, "tg-a100": None}
    assert parse_limits(HEAD.partition("\n")[0] + "\nNo QOS currently cached in Slurm.\n") == {}


@pytest.mark.parametrize(
    "told",
    [
        "",
        HEAD,
        "slurm_load: ok\n",
        (HEAD + LINE.format(name="tg-h100", limit="40")).partition("0(1)")[0],
        HEAD + LINE.format(name="tg-h100", limit="many"),
        HEAD + LINE.format(name="tg-h100", limit="-1"),
    ],
    ids=["nothing", "half", "something else", "cut off", "a word", "negative"],
)
def test_what_is_no_such_answer(told: str):
    with pytest.raises(SlurmError, match="TG-SLURM-GARBAGE"):
        parse_limits(told)
