"""The page where goods of a sales order are packed into a shipment, and leave at once if wished."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.response import Redirect
from msgspec import Struct

from imsop.core.errors import DomainError, FieldError, InvalidInput
from imsop.core.fields import Text100
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.sales.customers.queries import get_customer
from imsop.sales.orders.actions import DRAFTS
from imsop.sales.orders.events import SALES_ORDER_SHIPPED
from imsop.shipping.shipments import actions, queries
from imsop.shipping.shipments.events import SHIPMENT_CREATED, SHIPMENT_DEPARTED
from imsop.shipping.shipments.lifecycle import LIFECYCLE
from imsop.shipping.shipments.link_queries import get_origin
from imsop.shipping.shipments.models import NewShipment, NewShipmentItem
from imsop.shipping.shipments.queries import LineToShip
from imsop.ui.language import N_
from imsop.ui.page import Crumb
from imsop.web.edge.requests import StrictRequest
from imsop.web.pages.forms import attempt, filled_form, require_write
from imsop.web.pages.line_forms import Refused, at_inputs, quantity, show_form, typed
from imsop.web.pages.row_filters import WAREHOUSE, filter_routes, pick, require


class Head(Struct, frozen=True):
    """The fields beside the lines that are texts."""

    carrier: Text100 | None = None
    tracking_number: Text100 | None = None


_INPUTS = {"quantity": "sent"}


@get("/sales-orders/{order_id:uuid}/ship", opt=allow(Permission.SHIPMENTS_READ), include_in_schema=False)
async def sending_page(request: TenantRequest, order_id: UUID) -> Response[bytes]:
    _, actor = await request.begin()
    require_write(actor, Permission.SHIPMENTS_WRITE)
    return await _form(request, order_id)


@post(
    "/sales-orders/{order_id:uuid}/ship",
    opt=allow(Permission.SHIPMENTS_WRITE, emits=(SHIPMENT_CREATED, SHIPMENT_DEPARTED, SALES_ORDER_SHIPPED)),
    status_code=303,
    include_in_schema=False,
)
async def send_goods(request: StrictRequest, order_id: UUID) -> Response[Any]:
    """Packs what was entered; lines without a quantity are left out."""
    connection, actor = await request.begin()
    fields = request.fields()
    lines = await queries.list_lines_to_ship(connection, actor.organization_id, order_id)
    sent = [line for line in lines if typed(fields, "sent", line)]
    try:
        of = await require(connection, actor, (WAREHOUSE,), warehouse_id=fields.get("warehouse_id"))
        new = _entered(fields, sent, order_id, of["warehouse_id"])
        async with attempt(connection):
            shipment = await actions.create_shipment(connection, actor, new)
            if fields.get("leaves"):
                await LIFECYCLE.apply(connection, actor, shipment.id, "dispatch")
    except DomainError as refusal:
        refused = Refused(refusal, at_inputs(refusal, sent, _INPUTS), fields)
        return await _form(request, order_id, refused)
    done = "dispatch" if fields.get("leaves") else "created"
    return Redirect(f"/shipments/{shipment.id}?done={done}", status_code=303)


def _entered(
    fields: Mapping[str, str], sent: Sequence[LineToShip], order_id: UUID, warehouse_id: UUID | None
) -> NewShipment:
    """The shipment as typed. Raises InvalidInput naming each input that is wrong."""
    if not sent:
        raise InvalidInput("enter how much of each line is sent; nothing was entered")
    errors: list[FieldError] = []
    if warehouse_id is None:
        errors.append(FieldError("warehouse_id", "is required"))
    items: list[NewShipmentItem] = []
    for line in sent:
        try:
            units = quantity(fields, "sent", line, line.quantity_left)
        except InvalidInput as wrong:
            errors += wrong.errors
            continue
        if units == 0:
            errors.append(FieldError(f"sent-{line.id}", "must not be 0"))
        items.append(NewShipmentItem(max(units, 1), line.product_id, None, line.id))
    if errors:
        raise InvalidInput("check the marked fields", errors=errors)
    head = filled_form({name: fields.get(name, "") for name in Head.__struct_fields__}, Head)
    return NewShipment(
        shipment_type="outbound",
        sales_order_id=order_id,
        origin_warehouse_id=warehouse_id,
        carrier=head.carrier,
        tracking_number=head.tracking_number,
        items=items,
    )


async def _form(request: TenantRequest, order_id: UUID, refused: Refused | None = None) -> Response[bytes]:
    """The form, as it was sent if it was refused."""
    connection, actor = await request.begin()
    order = await DRAFTS.require(connection, actor, order_id)
    customer = order.customer_id and await get_customer(connection, actor.organization_id, order.customer_id)
    origin = await get_origin(connection, actor.organization_id, order_id)
    picked = await pick(connection, actor, (WAREHOUSE,), warehouse_id=str(origin or ""))
    return await show_form(
        request,
        "pages/shipping/sending.html",
        refused,
        picked.texts,
        order=order,
        customer=customer,
        lines=await queries.list_lines_to_ship(connection, actor.organization_id, order_id),
        crumbs=[
            Crumb(N_("Sales orders"), "/sales-orders"),
            Crumb(order.so_number, f"/sales-orders/{order.id}", is_name=True),
        ],
    )


PAGES = [
    sending_page,
    send_goods,
    *filter_routes("/shipments", Permission.SHIPMENTS_READ, (WAREHOUSE,)),
]
