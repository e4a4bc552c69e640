"""The page where a dock receives goods for a purchase order."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.response import Redirect
from msgspec import Struct

from imsop.core.errors import DomainError, FieldError, InvalidInput
from imsop.core.fields import Text, Text100
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.purchasing.orders.actions import DRAFTS
from imsop.purchasing.orders.events import PURCHASE_ORDER_RECEIVED
from imsop.purchasing.orders.lifecycle import OPEN
from imsop.purchasing.receipts import actions, queries
from imsop.purchasing.receipts.events import GOODS_RECEIPT_POSTED
from imsop.purchasing.receipts.models import NewGoodsReceipt, NewGoodsReceiptLine
from imsop.purchasing.receipts.queries import LineOnForm
from imsop.web.edge.requests import StrictRequest
from imsop.web.pages.forms import attempt, filled_form, require_write
from imsop.web.pages.line_forms import Refused, at_inputs, instant, quantity, typed
from imsop.web.pages.purchasing.line_forms import show_order_form
from imsop.web.pages.row_filters import WAREHOUSE, pick, require


class Head(Struct, frozen=True):
    """The fields beside the lines that are texts."""

    delivery_note: Text100 | None = None
    dock: Text100 | None = None
    notes: Text | None = None


_INPUTS = {
    "quantity_accepted": "accepted",
    "quantity_rejected": "rejected",
    "reason": "reason",
}


@get(
    "/purchase-orders/{order_id:uuid}/receive",
    opt=allow(Permission.GOODS_RECEIPTS_READ),
    include_in_schema=False,
)
async def receiving_page(request: TenantRequest, order_id: UUID) -> Response[bytes]:
    _, actor = await request.begin()
    require_write(actor, Permission.GOODS_RECEIPTS_WRITE)
    return await _form(request, order_id)


@post(
    "/purchase-orders/{order_id:uuid}/receive",
    opt=allow(Permission.GOODS_RECEIPTS_WRITE, emits=(GOODS_RECEIPT_POSTED, PURCHASE_ORDER_RECEIVED)),
    status_code=303,
    include_in_schema=False,
)
async def receive(request: StrictRequest, order_id: UUID) -> Response[Any]:
    """Posts what was entered; lines without a quantity are left out."""
    connection, actor = await request.begin()
    fields = request.fields()
    lines = await queries.list_lines_of_order(connection, actor.organization_id, order_id)
    arrived = [line for line in lines if typed(fields, "accepted", line) or typed(fields, "rejected", line)]
    try:
        to = await require(connection, actor, (WAREHOUSE,), warehouse_id=fields.get("warehouse_id"))
        new = _entered(fields, arrived, order_id, to["warehouse_id"], actor)
        async with attempt(connection):
            receipt = await actions.receive_goods(connection, actor, new)
    except DomainError as refusal:
        refused = Refused(refusal, at_inputs(refusal, arrived, _INPUTS), fields)
        return await _form(request, order_id, refused)
    return Redirect(f"/goods-receipts/{receipt.id}?done=true", status_code=303)


def _entered(
    fields: Mapping[str, str],
    arrived: Sequence[LineOnForm],
    order_id: UUID,
    warehouse_id: UUID | None,
    actor: Actor,
) -> NewGoodsReceipt:
    """The receipt as typed. Raises InvalidInput naming each input that is wrong."""
    if not arrived:
        raise InvalidInput("enter how much of each line arrived; nothing was entered")
    errors: list[FieldError] = []
    received: list[NewGoodsReceiptLine] = []
    for line in arrived:
        try:
            received.append(
                NewGoodsReceiptLine(
                    line.id,
                    None,
                    quantity(fields, "accepted", line, line.quantity_open),
                    quantity(fields, "rejected", line, line.quantity_open),
                    typed(fields, "reason", line) or None,
                )
            )
        except InvalidInput as wrong:
            errors += wrong.errors
    if errors:
        raise InvalidInput("check the quantities", errors=errors)
    head = filled_form({name: fields.get(name, "") for name in Head.__struct_fields__}, Head)
    return NewGoodsReceipt(
        order_id,
        received,
        warehouse_id,
        head.delivery_note,
        head.dock,
        instant(fields, "received_at", actor.timezone),
        head.notes,
    )


async def _form(request: TenantRequest, order_id: UUID, refused: Refused | None = None) -> Response[bytes]:
    """The form, as it was sent if it was refused."""
    connection, actor = await request.begin()
    order = await DRAFTS.require(connection, actor, order_id)
    lines = await queries.list_lines_of_order(connection, actor.organization_id, order_id)
    warehouse_id = order.warehouse_id or await queries.get_usual_warehouse(
        connection, actor.organization_id, order.supplier_id
    )
    picked = await pick(connection, actor, (WAREHOUSE,), warehouse_id=str(warehouse_id or ""))
    typed_in = refused.fields if refused else {}
    return await show_order_form(
        request,
        "pages/purchasing/receiving.html",
        order,
        refused,
        picked.texts,
        lines=[line for line in lines if line.quantity_open or f"accepted-{line.id}" in typed_in],
        can_receive=order.status in OPEN,
    )


PAGES = [receiving_page, receive]
