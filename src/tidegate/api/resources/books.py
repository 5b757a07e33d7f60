"""``/v1/books``: the books held against themselves."""

from fastapi import APIRouter
from pydantic import Field

from tidegate.api.guard import Asking
from tidegate.api.services import Given
from tidegate.api.shapes import Shape
from tidegate.control.bookcheck import check_books

router = APIRouter(prefix="/books", tags=["books"])


class BooksOut(Shape):
    """What a check of the books came to."""

    invoices: int
    credit_notes: int
    leases: int
    gpu_seconds: int
    wrong: list[str] = Field(description="What must not be; empty when the books are right.")
    pending: list[str] = Field(
        description="What late facts have changed, and the next pass or bill will set right."
    )


@router.get("", summary="Check the books")
def check(services: Given, actor: Asking) -> BooksOut:
    """Hold documents against their lines, lines against the ledger, the ledger against what was held."""
    told = check_books(services.till, actor)
    return BooksOut(
        invoices=told.invoices,
        credit_notes=told.credit_notes,
        leases=told.leases,
        gpu_seconds=told.gpu_seconds,
        wrong=told.wrong,
        pending=told.pending,
    )
