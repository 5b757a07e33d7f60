"""The ledger for other programs: beancount and CSV.

Beancount's syntax: https://beancount.github.io/docs/beancount_language_syntax.html
"""

import csv
import io
from datetime import date

from tidegate.finance.ledger.book import Ledger
from tidegate.quantity import minor_units

CSV_COLUMNS = ("number", "day", "key", "text", "account", "amount", "currency", "source")


def to_csv(ledger: Ledger) -> str:
    """Return every posting as a row of CSV with a header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for it in ledger.entries:
        for posting in it.postings:
            amount = f"{posting.amount.amount:f}"
            writer.writerow(
                (
                    it.number,
                    it.day,
                    it.key,
                    it.text,
                    posting.account,
                    amount,
                    posting.amount.currency,
                    posting.source,
                )
            )
    return text.getvalue()


def to_beancount(ledger: Ledger, title: str) -> str:
    """Return the ledger as a beancount file, closing with its balances, which beancount checks."""
    lines = [f'option "title" "{_quoted(title)}"', ""]
    currencies = sorted({c for it in ledger.entries for c in it.currencies})
    lines += [f'option "operating_currency" "{currency}"' for currency in currencies]
    first = min((it.day for it in ledger.entries), default=date(1970, 1, 1))
    lines += ["", *(f"{first} open {account}" for account in ledger.accounts())]
    for it in ledger.entries:
        lines += ["", f'{it.day} * "{_quoted(it.text)}"', f'  key: "{_quoted(it.key)}"']
        lines.append(f"  number: {it.number}")
        for posting in it.postings:
            amount = f"{posting.amount.amount:f}"
            lines.append(f"  {posting.account}  {amount} {posting.amount.currency}")
            lines.append(f'    source: "{_quoted(posting.source)}"')
    if ledger.entries:
        after = max(it.day for it in ledger.entries)
        after = date.fromordinal(after.toordinal() + 1)
        lines.append("")
        for (account, currency), balance in ledger.trial_balance().items():
            places = minor_units(currency)
            lines.append(f"{after} balance {account}  {balance:.{places}f} {currency}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
