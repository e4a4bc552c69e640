"""What every step of a load is handed."""

from typing import NamedTuple
from uuid import UUID

from imsop.core.database import Connection, rows_affected


class Loading(NamedTuple):
    """The transaction, the organization, and the user in whose name it is filled."""

    connection: Connection
    organization_id: UUID
    user_id: UUID

    async def insert(self, sql: str, *arguments: object) -> int:
        """Runs an INSERT and returns how many rows it wrote."""
        status = await self.connection.execute(sql, *arguments)
        return rows_affected(status)
