"""The console's languages: which there are, which one a reader wants, and what a text is in it."""

from collections.abc import Iterable
from functools import cache
from gettext import NullTranslations
from importlib.resources import files
from typing import Final

from babel import Locale, negotiate_locale
from babel.messages.pofile import read_po
from starlette.requests import Request

LANGUAGE_COOKIE: Final = "tidegate_language"
"""Cookie of the language that a reader has chosen."""

SOURCE: Final = "en"
"""The language that the texts are written in."""

LANGUAGES: Final[tuple[tuple[str, str], ...]] = (
    ("en", "English"),
    ("zh_Hant", "繁體中文"),
)
"""Every language of the console: its code, and its name in itself."""

CODES: Final = tuple(code for code, _ in LANGUAGES)

# What browsers send for Traditional Chinese; Simplified is closer to it than English is.
_ALIASES: Final = {
    "zh": "zh_Hant",
    "zh_TW": "zh_Hant",
    "zh_HK": "zh_Hant",
    "zh_MO": "zh_Hant",
    "zh_Hant_TW": "zh_Hant",
    "zh_Hant_HK": "zh_Hant",
}


class Catalogue(NullTranslations):
    """The translations of one language, as :mod:`gettext` offers them.

    Parameters
    ----------
    messages : mapping of str to str or tuple of str
        Text in the source language to its translation; plural forms as a tuple.
    """

    def __init__(self, messages: dict[str, str | tuple[str, ...]]) -> None:
        super().__init__()
        self._messages = messages

    def gettext(self, message: str) -> str:
        """Return the translation, or the text itself when there is none."""
        found = self._messages.get(message)
        return found if isinstance(found, str) and found else message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return the form for a number; languages here have at most one form beside the plain one."""
        found = self._messages.get(msgid1)
        if isinstance(found, tuple) and all(found):
            return found[min(len(found) - 1, 0 if n == 1 else 1)]
        return msgid1 if n == 1 else msgid2


@cache
def catalogue(code: str) -> Catalogue:
    """Return the translations of a language.

    Raises
    ------
    KeyError
        If the console does not have the language.
    """
    if code == SOURCE:
        return Catalogue({})
    if code not in CODES:
        raise KeyError(code)
    with files("tidegate.web").joinpath("locale", f"{code}.po").open("rb") as file:
        entries = read_po(file, locale=code)
    messages: dict[str, str | tuple[str, ...]] = {}
    for entry in entries:
        if not entry.id:
            continue
        if isinstance(entry.id, str):
            messages[entry.id] = str(entry.string)
        else:
            messages[entry.id[0]] = tuple(str(form) for form in entry.string or ())
    return Catalogue(messages)


@cache
def locale(code: str) -> Locale:
    """Return how numbers and dates are written in a language."""
    return Locale.parse(code)


def chosen_language(cookie: str | None, accept: str | None) -> str:
    """Return the language for a reader: the one chosen, else the best of those the browser asks for."""
    if cookie in CODES:
        return cookie
    wanted = [_ALIASES.get(code, code) for code in _preferences(accept or "")]
    return negotiate_locale(wanted, CODES, sep="_") or SOURCE


def reader_language(request: Request) -> str:
    """Return the language that the sender of a request reads."""
    return chosen_language(
        request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language")
    )


def _preferences(accept: str) -> Iterable[str]:
    """Return the codes of an Accept-Language header, the most wanted first."""
    weighed: list[tuple[float, str]] = []
    for part in accept.split(","):
        name, _, weight = part.partition(";")
        try:
            quality = float(weight.partition("=")[2] or 1)
        except ValueError:
            continue
        if name.strip():
            weighed.append((-quality, _cased(name.strip())))
    return [code for _, code in sorted(weighed, key=lambda pair: pair[0])]


def _cased(tag: str) -> str:
    """Return a language tag as Babel writes it: ``zh-hant-tw`` as ``zh_Hant_TW``."""
    language, *rest = tag.replace("-", "_").split("_")
    script = 4
    parts = [part.title() if len(part) == script else part.upper() for part in rest]
    return "_".join([language.lower(), *parts])
