"""Bills in the FinOps Open Cost and Usage Specification (FOCUS), versions 1.2 and 1.4.

``columns`` names the columns, ``rows`` makes the charges of an invoice, ``text`` writes them.
"""

from tidegate.billing.focus.columns import FocusVersion, columns
from tidegate.billing.focus.rows import Charge, charges
from tidegate.billing.focus.text import csv_of, metadata_of

__all__ = ["Charge", "FocusVersion", "charges", "columns", "csv_of", "metadata_of"]
