"""Actions on business events."""

from uuid import UUID

from imsop.analytics.events import queries
from imsop.analytics.events.models import AnalyticsEvent, NewAnalyticsEvent
from imsop.core.database import Connection
from imsop.core.errors import NotFound
from imsop.core.free_form import require_bounded
from imsop.identity.actor import Actor


async def record_event(connection: Connection, actor: Actor, new: NewAnalyticsEvent) -> AnalyticsEvent:
    """Appends an event, timestamped now, in the actor's name. Raises InvalidInput for excessive metadata."""
    require_bounded(new.metadata, "metadata")
    event = await queries.insert_event(connection, actor.organization_id, new, actor.user_id)
    if event is None:
        raise RuntimeError("an event was recorded and is not there")
    return event


async def get_event(connection: Connection, actor: Actor, event_id: UUID) -> AnalyticsEvent:
    event = await queries.get_event(connection, actor.organization_id, event_id)
    if event is None:
        raise NotFound("no event with this id")
    return event
