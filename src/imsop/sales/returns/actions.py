"""Authorizes returns from customers."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from imsop.core.database import Connection
from imsop.core.errors import FieldError, InvalidInput, NotFound
from imsop.core.events import emit
from imsop.core.instants import today
from imsop.core.said import Said
from imsop.documents.numbers import next_number
from imsop.identity.actor import Actor
from imsop.sales.returns import queries
from imsop.sales.returns.events import CUSTOMER_RETURN_AUTHORIZED, Authorized
from imsop.sales.returns.models import (
    CustomerReturn,
    CustomerReturnWithLines,
    NewCustomerReturn,
    NewCustomerReturnLine,
)
from imsop.sales.returns.queries import NewLine, Returnable


async def require_return(connection: Connection, actor: Actor, return_id: UUID) -> CustomerReturn:
    """The return without its lines. Raises NotFound."""
    returned = await queries.get_return(connection, actor.organization_id, return_id)
    if returned is None:
        raise NotFound("no customer return with this id")
    return returned


async def get_return(connection: Connection, actor: Actor, return_id: UUID) -> CustomerReturnWithLines:
    """The return with its lines. Raises NotFound."""
    returned = await require_return(connection, actor, return_id)
    lines = await queries.list_lines(connection, actor.organization_id, return_id)
    return CustomerReturnWithLines(**msgspec.structs.asdict(returned), lines=lines)


async def authorize_return(
    connection: Connection, actor: Actor, new: NewCustomerReturn
) -> CustomerReturnWithLines:
    """Authorizes a return: of an order up to what was shipped and is in no other return, or of products
    without an order. Moves no stock.

    Locks the order, so that no two returns claim the same units. Raises InvalidInput naming each line.
    """
    customer_id = new.customer_id
    if new.sales_order_id is None:
        lines = _without_order(new.lines)
    else:
        sold = await queries.lock_order(connection, actor.organization_id, new.sales_order_id)
        if sold is None:
            raise InvalidInput.of("sales_order_id", "nothing with this id exists")
        if new.customer_id not in (None, sold.customer_id):
            raise InvalidInput.of("customer_id", "is not the customer of the order")
        customer_id = sold.customer_id
        returnable = await queries.list_returnable(connection, actor.organization_id, new.sales_order_id)
        lines = _of_order(new.lines, {line.id: line for line in returnable})
    number = await next_number(
        connection, actor.organization_id, "customer_return", today(actor.timezone).year, "return_number"
    )
    return_id = await queries.insert_return(
        connection, actor.organization_id, new, number, customer_id, actor.user_id
    )
    await queries.insert_lines(connection, actor.organization_id, return_id, lines)
    stored = await get_return(connection, actor, return_id)
    told = Authorized(number, stored.customer_name, stored.quantity)
    await emit(connection, actor, CUSTOMER_RETURN_AUTHORIZED, return_id, told)
    return stored


def _without_order(lines: Sequence[NewCustomerReturnLine]) -> list[NewLine]:
    errors = [
        FieldError(f"lines[{place}].sales_order_item_id", "needs the sales_order_id that it is a line of")
        for place, one in enumerate(lines)
        if one.sales_order_item_id is not None
    ] + [
        FieldError(f"lines[{place}].product_id", "is required: the return names no order")
        for place, one in enumerate(lines)
        if one.sales_order_item_id is None and one.product_id is None
    ]
    if errors:
        raise InvalidInput.of_all(errors)
    return [NewLine(None, one.product_id, one.quantity, one.reason) for one in lines if one.product_id]


def _of_order(lines: Sequence[NewCustomerReturnLine], returnable: dict[UUID, Returnable]) -> list[NewLine]:
    left = {line.id: line.left for line in returnable.values()}
    errors, found = [], []
    for place, one in enumerate(lines):
        where = f"lines[{place}]"
        if one.sales_order_item_id is None:
            errors.append(
                FieldError(f"{where}.sales_order_item_id", "is required: the return names an order")
            )
            continue
        line = returnable.get(one.sales_order_item_id)
        if line is None:
            errors.append(FieldError(f"{where}.sales_order_item_id", "is not a line of this order"))
            continue
        if one.product_id not in (None, line.product_id):
            errors.append(FieldError(f"{where}.product_id", "is not the product of the line"))
        if one.quantity > left[line.id]:
            said = Said(
                "line %(line)s: %(left)s left to return, of %(shipped)s shipped",
                line=line.line_number,
                left=max(left[line.id], 0),
                shipped=line.quantity_shipped,
            )
            errors.append(FieldError(f"{where}.quantity", said))
        left[line.id] -= one.quantity
        found.append(NewLine(line.id, line.product_id, one.quantity, one.reason))
    if errors:
        raise InvalidInput(
            Said("this cannot be returned: %(why)s", why=[error.message for error in errors]), errors=errors
        )
    return found
