"""Structs of business events."""

from typing import Any
from uuid import UUID

from msgspec import Struct

from imsop.core.fields import Instant, ShortName


class AnalyticsEvent(Struct, frozen=True):
    """A business event and the entity it concerns. Never changed, never deleted."""

    id: UUID
    event_type: str
    entity_type: str | None
    entity_id: str | None
    user_id: UUID | None
    metadata: dict[str, Any] | None
    created_at: Instant


class RecordedAnalyticsEvent(AnalyticsEvent, frozen=True):
    """An event with its organization and the id of the transaction that inserted it."""

    organization_id: UUID
    recorded_xid: int


class NewAnalyticsEvent(Struct, frozen=True, forbid_unknown_fields=True):
    """A new event, timestamped on arrival and recorded under your name."""

    event_type: ShortName
    entity_type: ShortName | None = None
    entity_id: ShortName | None = None
    metadata: dict[str, Any] | None = None
