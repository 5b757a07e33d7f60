"""Calibration and judgement of the market model, from files."""

import hashlib
from datetime import date
from pathlib import Path

from tidegate.app.market import Progress, quiet
from tidegate.errors import OptionError, Place, RunError
from tidegate.feeds.rentsfile import read_rents
from tidegate.market.calibrate import Posterior, calibrate
from tidegate.market.history import cited_rents, cited_resales, sights_of
from tidegate.market.judge import Verdict, judge
from tidegate.market.model import Market
from tidegate.market.posterior import Shipped, dumps


def calibrated(
    market: Market,
    rents: Path | None,
    *,
    draws: int,
    kept: int,
    seed: int,
    until: date | None,
    progress: Progress = quiet,
) -> Shipped:
    """Calibrate a scenario on rents from a file, or on those that are cited.

    Raises
    ------
    FeedError
        When the file cannot be used.
    OptionError
        ``TG-OPTION`` when no rent is left to calibrate on.
    """
    seen = read_rents(rents) if rents else cited_rents()
    sights = sights_of(market, seen, cited_resales(), until=until)
    if not len(sights.values):
        raise OptionError.at(
            "--until",
            "no rent is left to calibrate on.",
            "a month after the first rents, and generations that the scenario has.",
        )
    months = int(sights.months.max()) + 1
    posterior = calibrate(
        market,
        sights,
        months=months,
        draws=draws,
        seed=seed,
        progress=lambda done, total: progress("calibrate", done, total),
    )
    first = Posterior(posterior.thetas[:kept], posterior.past[:kept], posterior.start)
    digest = hashlib.sha256(rents.read_bytes()).hexdigest()[:16] if rents else "cited"
    origin = {
        "scenario": market.name,
        "rents": len(seen),
        "rents_digest": digest,
        "until": str(max(it.month for it in seen if until is None or it.month <= until))[:7],
        "ensemble": draws,
        "seed": seed,
    }
    return Shipped(first, origin)


def write_posterior(it: Shipped, path: Path) -> None:
    """Write a posterior.

    Raises
    ------
    RunError
        ``TG-RUN-OUT`` when it cannot be written.
    """
    try:
        path.write_bytes(dumps(it))
    except OSError as error:
        raise RunError(
            "TG-RUN-OUT", f"The posterior cannot be written: {error}.", place=Place(str(path))
        ) from error


def judged(
    market: Market,
    rents: Path | None,
    until: date,
    *,
    draws: int,
    seed: int,
    progress: Progress = quiet,
) -> Verdict:
    """Judge the model on what came after a month.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when there are no rents both before and after it.
    """
    seen = read_rents(rents) if rents else cited_rents()
    try:
        return judge(
            market,
            seen,
            until,
            draws=draws,
            seed=seed,
            progress=lambda done, total: progress("judge", done, total),
        )
    except ValueError as error:
        raise OptionError.at("--until", f"{error}.", "a month in between.") from None
