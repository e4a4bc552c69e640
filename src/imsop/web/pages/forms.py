"""What a page's form sent, as the typed input that an action takes."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

import asyncpg
import msgspec

from imsop.core.database import Connection, savepoint
from imsop.core.errors import Forbidden, InvalidInput, field_errors, from_database
from imsop.core.text import cleaner_of
from imsop.identity.actor import Actor
from imsop.identity.roles.permissions import Permission
from imsop.web.edge.csrf import FIELD
from imsop.web.edge.problems import INVALID
from imsop.web.edge.requests import StrictRequest

Form = TypeVar("Form", bound=msgspec.Struct)


def form_of(request: StrictRequest, form: type[Form]) -> Form:
    """As `filled_form`, of all that the request's form sent."""
    return filled_form({name: value for name, value in request.fields().items() if name != FIELD}, form)


def require_write(actor: Actor, write: Permission) -> None:
    """For a GET that belongs to a form: reading is all that its route may ask for. Raises Forbidden."""
    if write not in actor.permissions:
        raise Forbidden("your roles do not allow changing this; ask your administrator")


@asynccontextmanager
async def attempt(connection: Connection) -> AsyncIterator[None]:
    """What is refused within, by us or by the database, is undone and raised as a refusal.

    The transaction goes on, so that the page can be shown again.
    """
    try:
        async with savepoint(connection):
            yield
    except asyncpg.PostgresError as error:
        refusal = from_database(error)
        if refusal is None:
            raise
        raise refusal from error


def filled_form(sent: Mapping[str, str], form: type[Form]) -> Form:
    """Raises InvalidInput, naming each field. Left empty, a field is null where it may be, else missing."""
    optional = {
        field.encode_name
        for field in msgspec.structs.fields(form)
        if isinstance(kind := msgspec.inspect.type_info(field.type), msgspec.inspect.UnionType)
        and kind.includes_none
    }
    filled = {name: value or None for name, value in sent.items() if value or name in optional}
    try:
        converted = msgspec.convert(filled, form, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidInput(INVALID, errors=field_errors(error, filled, form, strict=False)) from None
    clean = cleaner_of(form)
    return clean(converted) if clean else converted
