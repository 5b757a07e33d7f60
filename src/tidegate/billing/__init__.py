"""Billing: from the meter's ledger to rated lines, invoices and credit notes."""

from tidegate.billing.account import BillTo, Issuer, TaxRule
from tidegate.billing.budgets import Budget, BudgetAlert, alerts
from tidegate.billing.credits import Balance, BreakPolicy, apply_credits, break_credit
from tidegate.billing.documents import (
    Applied,
    CreditLine,
    CreditNote,
    CreditReason,
    Invoice,
    Source,
    TaxLine,
    tax_lines,
)
from tidegate.billing.grants import Grant, GrantReport, grant_has_room, grant_report
from tidegate.billing.month import Bill, bill_month
from tidegate.billing.numbers import NumberRange
from tidegate.billing.periods import Period, month_before, month_name, month_of
from tidegate.billing.rating import BilledLease, LineKey, LineKind, RatedLine, due, rate

__all__ = [
    "Applied",
    "Balance",
    "Bill",
    "BillTo",
    "BilledLease",
    "BreakPolicy",
    "Budget",
    "BudgetAlert",
    "CreditLine",
    "CreditNote",
    "CreditReason",
    "Grant",
    "GrantReport",
    "Invoice",
    "Issuer",
    "LineKey",
    "LineKind",
    "NumberRange",
    "Period",
    "RatedLine",
    "Source",
    "TaxLine",
    "TaxRule",
    "alerts",
    "apply_credits",
    "bill_month",
    "break_credit",
    "due",
    "grant_has_room",
    "grant_report",
    "month_before",
    "month_name",
    "month_of",
    "rate",
    "tax_lines",
]
