"""The files of a market run."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from tidegate.app.output import prepare_folder
from tidegate.errors import Place, RunError
from tidegate.market.run import MarketRun
from tidegate.plan.market import camp_frame, generation_frame, market_frame, run_json
from tidegate.plan.marketstory import MarketStory
from tidegate.web.marketreport import render_market

TABLES = {
    "generations.parquet": generation_frame,
    "camps.parquet": camp_frame,
    "market.parquet": market_frame,
}
"""Tables of a run, by file."""


def write_run(run: MarketRun, folder: Path) -> list[Path]:
    """Write a run's tables and its main figures into a folder, which is made if need be.

    Raises
    ------
    RunError
        ``TG-RUN-OUT`` when one of them cannot be written.
    """
    prepare_folder(folder)
    written = [folder / name for name in (*TABLES, "run.json")]
    try:
        for name, frame in TABLES.items():
            frame(run).write_parquet(folder / name)
        first = run.months[0]
        written[-1].write_text(json.dumps(run_json(run, first), indent=2), "utf-8")
    except OSError as error:
        raise RunError(
            "TG-RUN-OUT", f"The result cannot be written: {error}.", place=Place(str(folder))
        ) from error
    return written


def write_prices(rows: Sequence[Mapping[str, str]], path: Path) -> None:
    """Write rows of a price book as CSV.

    Raises
    ------
    RunError
        ``TG-RUN-OUT`` when it cannot be written.
    """
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["chip", "product", "rate", "currency", "from", "until"])
            writer.writeheader()
            writer.writerows(rows)
    except OSError as error:
        raise RunError(
            "TG-RUN-OUT", f"The prices cannot be written: {error}.", place=Place(str(path))
        ) from error


def write_report(story: MarketStory, path: Path) -> None:
    """Write the report on a scenario.

    Raises
    ------
    RunError
        ``TG-RUN-OUT`` when it cannot be written.
    """
    try:
        path.write_text(render_market(story), "utf-8")
    except OSError as error:
        raise RunError(
            "TG-RUN-OUT", f"The report cannot be written: {error}.", place=Place(str(path))
        ) from error
