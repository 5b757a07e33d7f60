"""Noticing submissions: only while it matters, and never at the cost of slurmctld."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tidegate.drivers.slurm import watch
from tidegate.drivers.slurm.watch import Watch, submitted
from tidegate.errors import SlurmError

LONG_S = 5.0


@dataclass
class Counting:
    """A slurmctld that counts submissions, and questions."""

    jobs: int = 7
    parameters: str = "preempt_send_user_signal"
    down: bool = False
    questions: int = 0
    asked: threading.Condition = field(default_factory=threading.Condition)

    def run(self, *argv: str, seconds: float | None = None) -> str:
        if argv[0] == "scontrol":
            return f"SlurmctldParameters     = {self.parameters}\n"
        assert argv == ("sdiag",)
        with self.asked:
            self.questions += 1
            self.asked.notify_all()
        if self.down:
            raise SlurmError("TG-SLURM-DOWN", "nobody answers.")
        return f"Main schedule\nJobs submitted: {self.jobs}\nJobs started:   3\n"

    def wait_more(self, count: int = 2) -> None:
        """Wait for so many questions from now on."""
        with self.asked:
            wanted = self.questions + count
            assert self.asked.wait_for(lambda: self.questions >= wanted, LONG_S)


@contextmanager
def watching(slurm: Counting, per_s: int = 100) -> Iterator[tuple[Watch, threading.Event]]:
    called = threading.Event()
    found = Watch(slurm, per_s, called.set)
    found.start()
    try:
        yield found, called
    finally:
        found.close()


def test_a_submission_is_told_once():
    slurm = Counting()
    with watching(slurm) as (found, called):
        found.heed(is_wanted=True, took_s=0)
        slurm.wait_more()
        assert not called.is_set()
        slurm.jobs += 1
        assert called.wait(LONG_S)
        called.clear()
        slurm.wait_more()
        assert not called.is_set()


def test_nothing_is_asked_while_nothing_is_lent():
    slurm = Counting()
    with watching(slurm) as (found, called):
        found.heed(is_wanted=True, took_s=0)
        slurm.wait_more()
        found.heed(is_wanted=False, took_s=0)
        time.sleep(0.05)
        before = slurm.questions
        time.sleep(0.1)
        assert slurm.questions == before
        # What came meanwhile was seen by the looks that let it ask again.
        slurm.jobs += 1
        found.heed(is_wanted=True, took_s=0)
        slurm.wait_more()
        assert not called.is_set()


def test_it_rests_after_a_long_look():
    slurm = Counting()
    with watching(slurm) as (found, _):
        found.heed(is_wanted=True, took_s=LONG_S)
        time.sleep(0.1)
        assert slurm.questions == 0
        found.heed(is_wanted=True, took_s=0)
        slurm.wait_more()


@pytest.mark.parametrize(
    ("per_s", "parameters"), [(0, ""), (100, "rl_enable,rl_refill_rate=2")], ids=["off", "limited"]
)
def test_it_asks_nothing_where_it_is_not_to(per_s: int, parameters: str):
    slurm = Counting(parameters=parameters)
    with watching(slurm, per_s) as (found, _):
        found.heed(is_wanted=True, took_s=0)
        time.sleep(0.1)
        assert slurm.questions == 0


def test_a_slurmctld_that_is_down_is_asked_again_later(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(watch, "RETRY_S", 0.01)
    slurm = Counting(down=True)
    with watching(slurm) as (found, called):
        found.heed(is_wanted=True, took_s=0)
        slurm.wait_more()
        slurm.down = False
        slurm.wait_more()
        slurm.jobs += 1
        assert called.wait(LONG_S)


def test_an_answer_without_the_number_is_garbage():
    class Strange:
        def run(self, *argv: str, seconds: float | None = None) -> str:
            return "*** sdiag output ***"

    with pytest.raises(SlurmError, match="how many jobs") as caught:
        submitted(Strange())
    assert caught.value.code == "TG-SLURM-GARBAGE"
