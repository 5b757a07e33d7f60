"""Where revenue is lost: each part of the policy replaced by its clairvoyant version in turn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tidegate.plan import Game
from tidegate.plan.summary import Measured, measure
from tidegate.quota import PolicyCode
from tidegate.simulate import Requests, play

Row = dict[str, Any]


@dataclass(frozen=True)
class _Game(Game):
    """A game with another stream of requests, and announcements."""

    stream: Callable[[Requests], Requests] = lambda requests: requests
    ahead: NDArray[np.int64] | None = None
    displaces: int = 1

    def requests(self, seed: int) -> Requests:
        return self.stream(super().requests(seed))


def _single_nodes(requests: Requests) -> Requests:
    columns = [np.repeat(column, requests.nodes) for column in requests]
    return Requests(*columns)._replace(nodes=np.ones(columns[0].size, dtype=np.int64))


def _without_notice(requests: Requests) -> Requests:
    return requests._replace(notice_s=np.zeros_like(requests.notice_s))


def _as_is(game: _Game) -> _Game:
    return game


def _known(game: _Game) -> _Game:
    """Announce the demand that comes: the curve is then the true maximum."""
    alone = game.play(game.policy(PolicyCode.NONE), 0, record=True)
    demand = np.minimum(alone.ticks.demand, game.cluster.nodes).astype(np.int64)
    return replace(game, ahead=demand)


def _at_once(game: _Game) -> _Game:
    return replace(game, cluster=game.cluster._replace(sanitise_s=0), stream=_without_notice)


def _in_single_nodes(game: _Game) -> _Game:
    return replace(game, stream=_single_nodes)


VARIANTS: Final = (
    ("as it is", _as_is),
    ("worse: no lease gives way to a request", lambda game: replace(game, displaces=0)),
    ("demand known: no forecast error, no slack of calibration", _known),
    ("recall at once: no notice, no sanitising", _at_once),
    ("single nodes: no request is too large", _in_single_nodes),
    ("all three", lambda game: _in_single_nodes(_at_once(_known(game)))),
)


def _measured(game: _Game, seed: int) -> Measured:
    alone = game.play(game.policy(PolicyCode.NONE), seed)
    policy = game.policy(PolicyCode.TIDEGATE)._replace(displaces=game.displaces)
    if game.ahead is not None:
        # What is announced is right: the median of what came on top is nothing, and no budget of misses is needed.
        policy = policy._replace(eps=0.5, full_risk_s=0)
    played = play(
        game.cluster,
        game.jobs,
        game.requests(seed),
        game.failures(seed),
        policy,
        game.window,
        None,
        game.ahead,
        record=True,
        products=len(game.case.offers),
    )
    return measure(game, played, seed, alone.job_start_s)


def losses_of(game: Game, seeds: Sequence[int]) -> list[Row]:
    """Return revenue of each variant, and of the first with nothing given back for breaks."""
    plain = _Game(**{name: getattr(game, name) for name in Game.__dataclass_fields__})
    rows: list[Row] = []
    for name, change in VARIANTS:
        changed = change(plain)
        plays = [_measured(changed, seed) for seed in seeds]
        firm = sum(float(p.leases["firm_gpu_seconds"].sum()) for p in plays)
        broken = sum(float(p.leases["broken_gpu_seconds"].sum()) for p in plays)
        given_back = sum(
            float((p.leases["refunded"] + p.leases["credited"]).sum()) for p in plays
        ) / len(seeds)
        revenue = sum(float(p.revenue) for p in plays) / len(seeds)
        rows.append(
            {
                "variant": name,
                "revenue": revenue,
                "given_back": given_back,
                "broken_share": broken / firm if firm else 0.0,
                "delayed_share": sum(p.delay.beyond_floor for p in plays) / len(seeds),
            }
        )
    kept: Row = {**rows[0], "variant": "breaks cost nothing: no refund, no credit"}
    kept["revenue"] += kept["given_back"]
    return [rows[0], kept, *rows[1:]]
