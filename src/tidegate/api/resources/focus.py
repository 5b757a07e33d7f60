"""``/v1/focus``: bills in the FinOps Open Cost and Usage Specification."""

from importlib.metadata import version as version_of
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from tidegate.api.guard import Asking
from tidegate.api.resources.papers import csv_answer
from tidegate.api.services import Given
from tidegate.billing.focus import FocusVersion, csv_of, metadata_of
from tidegate.control.exports import focus_charges

router = APIRouter(prefix="/focus", tags=["FOCUS"])


class VersionQuery(BaseModel):
    """Which version of the specification."""

    model_config = ConfigDict(extra="forbid")

    version: FocusVersion = FocusVersion.V1_2


class FocusQuery(VersionQuery):
    """Which month, and in which version."""

    month: str = Field(pattern=r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])$", examples=["2026-03"])


@router.get(
    "",
    summary="Export a month's bills",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
)
def export(services: Given, actor: Asking, query: Annotated[FocusQuery, Query()]) -> Response:
    """Export the charges of all invoices of a month as CSV."""
    charges = focus_charges(services.till, actor, query.month, query.version)
    return csv_answer(csv_of(charges, query.version), f"focus-{query.version}-{query.month}")


@router.get("/metadata", summary="Read the metadata of an export")
def metadata(
    services: Given, actor: Asking, query: Annotated[VersionQuery, Query()]
) -> dict[str, Any]:
    """Read what the specification wants to be told beside an export: version, columns, types."""
    del actor  # whoever may ask at all
    generator = f"{services.till.rules.issuer.name}, by Tidegate {version_of('tidegate')}"
    return metadata_of(query.version, services.till.now_s(), generator)
