"""One cell of a sweep: a pool played once under one policy, one risk and one seed."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidegate.demand import JobLog
from tidegate.errors import RunError
from tidegate.plan.clairvoyant import TIME_LIMIT_S, clairvoyant
from tidegate.plan.game import Settings, prepare
from tidegate.plan.scenario import PoolCase
from tidegate.plan.summary import measure, tally_of, tally_of_bound
from tidegate.plan.tally import Tally
from tidegate.quota import POLICIES, PolicyCode, eps_of
from tidegate.simulate import Holder, Played

BOUND: Final = "clairvoyant"
CODES_BY_NAME: Final = {name: code for name, code, _ in POLICIES}


@dataclass(frozen=True)
class Cell:
    """What is played once.

    Attributes
    ----------
    fleet, pool : int
        Places of the fleet in the sweep and of the pool in the fleet.
    policy : str
        A name of :data:`tidegate.quota.POLICIES`.
    share_percent : int
        The policy's setting: most of the pool that ``static`` leases; 100 for all others.
    risk : float or None
        The owner's limit; None where the policy does not ask for it.
    seed : int
        Of requests and failures.
    """

    fleet: int
    pool: int
    policy: str
    share_percent: int
    risk: float | None
    seed: int


@dataclass(frozen=True)
class Alone:
    """The pool when nothing is leased, under a cell's seed, in GPU-hours over the measured time."""

    capacity_gpu_hours: float
    internal_gpu_hours: float
    failed_gpu_hours: float


@dataclass(frozen=True)
class Intake:
    """How a pool's log was read.

    Attributes
    ----------
    jobs : int
        Jobs played.
    rejected, judged : int
        Rows rejected (jobs too large for the pool included), and rows not skipped.
    """

    jobs: int
    rejected: int
    judged: int


@dataclass(frozen=True)
class CellResult:
    """What a cell came to: of use beside others of its pool, policy and risk."""

    tally: Tally
    alone: Alone
    intake: Intake


class Stage:
    """A pool made ready for many cells: the log is prepared once, and each seed played once without leases.

    Parameters
    ----------
    case : PoolCase
        The pool; its own risk is not looked at.
    log : JobLog
        Its internal jobs.
    settings : Settings
        Warm-up, load, sanitising and currency; its policies and seeds are not looked at.

    Raises
    ------
    FeedError
        When the log leaves nothing to play.
    """

    def __init__(self, case: PoolCase, log: JobLog, settings: Settings) -> None:
        self._game = prepare(case, log, settings)
        self._alone: dict[int, tuple[NDArray[np.int64], Alone]] = {}
        rejects, untrue = log.rejects, self._game.untrue.height
        self._intake = Intake(
            jobs=self._game.frame.height,
            rejected=rejects.count + untrue,
            judged=rejects.rows_read - sum(rejects.skipped.values()),
        )

    def play(self, cell: Cell) -> CellResult:
        """Play a cell of this pool.

        Raises
        ------
        RunError
            ``TG-RUN-CELL`` when the clairvoyant bound is not found in time.
        """
        if cell.policy == BOUND:
            tally = self._bound(cell.seed)
            return CellResult(tally, self._start_alone(cell.seed)[1], self._intake)
        code = CODES_BY_NAME[cell.policy]
        assert code is not None
        policy = self._game.policy(code, cell.share_percent)
        if cell.risk is not None:
            policy = policy._replace(eps=eps_of(cell.risk))
        played = self._game.play(policy, cell.seed, record=True)
        if code is PolicyCode.NONE:
            self._alone[self._stream(cell.seed)] = self._look_at(played)
        starts, alone = self._start_alone(cell.seed)
        measured = measure(self._game, played, cell.seed, starts)
        return CellResult(tally_of(measured, self._game.case.offers), alone, self._intake)

    def _stream(self, seed: int) -> int:
        # Without failures nothing in a play without leases depends on the seed.
        return seed if self._game.case.failures else 0

    def _start_alone(self, seed: int) -> tuple[NDArray[np.int64], Alone]:
        stream = self._stream(seed)
        if stream not in self._alone:
            policy = self._game.policy(PolicyCode.NONE)
            self._alone[stream] = self._look_at(self._game.play(policy, seed))
        return self._alone[stream]

    def _look_at(self, played: Played) -> tuple[NDArray[np.int64], Alone]:
        window = self._game.window
        alone = Alone(
            self._game.case.pool.gpus * (window.stop_s - window.lease_from_s) / 3600,
            *(float(played.held[h] / 3600) for h in (Holder.INTERNAL, Holder.FAILED)),
        )
        return played.job_start_s, alone

    def _bound(self, seed: int) -> Tally:
        game = self._game
        requests = game.requests(seed)
        prices = np.array([float(offer.price) for offer in game.case.offers])
        holdings = game.play(game.policy(PolicyCode.NONE), seed, holdings=True).holdings
        found = clairvoyant(game.cluster, requests, prices[requests.product], game.window, holdings)
        if found is None:
            raise RunError(
                "TG-RUN-CELL", f"The clairvoyant bound takes more than {TIME_LIMIT_S:g} s."
            )
        return tally_of_bound(game, seed, found)
