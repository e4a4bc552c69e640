"""Keeping sales orders while they are drafts."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from imsop.core import edits
from imsop.core.database import Connection
from imsop.core.errors import Conflict, FieldError, InvalidInput, NotFound
from imsop.core.said import Said
from imsop.documents.lines import totals
from imsop.documents.numbers import next_number
from imsop.identity.actor import Actor
from imsop.sales.orders import queries
from imsop.sales.orders.models import (
    NewSalesOrder,
    NewSalesOrderItem,
    SalesOrder,
    SalesOrderChanges,
    SalesOrderWithItems,
)

# Sales orders, while they are drafts


async def require_sales_order(connection: Connection, actor: Actor, order_id: UUID) -> SalesOrder:
    """The order without its lines."""
    order = await queries.get_sales_order(connection, actor.organization_id, order_id)
    if order is None:
        raise NotFound("no sales order with this id")
    return order


async def get_sales_order(connection: Connection, actor: Actor, order_id: UUID) -> SalesOrderWithItems:
    order = await require_sales_order(connection, actor, order_id)
    items = await queries.list_items(connection, actor.organization_id, order_id)
    return SalesOrderWithItems(**msgspec.structs.asdict(order), items=items)


async def create_sales_order(connection: Connection, actor: Actor, new: NewSalesOrder) -> SalesOrderWithItems:
    """Drafts an order. Raises Conflict for a number that is taken and for a blocked customer."""
    _require_days_in_order(new.order_date, new.expected_delivery_date, new.items)
    await _require_references(connection, actor, new.customer_id, new.items)
    line_totals, total_amount = totals(new.items)
    so_number = new.so_number or await next_number(
        connection, actor.organization_id, "sales_order", new.order_date.year, "so_number"
    )
    currency = new.currency or actor.currency
    order_id = await queries.insert_sales_order(
        connection, actor.organization_id, new, so_number, currency, total_amount, actor.user_id
    )
    await queries.insert_items(connection, actor.organization_id, order_id, new.items, line_totals)
    await queries.insert_history(connection, actor.organization_id, order_id, None, "draft", actor.user_id)
    return await get_sales_order(connection, actor, order_id)


async def edit_sales_order(
    connection: Connection, actor: Actor, order_id: UUID, changes: SalesOrderChanges, if_match: str
) -> SalesOrderWithItems:
    """Changes a draft that is still the version the caller read. Raises Conflict past draft."""
    current = await queries.get_sales_order(connection, actor.organization_id, order_id)
    current = edits.require_version(current, if_match, "sales order")
    _require_draft(current)
    fields = edits.changed_fields(changes)
    items = fields.pop("items", None)
    if not fields.keys().isdisjoint({"order_date", "expected_delivery_date"}) or items:
        edited = msgspec.structs.replace(current, **fields)
        _require_days_in_order(edited.order_date, edited.expected_delivery_date, items or [])
    await _require_references(connection, actor, fields.get("customer_id"), items or [])
    line_totals, total_amount = ([], current.total_amount) if items is None else totals(items)
    edited = msgspec.structs.replace(current, **fields, total_amount=total_amount)
    if not await queries.update_draft(connection, actor.organization_id, edited):
        raise edits.changed_meanwhile("sales order")
    if items is not None:
        await queries.delete_items(connection, actor.organization_id, order_id)
        await queries.insert_items(connection, actor.organization_id, order_id, items, line_totals)
    return await get_sales_order(connection, actor, order_id)


async def delete_sales_order(connection: Connection, actor: Actor, order_id: UUID) -> None:
    """Deletes a draft. Raises Conflict past draft: such an order is cancelled instead."""
    if not await queries.delete_draft(connection, actor.organization_id, order_id):
        _require_draft(await require_sales_order(connection, actor, order_id))


def _require_days_in_order(
    ordered_on: date, expected_on: date | None, items: Sequence[NewSalesOrderItem]
) -> None:
    """What was delivered before it was ordered is imported, not drafted."""
    expected = {"expected_delivery_date": expected_on} | {
        f"items[{place}].expected_delivery_date": item.expected_delivery_date
        for place, item in enumerate(items)
    }
    edits.require_days_from(ordered_on, expected, "order_date")


async def _require_references(
    connection: Connection, actor: Actor, customer_id: UUID | None, items: Sequence[NewSalesOrderItem]
) -> None:
    """Refuses ids that lead nowhere, all at once, and a blocked customer.

    Nothing is locked: a customer blocked a moment later has a draft from a moment before.
    """
    found = await queries.look_up_references(
        connection, actor.organization_id, customer_id, [item.product_id for item in items]
    )
    unknown = [f"items[{place}].product_id" for place in found.unknown_lines]
    if customer_id is not None and found.customer_status is None:
        unknown.insert(0, "customer_id")
    if unknown:
        errors = [FieldError(field, "nothing with this id exists") for field in unknown]
        raise InvalidInput(
            Said("the order refers to something that does not exist: %(fields)s", fields=", ".join(unknown)),
            errors=errors,
        )
    if found.customer_status == "blocked":
        raise Conflict(
            "this customer is blocked; choose another",
            errors=[FieldError("customer_id", "is blocked")],
        )


def _require_draft(order: SalesOrder) -> None:
    if order.status != "draft":
        raise Conflict(
            Said(
                "this sales order is %(status)s; only a draft can be edited or deleted",
                status=Said(order.status),
            )
        )
