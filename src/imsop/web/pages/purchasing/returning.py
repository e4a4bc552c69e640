"""The page where goods go back to the supplier of a purchase order."""

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
from imsop.purchasing.receipts import queries
from imsop.purchasing.receipts.queries import LineOnForm
from imsop.purchasing.returns import actions
from imsop.purchasing.returns.events import SUPPLIER_RETURN_POSTED
from imsop.purchasing.returns.models import NewSupplierReturn, NewSupplierReturnLine
from imsop.web.edge.requests import StrictRequest
from imsop.web.pages.forms import attempt, filled_form, require_write
from imsop.web.pages.line_forms import Refused, at_inputs, instant, quantity, typed
from imsop.web.pages.purchasing.line_forms import show_order_form
from imsop.web.pages.row_filters import WAREHOUSE, pick, require


class Head(Struct, frozen=True):
    """The fields beside the lines that are texts."""

    supplier_reference: Text100 | None = None
    notes: Text | None = None


_INPUTS = {"quantity": "returned", "reason": "reason"}


@get(
    "/purchase-orders/{order_id:uuid}/return",
    opt=allow(Permission.GOODS_RECEIPTS_READ),
    include_in_schema=False,
)
async def returning_page(request: TenantRequest, order_id: UUID) -> Response[bytes]:
    _, actor = await request.begin()
    require_write(actor, Permission.GOODS_RECEIPTS_WRITE)
    return await _form(request, order_id)


@post(
    "/purchase-orders/{order_id:uuid}/return",
    opt=allow(Permission.GOODS_RECEIPTS_WRITE, emits=(SUPPLIER_RETURN_POSTED,)),
    status_code=303,
    include_in_schema=False,
)
async def return_goods(request: StrictRequest, order_id: UUID) -> Response[Any]:
    """Posts what was entered; lines without a quantity are left out."""
    connection, actor = await request.begin()
    fields = request.fields()
    lines = await queries.list_lines_of_order(connection, actor.organization_id, order_id)
    back = [line for line in lines if typed(fields, "returned", line)]
    try:
        of = await require(connection, actor, (WAREHOUSE,), warehouse_id=fields.get("warehouse_id"))
        new = _entered(fields, back, order_id, of["warehouse_id"], actor)
        async with attempt(connection):
            returned = await actions.return_goods(connection, actor, new)
    except DomainError as refusal:
        refused = Refused(refusal, at_inputs(refusal, back, _INPUTS), fields)
        return await _form(request, order_id, refused)
    return Redirect(f"/supplier-returns/{returned.id}?done=true", status_code=303)


def _entered(
    fields: Mapping[str, str],
    back: Sequence[LineOnForm],
    order_id: UUID,
    warehouse_id: UUID | None,
    actor: Actor,
) -> NewSupplierReturn:
    """The return as typed. Raises InvalidInput naming each input that is wrong."""
    if not back:
        raise InvalidInput("enter how much of each line goes back; nothing was entered")
    if warehouse_id is None:
        raise InvalidInput.of("warehouse_id", "is required")
    errors: list[FieldError] = []
    returned: list[NewSupplierReturnLine] = []
    for line in back:
        reason = typed(fields, "reason", line)
        if not reason:
            errors.append(FieldError(f"reason-{line.id}", "is required"))
        try:
            left = line.quantity_received - line.quantity_returned
            returned.append(NewSupplierReturnLine(line.id, quantity(fields, "returned", line, left), reason))
        except InvalidInput as wrong:
            errors += wrong.errors
    errors += [
        FieldError(f"returned-{one.purchase_order_item_id}", "must not be 0")
        for one in returned
        if one.quantity == 0
    ]
    if errors:
        raise InvalidInput("check the marked fields", errors=errors)
    head = filled_form({name: fields.get(name, "") for name in Head.__struct_fields__}, Head)
    return NewSupplierReturn(
        order_id,
        warehouse_id,
        returned,
        head.supplier_reference,
        instant(fields, "returned_at", actor.timezone),
        head.notes,
    )


async def _form(request: TenantRequest, order_id: UUID, refused: Refused | None = None) -> Response[bytes]:
    """The form, as it was sent if it was refused."""
    connection, actor = await request.begin()
    order = await DRAFTS.require(connection, actor, order_id)
    lines = await queries.list_lines_of_order(connection, actor.organization_id, order_id)
    picked = await pick(connection, actor, (WAREHOUSE,), warehouse_id=str(order.warehouse_id or ""))
    return await show_order_form(
        request,
        "pages/purchasing/returning.html",
        order,
        refused,
        picked.texts,
        lines=[line for line in lines if line.quantity_received > line.quantity_returned],
    )


PAGES = [returning_page, return_goods]
