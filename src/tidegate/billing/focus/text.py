"""Charges as CSV, and the metadata that goes with them."""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tidegate.billing.focus.columns import FocusVersion, columns
from tidegate.billing.focus.rows import Charge


def csv_of(charges: Iterable[Charge], version: FocusVersion = FocusVersion.V1_2) -> str:
    """Write charges as CSV in UTF-8 with a header; null is an empty cell.

    Numbers are plain decimals: no exponent, no grouping, no currency.
    """
    names = [column.name for column in columns(version)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for charge in charges:
        writer.writerow([_cell(charge[name]) for name in names])
    return out.getvalue()


def _cell(value: str | Decimal | None) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        # Zeros at the end say nothing, and -0 is 0.
        text = f"{value:f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return "0" if text in ("-0", "") else text
    return value


def metadata_of(version: FocusVersion, created_s: int, generator: str) -> dict[str, Any]:
    """Return the metadata that the specification asks for beside a dataset.

    Parameters
    ----------
    version : FocusVersion
        The version that the dataset was written in.
    created_s : int
        When.
    generator : str
        Who made it.
    """
    return {
        "DataGenerator": {"DataGenerator": generator},
        "Schema": {
            "SchemaId": f"tidegate-focus-{version}",
            "FocusVersion": str(version),
            "CreationDate": datetime.fromtimestamp(created_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "ColumnDefinition": [
                {
                    "ColumnName": column.name,
                    "DataType": str(column.kind),
                    **({"StringEncoding": "UTF-8"} if column.kind == "STRING" else {}),
                }
                for column in columns(version)
            ],
        },
    }
