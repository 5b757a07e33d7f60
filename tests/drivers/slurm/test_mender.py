"""What slurmctld has forgotten in a crash, and memory has not."""

from dataclasses import replace

from tests.slurm.leasing import H100

from tidegate.drivers.slurm.mender import Mender
from tidegate.drivers.slurm.records import Node, Reservation
from tidegate.drivers.slurm.site import SlurmPool, SlurmSite, WipeHook
from tidegate.drivers.slurm.tag import Phase, Tag, read_tag, with_tag
from tidegate.drivers.slurm.view import View
from tidegate.fleet import Tier

SITE = SlurmSite((SlurmPool(H100, ("hh1",), "h100", 8, Tier.MAINSTAY),), WipeHook(("/bin/true",)))
LEASED = Tag(Phase.LEASED, 100, "lea_a", "ten_red", "flex")
CLEAN = Tag(Phase.CLEAN, 200)


class Changes:
    """Takes changes."""

    def __init__(self) -> None:
        self.made: list[tuple[str, ...]] = []

    def run(self, *argv: str, seconds: float | None = None) -> str:
        self.made.append(argv)
        return ""

    @property
    def tags(self) -> list[Tag | None]:
        return [
            read_tag(word.partition("=")[2])
            for argv in self.made
            for word in argv
            if word.startswith("Comment=")
        ]


def view_of(tag: Tag | None) -> View:
    flags = frozenset() if tag is None or tag.phase is Phase.LEASED else frozenset(("DRAIN",))
    node = Node("hh1", "IDLE", flags, "h100", 8, frozenset(), with_tag("", tag), "")
    booked = {
        "tg-lea_a": Reservation(
            "tg-lea_a", ("hh1",), ("tg-ten_red",), (), "tg-h100", frozenset(), 100, 10**10
        )
    }
    return View(300, {"hh1": node}, (), booked if tag == LEASED else {})


def test_a_wiped_node_that_is_a_tenants_again_after_a_crash_is_wiped_again():
    changes = Changes()
    mender = Mender(SITE, changes)
    mender.remember({"hh1": CLEAN})
    assert mender.mend(view_of(LEASED))
    (tag,) = changes.tags
    assert tag is not None
    assert (tag.phase, tag.is_clean) == (Phase.WIPING, False)
    assert "State=DRAIN" in changes.made[0]


def test_a_wiped_node_that_has_been_given_back_is_left_alone():
    changes = Changes()
    mender = Mender(SITE, changes)
    mender.remember({"hh1": CLEAN})
    assert not mender.mend(view_of(None))
    assert not changes.made


def test_a_node_that_was_given_back_and_is_shown_as_clean_after_a_crash_is_given_back_again():
    changes = Changes()
    mender = Mender(SITE, changes)
    mender.remember({"hh1": CLEAN})
    mender.leave(["hh1"], 250)
    assert mender.mend(view_of(CLEAN))
    assert changes.tags == [None]


def test_a_node_that_slurm_does_not_know_any_more_stops_nothing():
    mender = Mender(SITE, Changes())
    mender.remember({"hh1": LEASED})
    assert not mender.mend(replace(view_of(None), nodes={}))


def test_what_another_leader_may_have_changed_is_not_put_back():
    changes = Changes()
    mender = Mender(SITE, changes)
    mender.remember({"hh1": LEASED})
    mender.forget_all()
    assert not mender.mend(view_of(None))
    assert not changes.made


def test_a_node_whose_wipe_failed_is_wiped_again_when_somebody_opens_it():
    changes = Changes()
    failed = view_of(Tag(Phase.FAILED, 200))
    opened = replace(failed.nodes["hh1"], flags=frozenset())
    assert Mender(SITE, changes).mend(replace(failed, nodes={"hh1": opened}))
    (tag,) = changes.tags
    assert tag is not None
    assert tag.phase is Phase.WIPING
    assert "State=DRAIN" in changes.made[0]
