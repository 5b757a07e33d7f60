"""What stands round every page: who looks, the menu, links, the answer's headers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tidegate.control.access import Act, Actor, may
from tidegate.control.sessions import SignedIn
from tidegate.web.console.figures import Figures
from tidegate.web.console.navigation import menu
from tidegate.web.console.pages import fingerprint, rendered
from tidegate.web.console.texts import Texts
from tidegate.web.language import reader_language
from tidegate.web.signin import page_headers

TOAST: Final = "said"
"""Parameter of an address that says what has just been done; a key of :data:`SAID`."""


def _(text: str) -> str:
    return text


SAID: Final[Mapping[str, str]] = {
    "risk": _("The risk is changed. It holds from the next decision on."),
    "draining": _("Leasing is stopped; running leases keep their time."),
    "stopped": _("Leasing is stopped, and all leases are being called back."),
    "open": _("The pool leases again."),
    "announced": _("The run is announced; its GPUs are no longer promised away."),
    "withdrawn": _("The announcement is withdrawn."),
    "tier": _("The pool stands in its new tier."),
    "quarantined": _("The node will not be lent any more."),
    "released": _("The node may be lent again."),
    "ordered": _("It is yours. The nodes are being made ready."),
    "waitlisted": _("You are on the waitlist; the lease begins when there is room."),
    "extended": _("The lease goes on for longer."),
    "shrunk": _("The nodes are given back; you no longer pay for them."),
    "ended": _("The lease has ended; you no longer pay for it."),
    "checkpointed": _("Thank you. The nodes are taken now, and you no longer pay for them."),
    "budget": _("The budget is set."),
    "revoked": _("The key is revoked; whoever uses it is refused from now on."),
    "webhook-tested": _("A test is on its way; its answer shows below."),
    "webhook-removed": _("The webhook is removed."),
    "replayed": _("It is sent again."),
}
"""What a page says after an act, by the act."""


@dataclass(frozen=True)
class Toast:
    """What has just been done, and the way to undo it."""

    kind: str
    text: str
    undo: str = ""


def path_of(request: Request) -> Callable[..., str]:
    """Return what turns a page's name into its address, behind whatever prefix a proxy has put before it."""
    root = str(request.scope.get("root_path", "")).rstrip("/")
    fixed = {"sign-out": "/signout", "sign-in": "/signin", "oidc": "/signin/provider"}

    def path(name: str, /, **parameters: object) -> str:
        if name in fixed:
            return root + fixed[name]
        return root + str(request.app.url_path_for(f"console:{name}", **parameters))

    return path


def asset_of(request: Request) -> Callable[[str], str]:
    """Return what turns a file's name into its address."""
    path = path_of(request)
    return lambda name: f"{path('static', name=name)}?v={fingerprint(name)}"


class Frame:
    """One answer in the making.

    Parameters
    ----------
    request : Request
    visitor : SignedIn
    here : str
        Name of the menu's place that the page belongs to.
    """

    def __init__(self, request: Request, visitor: SignedIn, here: str) -> None:
        self.request = request
        self.visitor = visitor
        self.here = here
        self.language = reader_language(request)
        self.texts = Texts(self.language)
        self.figures = Figures(self.language)
        self.path = path_of(request)

    @property
    def actor(self) -> Actor:
        """Who looks."""
        return self.visitor.actor

    @property
    def rights(self) -> frozenset[Act]:
        """What who looks may do."""
        return frozenset(act for act in Act if may(self.actor, act))

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """Return a page."""
        html = rendered(f"{template}.html.j2", self.language, self._all() | values)
        return HTMLResponse(html, status, page_headers())

    def go(self, name: str, said: str = "", **parameters: object) -> Response:
        """Lead the browser to a page after an act; htmx is led as a whole page too."""
        target = self.path(name, **parameters) + (f"?{TOAST}={said}" if said else "")
        if self.request.headers.get("hx-request"):
            return Response(status_code=204, headers={"HX-Redirect": target, **page_headers()})
        return RedirectResponse(target, 303, page_headers())

    def _all(self) -> dict[str, Any]:
        said = self.request.query_params.get(TOAST, "")
        texts = self.texts
        return {
            "path": self.path,
            "asset": asset_of(self.request),
            "form_token": self.visitor.form_token,
            "who": {"name": self.visitor.name, "role": self.actor.role.value},
            "navigation": [
                {
                    "title": texts.say(title),
                    "places": [
                        {
                            "name": place.name,
                            "title": texts.say(place.title),
                            "href": self.path(place.name),
                            "count": 0,
                        }
                        for place in places
                    ],
                }
                for title, places in menu(self.actor)
            ],
            "here": self.here,
            "toast": Toast("good", texts.say(SAID[said])) if said in SAID else None,
            "next": self.request.url.path.removeprefix(
                str(self.request.scope.get("root_path", ""))
            ),
            "is_tenant": self.actor.tenant_id is not None,
            "state_name": texts.state,
            "tier_name": texts.tier,
            "role_name": texts.role,
        }
