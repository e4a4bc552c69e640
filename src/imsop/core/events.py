"""Business events: what happened to a thing, appended in the transaction in which it happened.

Each noun declares its events in an `events.py`; its actions emit them, its routes say which. The live stream
and the history of records read them. They are appended to analytics_events, never changed, never deleted.
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
    """What the thing was called when it happened: its number, its SKU, its name."""

    name: str


class Change(Struct, frozen=True):
    """A field's value before and after; both null where the values are nobody's business."""

    old: Any
    new: Any


class Changed(Struct, frozen=True):
    """The fields that an edit changed."""

    name: str
    changes: Mapping[str, Change]


@dataclass(frozen=True)
class EventType(Generic[Payload]):
    """`name` is the kind of thing and what happened to it, such as `product.created`."""

    name: str
    payload: type[Payload]

    @property
    def kind(self) -> str:
        """The kind of thing."""
        return self.name.partition(".")[0]


CATALOGUE: dict[str, EventType[Any]] = {}
"""Every declared event by its name; complete once the application is imported."""


def declare(name: str, payload: type[Payload]) -> EventType[Payload]:
    """Adds an event to the catalogue. Raises ValueError for a name that is taken."""
    if name in CATALOGUE:
        raise ValueError(f"the event {name} is declared twice")
    event = EventType(name, payload)
    CATALOGUE[name] = event
    return event


class Author(Protocol):
    """In whose name, and for which organization, something happens."""

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
    """Appends the event to those of the organization, as of now. One statement; nothing is locked."""
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
    """Appends which fields of a row an edit changed, unless it changed none."""
    if changes := difference(before, after):
        await emit(connection, author, event, after.id, Changed(name, changes))


def difference(before: Struct, after: object) -> dict[str, Change]:
    """The fields of two states of a row whose values differ, its version aside."""
    return {
        field: Change(msgspec.to_builtins(old), msgspec.to_builtins(new))
        for field in before.__struct_fields__
        if field != "updated_at" and (old := getattr(before, field)) != (new := getattr(after, field))
    }
