"""From a template and values to a page: language, links, assets, and what every page needs."""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from tidegate.web.assets import safe_json
from tidegate.web.console.figures import Figures
from tidegate.web.language import LANGUAGES, catalogue
from tidegate.web.palette import palette_css

STATIC: Final[Mapping[str, str]] = {
    "echarts.js": "vendor/echarts.common.min.js",
    "htmx.js": "vendor/htmx.min.js",
    "theme.js": "static/theme.js",
    "console.js": "static/console/console.js",
    "charts.js": "static/console/charts.js",
    "nodes.js": "static/console/nodes.js",
    "base.css": "static/console/base.css",
    "parts.css": "static/console/parts.css",
}
"""Every file that the console serves, by the name it is served under; ``palette.css`` is made."""

MEDIA_TYPES: Final = {
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
}

ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" '
    'fill="#0b666d"/><path d="M4 12c4-5 8-5 12 0s8 5 12 0M4 20c4-5 8-5 12 0s8 5 12 0" fill="none" '
    'stroke="#fff" stroke-width="3" stroke-linecap="round"/></svg>'
)
"""The console's mark: two waves."""


@cache
def static_file(name: str) -> bytes:
    """Return a served file's content.

    Raises
    ------
    KeyError
        If no such file is served.
    """
    if name == "palette.css":
        return palette_css().encode()
    if name == "icon.svg":
        return ICON.encode()
    return files("tidegate.web").joinpath(*STATIC[name].split("/")).read_bytes()


@cache
def fingerprint(name: str) -> str:
    """Return a digest of a served file: its address changes when it does, so it may be cached for ever."""
    return hashlib.sha256(static_file(name)).hexdigest()[:12]


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("tidegate.web", "templates/console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    install: Any = environment.__getattribute__("install_gettext_translations")
    install(catalogue(language), newstyle=True)
    figures = Figures(language)
    environment.filters |= {
        "number": figures.number,
        "percent": figures.percent,
        "duration": figures.duration,
        "time": figures.time,
        "json": safe_json,
        "short": short_id,
    }
    environment.globals |= {
        "money": figures.money,
        "price": figures.price,
        "languages": LANGUAGES,
        "language": language,
        "html_language": language.replace("_", "-"),
        "asset_version": fingerprint,
    }
    return environment


def short_id(name: str) -> str:
    """Return an id as a table shows it: what it is, and the end that tells it apart."""
    kind, _, rest = name.partition("_")
    return f"{kind}…{rest[-7:]}" if rest else name


def rendered(template: str, language: str, values: Mapping[str, Any]) -> str:
    """Return a template filled in.

    Parameters
    ----------
    template : str
        Its path below ``templates/console``.
    language : str
        One of :data:`tidegate.web.language.CODES`.
    values : mapping
        What the template names; a missing name is an error.
    """
    return _environment(language).get_template(template).render(values)
