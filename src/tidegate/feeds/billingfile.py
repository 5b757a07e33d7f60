"""Billing files: who bills, in which zone and currency, with which taxes, and what a break gives back (TOML)."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from tidegate.billing import BreakPolicy, Issuer, TaxRule
from tidegate.control.money_store import MoneyRules
from tidegate.errors import BillingFileError
from tidegate.feeds.fleetfile.document import read_tables
from tidegate.feeds.fleetfile.problems import FileKind, Problems
from tidegate.feeds.fleetfile.tables import Amount, Currency, Duration, Name, Table, Text, Zone
from tidegate.quantity import parse_instant
from tidegate.quantity.timetext import DURATION_EXAMPLE

BILLING: Final = FileKind("TG-BILL", BillingFileError)


def _day(value: object) -> str:
    if isinstance(value, datetime) or not isinstance(value, date):
        raise ValueError("it is not a date without quotation marks")
    return value.isoformat()


Day = Annotated[str, BeforeValidator(_day)]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]

_COUNTRY: Final = "an ISO 3166-1 alpha-2 code, such as NO"
_DAY: Final = "a date without quotation marks, such as 2026-01-01"
_SHARE: Final = "a share, such as '0.25'"


class IssuerTable(Table):
    """``[issuer]``."""

    name: Text = Field(description="the legal name that stands on invoices")
    address: list[Text] = Field(default_factory=list, description="a list of lines")
    country: Country = Field("", description=_COUNTRY)
    tax_id: str = Field("", description="the number with the tax office")
    payment: list[Text] = Field(default_factory=list, description="a list of lines: how to pay")
    terms_days: int = Field(30, ge=0, le=366, description="days until an invoice is due, 0 to 366")


class TaxTable(Table):
    """``[[tax]]``."""

    id: Name = Field(description="a name of letters, digits, dots, blanks, - and _")
    name: Text = Field(description="what the tax is called on invoices")
    rate: Amount = Field(le=1, description=f"{_SHARE}, 1 at most")
    country: Country | None = Field(None, description=_COUNTRY)
    from_: Day | None = Field(None, alias="from", description=_DAY)
    until: Day | None = Field(None, description=_DAY)


class BreakTable(Table):
    """``[break]``."""

    refund_share: Amount = Field(
        BreakPolicy().refund_share, le=1, description=f"{_SHARE}, 1 at most"
    )
    credit_share: Amount = Field(
        BreakPolicy().credit_share, le=10, description=f"{_SHARE}, 10 at most"
    )


class MeteringTable(Table):
    """``[metering]``."""

    every: Duration = Field(
        MoneyRules().meter_every_s, ge=60, le=86_400, description=f"{DURATION_EXAMPLE}; 60s to 1d"
    )
    late: Duration = Field(
        MoneyRules().late_s, ge=3600, le=31 * 86_400, description=f"{DURATION_EXAMPLE}; 1h to 31d"
    )


class InvoicingTable(Table):
    """``[invoicing]``."""

    after: Duration = Field(
        MoneyRules().invoice_after_s, le=28 * 86_400, description=f"{DURATION_EXAMPLE}; 28d at most"
    )


class BillingTable(Table):
    """The whole file."""

    currency: Currency = Field("USD", description="an ISO 4217 code, such as USD")
    timezone: Zone = Field("UTC", description="an IANA time zone, such as Europe/Oslo")
    issuer: IssuerTable = Field(description="a table, as in [issuer]")
    tax: list[TaxTable] = Field(default_factory=list, description="[[tax]] tables")
    break_: BreakTable = Field(
        default_factory=BreakTable, alias="break", description="a table, as in [break]"
    )
    metering: MeteringTable = Field(
        default_factory=MeteringTable, description="a table, as in [metering]"
    )
    invoicing: InvoicingTable = Field(
        default_factory=InvoicingTable, description="a table, as in [invoicing]"
    )


def read_billing(path: str | Path) -> MoneyRules:
    """Read a billing file.

    Parameters
    ----------
    path : str or Path
        A TOML file, as described in ``docs/reference/billing-file.md``.

    Raises
    ------
    BillingFileError
        If the file cannot be used; all errors are reported together.
    """
    table, problems = read_tables(path, BillingTable, BILLING)
    taxes = tuple(_taxes(table, problems))
    problems.raise_if_any()
    issuer = table.issuer
    return MoneyRules(
        issuer=Issuer(
            name=issuer.name,
            address=tuple(issuer.address),
            country=issuer.country,
            tax_id=issuer.tax_id,
            payment=tuple(issuer.payment),
            terms_days=issuer.terms_days,
        ),
        currency=table.currency,
        zone=table.timezone,
        taxes=taxes,
        breaks=BreakPolicy(table.break_.refund_share, table.break_.credit_share),
        meter_every_s=table.metering.every,
        late_s=table.metering.late,
        invoice_after_s=table.invoicing.after,
    )


def _taxes(table: BillingTable, problems: Problems) -> list[TaxRule]:
    found: list[TaxRule] = []
    for place, tax in enumerate(table.tax):
        path = ("tax", place)
        if any(tax.id == earlier.id for earlier in found):
            problems.add(
                "TG-BILL-VALUE",
                (*path, "id"),
                f"the id {tax.id!r} is used twice.",
                "another id for each tax.",
            )
            continue
        from_s, until_s = (
            None if day is None else parse_instant(day, table.timezone).seconds
            for day in (tax.from_, tax.until)
        )
        if from_s is not None and until_s is not None and until_s <= from_s:
            problems.add(
                "TG-BILL-VALUE",
                (*path, "until"),
                f"until = {tax.until} does not lie after from.",
                "a later date.",
            )
            continue
        found.append(TaxRule(tax.id, tax.name, tax.rate, tax.country, from_s, until_s))
    return found
