"""SQL of what users are called where they are mentioned."""

from collections.abc import Collection
from uuid import UUID

from imsop.core.database import Connection


async def list_user_names(
    connection: Connection, organization_id: UUID, user_ids: Collection[UUID]
) -> dict[UUID, str]:
    """First and last name, else the address; of archived users, too."""
    records = await connection.fetch(
        """
        SELECT u.id, coalesce(nullif(concat_ws(' ', u.first_name, u.last_name), ''), u.email) AS name
        FROM users u
        WHERE u.organization_id = $1 AND u.id = ANY ($2::uuid[])
        """,
        organization_id,
        user_ids,
    )
    return {record["id"]: record["name"] for record in records}
