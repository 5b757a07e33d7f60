"""Charts: each one defined once, for the report and for notebooks."""

from tidegate.web.charts.chart import Chart, Key, Variant
from tidegate.web.charts.curve import curve_chart
from tidegate.web.charts.delay import delay_chart
from tidegate.web.charts.money import hours_chart, money_chart
from tidegate.web.charts.policies import policies_chart
from tidegate.web.charts.tide import tide_chart
from tidegate.web.charts.tradeoff import tradeoff_chart

__all__ = [
    "Chart",
    "Key",
    "Variant",
    "curve_chart",
    "delay_chart",
    "hours_chart",
    "money_chart",
    "policies_chart",
    "tide_chart",
    "tradeoff_chart",
]
