"""Which futures finance believes in, and a fleet along them."""

from dataclasses import dataclass
from pathlib import Path

from tidegate.app.market import market_paths
from tidegate.feeds.renthistory import read_rent_history
from tidegate.finance.coverage import Coverage
from tidegate.finance.paths import RentModel, default_model
from tidegate.finance.paths.calibrate import calibrate
from tidegate.finance.stress import StressResult, StressSettings, stress, stress_inputs
from tidegate.finance.stress.run import paths_for


@dataclass(frozen=True)
class Futures:
    """Which futures are believed, and how many of them are played.

    Attributes
    ----------
    settings : StressSettings
    history : Path or None
        A rent history to calibrate the statistical paths on.
    market : str or None
        A market scenario whose paths are taken instead.
    """

    settings: StressSettings
    history: Path | None = None
    market: str | None = None


def played(measured: Coverage, futures: Futures) -> StressResult:
    """Return a fleet along the futures that are believed.

    Raises
    ------
    InputError
        When the history or the scenario cannot be used, or no cohort has a market rent.
    """
    if futures.market is None:
        past = futures.history
        model = default_model() if past is None else calibrate(read_rent_history(past))
        return on_model(measured, futures.settings, model)
    settings = futures.settings
    inputs = stress_inputs(measured, settings.months)
    paths, source = market_paths(
        futures.market,
        [generation.chip for generation in inputs.generations],
        inputs.start.first,
        months=settings.months + 1,
        paths=settings.paths,
        seed=settings.seed,
    )
    return stress(inputs, settings, paths, source=source)


def on_model(measured: Coverage, settings: StressSettings, model: RentModel) -> StressResult:
    """Return a fleet along statistical paths.

    Raises
    ------
    InputError
        When no cohort has a market rent.
    """
    inputs = stress_inputs(measured, settings.months)
    return stress(inputs, settings, paths_for(inputs, settings, model), source=model.source)
