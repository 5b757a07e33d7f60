"""Tidegate: lease the idle tide of a GPU fleet, and have it back in time.

>>> import tidegate
>>> result = tidegate.backtest("examples/inference-tide.toml", seeds=1)
>>> result.summary.columns[:4]
['pool', 'tier', 'policy', 'setting']
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tidegate.app.financelibrary import finance_desk
    from tidegate.app.library import backtest, read_fleet, read_jobs, sweep
    from tidegate.app.marketlibrary import play_market
    from tidegate.app.sweep import SweepResult
    from tidegate.errors import TidegateError
    from tidegate.plan import BacktestResult, PolicyResult, PoolResult
    from tidegate.web import plots

__all__ = [
    "BacktestResult",
    "PolicyResult",
    "PoolResult",
    "SweepResult",
    "TidegateError",
    "backtest",
    "finance_desk",
    "play_market",
    "plots",
    "read_fleet",
    "read_jobs",
    "sweep",
]

_HOMES = {
    "BacktestResult": "tidegate.plan",
    "PolicyResult": "tidegate.plan",
    "PoolResult": "tidegate.plan",
    "SweepResult": "tidegate.app.sweep",
    "TidegateError": "tidegate.errors",
    "backtest": "tidegate.app.library",
    "finance_desk": "tidegate.app.financelibrary",
    "play_market": "tidegate.app.marketlibrary",
    "plots": "tidegate.web.plots",
    "read_fleet": "tidegate.app.library",
    "read_jobs": "tidegate.app.library",
    "sweep": "tidegate.app.library",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that the command line starts at once."""
    if name not in _HOMES:
        raise AttributeError(f"module 'tidegate' has no attribute {name!r}")
    import importlib  # noqa: PLC0415

    home = importlib.import_module(_HOMES[name])
    value = home if _HOMES[name].endswith(f".{name}") else getattr(home, name)
    globals()[name] = value
    return value
