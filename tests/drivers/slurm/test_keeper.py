"""Wipes: each for the holder that it was begun for."""

import threading
from pathlib import Path

from tests.drivers.slurm.test_mender import Changes, view_of
from tests.slurm.cluster import wait_until

from tidegate.drivers.slurm.keeper import Keeper
from tidegate.drivers.slurm.site import SlurmPool, SlurmSite, WipeHook
from tidegate.drivers.slurm.tag import Phase, Tag
from tidegate.drivers.slurm.wipes import Wipes
from tidegate.fleet import Tier


def test_a_wipe_begun_for_an_earlier_holder_makes_nothing_clean(tmp_path: Path):
    go = tmp_path / "go"
    wipe = tmp_path / "wipe"
    wipe.write_text(
        f"#!/bin/sh\necho x >> {tmp_path}/runs\nwhile [ ! -e {go} ]; do sleep 0.01; done\n"
    )
    wipe.chmod(0o755)
    hook = WipeHook((str(wipe),), timeout_s=20)
    site = SlurmSite((SlurmPool("h100", ("hh1",), "h100", 8, Tier.MAINSTAY),), hook)
    changes, ended = Changes(), threading.Event()
    wipes = Wipes(hook, ended.set)
    keeper = Keeper(site, changes, wipes, lambda: 300)
    try:
        assert not keeper.carry_on(view_of(Tag(Phase.WIPING, 100)))
        wait_until((tmp_path / "runs").exists, "it runs")
        # Meanwhile another leader has given the node to somebody, and taken it.
        later = view_of(Tag(Phase.WIPING, 200))
        keeper.carry_on(later)
        go.touch()
        assert ended.wait(20)
        ended.clear()
        assert not keeper.carry_on(later)
        assert not changes.made
        # It is wiped anew, for the one that had it last.
        assert ended.wait(20)
        assert (tmp_path / "runs").read_text() == "x\nx\n"
        assert keeper.carry_on(later)
        (tag,) = changes.tags
        assert tag is not None
        assert tag.phase is Phase.CLEAN
    finally:
        keeper.close()


def test_a_wipe_that_ends_while_a_look_goes_on_is_the_next_ones():
    """Else a look would have no end while many nodes are wiped."""
    changes, ended = Changes(), threading.Event()
    hook = WipeHook(("/bin/true",))
    site = SlurmSite((SlurmPool("h100", ("hh1",), "h100", 8, Tier.MAINSTAY),), hook)
    keeper = Keeper(site, changes, Wipes(hook, ended.set), lambda: 300)
    try:
        view = view_of(Tag(Phase.WIPING, 100))
        assert not keeper.carry_on(view)
        assert ended.wait(20)
        assert not keeper.carry_on(view, collects=False)
        assert not changes.made
        assert keeper.carry_on(view)
        (tag,) = changes.tags
        assert tag is not None
        assert tag.phase is Phase.CLEAN
    finally:
        keeper.close()
