"""Bring the console's catalogues up to date: every text of templates, modules and claims, as far as translated.

Run `python tools/catalogues.py` after changing a text, then fill in what is empty in src/tidegate/web/locale/*.po.
"""

import io
import sys
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from tidegate.market.claims import claims

ROOT: Final = Path(__file__).parents[1]
WEB: Final = ROOT / "src" / "tidegate" / "web"
FOLDER: Final = WEB / "locale"
METHODS: Final = [("templates/console/**.j2", "jinja2"), ("console/**.py", "python")]
OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "templates/console/**.j2": {"trimmed": "false", "silent": "false", "newstyle_gettext": "true"}
}


def texts() -> Catalog:
    """Return every text that the console marks, sorted, without the lines where they stand."""
    found: dict[str | tuple[str, ...], None] = {}
    for _file, _line, message, _comments, _context in extract_from_dir(
        str(WEB), METHODS, OPTIONS, keywords={"_": None, "ngettext": (1, 2), "gettext": None}
    ):
        found[message] = None
    for claim in claims():
        found[claim.text] = None
    catalogue = Catalog(charset="utf-8", fuzzy=False)
    for message in sorted(found, key=str):
        catalogue.add(message)
    return catalogue


def updated(file: Path) -> Catalog:
    """Return a catalogue with all texts of today and the translations that it had of them."""
    with file.open("rb") as stream:
        catalogue = read_po(stream, locale=file.stem)
    # A guess at a changed text would be shown as if it were a translation.
    catalogue.update(texts(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    return catalogue


def written(catalogue: Catalog) -> bytes:
    """Return a catalogue as its file holds it."""
    stream = io.BytesIO()
    write_po(stream, catalogue, omit_header=False, no_location=True, sort_output=True, width=0)
    return stream.getvalue()


def main() -> int:
    """Write every catalogue anew; return 1 while one has a text without translation."""
    lacking = 0
    for file in sorted(FOLDER.glob("*.po")):
        catalogue = updated(file)
        file.write_bytes(written(catalogue))
        empty = [entry.id for entry in catalogue if entry.id and not entry.string]
        lacking += len(empty)
        print(f"{file.name}: {len(catalogue)} texts, {len(empty)} without translation")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
