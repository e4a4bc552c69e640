"""The page where a buyer records what the supplier confirmed, line by line."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect

from imsop.core.errors import DomainError, FieldError, InvalidInput
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.purchasing.orders.actions import DRAFTS
from imsop.purchasing.orders.lifecycle import LIFECYCLE
from imsop.purchasing.orders.models import Confirmation, ConfirmedLine
from imsop.purchasing.receipts import queries
from imsop.purchasing.receipts.queries import LineOnForm
from imsop.web.edge.requests import StrictRequest
from imsop.web.pages.forms import attempt, filled_form, require_write
from imsop.web.pages.line_forms import Refused, at_inputs, quantity, typed
from imsop.web.pages.purchasing.line_forms import show_order_form

_CONFIRM = LIFECYCLE.of("confirm")
_INPUTS = {"quantity": "quantity", "unit_price": "price", "promised_delivery_date": "promised"}


@get(
    "/purchase-orders/{order_id:uuid}/confirmation",
    opt=allow(Permission.PURCHASE_ORDERS_READ),
    include_in_schema=False,
)
async def confirmation_page(request: TenantRequest, order_id: UUID) -> Response[bytes]:
    _, actor = await request.begin()
    require_write(actor, LIFECYCLE.permission)
    return await _form(request, order_id)


@post(
    "/purchase-orders/{order_id:uuid}/confirmation",
    opt=allow(LIFECYCLE.permission, emits=(_CONFIRM.emits,)),
    status_code=303,
    include_in_schema=False,
)
async def confirm(request: StrictRequest, order_id: UUID) -> Response[Any]:
    """Confirms the order; lines that were left empty as ordered."""
    connection, actor = await request.begin()
    fields = request.fields()
    lines = await queries.list_lines_of_order(connection, actor.organization_id, order_id)
    told = [line for line in lines if any(typed(fields, what, line) for what in _INPUTS.values())]
    try:
        confirmation = _entered(fields, told)
        async with attempt(connection):
            await LIFECYCLE.apply(connection, actor, order_id, _CONFIRM.verb, None, confirmation)
    except DomainError as refusal:
        refused = Refused(refusal, at_inputs(refusal, told, _INPUTS), fields)
        return await _form(request, order_id, refused)
    return Redirect(f"/purchase-orders/{order_id}?done={_CONFIRM.verb}", status_code=303)


def _entered(fields: Mapping[str, str], told: Sequence[LineOnForm]) -> Confirmation:
    """The confirmation as typed. Raises InvalidInput naming each input that is wrong."""
    errors: list[FieldError] = []
    lines: list[ConfirmedLine] = []
    for line in told:
        entered = {
            "id": str(line.id),
            "unit_price": typed(fields, "price", line).replace(",", "."),
            "promised_delivery_date": typed(fields, "promised", line),
        }
        try:
            one = filled_form(entered, ConfirmedLine)
            if typed(fields, "quantity", line):
                confirmed = quantity(fields, "quantity", line, line.quantity_ordered)
                one = msgspec.structs.replace(one, quantity=confirmed)
            lines.append(one)
        except InvalidInput as wrong:
            errors += [
                FieldError(f"{_INPUTS[e.field]}-{line.id}" if e.field in _INPUTS else e.field, e.message)
                for e in wrong.errors
            ]
    if errors:
        raise InvalidInput("check the marked fields", errors=errors)
    return Confirmation(lines)


async def _form(request: TenantRequest, order_id: UUID, refused: Refused | None = None) -> Response[bytes]:
    """The form, as it was sent if it was refused."""
    connection, actor = await request.begin()
    order = await DRAFTS.require(connection, actor, order_id)
    return await show_order_form(
        request,
        "pages/purchasing/confirmation.html",
        order,
        refused,
        lines=await queries.list_lines_of_order(connection, actor.organization_id, order_id),
        can_confirm=order.status in _CONFIRM.sources,
    )


PAGES = [confirmation_page, confirm]
