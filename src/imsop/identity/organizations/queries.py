"""SQL of organizations, and the notification that invalidates cached access."""

from uuid import UUID

from imsop.core.database import Connection, fetch_one
from imsop.identity.organizations.models import Organization

ACCESS_CHANNEL = "imsop_access"


async def notify_access_changed(connection: Connection, organization_id: UUID) -> None:
    """Notifies every process, at commit, to drop its cached actors of the organization."""
    await connection.execute("SELECT pg_notify($1, $2)", ACCESS_CHANNEL, str(organization_id))


# Organizations

_ORGANIZATION_COLUMNS = """
    SELECT o.id, o.name, o.description, o.industry, o.country, o.timezone, o.currency, o.logo_url, o.website,
           o.over_receipt_percent, o.status, o.subscription_tier, o.created_at, o.updated_at
    FROM organizations o
"""


async def get_organization(connection: Connection, organization_id: UUID) -> Organization | None:
    return await fetch_one(
        connection,
        Organization,
        _ORGANIZATION_COLUMNS + "WHERE o.id = $1 AND o.deleted_at IS NULL",
        organization_id,
    )


async def insert_organization(
    connection: Connection,
    organization_id: UUID,
    name: str,
    description: str | None,
    industry: str | None,
    country: str | None,
    timezone: str,
    currency: str,
    website: str | None,
) -> None:
    await connection.execute(
        """
        INSERT INTO organizations (id, name, description, industry, country, timezone, currency, website)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        organization_id,
        name,
        description,
        industry,
        country,
        timezone,
        currency,
        website,
    )


async def update_organization(connection: Connection, row: Organization) -> Organization | None:
    """Writes the row if its `updated_at` still matches; None otherwise."""
    return await fetch_one(
        connection,
        Organization,
        """
        UPDATE organizations o
        SET name = $3, description = $4, industry = $5, country = $6, timezone = $7, currency = $8,
            logo_url = $9, website = $10, over_receipt_percent = $11
        WHERE o.id = $1 AND o.updated_at = $2 AND o.deleted_at IS NULL
        RETURNING o.id, o.name, o.description, o.industry, o.country, o.timezone, o.currency, o.logo_url,
                  o.website, o.over_receipt_percent, o.status, o.subscription_tier, o.created_at, o.updated_at
        """,
        row.id,
        row.updated_at,
        row.name,
        row.description,
        row.industry,
        row.country,
        row.timezone,
        row.currency,
        row.logo_url,
        row.website,
        row.over_receipt_percent,
    )


async def is_timezone(connection: Connection, name: str) -> bool:
    return bool(
        await connection.fetchval("SELECT EXISTS (SELECT FROM pg_timezone_names WHERE name = $1)", name)
    )


async def set_organization_status(
    operator: Connection, name_or_id: str, status: str | None, subscription_tier: str | None
) -> list[UUID]:
    """As imsop_operator: sets the values that are not None on organizations of that name or id."""
    records = await operator.fetch(
        """
        UPDATE organizations
        SET status = coalesce($2, status), subscription_tier = coalesce($3, subscription_tier)
        WHERE deleted_at IS NULL AND lower($1) IN (id::text, lower(name))
        RETURNING id
        """,
        name_or_id,
        status,
        subscription_tier,
    )
    return [record["id"] for record in records]
