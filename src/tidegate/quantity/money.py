"""Money: a decimal amount of one ISO 4217 currency, rounded by one rule."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Final

RELATIVE: Final = "XXX"
"""The ISO 4217 code for no currency: prices that are relative to one another."""

_CODES: Final[dict[int, str]] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD "
        "CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP "
        "GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD "
        "LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB "
        "PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC "
        "SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD XCG YER ZAR ZMW ZWG "
        "XXX"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
}
_MINOR_UNITS: Final = {code: digits for digits, codes in _CODES.items() for code in codes.split()}


RATE_STEP: Final = Decimal("0.000001")
"""The smallest step of a price per unit, such as a GPU-hour: finer than any currency's own."""


def rounded_rate(rate: Decimal) -> Decimal:
    """Return a price per unit to :data:`RATE_STEP`, halves to even, without trailing zeros."""
    stepped = rate.quantize(RATE_STEP, rounding=ROUND_HALF_EVEN)
    return Decimal(f"{stepped.normalize():f}")


def minor_units(currency: str) -> int:
    """Return the digits after the point of a currency's smallest unit.

    Raises
    ------
    ValueError
        If ``currency`` is not an ISO 4217 code (three capital letters) in use.
    """
    try:
        return _MINOR_UNITS[currency]
    except KeyError:
        raise ValueError(f"{currency!r} is not an ISO 4217 currency code, such as USD") from None


@dataclass(frozen=True)
class Money:
    """An amount of money.

    Amounts are kept exactly; :meth:`rounded` is the only place where digits of money are dropped.

    Attributes
    ----------
    amount : Decimal
        The amount, in units of the currency.
    currency : str
        ISO 4217 code, or ``XXX`` for relative prices.

    Raises
    ------
    TypeError
        If the amount is not a Decimal: a float has lost digits before it comes here.
    ValueError
        If the amount is not finite or the currency is unknown.
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise TypeError(f"money is made from a Decimal, not {type(self.amount).__name__}")
        if not self.amount.is_finite():
            raise ValueError(f"money is finite, not {self.amount}")
        minor_units(self.currency)

    def __add__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(self.amount - other.amount, self.currency)

    def __mul__(self, factor: Decimal | int) -> "Money":
        if not isinstance(factor, Decimal | int):
            raise TypeError(f"money is multiplied by a Decimal or int, not {type(factor).__name__}")
        return Money(self.amount * factor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def rounded(self, per: int = 1) -> "Money":
        """Return the amount to the currency's smallest unit, halves to the even digit.

        That is *roundTiesToEven* of IEEE 754; it keeps many roundings from drifting.

        Parameters
        ----------
        per : int
            What the amount is divided by first: 3,600 for a price per hour times seconds. The
            quotient is rounded once, from its exact value.

        Raises
        ------
        ValueError
            If ``per`` is not positive.
        """
        if per <= 0:
            raise ValueError(f"an amount is divided by a positive number, not {per}")
        digits = minor_units(self.currency)
        step = Decimal(1).scaleb(-digits)
        if per == 1:
            return Money(self.amount.quantize(step, rounding=ROUND_HALF_EVEN), self.currency)
        # A fraction is exact and rounds halves to even; a Decimal quotient would be cut first.
        units = round(Fraction(self.amount) * 10**digits / per)
        return Money(Decimal(units).scaleb(-digits).quantize(step), self.currency)

    def __str__(self) -> str:
        return f"{self.rounded().amount:f} {self.currency}"

    def _same_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ValueError(f"cannot combine {self.currency} with {other.currency}")
