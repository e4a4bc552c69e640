"""Reading the audit trail, which is recorded itself."""

from typing import Any

from imsop.core.database import Connection
from imsop.core.events import emit
from imsop.identity.actor import Actor
from imsop.stewardship.audit.events import AUDIT_READ, Asked


async def filters_asked(connection: Connection, actor: Actor, filters: dict[str, Any]) -> dict[str, Any]:
    """Records that the trail is read, and by which filters; returns them as `queries.ENTRIES` takes them."""
    asked = {name: value for name, value in filters.items() if value is not None}
    await emit(connection, actor, AUDIT_READ, actor.organization_id, Asked(asked))
    if filters["record_id"] is None:
        return filters
    return {("table_of_record" if name == "table" else name): value for name, value in filters.items()}
