"""The wiring: what a command or a notebook asks for, put together from the parts."""

from tidegate.app.backtest import Demand, load, problems, run
from tidegate.app.doctor import Check, diagnose
from tidegate.app.options import scenario_from_options, settings_from_options
from tidegate.app.output import Written, prepare_folder, write

__all__ = [
    "Check",
    "Demand",
    "Written",
    "diagnose",
    "load",
    "prepare_folder",
    "problems",
    "run",
    "scenario_from_options",
    "settings_from_options",
    "write",
]
