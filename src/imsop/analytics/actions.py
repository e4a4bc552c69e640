"""Recording what happened."""

import msgspec

from imsop.analytics import queries
from imsop.analytics.models import AnalyticsEvent, NewAnalyticsEvent
from imsop.core.database import Connection
from imsop.core.errors import InvalidInput
from imsop.identity.models import Actor

MAX_METADATA_BYTES = 16 * 1024  # a page of 500 events stays below 8 MiB
MAX_METADATA_DEPTH = 50  # JSON is written by recursion, which ends somewhere below 1,000


async def record_event(connection: Connection, actor: Actor, new: NewAnalyticsEvent) -> AnalyticsEvent:
    """Appends an event as of now, in the actor's name."""
    if _depth(new.metadata) > MAX_METADATA_DEPTH:
        raise InvalidInput.of("metadata", f"may be nested {MAX_METADATA_DEPTH} levels deep at most")
    if len(msgspec.json.encode(new.metadata)) > MAX_METADATA_BYTES:
        raise InvalidInput.of("metadata", f"may have {MAX_METADATA_BYTES} bytes at most")
    event = await queries.insert_event(connection, actor.organization_id, new, actor.user_id)
    if event is None:
        raise RuntimeError("an event was recorded and is not there")
    return event


def _depth(value: object) -> int:
    """How many objects and lists stand in each other."""
    depth = 0
    level = [value]
    while nested := [part for part in level if isinstance(part, dict | list)]:
        depth += 1
        level = [part for whole in nested for part in (whole.values() if isinstance(whole, dict) else whole)]
    return depth
