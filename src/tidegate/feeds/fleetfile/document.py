"""From the text of a file to checked tables."""

import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from tidegate.errors import Place, TomlFileError
from tidegate.feeds.fleetfile.lines import key_lines
from tidegate.feeds.fleetfile.problems import FileKind, Problems

_SYNTAX_PLACE: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")

Model = TypeVar("Model", bound=BaseModel)


def read_tables(path: str | Path, model: type[Model], kind: FileKind) -> tuple[Model, Problems]:
    """Read a file in TOML and check its keys and values.

    Parameters
    ----------
    path : str or Path
        The file.
    model : type of BaseModel
        The whole file; a field's description says what would be right.
    kind : FileKind
        How errors are named.

    Returns
    -------
    model, Problems
        The tables, and where to note what else is wrong with them.

    Raises
    ------
    TomlFileError
        Of the file's kind, if it cannot be read, or a key or value is wrong.
    """
    text = _text(path, kind)
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(path, text, str(error), kind) from None
    except RecursionError:
        message = "lists or tables are nested too deeply"
        raise _syntax_error(path, text, message, kind) from None
    problems = Problems(str(path), key_lines(text, document), document, kind)
    try:
        return model.model_validate(document), problems
    except ValidationError as error:
        problems.add_invalid(error, model)
        problems.raise_if_any()
        raise


def _text(path: str | Path, kind: FileKind) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise kind.error(
            f"{kind.codes}-SYNTAX",
            f"the file is not text in UTF-8 (byte {error.start}).",
            place=Place(str(path)),
            expected="a TOML file.",
        ) from None
    except OSError as error:
        raise kind.error(
            f"{kind.codes}-MISSING",
            f"the file cannot be read: {error.strerror}.",
            place=Place(str(path)),
        ) from None


def _syntax_error(path: str | Path, text: str, message: str, kind: FileKind) -> TomlFileError:
    found = _SYNTAX_PLACE.search(message)
    line = None
    if found:
        message = message[: found.start()]
        line = int(found[1]) if found[1] else len(text.splitlines()) or 1
    return kind.error(
        f"{kind.codes}-SYNTAX",
        f"the file is not valid TOML: {message}.",
        place=Place(str(path), line),
        expected="TOML 1.0, such as key = 'value' and [[pool]] headers.",
    )
