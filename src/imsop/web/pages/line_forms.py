"""Forms with inputs per line of an order, named `<what>-<line's id>`."""

import re
import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import Response

from imsop.core.errors import DomainError, FieldError, InvalidInput
from imsop.documents.quantities import base_units
from imsop.identity.request import TenantRequest
from imsop.ui.render import render

_OF_LINE = re.compile(r"(?:lines|items)\[([0-9]+)\](?:\.(\w+))?")


class LineOnForm(Protocol):
    """A line of an order where somebody enters what happened to it."""

    @property
    def id(self) -> UUID: ...
    @property
    def units_per_pack(self) -> int | None: ...


def typed(fields: Mapping[str, str], what: str, line: LineOnForm) -> str:
    """The text of a line's input, without surrounding space."""
    return fields.get(f"{what}-{line.id}", "").strip()


def quantity(fields: Mapping[str, str], what: str, line: LineOnForm, whole: int) -> int:
    """Base units of a line's input; 0 if it is empty, `whole` for `=`. Raises InvalidInput naming the
    input.
    """
    text = typed(fields, what, line)
    if not text:
        return 0
    return whole if text == "=" else base_units(f"{what}-{line.id}", text, line.units_per_pack)


def instant(fields: Mapping[str, str], name: str, timezone: str) -> datetime | None:
    """An input of type datetime-local, in that time zone; None if it is empty. Raises InvalidInput."""
    text = fields.get(name, "").strip()
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone))
    except ValueError:
        raise InvalidInput.of(name, "must be a day and a time, such as 2026-11-30T14:05") from None


def at_inputs(
    refusal: DomainError, lines: Sequence[LineOnForm], inputs: Mapping[str, str]
) -> list[FieldError]:
    """The refusal's errors with the names of the form's inputs: `inputs` by the API's field of a line."""
    errors = []
    for error in refusal.errors:
        found = _OF_LINE.fullmatch(error.field)
        name = error.field
        if found is not None and int(found[1]) < len(lines):
            what = inputs.get(found[2] or "", next(iter(inputs.values())))
            name = f"{what}-{lines[int(found[1])].id}"
        errors.append(FieldError(name, error.message))
    return errors


class Refused(NamedTuple):
    """Why a form was refused, its errors with the names of its inputs, and what was typed."""

    why: DomainError
    errors: list[FieldError]
    fields: Mapping[str, str]


async def show_form(
    request: TenantRequest,
    template: str,
    refused: Refused | None,
    values: Mapping[str, str] | None = None,
    **context: Any,
) -> Response[bytes]:
    """A form about an order: with these `values` at first, with what was typed and its errors after that."""
    filled = defaultdict(str, {**(values or {}), **(refused.fields if refused else {})})
    return render(
        request,
        template,
        status=refused.why.status if refused else 200,
        refusal=refused.why if refused else None,
        errors=refused.errors if refused else (),
        values=filled,
        form_key=filled.get("form_key") or secrets.token_urlsafe(16),
        **context,
    )
