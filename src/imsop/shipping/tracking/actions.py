"""Records positions and events of shipments. Neither moves stock."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from imsop.core.database import Connection
from imsop.core.errors import FieldError, InvalidInput
from imsop.core.free_form import require_bounded
from imsop.core.listing import Page, PageRequest
from imsop.core.said import Said
from imsop.identity.actor import Actor
from imsop.shipping.shipments.actions import no_such_shipment, require_shipment
from imsop.shipping.shipments.lifecycle import follow
from imsop.shipping.tracking import queries
from imsop.shipping.tracking.models import (
    BatchResult,
    NewPosition,
    NewShipmentEvent,
    Position,
    ShipmentEvent,
    ShipmentPosition,
)

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
"""Earlier timestamps are faults of a clock."""


AHEAD = timedelta(days=1)
"""Tolerance for timestamps in the future: carriers' clocks and timezones are wrong by hours, not by days."""


async def record_position(
    connection: Connection, actor: Actor, shipment_id: UUID, new: NewPosition, now: datetime
) -> Position:
    """Appends a position, in any order of time. Raises InvalidInput, NotFound."""
    if faults := position_faults(new, now):
        raise InvalidInput.of_all(faults)
    position = await queries.record_position(connection, actor.organization_id, shipment_id, new)
    if position is None:
        raise no_such_shipment()
    return position


async def record_positions(
    connection: Connection,
    actor: Actor,
    shipment_id: UUID,
    positions: Sequence[NewPosition],
    now: datetime,
    *,
    dry_run: bool,
) -> BatchResult:
    """Appends positions of a shipment, all or none; only checks them if `dry_run`.

    Raises InvalidInput naming each bad one, and NotFound.
    """
    await require_shipment(connection, actor, shipment_id)
    return await _record(
        connection, actor, [shipment_id] * len(positions), positions, now, [], dry_run=dry_run
    )


async def record_bulk(
    connection: Connection,
    actor: Actor,
    positions: Sequence[ShipmentPosition],
    now: datetime,
    *,
    dry_run: bool,
) -> BatchResult:
    """Appends positions of many shipments, all or none; only checks them if `dry_run`.

    Raises InvalidInput naming each bad one, and each whose shipment is not known.
    """
    numbers = {one.tracking_number for one in positions if one.tracking_number is not None}
    found = {}
    if numbers:
        found = await queries.find_by_tracking_number(connection, actor.organization_id, sorted(numbers))
    faults: list[FieldError] = []
    shipment_ids: list[UUID | None] = []
    for place, position in enumerate(positions):
        known = found.get(position.tracking_number, []) if position.tracking_number is not None else []
        shipment_ids.append(position.shipment_id or (known[0] if len(known) == 1 else None))
        if (position.shipment_id is None) == (position.tracking_number is None):
            said = Said("is required, or tracking_number, but not both")
            faults.append(FieldError(f"positions[{place}].shipment_id", said))
        elif position.tracking_number is not None and len(known) != 1:
            said = (
                Said("several shipments have this number") if known else Said("no shipment has this number")
            )
            faults.append(FieldError(f"positions[{place}].tracking_number", said))
    return await _record(connection, actor, shipment_ids, positions, now, faults, dry_run=dry_run)


async def _record(
    connection: Connection,
    actor: Actor,
    shipment_ids: Sequence[UUID | None],
    positions: Sequence[NewPosition],
    now: datetime,
    faults: list[FieldError],
    *,
    dry_run: bool,
) -> BatchResult:
    unnamed = {fault.field.rpartition(".")[0] for fault in faults}
    faults = faults + [
        FieldError(f"positions[{place}].{fault.field}", fault.message)
        for place, position in enumerate(positions)
        for fault in position_faults(position, now)
    ]
    bad = {fault.field for fault in faults}
    instants = [  # an invalid timestamp may be beyond PostgreSQL's range
        now if f"positions[{place}].timestamp" in bad else position.timestamp
        for place, position in enumerate(positions)
    ]
    check = await queries.check_batch(connection, actor.organization_id, shipment_ids, instants)
    faults += [
        FieldError(f"positions[{place}].shipment_id", "nothing with this id exists")
        for place in check.without_shipment
        if f"positions[{place}]" not in unnamed
    ]
    faults += [
        FieldError(f"positions[{place}].timestamp", "is outside the months that are kept")
        for place in check.outside_kept_months
    ]
    if faults:
        raise InvalidInput("nothing was recorded; see errors", errors=faults)
    if dry_run:
        return BatchResult(len(positions), 0)
    known = [id_ for id_ in shipment_ids if id_ is not None]
    recorded = await queries.record_positions(connection, actor.organization_id, known, positions)
    return BatchResult(len(positions), recorded)


async def list_positions(
    connection: Connection, actor: Actor, shipment_id: UUID, request: PageRequest, now: datetime
) -> Page[Position]:
    await require_shipment(connection, actor, shipment_id)
    return await queries.POSITIONS.page(
        connection, actor.organization_id, request, shipment_id=shipment_id, until=now + AHEAD
    )


async def record_event(
    connection: Connection, actor: Actor, shipment_id: UUID, new: NewShipmentEvent, now: datetime
) -> ShipmentEvent:
    """Appends an event, in any order of time, and moves the shipment to the state that it tells of.

    Raises InvalidInput, NotFound. Locks the shipment and its sales orders if the event tells of a state.
    """
    if fault := _time_fault(new.occurred_at, now):
        raise InvalidInput.of("occurred_at", fault)
    require_bounded(new.payload, "payload")
    event = await queries.record_event(connection, actor.organization_id, shipment_id, new)
    if event is None:
        raise no_such_shipment()
    await follow(connection, actor, shipment_id, new.event_type, new.occurred_at)
    return event


def position_faults(new: NewPosition, now: datetime) -> list[FieldError]:
    """Errors of a position that can be found without the database."""
    faults = []
    if fault := _time_fault(new.timestamp, now):
        faults.append(FieldError("timestamp", fault))
    if (new.latitude is None) != (new.longitude is None):
        missing = "latitude" if new.latitude is None else "longitude"
        faults.append(FieldError(missing, "is required: coordinates come in pairs"))
    if not faults and new.latitude and new.longitude and not any(map(Decimal, (new.latitude, new.longitude))):
        faults.append(FieldError("latitude", "0, 0 is what a device without a fix sends; leave both out"))
    return faults


def _time_fault(instant: datetime, now: datetime) -> str | None:
    if instant > now + AHEAD:
        return Said("is more than a day in the future")
    if instant < EARLIEST:
        return Said("is before %(year)s", year=EARLIEST.year)
    return None
