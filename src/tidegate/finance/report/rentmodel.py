"""The statistical model of rents as tables: its parameters, and how it did on a history."""

from tidegate.finance.paths.calibrate import Trial
from tidegate.finance.paths.model import RentModel
from tidegate.finance.report.table import Table, Value, columns


def model_table(model: RentModel, currency: str) -> Table:
    """Return the parameters of a model of rents."""
    glut, scarcity = model.drift
    rows: list[tuple[Value, ...]] = [
        ("drift of rents in glut, a month", glut),
        ("drift of rents in scarcity, a month", scarcity),
        ("chance of leaving glut, a month", model.leave[0]),
        ("chance of leaving scarcity, a month", model.leave[1]),
        ("chance of scarcity now", model.scarce_now),
        ("shock to log rent, a month", model.shock),
        ("share of it that lasts", model.lasting),
        ("share of the rest gone after a month", model.reversion),
        ("correlation of generations", model.correlation),
        ("chance of a jump, a month", model.jump_chance),
        ("size of a jump", model.jump_size),
        ("share of rents' moves that resale follows", model.resale_beta),
        ("shock to log resale, a month", model.resale_shock),
    ]
    return Table(
        "model",
        "The statistical model",
        columns(("parameter", "parameter"), ("value", "value", "ratio")),
        tuple(rows),
        currency,
        note=f"From {model.source}.",
    )


def trials_table(trials: tuple[Trial, ...], currency: str) -> Table:
    """Return how often a model's bands held what came, by months ahead."""
    return Table(
        "trial",
        "Out of sample on the history: calibrated on each month's past, tried on its future",
        columns(
            ("horizon_months", "months ahead", "count"),
            ("origins", "trials", "count"),
            ("band", "band", "share"),
            ("inside", "held, this model", "share"),
            ("inside_steady", "held, steady trend", "share"),
        ),
        tuple((t.horizon_months, t.origins, t.band, t.inside, t.inside_steady) for t in trials),
        currency,
        note="Trials overlap: a year's horizon has few independent ones. The prior knows neither fall nor rise.",
    )
