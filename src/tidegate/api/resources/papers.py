"""Invoices and credit notes as documents: their lines, and how they are listed, read and printed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel, Field

from tidegate.api.etags import tagged
from tidegate.api.paging import ListQuery, Page, Pager
from tidegate.api.services import Services
from tidegate.api.shapes import Shape, Time
from tidegate.billing import CreditNote, Invoice, Issuer, RatedLine, TaxLine, month_name
from tidegate.control.access import Actor
from tidegate.control.money_store import MoneyDoor

Kept = TypeVar("Kept")
Paper = TypeVar("Paper", Invoice, CreditNote)
M = TypeVar("M", bound=BaseModel)


class LineOut(Shape):
    """A rated line."""

    kind: str = Field(description="`usage`, or `correction` of a month that had been invoiced.")
    lease_id: str
    pool: str
    site: str
    chip: str
    product: str
    month: str = Field(description="In which it was used.", examples=["2026-03"])
    month_start: Time
    start: Time
    end: Time
    price_id: str
    band: str = Field(description="Time-of-day band; empty outside of all.")
    list_rate: str = Field(description="Price of a GPU-hour before discounts.")
    rate: str = Field(description="Price of a GPU-hour that is billed.")
    gpu_seconds: int
    amount: str


class TaxOut(Shape):
    """A tax."""

    tax_id: str
    name: str
    rate: str = Field(description="Share of `net`.")
    net: str
    amount: str


def pdf_answer(content: bytes, name: str) -> Response:
    """Answer with a PDF, to be saved under a name."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)


def csv_answer(content: str, name: str) -> Response:
    """Answer with a CSV file, to be saved under a name."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(content, media_type="text/csv", headers=headers)


def line_out(line: RatedLine, zone: str) -> LineOut:
    """Return a rated line as it is sent."""
    return LineOut(
        kind=str(line.kind),
        lease_id=line.lease_id,
        pool=line.pool,
        site=line.site,
        chip=line.chip,
        product=line.product,
        month=month_name(line.period, zone),
        month_start=line.period.start_s,
        start=line.start_s,
        end=line.end_s,
        price_id=line.price_id,
        band=line.rate.band,
        list_rate=f"{line.rate.list_rate:f}",
        rate=f"{line.rate.rate:f}",
        gpu_seconds=line.gpu_seconds,
        amount=f"{line.amount.amount:f}",
    )


def tax_out(tax: TaxLine) -> TaxOut:
    """Return a tax as it is sent."""
    return TaxOut(
        tax_id=tax.tax_id,
        name=tax.name,
        rate=f"{tax.rate:f}",
        net=f"{tax.net.amount:f}",
        amount=f"{tax.amount.amount:f}",
    )


@dataclass(frozen=True)
class Documents(Generic[Kept, Paper]):
    """Documents of one kind.

    Attributes
    ----------
    listed : callable
        From the door, who asks, the id behind which the list goes on, and how many, to those that are kept.
    read : callable
        From the door, who asks and an id to the one that is kept.
    paper : callable
        From what is kept to what was sent.
    pdf : callable
        From paper, issuer and zone to a PDF.
    """

    listed: Callable[[MoneyDoor, Actor, str | None, int], Sequence[Kept]]
    read: Callable[[MoneyDoor, Actor, str], Kept]
    paper: Callable[[Kept], Paper]
    pdf: Callable[[Paper, Issuer, str], bytes]

    def page(
        self,
        services: Services,
        actor: Actor,
        query: ListQuery,
        paging: Pager,
        shape: Callable[[Kept, str], M],
    ) -> Page[M]:
        """Return a page of them, each in a shape that is made for the billing zone; the youngest first."""
        till = services.till
        return paging.page(
            query,
            lambda before, limit: self.listed(till.door, actor, before, limit),
            lambda kept: shape(kept, till.rules.zone),
        )

    def one(
        self,
        request: Request,
        services: Services,
        actor: Actor,
        document_id: str,
        shape: Callable[[Kept, str], BaseModel],
    ) -> Response:
        """Answer with one of them."""
        kept = self.read(services.till.door, actor, document_id)
        return tagged(request, shape(kept, services.till.rules.zone))

    def printed(self, services: Services, actor: Actor, document_id: str) -> Response:
        """Answer with one of them as PDF."""
        rules = services.till.rules
        paper = self.paper(self.read(services.till.door, actor, document_id))
        return pdf_answer(self.pdf(paper, rules.issuer, rules.zone), paper.number)
