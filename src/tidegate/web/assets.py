"""What a page carries inline: scripts, styles, data, and the policy that forbids all else."""

import base64
import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

ECHARTS: Final = "vendor/echarts.common.min.js"
"""The chart library."""


@cache
def asset(path: str) -> str:
    """Return the text of a file of this package, such as ``static/report.css``."""
    return files("tidegate.web").joinpath(*path.split("/")).read_text(encoding="utf-8").strip()


@cache
def environment() -> Environment:
    """Return the template environment: everything is escaped, an unknown name is an error."""
    templates = Environment(
        loader=PackageLoader("tidegate.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals["script"] = script
    templates.globals["style"] = style
    templates.globals["data"] = data
    return templates


def style(path: str) -> Markup:
    """Return a style element with a file of this package."""
    return Markup("<style>{}</style>").format(Markup(asset(path)))


def script(path: str) -> Markup:
    """Return a script element with a file of this package, which must not hold ``</script``."""
    return Markup("<script>{}</script>").format(Markup(asset(path)))


def data(value: Any, identifier: str) -> Markup:
    """Return values as JSON in an element that is not run.

    ``<``, ``>`` and ``&`` are written as escapes, so that no text can end the element.
    """
    return Markup('<script type="application/json" id="{}">{}</script>').format(
        identifier, Markup(safe_json(value))
    )


def safe_json(value: Any) -> str:
    """Return compact JSON in which ``<``, ``>``, ``&`` and the line separators are escapes.

    Raises
    ------
    ValueError
        For a number that is not finite, which JSON cannot say.
    """
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def content_policy(*scripts: str) -> str:
    """Return a Content-Security-Policy: no network, and only these scripts of this package.

    Styles may be inline, because the charts' tooltips place themselves so.
    """
    hashes = " ".join(f"'sha256-{_digest(asset(path))}'" for path in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
