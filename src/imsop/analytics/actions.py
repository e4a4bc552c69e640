"""Recording what happened."""

from imsop.analytics import queries
from imsop.analytics.models import AnalyticsEvent, NewAnalyticsEvent
from imsop.core.database import Connection
from imsop.core.free_form import require_bounded
from imsop.identity.models import Actor


async def record_event(connection: Connection, actor: Actor, new: NewAnalyticsEvent) -> AnalyticsEvent:
    """Appends an event as of now, in the actor's name."""
    require_bounded(new.metadata, "metadata")
    event = await queries.insert_event(connection, actor.organization_id, new, actor.user_id)
    if event is None:
        raise RuntimeError("an event was recorded and is not there")
    return event
