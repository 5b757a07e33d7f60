"""Why something was decided, in the reader's words."""

from collections.abc import Mapping
from typing import Final

from tidegate.lease.events import Event
from tidegate.web.console.figures import Figures
from tidegate.web.console.texts import Texts


def _(text: str) -> str:
    return text


REFUSALS: Final[Mapping[str, str]] = {
    "not-sold": _("This pool sells nothing."),
    "no-room": _(
        "Too few nodes are free: own jobs and leases hold the others, or own work called them back of late."
    ),
    "share": _("The share that may be leased is taken."),
    "quota": _(
        "More would be promised for so long than is safe at the stated risk, or to one lease at once."
    ),
    "price": _("The room is worth more to others than this price."),
    "stale": _("The scheduler does not answer."),
    "not-leasing": _("An operator has stopped leasing here."),
}


def refusal(texts: Texts, reason: str | None, horizon_s: int | None, horizon: str) -> str:
    """Return why an order was refused."""
    if reason is None:
        return ""
    said = texts.say(REFUSALS.get(reason, reason))
    if horizon_s is not None:
        said += " " + texts.say(_("What binds is the horizon of %(horizon)s."), horizon=horizon)
    return said


def recall_reason(texts: Texts, noticed: Event | None) -> str:
    """Return why a lease is called back."""
    if noticed is None:
        return ""
    if noticed.decision_id is None:
        return texts.say(_("an operator stopped leasing"))
    return texts.say(_("own jobs need nodes"))


def verdict_words(texts: Texts, figures: Figures, verdict: Mapping[str, object]) -> str:
    """Return what became of an order in a decision, and why."""
    order, kind = str(verdict["order"]), str(verdict["verdict"])
    if kind == "admitted":
        return texts.say(
            _("Order %(order)s was admitted: the set of promises stays safe."), order=order
        )
    horizon_s = verdict.get("horizon_s")
    seconds = horizon_s if isinstance(horizon_s, int) else None
    why = refusal(texts, kind.replace("_", "-"), seconds, figures.duration(seconds))
    return texts.say(_("Order %(order)s was not admitted."), order=order) + " " + why
