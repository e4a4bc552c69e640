"""The one place that sets a transaction's organization, for row security, and its author, for the audit."""

import re
from contextvars import ContextVar
from typing import NamedTuple, Protocol
from uuid import UUID

_PLAIN = re.compile(r"[0-9A-Za-z_:.]+(-[0-9A-Za-z_:.]+)*", re.ASCII)


class Tenant(NamedTuple):
    """The organization whose rows a transaction may see and write, and the acting user."""

    organization_id: UUID
    user_id: UUID | None = None
    credential_id: UUID | None = None
    """The session or API key by which the user acts."""


class Origin(NamedTuple):
    """Where the writes of a task come from."""

    source: str
    """`page`, `api`, or `job:` and its task."""
    request_id: str | None = None
    address: str | None = None


ORIGIN: ContextVar[Origin | None] = ContextVar("origin", default=None)
"""Set by the edge for each request and by the worker for each job. The audit trail names the database role
where it is not set.
"""


class _Executes(Protocol):
    async def execute(self, query: str, /) -> str: ...


async def begin(connection: _Executes, tenant: Tenant | None, *, read_only: bool = False) -> None:
    """Opens a transaction for a tenant; without one it sees no tenant's rows.

    One simple-protocol message: SET LOCAL takes no parameters, and set_config would cost a round trip. Only
    the text form of parsed UUIDs is interpolated, so there is no SQL injection.
    """
    # Read-only transactions use REPEATABLE READ: all statements see one snapshot. Writers stay at READ
    # COMMITTED and see concurrent commits.
    statement = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if read_only else "BEGIN"
    if tenant is not None:
        statement += f"; SET LOCAL app.organization_id = '{_hex(tenant.organization_id)}'"
        if tenant.user_id is not None:
            statement += f"; SET LOCAL app.user_id = '{_hex(tenant.user_id)}'"
        if not read_only and (origin := ORIGIN.get()) is not None:
            statement += f"; SET LOCAL app.origin = '{_origin_text(origin, tenant.credential_id)}'"
    await connection.execute(statement)


def _hex(value: UUID) -> str:
    if not isinstance(value, UUID):
        raise TypeError(f"a tenant is named by a UUID, not by {type(value).__name__}")
    return str(value)


def _origin_text(origin: Origin, credential_id: UUID | None) -> str:
    """As the trigger record_changes reads it: a hyphen stands for what is not known."""
    credential = _hex(credential_id) if credential_id else None
    parts = (origin.source, credential, origin.request_id, origin.address)
    for part in parts:
        if part is not None and not _PLAIN.fullmatch(part):
            raise ValueError("the origin of a transaction has characters that are not plain")
    return " ".join(part or "-" for part in parts)
