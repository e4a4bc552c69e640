"""The one place that sets the organization of a transaction for row security."""

from typing import NamedTuple, Protocol
from uuid import UUID


class Tenant(NamedTuple):
    """The organization whose rows a transaction may see and write, and the acting user."""

    organization_id: UUID
    user_id: UUID | None = None


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
    await connection.execute(statement)


def _hex(value: UUID) -> str:
    if not isinstance(value, UUID):
        raise TypeError(f"a tenant is named by a UUID, not by {type(value).__name__}")
    return str(value)
