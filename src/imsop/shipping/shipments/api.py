"""Routes of shipments."""

from datetime import date
from typing import Literal
from uuid import UUID

from litestar import Response, get, patch, post

from imsop.core.fields import Instant, Text100
from imsop.core.http import CREATED, VERSIONED, IfMatch, created, versioned
from imsop.core.listing import DEFAULT_PAGE, Cursor, Page, PageLimit, PageRequest, sort_within
from imsop.core.searching import SearchQuery, spellings_of
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.shipping.shipments import actions, queries
from imsop.shipping.shipments.events import SHIPMENT_CHANGED, SHIPMENT_CREATED
from imsop.shipping.shipments.lifecycle import LIFECYCLE
from imsop.shipping.shipments.models import (
    NewShipment,
    Shipment,
    ShipmentChanges,
    ShipmentItem,
    ShipmentStatus,
    ShipmentType,
    ShipmentWithItems,
)


@get("/shipments", opt=allow(Permission.SHIPMENTS_READ))
async def list_shipments(
    request: TenantRequest,
    q: SearchQuery | None = None,
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
        q=spellings_of(q),
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


@post(
    "/shipments",
    opt=allow(Permission.SHIPMENTS_WRITE, 409, emits=(SHIPMENT_CREATED,)),
    response_headers=CREATED,
)
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
    opt=allow(Permission.SHIPMENTS_WRITE, 409, 412, 428, emits=(SHIPMENT_CHANGED,)),
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


ROUTES = [
    list_shipments,
    create_shipment,
    get_shipment,
    edit_shipment,
    list_shipment_items,
    *LIFECYCLE.routes("/shipments", actions.get_shipment, ShipmentWithItems),
]
