"""From a file to a scenario."""

from pathlib import Path

from tidegate.feeds.fleetfile.document import read_tables
from tidegate.feeds.fleetfile.problems import FLEET
from tidegate.feeds.fleetfile.resolve import resolve
from tidegate.feeds.fleetfile.tables import FleetTable
from tidegate.plan.scenario import Scenario


def read_fleet(path: str | Path) -> Scenario:
    """Read a fleet file.

    Job logs are not opened; their paths are taken as relative to the fleet file.

    Parameters
    ----------
    path : str or Path
        A TOML file, as described in ``docs/reference/fleet-file.md``.

    Returns
    -------
    Scenario
        The pools in order of the file; every default filled in is a sentence of ``assumptions``.

    Raises
    ------
    FleetFileError
        If the file cannot be used. Keys and values are checked first, and then what they refer to;
        all errors of a step are reported together, the first raised and the rest in ``others``.
    """
    fleet, problems = read_tables(path, FleetTable, FLEET)
    scenario = resolve(fleet, Path(path), problems)
    problems.raise_if_any()
    return scenario
