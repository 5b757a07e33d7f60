"""What scontrol tells of limits, and what is no such answer."""

import pytest

from tidegate.drivers.slurm.limits import Limits, parse_limits
from tidegate.drivers.slurm.site import Drift, SlurmPool, SlurmSite, WipeHook
from tidegate.errors import SlurmError
from tidegate.fleet import Tier

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


class Slurm:
    """Limits as slurmctld has them; what slurmdbd is told may get through without being heard to."""

    def __init__(self) -> None:
        self.limits: dict[str, int] = {}
        self.hangs = False
        self.asked: list[str] = []

    def run(self, *argv: str, seconds: float | None = None) -> str:
        if argv[0] == "sacctmgr":
            name, limit = argv[4], argv[-1]
            self.limits[name] = int(limit.rpartition("=")[2])
            if self.hangs:
                raise SlurmError("TG-SLURM-TIMEOUT", "sacctmgr did not end.")
            return ""
        name = argv[-1].partition("=")[2]
        self.asked.append(name)
        return HEAD + LINE.format(name=name, limit=self.limits[name])


def pool(name: str) -> SlurmPool:
    return SlurmPool(name, (f"{name}1",), "", 8, Tier.MAINSTAY)


def limits_on(slurm: Slurm, drift: Drift, *pools: SlurmPool) -> Limits:
    return Limits(SlurmSite(pools, WipeHook(("/bin/true",)), drift=drift), slurm, watch_s=0)


def test_the_quota_is_followed_again_once_a_limit_that_was_respected_is_what_it_was():
    slurm, h100 = Slurm(), pool("h100")
    limits = limits_on(slurm, Drift.RESPECT, h100)
    limits.hold(h100, 10, 0)
    slurm.limits["tg-h100"] = 12
    limits.watch()
    assert "node=12" in limits.drift(h100)[0]
    limits.hold(h100, 14, 0)
    assert slurm.limits["tg-h100"] == 12
    slurm.limits["tg-h100"] = 10
    limits.watch()
    assert (slurm.limits["tg-h100"], limits.drift(h100), limits.most(h100)) == (14, (), 14)


@pytest.mark.parametrize("drift", Drift)
def test_a_limit_that_was_taken_without_being_heard_is_nobodys_change(drift: Drift):
    slurm, h100 = Slurm(), pool("h100")
    limits = limits_on(slurm, drift, h100)
    limits.hold(h100, 10, 0)
    slurm.hangs = True
    with pytest.raises(SlurmError):
        limits.hold(h100, 14, 0)
    slurm.hangs = False
    limits.watch()
    assert (slurm.limits["tg-h100"], limits.drift(h100), limits.most(h100)) == (14, (), 14)


def test_each_look_is_at_one_pool_alone():
    slurm, pools = Slurm(), [pool("h100"), pool("a100"), pool("v100")]
    limits = limits_on(slurm, Drift.REPAIR, *pools)
    for each in pools:
        limits.hold(each, 5, 0)
    for _ in pools:
        limits.watch()
    assert sorted(slurm.asked) == ["tg-a100", "tg-h100", "tg-v100"]


def test_what_another_leader_may_have_set_is_no_change_by_hand():
    slurm, h100 = Slurm(), pool("h100")
    limits = limits_on(slurm, Drift.REPAIR, h100)
    limits.hold(h100, 10, 0)
    slurm.limits["tg-h100"] = 20
    limits.forget()
    limits.watch()
    assert (slurm.limits["tg-h100"], limits.most(h100)) == (20, None)
    limits.hold(h100, 30, 0)
    assert (slurm.limits["tg-h100"], limits.drift(h100)) == (30, ())
