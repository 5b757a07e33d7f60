"""Invoices and credit notes as PDF: what stands on them, read back from the page."""

from dataclasses import replace

import pypdfium2
import pytest
from tests.billing.making import TENANT
from tests.billing.test_focus import EXAMPLE, bills

from tidegate.billing import CreditNote, Invoice, Issuer
from tidegate.web.invoice import credit_note_pdf, invoice_pdf

ISSUER = Issuer(
    "Northern Compute AS", ("Trondheim",), "NO", "NO 987", ("Account NO93 8601 1117 947",)
)


@pytest.fixture(scope="module")
def documents() -> tuple[list[Invoice], dict[str, CreditNote]]:
    return bills(EXAMPLE)


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    pages = [page.get_textpage() for page in document]
    text = "\n".join(page.get_text_bounded() for page in pages)
    document.close()
    return " ".join(text.split())


def test_an_invoice_shows_what_it_adds_up_to(
    documents: tuple[list[Invoice], dict[str, CreditNote]],
):
    invoice = documents[0][1]
    text = text_of(invoice_pdf(invoice, ISSUER, "Europe/Oslo"))
    for shown in (
        "Invoice",
        "Northern Compute AS",
        "Tax id NO 987",
        "Acme AI",
        "2026-04",
        "H100-SXM, flex, night",
        "144.000",
        "1.60",
        "230.40",
        "Net 774.40",
        "VAT, 25 % of 774.40 193.60",
        "Total 968.00",
        "-368.00",
        "Amount due 600.00 USD",
        "Account NO93 8601 1117 947",
        "Page 1 of 1",
    ):
        assert shown in text


def test_corrections_stand_apart(documents: tuple[list[Invoice], dict[str, CreditNote]]):
    invoice = documents[0][2]
    text = text_of(invoice_pdf(invoice, ISSUER))
    assert text.index("Usage") < text.index("Corrections of earlier months")


def test_a_credit_note_names_its_proof(documents: tuple[list[Invoice], dict[str, CreditNote]]):
    text = text_of(credit_note_pdf(documents[1]["CRN-2026-000001"], ISSUER))
    for shown in ("Credit note", "Proved by event 42", "lea_9", "Credit 7.31 USD", "was not kept"):
        assert shown in text


def test_what_was_taken_back_is_listed(documents: tuple[list[Invoice], dict[str, CreditNote]]):
    note = next(note for note in documents[1].values() if note.corrected)
    text = text_of(credit_note_pdf(note, ISSUER))
    assert "Taken back" in text
    assert "Correction of what was billed" in text


def test_a_name_is_no_markup(documents: tuple[list[Invoice], dict[str, CreditNote]]):
    name = "#strong[A] $x$ \\ <b> *"
    invoice = replace(documents[0][0], tenant=replace(TENANT, name=name))
    assert name in text_of(invoice_pdf(invoice, ISSUER))


def test_a_script_without_a_font_does_not_stop_a_bill(
    documents: tuple[list[Invoice], dict[str, CreditNote]],
):
    invoice = replace(documents[0][0], tenant=replace(TENANT, name="𒀀𒁀 AS"))
    assert "Amount due" in text_of(invoice_pdf(invoice, ISSUER))


def test_the_same_invoice_is_the_same_file(
    documents: tuple[list[Invoice], dict[str, CreditNote]],
):
    invoice = documents[0][0]
    assert invoice_pdf(invoice, ISSUER) == invoice_pdf(invoice, ISSUER)


def test_a_tenant_that_owes_the_tax_itself_is_told(
    documents: tuple[list[Invoice], dict[str, CreditNote]],
):
    invoice = replace(documents[0][0], tenant=replace(TENANT, reverse_charge=True), taxes=())
    assert "Reverse charge" in text_of(invoice_pdf(invoice, ISSUER))
