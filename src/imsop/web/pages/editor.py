"""Edit pages of master data: one form controller for every noun.

A form carries an idempotency key (so a double click or a retry writes once), the row version it was rendered
from, and the values it showed. If the application or the database rejects the input, the form is shown again
with the typed values. After a concurrent edit, the form merges the other user's changes and shows them beside
the fields; no typed value is lost. Everything works without JavaScript.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, Literal, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect
from msgspec import Struct

from imsop.analytics.events.models import AnalyticsEvent
from imsop.analytics.events.queries import EVENTS_OF_ENTITIES
from imsop.core import edits
from imsop.core.database import Connection
from imsop.core.errors import (
    Conflict,
    DomainError,
    FieldError,
    InvalidInput,
    PreconditionFailed,
)
from imsop.core.events import Changed, EventType, Named
from imsop.core.listing import PageRequest
from imsop.core.searching import SearchQuery
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.people.queries import list_user_names
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.ui.page import Crumb
from imsop.ui.render import render
from imsop.web.edge.requests import StrictRequest
from imsop.web.pages.forms import attempt, filled_form, require_write
from imsop.web.pages.pickers import Pickers, find_rows, picker_routes, show_names
from imsop.web.places import Place, SearchKind
from imsop.web.search import search_kinds

Row = TypeVar("Row", bound=Struct)
HISTORY = 50
"""Entries of a row's history that its page shows."""
SIMILAR = 3
_CENT = Decimal("0.01")
_WAS = "was."
"""Begins the name of the field that says what a field showed."""


class Field(NamedTuple):
    """One field of a form. Label and hint are catalogue texts; `options` are codes in `imsop.ui.words`."""

    name: str
    label: str
    kind: Literal["text", "email", "tel", "number", "price", "long", "choice", "check"] = "text"
    hint: str = ""
    options: tuple[str, ...] = ()
    is_fixed: bool = False
    """Whether it is given once, with a new row."""
    finds_similar: bool = False
    """Whether rows that look the same are shown while it is typed."""


class Section(NamedTuple):
    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Editor(Generic[Row]):
    """The edit form of one noun. Its texts are catalogue texts."""

    place: Place
    new_title: str
    write: Permission
    sections: tuple[Section, ...]
    new: type[Struct]
    changes: type[Struct]
    get_row: Callable[[Connection, Actor, UUID], Awaitable[Row]]
    create: Callable[[Connection, Actor, Any], Awaitable[Row]]
    edit: Callable[[Connection, Actor, UUID, Any, str], Awaitable[Row]]
    delete: Callable[[Connection, Actor, UUID], Awaitable[None]]
    name: str
    """The field by which a row is called."""
    created: EventType[Named]
    changed: EventType[Changed]
    deleted: EventType[Named]
    found_as: SearchKind | None = None
    """How search calls the noun, where it finds it."""
    pickers: Pickers = field(default_factory=dict)
    """Of the fields that name another row."""
    has_page: bool = True
    changes_others: tuple[EventType[Changed], ...] = ()
    """Events of other rows that a new row may change."""

    @property
    def path(self) -> str:
        return self.place.path

    @property
    def fields(self) -> list[Field]:
        return [one for section in self.sections for one in section.fields]

    def place_of(self, row_id: UUID) -> str:
        """The address to redirect to after saving the row."""
        return f"{self.path}/{row_id}?saved=true" if self.has_page else f"{self.path}?saved=true"

    def shown(self, row: Struct) -> dict[str, str]:
        """A row's values as strings, as the form's fields show them."""
        return {one.name: _text(one, getattr(row, one.name, None)) for one in self.fields}

    def blank(self) -> dict[str, str]:
        """Initial values of the form for a new row: the defaults of its struct."""
        defaults = {one.name: one.default for one in msgspec.structs.fields(self.new)}
        return {
            one.name: _text(one, None if (value := defaults[one.name]) is msgspec.NODEFAULT else value)
            for one in self.fields
        }

    def typed(self, form: Mapping[str, str], faults: Sequence[FieldError]) -> Struct:
        """The typed values as the struct that the action expects.

        Raises InvalidInput naming each field, with `faults`.
        """
        wrong = {fault.field for fault in faults}
        sent = {
            one.name: _plain(one, "" if one.name in wrong else form.get(one.name, "")) for one in self.fields
        }
        try:
            new = filled_form(sent, self.new)
        except InvalidInput as refusal:
            others = [error for error in refusal.errors if error.field not in wrong]
            raise InvalidInput.of_all([*faults, *others]) from None
        if faults:
            raise InvalidInput.of_all([*faults])
        return new

    def changes_of(self, row: Row, typed: Struct) -> Struct | None:
        """A PATCH of the fields whose typed value differs from the row's; None if none does."""
        stored, wanted = self.shown(row), self.shown(typed)
        changed = {
            one.name: getattr(typed, one.name)
            for one in self.fields
            if not one.is_fixed and wanted[one.name] != stored[one.name]
        }
        return self.changes(**changed) if changed else None

    def routes(self) -> list[HTTPRouteHandler]:
        return [
            *_new_routes(self),
            *_edit_routes(self),
            _undo_route(self),
            *picker_routes(self.path, self.place.permission, self.write, self.pickers),
            *([_similar_route(self, self.found_as)] if self.found_as else []),
        ]


def _text(one: Field, value: object) -> str:
    if value is None:
        return ""
    if one.kind == "check":
        return "true" if value else ""
    if one.kind == "price":
        amount = Decimal(str(value))
        cents = amount.quantize(_CENT)
        return format(cents if cents == amount else amount.normalize(), "f")
    return str(value)


def _plain(one: Field, typed: str) -> str:
    """Normalizes typed text to what the API accepts: a price may use a decimal comma."""
    value = typed.strip()
    has_decimal_comma = one.kind == "price" and value.count(",") == 1 and "." not in value
    return value.replace(",", ".") if has_decimal_comma else value


class Shown(NamedTuple):
    """The state of a form to render."""

    values: Mapping[str, str]
    row: Any = None
    refusal: DomainError | None = None
    theirs: Mapping[str, str] = {}
    """What somebody else changed meanwhile, by field: the value that is stored now."""


async def _show(request: TenantRequest, editor: Editor[Any], shown: Shown) -> Response[bytes]:
    connection, actor = await request.begin()
    require_write(actor, editor.write)
    row, refusal = shown.row, shown.refusal
    stored = editor.shown(row) if row else editor.blank()
    crumbs = [Crumb(editor.place.plural, editor.path)]
    if row and editor.has_page:
        crumbs.append(Crumb(getattr(row, editor.name), f"{editor.path}/{row.id}", is_name=True))
    return render(
        request,
        "pages/editor.html",
        status=refusal.status if refusal else 200,
        editor=editor,
        row=row,
        required={one.name for one in msgspec.structs.fields(editor.new) if one.required},
        name=getattr(row, editor.name) if row else "",
        values=await show_names(connection, actor, editor.pickers, shown.values),
        was={_WAS + name: value for name, value in stored.items()} if row else {},
        theirs=await show_names(connection, actor, editor.pickers, shown.theirs),
        version=edits.etag(row.updated_at) if row else "",
        form_key=secrets.token_urlsafe(16) if row is None else None,
        refusal=refusal,
        crumbs=crumbs,
    )


def _new_routes(editor: Editor[Any]) -> list[HTTPRouteHandler]:
    @get(f"{editor.path}/new", opt=allow(editor.place.permission), include_in_schema=False)
    async def new_page(
        request: TenantRequest, supplier_id: UUID | None = None, product_id: UUID | None = None
    ) -> Response[bytes]:
        """The empty form, with the rows that a link has chosen."""
        given = {"supplier_id": supplier_id, "product_id": product_id}
        chosen = {name: str(row_id) for name, row_id in given.items() if row_id and name in editor.pickers}
        return await _show(request, editor, Shown(editor.blank() | chosen))

    @post(
        f"{editor.path}/new",
        opt=allow(editor.write, emits=(editor.created, *editor.changes_others)),
        status_code=303,
        include_in_schema=False,
    )
    async def create(request: StrictRequest) -> Response[Any]:
        connection, actor = await request.begin()
        form = _sent(request)
        try:
            found, faults = await find_rows(connection, actor, editor.pickers, form, {})
            new = editor.typed(found, faults)
            async with attempt(connection):
                row = await editor.create(connection, actor, new)
        except (InvalidInput, Conflict) as refusal:
            return await _show(request, editor, Shown(_kept(editor, form), refusal=refusal))
        return Redirect(editor.place_of(row.id), status_code=303)

    return [new_page, create]


def _edit_routes(editor: Editor[Any]) -> list[HTTPRouteHandler]:
    @get(f"{editor.path}/{{row_id:uuid}}/edit", opt=allow(editor.place.permission), include_in_schema=False)
    async def edit_page(request: TenantRequest, row_id: UUID) -> Response[bytes]:
        connection, actor = await request.begin()
        row = await editor.get_row(connection, actor, row_id)
        return await _show(request, editor, Shown(editor.shown(row), row))

    @post(
        f"{editor.path}/{{row_id:uuid}}/edit",
        opt=allow(editor.write, emits=(editor.changed,)),
        status_code=303,
        include_in_schema=False,
    )
    async def save(request: StrictRequest, row_id: UUID) -> Response[Any]:
        connection, actor = await request.begin()
        row = await editor.get_row(connection, actor, row_id)
        stored = editor.shown(row)
        fixed = {one.name: stored[one.name] for one in editor.fields if one.is_fixed}
        sent = _sent(request)
        was = {name: sent.get(_WAS + name, "") for name in editor.pickers}
        found, faults = await find_rows(connection, actor, editor.pickers, sent, was)
        form = found | fixed
        try:
            if form.get("version") != edits.etag(row.updated_at):
                raise edits.changed_meanwhile(editor.changed.kind.replace("_", " "))
            if changes := editor.changes_of(row, editor.typed(form, faults)):
                async with attempt(connection):
                    await editor.edit(connection, actor, row_id, changes, form["version"])
        except PreconditionFailed as refusal:
            now = await editor.get_row(connection, actor, row_id)
            return await _show(request, editor, _merged(editor, now, form, refusal))
        except (InvalidInput, Conflict) as refusal:
            return await _show(request, editor, Shown(_kept(editor, form), row, refusal))
        return Redirect(editor.place_of(row_id), status_code=303)

    @post(
        f"{editor.path}/{{row_id:uuid}}/delete",
        opt=allow(editor.write, emits=(editor.deleted,)),
        status_code=303,
        include_in_schema=False,
    )
    async def delete(request: StrictRequest, row_id: UUID) -> Response[Any]:
        connection, actor = await request.begin()
        row = await editor.get_row(connection, actor, row_id)
        try:
            async with attempt(connection):
                await editor.delete(connection, actor, row_id)
        except Conflict as refusal:
            return await _show(request, editor, Shown(editor.shown(row), row, refusal))
        return Redirect(f"{editor.path}?saved=true", status_code=303)

    return [edit_page, save, delete]


def _undo_route(editor: Editor[Any]) -> HTTPRouteHandler:
    @post(
        f"{editor.path}/{{row_id:uuid}}/undo",
        opt=allow(editor.write, emits=(editor.changed,)),
        status_code=303,
        include_in_schema=False,
    )
    async def undo(request: StrictRequest, row_id: UUID) -> Response[Any]:
        """Reverts the last change of the row, if it is the reader's own."""
        connection, actor = await request.begin()
        row = await editor.get_row(connection, actor, row_id)
        stored = editor.shown(row)
        try:
            before = stored | await _before_my_change(connection, actor, editor, row_id)
            if changes := editor.changes_of(row, editor.typed(before, ())):
                async with attempt(connection):
                    await editor.edit(connection, actor, row_id, changes, edits.etag(row.updated_at))
        except (InvalidInput, Conflict, PreconditionFailed) as refusal:
            return await _show(request, editor, Shown(stored, row, refusal))
        return Redirect(editor.place_of(row_id), status_code=303)

    return undo


async def _before_my_change(
    connection: Connection, actor: Actor, editor: Editor[Any], row_id: UUID
) -> dict[str, str]:
    """Old values of the row's last change. Raises Conflict if it is not the actor's, or not of this form."""
    page = await EVENTS_OF_ENTITIES.page(
        connection,
        actor.organization_id,
        PageRequest("-created_at", 1),
        [editor.created.kind],
        [str(row_id)],
    )
    fields = {one.name: one for one in editor.fields}
    changes = {}
    for last in page.items:
        if last.event_type == editor.changed.name and last.user_id == actor.user_id:
            changes = (last.metadata or {}).get("changes", {})
    if not changes or not changes.keys() <= fields.keys():
        raise Conflict("there is no change of yours to undo")
    return {name: _text(fields[name], change["old"]) for name, change in changes.items()}


def _similar_route(editor: Editor[Any], found_as: SearchKind) -> HTTPRouteHandler:
    @get(f"{editor.path}/similar", opt=allow(editor.place.permission), include_in_schema=False)
    async def similar(
        request: TenantRequest, name: SearchQuery | None = None, sku: SearchQuery | None = None
    ) -> Response[bytes]:
        """Existing rows that resemble the typed name or SKU."""
        connection, actor = await request.begin()
        typed = name or sku
        found = await search_kinds(connection, actor, [found_as], typed, SIMILAR) if typed else []
        return render(request, "pages/similar.html", found=found, path=editor.path)

    return similar


def _sent(request: StrictRequest) -> dict[str, str]:
    """The submitted values, with line endings normalized to what the browser was sent."""
    return {name: value.replace("\r\n", "\n") for name, value in request.fields().items()}


def _kept(editor: Editor[Any], form: Mapping[str, str]) -> dict[str, str]:
    return {one.name: form.get(one.name, "") for one in editor.fields}


def _merged(editor: Editor[Any], row: Struct, form: Mapping[str, str], refusal: DomainError) -> Shown:
    """Three-way merge: my value in fields that I changed, with theirs beside it; theirs in all others."""
    stored, values, theirs = editor.shown(row), _kept(editor, form), {}
    for name, now in stored.items():
        was = form.get(_WAS + name, now)
        if now != was and values[name] != now:
            theirs[name] = now
        if values[name] == was:
            values[name] = now
    return Shown(values, row, refusal, theirs)


class Altered(NamedTuple):
    """A field's values before and after a change, formatted as in its form."""

    label: str
    before: str
    after: str
    is_word: bool
    """Whether the values are of `imsop.ui.words`."""


class Entry(NamedTuple):
    """An entry of a row's history."""

    event: AnalyticsEvent
    who: str
    changes: list[Altered]


async def history_of(connection: Connection, actor: Actor, editor: Editor[Any], row_id: UUID) -> list[Entry]:
    """The row's latest change events, newest first, at most HISTORY."""
    page = await EVENTS_OF_ENTITIES.page(
        connection,
        actor.organization_id,
        PageRequest("-created_at", HISTORY),
        [editor.created.kind],
        [str(row_id)],
    )
    names = await list_user_names(
        connection, actor.organization_id, [event.user_id for event in page.items if event.user_id]
    )
    return [
        Entry(event, names.get(event.user_id, "") if event.user_id else "", _alterations(event, editor))
        for event in page.items
    ]


def _alterations(event: AnalyticsEvent, editor: Editor[Any]) -> list[Altered]:
    """The changed fields of an event.

    A field that references another row has no values here, as they are ids.
    """
    changes = (event.metadata or {}).get("changes", {})
    return [
        Altered(one.label, "", "", is_word=False)
        if one.name in editor.pickers
        else Altered(
            one.label,
            _text(one, changes[one.name]["old"]),
            _text(one, changes[one.name]["new"]),
            is_word=one.kind in ("choice", "check"),
        )
        for one in editor.fields
        if one.name in changes
    ]
