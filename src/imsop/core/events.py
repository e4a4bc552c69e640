"""Business events, appended in the transaction that makes the change.

Each noun declares its events in an `events.py`; its actions emit them, and its routes declare which. The live
stream and the history of records read them. They are rows of analytics_events, never updated or deleted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct

from imsop.core.database import Connection

Payload = TypeVar("Payload", bound=Struct)


class Named(Struct, frozen=True):
    """The name of the entity at the time of the event: its number, SKU or name."""

    name: str


class Change(Struct, frozen=True):
    """A field's value before and after; both null for fields whose values must not be disclosed."""

    old: Any
    new: Any


class Changed(Struct, frozen=True):
    """The fields that an edit changed."""

    name: str
    changes: Mapping[str, Change]


@dataclass(frozen=True)
class EventType(Generic[Payload]):
    """A declared event. `name` is the kind of entity and a past participle, such as `product.created`."""

    name: str
    payload: type[Payload]

    @property
    def kind(self) -> str:
        """The kind of entity."""
        return self.name.partition(".")[0]


CATALOGUE: dict[str, EventType[Any]] = {}
"""Every declared event by its name; complete once the application is imported."""


def declare(name: str, payload: type[Payload]) -> EventType[Payload]:
    """Adds an event type to the catalogue. Raises ValueError if the name is taken."""
    if name in CATALOGUE:
        raise ValueError(f"the event {name} is declared twice")
    event = EventType(name, payload)
    CATALOGUE[name] = event
    return event


class Author(Protocol):
    """The organization and user on whose behalf an event is recorded."""

    @property
    def organization_id(self) -> UUID: ...
    @property
    def user_id(self) -> UUID | None: ...


class Identified(Protocol):
    """A row with an id."""

    @property
    def id(self) -> UUID: ...


async def emit(
    connection: Connection, author: Author, event: EventType[Payload], entity_id: UUID, payload: Payload
) -> None:
    """Appends an event of the organization, timestamped now. One INSERT; takes no locks."""
    await connection.execute(
        """
        INSERT INTO analytics_events (organization_id, event_type, entity_type, entity_id, user_id, metadata)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        author.organization_id,
        event.name,
        event.kind,
        str(entity_id),
        author.user_id,
        msgspec.to_builtins(payload),
    )


async def emit_changed(
    connection: Connection,
    author: Author,
    event: EventType[Changed],
    name: str,
    before: Struct,
    after: Identified,
) -> None:
    """Appends an event with the fields that an edit changed; none if it changed nothing."""
    if changes := difference(before, after):
        await emit(connection, author, event, after.id, Changed(name, changes))


def difference(before: Struct, after: object) -> dict[str, Change]:
    """The fields that differ between two states of a row, `updated_at` excluded."""
    return {
        field: Change(msgspec.to_builtins(old), msgspec.to_builtins(new))
        for field in before.__struct_fields__
        if field != "updated_at" and (old := getattr(before, field)) != (new := getattr(after, field))
    }
