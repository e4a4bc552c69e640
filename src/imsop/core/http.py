"""Parameters and responses that the `api.py` of every room shares."""

from typing import Annotated, TypeAlias, TypeVar

import msgspec
from litestar import Response
from litestar.datastructures import ResponseHeader
from litestar.params import HeaderParameter

from imsop.core import edits

Row = TypeVar("Row", bound=msgspec.Struct)

IfMatch: TypeAlias = Annotated[
    str,
    HeaderParameter(
        name="If-Match",
        min_length=1,
        max_length=200,
        description="The ETag of the version you are editing.",
    ),
]

VERSIONED = [
    ResponseHeader(name="ETag", documentation_only=True, description="Version of the row, for If-Match.")
]
CREATED = [
    *VERSIONED,
    ResponseHeader(name="Location", documentation_only=True, description="Where the new row is."),
]


def versioned(row: Row) -> Response[Row]:
    """A 200 response of the row, with its version as ETag."""
    return Response(row, headers={"ETag": edits.etag(row.updated_at)})  # type: ignore[attr-defined]


def created(row: Row, location: str) -> Response[Row]:
    """A 201 response of a new row, with its Location, and its ETag if it has a version."""
    headers: dict[str, str] = {"Location": f"{location}/{row.id}"}  # type: ignore[attr-defined]
    if hasattr(row, "updated_at"):
        headers["ETag"] = edits.etag(row.updated_at)
    return Response(row, headers=headers, status_code=201)
