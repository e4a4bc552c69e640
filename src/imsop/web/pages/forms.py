"""Converts submitted forms to the typed input of actions."""

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
    """The request's whole form by `filled_form`."""
    return filled_form({name: value for name, value in request.fields().items() if name != FIELD}, form)


def require_write(actor: Actor, write: Permission) -> None:
    """Checks a write permission in a GET route of a form, which may only declare a read permission.

    Raises Forbidden.
    """
    if write not in actor.permissions:
        raise Forbidden("your roles do not allow changing this; ask your administrator")


@asynccontextmanager
async def attempt(connection: Connection) -> AsyncIterator[None]:
    """Runs a block in a savepoint; converts database errors to domain errors.

    The transaction stays usable, so the page can be rendered again.
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
    """Converts text fields to `form`. An empty field is null if the type allows it, else missing.

    Raises InvalidInput, naming each field.
    """
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
