"""Joint paths of rents and second-hand prices: a statistical model, its calibration and its trial on the past."""

from tidegate.finance.paths.history import RentHistory
from tidegate.finance.paths.model import RentModel, default_model
from tidegate.finance.paths.simulate import statistical_paths

__all__ = ["RentHistory", "RentModel", "default_model", "statistical_paths"]
