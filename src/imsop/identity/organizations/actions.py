"""Actions on the actor's organization."""

from uuid import UUID

import msgspec

from imsop.core import edits
from imsop.core.database import Connection
from imsop.core.errors import InvalidInput, NotFound
from imsop.core.events import emit_changed
from imsop.identity.actor import Actor
from imsop.identity.organizations import queries
from imsop.identity.organizations.events import ORGANIZATION_CHANGED
from imsop.identity.organizations.models import Organization, OrganizationChanges


async def get_organization(connection: Connection, _actor: Actor, organization_id: UUID) -> Organization:
    """The actor's organization. Raises NotFound for the id of any other."""
    organization = await queries.get_organization(connection, organization_id)
    if organization is None:
        raise NotFound("no organization with this id")
    return organization


async def edit_organization(
    connection: Connection, actor: Actor, organization_id: UUID, changes: OrganizationChanges, if_match: str
) -> Organization:
    """Edits the actor's organization. Raises NotFound for the id of any other, and PreconditionFailed."""
    current = await queries.get_organization(connection, organization_id)
    current = edits.require_version(current, if_match, "organization")
    edited = msgspec.structs.replace(current, **edits.changed_fields(changes))
    await require_timezone(connection, edited.timezone)
    stored = await queries.update_organization(connection, edited)
    if stored is None:
        raise edits.changed_meanwhile("organization")
    await queries.notify_access_changed(connection, actor.organization_id)
    await emit_changed(connection, actor, ORGANIZATION_CHANGED, stored.name, current, stored)
    return stored


async def require_timezone(connection: Connection, timezone: str) -> None:
    if not await queries.is_timezone(connection, timezone):
        raise InvalidInput.of("timezone", "is not an IANA time zone name, such as Europe/Berlin")
