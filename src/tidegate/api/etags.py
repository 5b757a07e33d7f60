"""ETags: a hash of what is sent; a change names the one that it is meant for."""

import hashlib
from typing import Annotated

from fastapi import Header, Request, Response
from pydantic import BaseModel

from tidegate.errors import Place, RequestError

IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", max_length=200, description="The `ETag` of what is changed, or `*`."),
]


def etag_of(model: BaseModel) -> str:
    """ETag of what is sent."""
    digest = hashlib.sha256(model.model_dump_json().encode()).hexdigest()
    return f'"{digest[:32]}"'


def tagged(request: Request, model: BaseModel) -> Response:
    """Return an answer with its ETag; 304 and nothing more when the asker has it already."""
    tag = etag_of(model)
    known = request.headers.get("if-none-match", "")
    if tag in [each.strip().removeprefix("W/") for each in known.split(",")]:
        return Response(status_code=304, headers={"ETag": tag})
    return Response(model.model_dump_json(), media_type="application/json", headers={"ETag": tag})


def require_match(sent: str | None, model: BaseModel) -> None:
    """Let a change go on only when it is meant for what is there.

    Raises
    ------
    RequestError
        ``TG-API-ETAG-MISSING`` or ``TG-API-ETAG``.
    """
    place = Place(field="If-Match")
    if sent is None:
        raise RequestError(
            "TG-API-ETAG-MISSING",
            "is missing.",
            place=place,
            expected="the ETag of what is changed, as it was read.",
        )
    if sent.strip() != "*" and etag_of(model) not in [each.strip() for each in sent.split(",")]:
        raise RequestError("TG-API-ETAG", "is not the ETag of what is there now.", place=place)
