"""Routes of positions and events of shipments."""

from datetime import UTC, datetime
from typing import Annotated, Generic, Literal, TypeVar
from uuid import UUID

import msgspec
from litestar import get, post
from msgspec import Meta

from imsop.core.errors import FieldError, InvalidInput, field_error
from imsop.core.listing import DEFAULT_PAGE, Cursor, Page, PageLimit, PageRequest
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.sales.orders.events import SALES_ORDER_DELIVERED
from imsop.shipping.shipments import actions as shipments_actions
from imsop.shipping.shipments.events import SHIPMENT_DELIVERED, SHIPMENT_DEPARTED
from imsop.shipping.tracking import actions as tracking_actions
from imsop.shipping.tracking import queries
from imsop.shipping.tracking.models import (
    MAX_BULK,
    BatchResult,
    BulkPositions,
    NewPosition,
    NewShipmentEvent,
    Position,
    PositionBatch,
    ShipmentEvent,
    ShipmentPosition,
)


@get("/shipments/{shipment_id:uuid}/tracking", opt=allow(Permission.SHIPMENTS_READ))
async def list_shipment_positions(
    request: TenantRequest,
    shipment_id: UUID,
    sort: Literal["-timestamp", "timestamp"] = "-timestamp",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[Position]:
    connection, actor = await request.begin()
    return await tracking_actions.list_positions(
        connection, actor, shipment_id, PageRequest(sort, limit, cursor), datetime.now(UTC)
    )


@post("/shipments/{shipment_id:uuid}/tracking", opt=allow(Permission.SHIPMENTS_WRITE))
async def record_shipment_position(request: TenantRequest, shipment_id: UUID, data: NewPosition) -> Position:
    """Record where a shipment was. Positions may arrive in any order."""
    connection, actor = await request.begin()
    return await tracking_actions.record_position(connection, actor, shipment_id, data, datetime.now(UTC))


Batch = TypeVar("Batch", PositionBatch, BulkPositions)


class _PositionByPosition(Generic[Batch]):
    """Decodes a batch; on failure reports every invalid position, where msgspec stops at the first."""

    class _Unread(msgspec.Struct, forbid_unknown_fields=True):
        positions: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=MAX_BULK)]

    def __init__(self, batch: type[Batch], position: type[NewPosition]) -> None:
        self.batch: type[Batch] = batch
        self.position: type[NewPosition] = position

    def decode(self, body: bytes | bytearray) -> Batch:
        decoded: Batch
        try:
            decoded = msgspec.json.decode(body, type=self.batch)
        except msgspec.ValidationError as refused:
            faults = self._faults(body)
            if not faults:  # of the batch itself, such as too many positions
                raise refused from None
            raise InvalidInput("nothing was recorded; see errors", errors=faults) from None
        return decoded

    def _faults(self, body: bytes | bytearray) -> list[FieldError]:
        faults = []
        for place, raw in enumerate(msgspec.json.decode(body, type=self._Unread).positions):
            try:
                msgspec.json.decode(raw, type=self.position)
            except msgspec.ValidationError as error:
                fault = field_error(str(error))
                field = f"positions[{place}].{fault.field}".removesuffix(".body")
                faults.append(FieldError(field, fault.message))
        return faults


@post(
    "/shipments/{shipment_id:uuid}/tracking-batches",
    opt=allow(Permission.SHIPMENTS_WRITE, decode=_PositionByPosition(PositionBatch, NewPosition).decode),
    status_code=200,
)
async def record_shipment_positions(
    request: TenantRequest, shipment_id: UUID, data: PositionBatch, dry_run: bool = False
) -> BatchResult:
    """Record many positions of one shipment, all or none; `dry_run` checks them and records nothing."""
    connection, actor = await request.begin()
    return await tracking_actions.record_positions(
        connection, actor, shipment_id, data.positions, datetime.now(UTC), dry_run=dry_run
    )


@post(
    "/tracking",
    opt=allow(Permission.SHIPMENTS_WRITE, decode=_PositionByPosition(BulkPositions, ShipmentPosition).decode),
    status_code=200,
)
async def record_tracking(request: TenantRequest, data: BulkPositions, dry_run: bool = False) -> BatchResult:
    """Record positions of many shipments, all or none, in any order; a position sent again is recorded once.

    Each names its shipment by `shipment_id` or `tracking_number`. `dry_run` checks them and records nothing.
    """
    connection, actor = await request.begin()
    return await tracking_actions.record_bulk(
        connection, actor, data.positions, datetime.now(UTC), dry_run=dry_run
    )


@get("/shipments/{shipment_id:uuid}/events", opt=allow(Permission.SHIPMENTS_READ))
async def list_shipment_events(
    request: TenantRequest,
    shipment_id: UUID,
    sort: Literal["-occurred_at", "occurred_at"] = "-occurred_at",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[ShipmentEvent]:
    connection, actor = await request.begin()
    await shipments_actions.require_shipment(connection, actor, shipment_id)
    return await queries.EVENTS.page(
        connection, actor.organization_id, PageRequest(sort, limit, cursor), shipment_id=shipment_id
    )


@post(
    "/shipments/{shipment_id:uuid}/events",
    opt=allow(
        Permission.SHIPMENTS_WRITE, emits=(SHIPMENT_DEPARTED, SHIPMENT_DELIVERED, SALES_ORDER_DELIVERED)
    ),
)
async def record_shipment_event(
    request: TenantRequest, shipment_id: UUID, data: NewShipmentEvent
) -> ShipmentEvent:
    """Record what happened to a shipment. Events may arrive in any order."""
    connection, actor = await request.begin()
    return await tracking_actions.record_event(connection, actor, shipment_id, data, datetime.now(UTC))


ROUTES = [
    list_shipment_positions,
    record_shipment_position,
    record_shipment_positions,
    record_tracking,
    list_shipment_events,
    record_shipment_event,
]
