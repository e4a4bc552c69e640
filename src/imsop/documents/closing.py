"""Closing lines of an order: what both kinds of order share."""

from collections.abc import Sequence
from typing import Annotated, Protocol
from uuid import UUID

from msgspec import Meta, Struct

from imsop.core.errors import FieldError, InvalidInput
from imsop.core.fields import Reason

MOST = 1000
"""Lines that one request can name: as many as an order has."""


class Closing(Struct, frozen=True, forbid_unknown_fields=True):
    """Lines of which nothing more will come or go; without `lines`, all that are open."""

    reason: Reason
    lines: Annotated[list[UUID], Meta(min_length=1, max_length=MOST)] | None = None


class Line(Protocol):
    @property
    def id(self) -> UUID: ...


def require_known(wanted: Sequence[UUID], lines: Sequence[Line], field: str | None = None) -> None:
    """Raises InvalidInput for lines of another order, and for a line named twice.

    The errors name `lines[n]`, or the field of it that holds the id.
    """
    known = {line.id for line in lines}
    at = [f"lines[{place}]" + (f".{field}" if field else "") for place in range(len(wanted))]
    errors = [
        FieldError(at[place], "is not a line of this order")
        for place, id_ in enumerate(wanted)
        if id_ not in known
    ] + [
        FieldError(at[place], "given more than once")
        for place, id_ in enumerate(wanted)
        if id_ in known and id_ in wanted[:place]
    ]
    if errors:
        raise InvalidInput("a line is not of this order, or named twice", errors=errors)
