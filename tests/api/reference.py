"""The generated tables of ``docs/reference/api.md``; ``python -m tests.api.reference`` writes them anew."""

import re
from pathlib import Path
from typing import Any, Final

from tidegate.api import create_app
from tidegate.control.access import RIGHTS, Act, Role

PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "api.md"


def tables() -> dict[str, str]:
    """The tables by the name that stands in their marks."""
    return {"routes": routes_table(), "rights": rights_table()}


def routes_table() -> str:
    """Every route with what it does."""
    nothing: Any = None
    rows = ["| route | what it does |", "| --- | --- |"]
    for path, methods in create_app(nothing).openapi()["paths"].items():
        for method, told in methods.items():
            text = " ".join(told["description"].split())
            rows.append(f"| `{method.upper()} {path}` | {text} |")
    return "\n".join(rows)


def rights_table() -> str:
    """Every scope with the roles that have it."""
    roles = list(Role)
    rows = [
        f"| scope | {' | '.join(roles)} |",
        f"| --- |{' :-: |' * len(roles)}",
    ]
    for act in Act:
        marks = ("x" if act in RIGHTS[role] else " " for role in roles)
        rows.append(f"| `{act}` | {' | '.join(marks)} |")
    return "\n".join(rows)


def filled(page: str) -> str:
    """The page with its tables as they should be."""
    for name, table in tables().items():
        mark = rf"(<!-- {name} -->\n).*?(\n<!-- end -->)"
        page = re.sub(mark, lambda m, table=table: f"{m[1]}{table}{m[2]}", page, flags=re.S)  # type: ignore[misc]
    return page


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text("utf-8")), "utf-8")
