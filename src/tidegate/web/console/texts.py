"""Words of the domain in the reader's language: states, tiers, roles, how firm a lease is.

``_`` marks a text for the catalogues; it is translated when it is shown.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from tidegate.lease.product import Product, ProductKind
from tidegate.web.console.figures import Figures
from tidegate.web.language import Catalogue, catalogue


def _(text: str) -> str:
    return text


STATES: Final[Mapping[str, str]] = {
    "open": _("open"),
    "held": _("held"),
    "taken": _("taken"),
    "expired": _("expired"),
    "withdrawn": _("withdrawn"),
    "placed": _("placed"),
    "waitlisted": _("on the waitlist"),
    "admitted": _("admitted"),
    "refused": _("refused"),
    "cancelled": _("cancelled"),
    "starting": _("starting"),
    "running": _("running"),
    "noticed": _("under notice"),
    "ended": _("ended"),
    "broken": _("broken"),
    "failed": _("failed"),
    "free": _("free"),
    "internal": _("own jobs"),
    "leased": _("leased"),
    "draining": _("leaving"),
    "sanitising": _("sanitising"),
    "quarantined": _("quarantined"),
    "waiting": _("waiting to be sent"),
    "delivered": _("delivered"),
    "dead": _("given up"),
}
TIERS: Final[Mapping[str, str]] = {
    "frontier": _("frontier"),
    "mainstay": _("mainstay"),
    "legacy": _("legacy"),
    "retired": _("retired"),
}
ROLES: Final[Mapping[str, str]] = {
    "operator": _("operator"),
    "desk": _("desk"),
    "finance": _("finance"),
    "tenant": _("tenant"),
    "viewer": _("viewer"),
}
END_REASONS: Final[Mapping[str, str]] = {
    "completed": _("ran to its end"),
    "recalled": _("called back for the owner's own work"),
    "given-back": _("given back early by its tenant"),
    "node-failed": _("a node failed"),
    "nodes-lost": _("its nodes were lost"),
    "not-started": _("its nodes could not be had"),
}


class Texts:
    """The domain's words in one language.

    Parameters
    ----------
    language : str
        One of :data:`tidegate.web.language.CODES`.
    """

    def __init__(self, language: str) -> None:
        self._catalogue: Catalogue = catalogue(language)
        self._figures = Figures(language)

    def say(self, text: str, **values: object) -> str:
        """Return a marked text in the language, with values in its ``%(name)s`` places."""
        translated = self._catalogue.gettext(text)
        return translated % values if values else translated

    def state(self, state: str) -> str:
        """Name of a state."""
        return self.say(STATES[state])

    def tier(self, tier: str) -> str:
        """Name of a tier."""
        return self.say(TIERS[tier])

    def role(self, role: str) -> str:
        """Name of a role."""
        return self.say(ROLES[role])

    def end_reason(self, reason: str | None) -> str:
        """How a lease ended."""
        return self.say(END_REASONS[reason]) if reason else ""

    def firmness(self, product: Product) -> str:
        """Return in plain words how long a lease of a product may be kept, and what comes then."""
        notice = self._figures.duration(product.notice_s)
        guarantee = self._figures.duration(product.guarantee_s)
        match product.kind:
            case ProductKind.RESERVED:
                return self.say(_("Yours to the end of the term. Nobody may take it back before."))
            case ProductKind.ON_DEMAND:
                return self.say(
                    _(
                        "Yours for the next %(notice)s at any time; renewed as long as there is room."
                    ),
                    notice=notice,
                )
            case ProductKind.FLEX:
                return self.say(
                    _(
                        "Yours for %(guarantee)s; after that it may be taken back with %(notice)s notice."
                    ),
                    guarantee=guarantee,
                    notice=notice,
                )
            case ProductKind.PREEMPTIBLE:
                return self.say(
                    _("May be taken back at any time, with %(notice)s notice."), notice=notice
                )
            case ProductKind.GRANT:
                return self.say(
                    _(
                        "For approved projects: yours for %(guarantee)s, then recalled with %(notice)s notice."
                    ),
                    guarantee=guarantee,
                    notice=notice,
                )

    def breaking(self, product: Product, credit: Decimal) -> str:
        """Return in plain words what a tenant gets when a promise is not kept."""
        if product.kind is ProductKind.PREEMPTIBLE:
            return self.say(
                _("There is no promise beyond the notice; you pay for the time you had.")
            )
        return self.say(
            _("All that you paid for the lease comes back, and %(credit)s on top, without asking."),
            credit=self._figures.percent(float(credit), 0),
        )
