"""From a file to a scenario."""

import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from tidegate.errors import FleetFileError, Place
from tidegate.feeds.fleetfile.lines import key_lines
from tidegate.feeds.fleetfile.problems import Problems
from tidegate.feeds.fleetfile.resolve import resolve
from tidegate.feeds.fleetfile.tables import FleetTable
from tidegate.plan.scenario import Scenario

_SYNTAX_PLACE: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


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
    text = _text(path)
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(path, text, str(error)) from None
    except RecursionError:
        raise _syntax_error(path, text, "lists or tables are nested too deeply") from None
    problems = Problems(str(path), key_lines(text, document), document)
    try:
        fleet = FleetTable.model_validate(document)
    except ValidationError as error:
        problems.add_invalid(error, FleetTable)
        problems.raise_if_any()
        raise
    scenario = resolve(fleet, Path(path), problems)
    problems.raise_if_any()
    return scenario


def _text(path: str | Path) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise FleetFileError(
            "TG-FLEET-SYNTAX",
            f"the file is not text in UTF-8 (byte {error.start}).",
            place=Place(str(path)),
            expected="a TOML file.",
        ) from None
    except OSError as error:
        raise FleetFileError(
            "TG-FLEET-MISSING",
            f"the file cannot be read: {error.strerror}.",
            place=Place(str(path)),
        ) from None


def _syntax_error(path: str | Path, text: str, message: str) -> FleetFileError:
    found = _SYNTAX_PLACE.search(message)
    line = None
    if found:
        message = message[: found.start()]
        line = int(found[1]) if found[1] else len(text.splitlines()) or 1
    return FleetFileError(
        "TG-FLEET-SYNTAX",
        f"the file is not valid TOML: {message}.",
        place=Place(str(path), line),
        expected="TOML 1.0, such as key = 'value' and [[pool]] headers.",
    )
