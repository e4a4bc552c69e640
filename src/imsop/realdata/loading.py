"""Parameters of the functions that load a data set."""

from typing import NamedTuple
from uuid import UUID

from imsop.core.database import Connection, rows_affected


class Loading(NamedTuple):
    """The transaction, the organization, and the user who is recorded as the author."""

    connection: Connection
    organization_id: UUID
    user_id: UUID

    async def insert(self, sql: str, *arguments: object) -> int:
        """Runs an INSERT and returns the number of rows."""
        status = await self.connection.execute(sql, *arguments)
        return rows_affected(status)
