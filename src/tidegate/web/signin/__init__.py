"""Sign-in, sessions and forms of people in a browser: what the console stands on.

The console's routes take :data:`~tidegate.web.signin.guard.Visitor` (who is signed in; others are led to the sign-in
page), and those that change something also ``dependencies=[FORM]`` (the form carries its session's token). Pages put
``visitor.form_token`` into each form as the hidden field ``form_token``, or for htmx into the header ``X-Form-Token``,
and are answered with the headers of :func:`~tidegate.web.signin.policy.page_headers`.
"""

from tidegate.web.signin.guard import FORM, Doors, Visitor, install
from tidegate.web.signin.oidc import Provider
from tidegate.web.signin.policy import page_headers
from tidegate.web.signin.routes import router

__all__ = ["FORM", "Doors", "Provider", "Visitor", "install", "page_headers", "router"]
