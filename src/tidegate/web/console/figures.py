"""Numbers, money and times as a reader of the console sees them, in the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from babel.numbers import format_currency, format_decimal, format_percent
from markupsafe import Markup

from tidegate.quantity.money import RELATIVE
from tidegate.web.language import catalogue, locale
from tidegate.web.wording import ABSENT

_GAP: Final = "\u00a0"
_TIME: Final[Mapping[str, str]] = {
    "moment": "%Y-%m-%d %H:%M UTC",
    "clock": "%H:%M UTC",
    "date": "%Y-%m-%d UTC",
}


@dataclass(frozen=True)
class Figures:
    """How figures are written in one language.

    Attributes
    ----------
    code : str
        One of :data:`tidegate.web.language.CODES`.
    """

    code: str

    def number(self, value: float | Decimal | None, digits: int = 0) -> str:
        """Return a number with separators: ``12,345``."""
        if value is None:
            return ABSENT
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        if not round(value, digits):
            value = 0  # no minus before a zero
        return format_decimal(value, format=pattern, locale=locale(self.code))

    def percent(self, share: float | None, digits: int = 1) -> str:
        """Return a share as per cent."""
        if share is None:
            return ABSENT
        pattern = "#,##0" + ("." + "0" * digits if digits else "") + f"{_GAP}%"
        return format_percent(share, format=pattern, locale=locale(self.code))

    def money(self, amount: Decimal | None, currency: str) -> str:
        """Return an amount with its currency code, to the currency's smallest unit."""
        if amount is None:
            return ABSENT
        if currency == RELATIVE:
            return self.number(amount, 2)
        return format_currency(
            amount, currency, format=f"¤¤{_GAP}#,##0.00", locale=locale(self.code)
        )

    def price(self, amount: Decimal | None, currency: str) -> str:
        """Return a price of one GPU-hour, with at least the digits that it has, up to four."""
        if amount is None:
            return ABSENT
        digits = min(4, max(2, -int(amount.normalize().as_tuple().exponent)))
        return f"{currency}{_GAP}{self.number(amount, digits)}"

    def duration(self, seconds: float | None) -> str:
        """Return a time span in its largest unit: ``45 s``, ``12.5 min``, ``3.2 h`` or ``2.1 d``."""
        if seconds is None:
            return ABSENT
        text = catalogue(self.code).gettext
        units = ((86400, text("d")), (3600, text("h")), (60, text("min")), (1, text("s")))
        size, unit = next(((s, u) for s, u in units if abs(seconds) >= s), units[-1])
        value = seconds / size
        digits = 0 if size == 1 or abs(value - round(value)) < 0.05 else 1  # noqa: PLR2004 - half the last digit
        return f"{self.number(value, digits)}{_GAP}{unit}"

    def time(self, epoch_s: float | None, shape: str = "moment") -> str | Markup:
        """Return a point in time: in UTC here; the page writes it in the reader's zone.

        Parameters
        ----------
        epoch_s : float or None
            Seconds since the Unix epoch.
        shape : str
            ``moment`` (date and time), ``clock`` (time of day), ``date``, or ``left``: how long until then,
            counted down.
        """
        if epoch_s is None:
            return ABSENT
        at = datetime.fromtimestamp(epoch_s, UTC)
        return Markup('<time datetime="{}" data-shape="{}">{}</time>').format(
            f"{at:%Y-%m-%dT%H:%M:%SZ}", shape, f"{at:{_TIME.get(shape, _TIME['moment'])}}"
        )
