"""Optimistic concurrency of edits: row versions and partial changes."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET

from imsop.core.errors import FieldError, InvalidInput, NotFound, PreconditionFailed
from imsop.core.said import Said

Row = TypeVar("Row", bound=msgspec.Struct)


def etag(updated_at: datetime) -> str:
    """The version of a row as an entity tag.

    The trigger touch_updated_at raises `updated_at` with each change.
    """
    return f'"{updated_at.isoformat()}"'


def require_version(current: Row | None, if_match: str, what: str) -> Row:
    """Returns the row if it exists and has the version `if_match`; `*` matches any version.

    Raises NotFound or PreconditionFailed. The UPDATE that follows must compare `updated_at` again, to detect
    a concurrent change between the two.
    """
    if current is None:
        raise NotFound(Said("no %(what)s with this id", what=Said(what)))
    if if_match not in ("*", etag(current.updated_at)):  # type: ignore[attr-defined]
        raise changed_meanwhile(what)
    return current


def changed_meanwhile(what: str) -> PreconditionFailed:
    return PreconditionFailed(
        Said(
            "this %(what)s has changed since you read it; read it again and repeat the edit", what=Said(what)
        )
    )


def changed_fields(changes: msgspec.Struct) -> dict[str, Any]:
    """The fields that a PATCH contains, with their new values."""
    return {
        field: value for field in changes.__struct_fields__ if (value := getattr(changes, field)) is not UNSET
    }


def require_days_from(first: date, days: Mapping[str, date | None], first_field: str) -> None:
    """Raises InvalidInput naming the field of each date that is before `first`."""
    early = [field for field, day in days.items() if day is not None and day < first]
    if early:
        errors = [
            FieldError(field, Said("is before the %(field)s, %(day)s", field=first_field, day=first))
            for field in early
        ]
        raise InvalidInput("a date is before the one it must follow", errors=errors)
