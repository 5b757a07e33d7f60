"""Invoices and credit notes as PDF."""

from tidegate.web.invoice.pdf import credit_note_pdf, invoice_pdf

__all__ = ["credit_note_pdf", "invoice_pdf"]
