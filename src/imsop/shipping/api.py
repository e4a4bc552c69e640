"""Routes of shipping."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Response, get, patch, post
from msgspec import Meta

from imsop.core.errors import FieldError, InvalidInput, field_error
from imsop.core.fields import Instant, Text100
from imsop.core.http import CREATED, VERSIONED, IfMatch, created, versioned
from imsop.core.listing import DEFAULT_PAGE, Cursor, Page, PageLimit, PageRequest, sort_within
from imsop.identity.guard import allow
from imsop.identity.permissions import Permission
from imsop.identity.request import TenantRequest
from imsop.shipping import actions, queries, tracking_actions, tracking_queries
from imsop.shipping.models import (
    MAX_POSITIONS,
    BatchResult,
    NewPosition,
    NewShipment,
    NewShipmentEvent,
    Position,
    PositionBatch,
    Shipment,
    ShipmentChanges,
    ShipmentEvent,
    ShipmentItem,
    ShipmentStatus,
    ShipmentType,
    ShipmentWithItems,
)


@get("/shipments", opt=allow(Permission.SHIPMENTS_READ))
async def list_shipments(
    request: TenantRequest,
    tracking_number: Text100 | None = None,
    reference_id: Text100 | None = None,
    status: ShipmentStatus | None = None,
    shipment_type: ShipmentType | None = None,
    purchase_order_id: UUID | None = None,
    sales_order_id: UUID | None = None,
    supplier_id: UUID | None = None,
    created_from: Instant | None = None,
    created_to: Instant | None = None,
    expected_delivery_date_from: date | None = None,
    expected_delivery_date_to: date | None = None,
    sort: Literal["-created_at", "created_at", "expected_delivery_date", "-expected_delivery_date"]
    | None = None,
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[Shipment]:
    """Shipments with their latest positions, from `created_from` (inclusive) to `created_to` (exclusive).

    Newest first; with a date range (inclusive), in order of that date, unless `sort` says otherwise.
    """
    created_at = {"created_from": created_from, "created_to": created_to}
    expected = {
        "expected_delivery_date_from": expected_delivery_date_from,
        "expected_delivery_date_to": expected_delivery_date_to,
    }
    sort_by = sort_within(
        sort,
        "-created_at",
        {"created_at": [*created_at.values()], "expected_delivery_date": [*expected.values()]},
    )
    connection, actor = await request.begin()
    return await queries.SHIPMENTS.page(
        connection,
        actor.organization_id,
        PageRequest(sort_by, limit, cursor),
        tracking_number=tracking_number,
        reference_id=reference_id,
        status=status,
        shipment_type=shipment_type,
        purchase_order_id=purchase_order_id,
        sales_order_id=sales_order_id,
        supplier_id=supplier_id,
        **created_at,
        **expected,
    )


@post("/shipments", opt=allow(Permission.SHIPMENTS_WRITE, 409), response_headers=CREATED)
async def create_shipment(request: TenantRequest, data: NewShipment) -> Response[ShipmentWithItems]:
    """Create a shipment with its contents."""
    connection, actor = await request.begin()
    return created(await actions.create_shipment(connection, actor, data), "/api/v1/shipments")


@get("/shipments/{shipment_id:uuid}", opt=allow(Permission.SHIPMENTS_READ), response_headers=VERSIONED)
async def get_shipment(request: TenantRequest, shipment_id: UUID) -> Response[ShipmentWithItems]:
    connection, actor = await request.begin()
    return versioned(await actions.get_shipment(connection, actor, shipment_id))


@patch(
    "/shipments/{shipment_id:uuid}",
    opt=allow(Permission.SHIPMENTS_WRITE, 409, 412, 428),
    response_headers=VERSIONED,
)
async def edit_shipment(
    request: TenantRequest, shipment_id: UUID, data: ShipmentChanges, if_match: IfMatch
) -> Response[ShipmentWithItems]:
    """Change a shipment that is neither delivered nor cancelled."""
    connection, actor = await request.begin()
    return versioned(await actions.edit_shipment(connection, actor, shipment_id, data, if_match))


@get("/shipments/{shipment_id:uuid}/items", opt=allow(Permission.SHIPMENTS_READ))
async def list_shipment_items(
    request: TenantRequest,
    shipment_id: UUID,
    sort: Literal["id", "-id"] = "id",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[ShipmentItem]:
    """Contents of a shipment, in the order entered."""
    connection, actor = await request.begin()
    await actions.require_shipment(connection, actor, shipment_id)
    return await queries.ITEMS.page(
        connection, actor.organization_id, PageRequest(sort, limit, cursor), shipment_id=shipment_id
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


class _PositionByPosition:
    """Reads a batch; where it cannot, says so of each position that is wrong, not of the first alone."""

    class _Unread(msgspec.Struct, forbid_unknown_fields=True):
        positions: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=MAX_POSITIONS)]

    def decode(self, body: bytes | bytearray) -> PositionBatch:
        try:
            return msgspec.json.decode(body, type=PositionBatch)
        except msgspec.ValidationError:
            errors: list[FieldError] = []
            for place, raw in enumerate(msgspec.json.decode(body, type=self._Unread).positions):
                try:
                    msgspec.json.decode(raw, type=NewPosition)
                except msgspec.ValidationError as error:
                    fault = field_error(str(error))
                    field = f"positions[{place}].{fault.field}".removesuffix(".body")
                    errors.append(FieldError(field, fault.message))
            raise InvalidInput("nothing was recorded; see errors", errors=errors) from None


@post(
    "/shipments/{shipment_id:uuid}/tracking-batches",
    opt=allow(Permission.SHIPMENTS_WRITE, decode=_PositionByPosition().decode),
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


@get("/shipments/{shipment_id:uuid}/events", opt=allow(Permission.SHIPMENTS_READ))
async def list_shipment_events(
    request: TenantRequest,
    shipment_id: UUID,
    sort: Literal["-occurred_at", "occurred_at"] = "-occurred_at",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[ShipmentEvent]:
    connection, actor = await request.begin()
    await actions.require_shipment(connection, actor, shipment_id)
    return await tracking_queries.EVENTS.page(
        connection, actor.organization_id, PageRequest(sort, limit, cursor), shipment_id=shipment_id
    )


@post("/shipments/{shipment_id:uuid}/events", opt=allow(Permission.SHIPMENTS_WRITE))
async def record_shipment_event(
    request: TenantRequest, shipment_id: UUID, data: NewShipmentEvent
) -> ShipmentEvent:
    """Record what happened to a shipment. Events may arrive in any order."""
    connection, actor = await request.begin()
    return await tracking_actions.record_event(connection, actor, shipment_id, data, datetime.now(UTC))


ROUTES = [
    list_shipments,
    create_shipment,
    get_shipment,
    edit_shipment,
    list_shipment_items,
    list_shipment_positions,
    record_shipment_position,
    record_shipment_positions,
    list_shipment_events,
    record_shipment_event,
]
