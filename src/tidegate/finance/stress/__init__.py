"""What the cycle does to the fleet's result: paths, fans, sensitivities, reverse stress, and the claim of smoothing."""

from tidegate.finance.stress.inputs import StressInputs, StressSettings, stress_inputs
from tidegate.finance.stress.run import StressResult, stress

__all__ = ["StressInputs", "StressResult", "StressSettings", "stress", "stress_inputs"]
