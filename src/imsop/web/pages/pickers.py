"""Form fields that reference a row by name, typed or selected from suggestions.

The form sends the name and the server looks up the row, so a field works the same without JavaScript and
cannot show one row while it sends another. A name that matches no row or several is refused at its field.
"""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from typing import Annotated, NamedTuple
from uuid import UUID

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter
from msgspec import Meta

from imsop.core.database import Connection
from imsop.core.errors import FieldError
from imsop.core.fields import NO_NUL
from imsop.core.said import Said
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.ui.language import get_language
from imsop.ui.render import render
from imsop.ui.words import WORDS
from imsop.web.pages.forms import require_write

FOUND = 8
"""Rows suggested while typing."""
MOST_WITH_CODES = 500
Typed = Annotated[str, Meta(max_length=200, pattern=NO_NUL)]

Named = tuple[UUID, str]


class Picker(NamedTuple):
    """How a field looks up its row. Each name that `find` returns identifies a single row."""

    find: Callable[[Connection, UUID, str, int], Awaitable[Sequence[Named]]]
    """Query for at most `limit` rows of an organization whose name contains the text, exact matches first."""
    names: Callable[[Connection, UUID, Collection[UUID]], Awaitable[Mapping[UUID, str]]]
    """Query for the names of rows, including those that can no longer be selected."""
    has_codes: bool = False
    """Whether names may be codes of `imsop.ui.words`, shown and typed as their words; of few rows only."""


Pickers = Mapping[str, Picker]
"""By field name."""


async def show_names(
    connection: Connection, actor: Actor, pickers: Pickers, values: Mapping[str, str]
) -> dict[str, str]:
    """The values as the form shows them: names instead of ids; typed text is unchanged."""
    shown = dict(values)
    for field, picker in pickers.items():
        if row_id := as_id(values.get(field, "")):
            names = await picker.names(connection, actor.organization_id, [row_id])
            name = names.get(row_id, "")
            shown[field] = _word(name, actor) if picker.has_codes else name
    return shown


async def _find(connection: Connection, actor: Actor, picker: Picker, typed: str) -> Sequence[Named]:
    """Rows whose name contains the text, exact matches first, by their names as shown."""
    if not picker.has_codes:
        return await picker.find(connection, actor.organization_id, typed, FOUND)
    rows = await picker.find(connection, actor.organization_id, "", MOST_WITH_CODES)
    said = [(row_id, _word(name, actor)) for row_id, name in rows]
    fitting = [row for row in said if typed.casefold() in row[1].casefold()]
    return sorted(fitting, key=lambda row: row[1].casefold() != typed.casefold())[:FOUND]


def _word(name: str, actor: Actor) -> str:
    if name not in WORDS:
        return name
    return get_language(actor.locale, actor.timezone).gettext(WORDS[name].label)


async def find_rows(
    connection: Connection, actor: Actor, pickers: Pickers, form: Mapping[str, str], stored: Mapping[str, str]
) -> tuple[dict[str, str], list[FieldError]]:
    """The form with ids instead of names, and errors for fields whose name matches no row or several.

    The name that the form showed means the row it was made from (`stored`), even if that row can no longer be
    selected.
    """
    found, faults = dict(form), []
    shown = await show_names(connection, actor, pickers, {name: stored.get(name, "") for name in pickers})
    for field, picker in pickers.items():
        typed = form.get(field, "").strip()
        if not typed or typed == shown[field]:
            found[field] = stored.get(field, "") if typed else ""
            continue
        row = await find_row(connection, actor, picker, typed)
        if isinstance(row, str):
            faults.append(FieldError(field, row))
        else:
            found[field] = str(row[0])
    return found, faults


async def find_row(connection: Connection, actor: Actor, picker: Picker, typed: str) -> Named | str:
    """The row that is called so, or the only one whose name contains that; else the error of its field."""
    rows = await _find(connection, actor, picker, typed)
    fitting = [row for row in rows if row[1].casefold() == typed.casefold()] or rows
    return fitting[0] if len(fitting) == 1 else _advice([name for _, name in rows])


def _advice(names: Sequence[str]) -> str:
    if not names:
        return Said("nothing is called that; type part of the name and choose")
    return Said("several fit; choose one of: %(names)s", names="; ".join(names))


def as_id(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None


def picker_routes(
    path: str, read: Permission, write: Permission, pickers: Pickers
) -> Iterator[HTTPRouteHandler]:
    """For each field, a route that suggests rows while the name is typed."""
    for field, picker in pickers.items():
        yield found_route(f"{path}/choices/{field}", read, field, picker, write)


def found_route(
    path: str, read: Permission, field: str, picker: Picker, write: Permission | None = None
) -> HTTPRouteHandler:
    """A route that suggests rows while a field is typed; for those who may write, if `write` is given."""

    @get(path, opt=allow(read), include_in_schema=False)
    async def found(
        request: TenantRequest, typed: Annotated[Typed, QueryParameter(name=field)] = ""
    ) -> Response[bytes]:
        connection, actor = await request.begin()
        if write is not None:
            require_write(actor, write)
        rows = await _find(connection, actor, picker, typed.strip())
        return render(request, "pages/picked.html", field=field, names=[name for _, name in rows])

    return found
