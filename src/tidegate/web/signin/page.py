"""The sign-in page."""

from dataclasses import dataclass

from tidegate.web.assets import environment
from tidegate.web.language import SOURCE


@dataclass(frozen=True)
class SignInPage:
    """What the page shows.

    Attributes
    ----------
    root : str
        Path prefix of this server behind a proxy.
    form_token : str
        For the field ``form_token``.
    back : str
        For the field ``next``: where the browser is led after the sign-in.
    has_provider : bool
        Whether there is an OpenID provider, at ``/signin/provider``.
    language : str
        The reader's, one of :data:`tidegate.web.language.CODES`.
    trouble : str
        Why the last attempt failed; empty at the first.
    """

    root: str
    form_token: str
    back: str
    has_provider: bool
    language: str = SOURCE
    trouble: str = ""


def plain_page(page: SignInPage) -> str:
    """Write the page without any style."""
    return environment().get_template("signin.html.j2").render(page=page)
