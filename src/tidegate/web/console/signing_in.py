"""The sign-in page, dressed as the console."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from tidegate.web.console.pages import fingerprint, rendered
from tidegate.web.console.site import PREFIX
from tidegate.web.language import catalogue
from tidegate.web.signin.page import SignInPage


@dataclass(frozen=True)
class Persona:
    """Somebody whom a visitor of the demonstration may be."""

    title: str
    email: str
    password: str


def sign_in_page(page: SignInPage, personas: Sequence[Persona] = ()) -> str:
    """Write the page.

    Parameters
    ----------
    page : SignInPage
    personas : sequence of Persona
        Of the demonstration; empty where people are real.
    """
    prefix = f"{page.root}{PREFIX}"
    paths: Final = {
        "home": f"{prefix}/",
        "sign-in": f"{page.root}/signin",
        "oidc": f"{page.root}/signin/provider",
        "language": f"{prefix}/language",
    }
    values = {
        "path": paths.__getitem__,
        "asset": partial(_asset, prefix),
        "form_token": page.form_token,
        "next": page.back,
        "oidc": page.has_provider,
        "wrong": catalogue(page.language).gettext(page.trouble) if page.trouble else "",
        "demo": personas,
    }
    return rendered("sign-in.html.j2", page.language, values)


def _asset(prefix: str, name: str) -> str:
    return f"{prefix}/static/{name}?v={fingerprint(name)}"
