"""What we will need: quantiles of the future maximum of internal demand."""

from tidegate.forecast.futuremax import HORIZONS_S, FutureMax, new_future_max, observe

__all__ = ["HORIZONS_S", "FutureMax", "new_future_max", "observe"]
