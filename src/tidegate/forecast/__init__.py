"""What we will need: quantiles of the future maximum of internal demand."""

from tidegate.forecast.announced import announced_ahead
from tidegate.forecast.classes import DAY_S
from tidegate.forecast.fan import fan
from tidegate.forecast.futuremax import observe, replay
from tidegate.forecast.gaussian import forecast_free_nodes
from tidegate.forecast.observation import Observation
from tidegate.forecast.state import HORIZONS_S, FutureMax, least_history_s, new_future_max

__all__ = [
    "DAY_S",
    "HORIZONS_S",
    "FutureMax",
    "Observation",
    "announced_ahead",
    "fan",
    "forecast_free_nodes",
    "least_history_s",
    "new_future_max",
    "observe",
    "replay",
]
