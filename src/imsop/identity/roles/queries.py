"""SQL of roles, their permissions, and the administration lock."""

from collections.abc import Collection
from uuid import UUID

from imsop.core.database import Connection, fetch_all, fetch_one
from imsop.core.listing import BY_CODE, Listing, Sort
from imsop.identity.roles.models import PermissionRow, Role

_ROLES = """
    SELECT r.id, r.name, r.description, r.is_system,
           array(SELECT p.name FROM role_permissions rp JOIN permissions p ON p.id = rp.permission_id
                 WHERE rp.organization_id = $1 AND rp.role_id = r.id ORDER BY p.name) AS permissions,
           r.created_at, r.updated_at
    FROM roles r
    WHERE r.organization_id = $1
"""


ROLES = Listing(
    Role,
    _ROLES,
    filters={
        "name": "r.name_folded = folded({})",
        "is_system": "r.is_system = {}",
        # Roles that contain any of several texts; there are few, so a scan is fine.
        "parts": "EXISTS (SELECT FROM unnest({}::text[]) AS part"
        " WHERE strpos(lower(concat_ws(' ', r.name, r.description)), lower(part)) > 0)",
    },
    sorts={"name": Sort("r.name_folded", "name", str, BY_CODE)},
    tiebreak="r.id",
)


async def get_role(connection: Connection, organization_id: UUID, role_id: UUID) -> Role | None:
    return await fetch_one(connection, Role, _ROLES + " AND r.id = $2", organization_id, role_id)


async def list_permissions_of_roles(
    connection: Connection, organization_id: UUID, role_ids: list[UUID]
) -> dict[UUID, set[str]]:
    """Permissions by role id, of the roles that exist."""
    records = await connection.fetch(
        _ROLES + " AND r.id = ANY ($2::uuid[])",
        organization_id,
        role_ids,
    )
    return {record["id"]: set(record["permissions"]) for record in records}


async def insert_role(
    connection: Connection, organization_id: UUID, name: str, description: str | None, *, is_system: bool
) -> UUID:
    role_id: UUID = await connection.fetchval(
        """
        INSERT INTO roles (organization_id, name, description, is_system) VALUES ($1, $2, $3, $4)
        RETURNING id
        """,
        organization_id,
        name,
        description,
        is_system,
    )
    return role_id


async def update_role(connection: Connection, organization_id: UUID, row: Role) -> UUID | None:
    """Writes the row if its `updated_at` still matches; None otherwise."""
    updated: UUID | None = await connection.fetchval(
        """
        UPDATE roles SET name = $4, description = $5
        WHERE organization_id = $1 AND id = $2 AND updated_at = $3
        RETURNING id
        """,
        organization_id,
        row.id,
        row.updated_at,
        row.name,
        row.description,
    )
    return updated


async def delete_role(connection: Connection, organization_id: UUID, role_id: UUID) -> None:
    await connection.execute(
        "DELETE FROM roles WHERE organization_id = $1 AND id = $2", organization_id, role_id
    )


async def set_role_permissions(
    connection: Connection, organization_id: UUID, role_id: UUID, permissions: list[str]
) -> None:
    """Replaces the role's permissions."""
    await connection.execute(
        "DELETE FROM role_permissions WHERE organization_id = $1 AND role_id = $2", organization_id, role_id
    )
    await connection.execute(
        """
        INSERT INTO role_permissions (organization_id, role_id, permission_id)
        SELECT $1, $2, p.id FROM permissions p WHERE p.name = ANY ($3::text[])
        """,
        organization_id,
        role_id,
        permissions,
    )


async def list_permissions(connection: Connection) -> list[PermissionRow]:
    return await fetch_all(
        connection,
        PermissionRow,
        "SELECT p.id, p.name, p.description, p.resource, p.action FROM permissions p ORDER BY p.name",
    )


async def list_effective_permissions(
    connection: Connection, organization_id: UUID, user_id: UUID
) -> set[str]:
    records = await connection.fetch(
        "SELECT permission FROM effective_permissions WHERE organization_id = $1 AND user_id = $2",
        organization_id,
        user_id,
    )
    return {record["permission"] for record in records}


async def lock_administration(connection: Connection, organization_id: UUID) -> None:
    """Serializes changes of users and roles per organization, by an advisory lock until the transaction ends.

    It prevents two race conditions: two administrators removing each other, and a role changing between the
    check of its permissions and its assignment.
    """
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('imsop.administration:' || $1::text, 0))",
        str(organization_id),
    )


async def count_administrators(connection: Connection, organization_id: UUID) -> int:
    """Active users with permission to change users and roles."""
    count: int = await connection.fetchval(
        """
        SELECT count(*) FROM users u
        WHERE u.organization_id = $1 AND u.status = 'active' AND u.deleted_at IS NULL
          AND EXISTS (SELECT FROM effective_permissions e WHERE e.organization_id = $1 AND e.user_id = u.id
                      AND e.permission = 'users:write')
          AND EXISTS (SELECT FROM effective_permissions e WHERE e.organization_id = $1 AND e.user_id = u.id
                      AND e.permission = 'roles:write')
        """,
        organization_id,
    )
    return count


async def find_names(
    connection: Connection, organization_id: UUID, typed: str, limit: int
) -> list[tuple[UUID, str]]:
    """Id and name of roles whose name contains `typed`, ignoring case and accents; exact first."""
    records = await connection.fetch(
        """
        SELECT r.id, r.name FROM roles r
        WHERE r.organization_id = $1 AND strpos(search_form(r.name), search_form($2)) > 0
        ORDER BY r.name_folded <> folded($2), r.name_folded, r.id LIMIT $3
        """,
        organization_id,
        typed,
        limit,
    )
    return [(record["id"], record["name"]) for record in records]


async def names_of(
    connection: Connection, organization_id: UUID, role_ids: Collection[UUID]
) -> dict[UUID, str]:
    records = await connection.fetch(
        "SELECT r.id, r.name FROM roles r WHERE r.organization_id = $1 AND r.id = ANY ($2::uuid[])",
        organization_id,
        list(role_ids),
    )
    return {record["id"]: record["name"] for record in records}
