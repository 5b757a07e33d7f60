"""Words of finance's tables in the reader's language, by the columns' keys.

``_`` marks a text for the catalogues; it is translated when it is shown.
"""

from collections.abc import Mapping
from typing import Final


def _(text: str) -> str:
    return text


COLUMNS: Final[Mapping[str, str]] = {
    "tier": _("tier"),
    "pool": _("pool"),
    "cohort": _("cohort"),
    "gpu_hours": _("GPU-hours"),
    "own": _("own"),
    "leased": _("leased"),
    "sanitising": _("sanitising"),
    "idle": _("idle"),
    "failed": _("failed"),
    "rent": _("rent"),
    "returned": _("returned"),
    "net_rent": _("net rent"),
    "power": _("power"),
    "space": _("space"),
    "operations": _("operating"),
    "spares": _("spares"),
    "depreciation": _("depreciation"),
    "network": _("network"),
    "capital": _("capital"),
    "full_cost": _("full cost"),
    "result": _("result"),
    "covers_cash": _("net rent over cash cost"),
    "covers_depreciation": _("net rent over depreciation and network"),
    "covers_full": _("net rent over full cost"),
    "own_value": _("own hours at the market's rent"),
    "covers_own": _("the same with own hours"),
    "month": _("year"),
    "gpus": _("GPUs"),
    "in_progress": _("in progress"),
    "opening": _("opening"),
    "additions": _("additions"),
    "impairment": _("impairment"),
    "reversal": _("reversal"),
    "disposed": _("disposed"),
    "closing": _("closing"),
    "gain": _("gain on sale"),
    "unit": _("unit"),
    "cohorts": _("cohorts"),
    "carrying": _("book value"),
    "fair_value": _("fair value"),
    "disposal_cost": _("cost to sell"),
    "headroom": _("headroom"),
    "name": _("indicator"),
    "sign": _("sign"),
    "text": _("figure"),
}
"""Headings of the columns that the pages show."""

CELLS: Final[Mapping[str, str]] = {
    "alert": _("alert"),
    "calm": _("calm"),
    "unknown": _("unknown"),
    "resale": _("resale"),
    "idleness": _("idleness"),
    "new generation": _("new generation"),
    "rent": _("rent"),
    "fleet": _("fleet"),
    "total": _("total"),
}
"""Words that stand in cells; names of pools and cohorts stay as they are."""
