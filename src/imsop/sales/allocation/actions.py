"""Promises: the one answer that the API, the pages and the queue's job give."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from imsop.catalog.products import queries as products
from imsop.core.database import Connection
from imsop.core.errors import InvalidInput
from imsop.core.instants import today
from imsop.identity.actor import Actor
from imsop.inventory.reservations import queries as reservations
from imsop.inventory.reservations.rules import Waiting
from imsop.inventory.warehouses.actions import require_warehouse
from imsop.sales.allocation import queries
from imsop.sales.allocation.models import Availability, LinePromise, PromisedPart, UndatedPart
from imsop.sales.allocation.rules import Incoming, Served, serve_over_time
from imsop.sales.orders.actions import DRAFTS


async def get_availability(
    connection: Connection,
    actor: Actor,
    sku: str,
    quantity: int,
    *,
    wanted_on: date | None = None,
    warehouse_id: UUID | None = None,
) -> Availability:
    """What of a quantity of a product could be promised to a new order, behind all that wait already.

    Raises InvalidInput for an unknown product or warehouse. Takes no locks.
    """
    product = await products.get_product_by_sku(connection, actor.organization_id, sku)
    if product is None:
        raise InvalidInput.of("sku", "no such product exists")
    if warehouse_id is not None:
        await require_warehouse(connection, actor, "warehouse_id", warehouse_id)
    asked = Waiting(uuid4(), product.id, quantity, warehouse_id)
    served, incoming = await _serve(connection, actor, [asked])
    return Availability(
        product_id=product.id,
        sku=product.sku,
        warehouse_id=warehouse_id,
        **_parts(actor, asked, served, incoming, wanted_on),
    )


async def get_promises(connection: Connection, actor: Actor, order_id: UUID) -> list[LinePromise]:
    """What can be promised for each line of an order that is not reserved in full.

    A confirmed order has its place in the queue; a draft or one on hold comes behind it. Raises NotFound.
    """
    order = await DRAFTS.require(connection, actor, order_id)
    lines = await queries.list_lines_to_promise(connection, actor.organization_id, order.id)
    if not lines:
        return []
    behind = [line for line in lines if not line.is_queued]
    served, incoming = await _serve(connection, actor, behind, [line.product_id for line in lines])
    return [
        LinePromise(
            line_id=line.line_id,
            line_number=line.line_number,
            **_parts(actor, line, served, incoming, order.expected_delivery_date),
        )
        for line in lines
    ]


async def _serve(
    connection: Connection, actor: Actor, behind: Sequence[Waiting], product_ids: Sequence[UUID] = ()
) -> tuple[list[Served], list[Incoming]]:
    """Serves the queue of the products with these lines behind it; returns also all that is on order."""
    wanted = list({*product_ids, *(line.product_id for line in behind)})
    queue = await reservations.list_waiting(connection, actor.organization_id, wanted)
    free = await reservations.list_free(connection, actor.organization_id, wanted)
    incoming = await queries.list_incoming(connection, actor.organization_id, wanted)
    day = today(actor.timezone)
    dated = [one for one in incoming if one.due_on is not None and one.due_on >= day]
    return serve_over_time([*queue, *behind], free, dated), incoming


def _parts(
    actor: Actor,
    line: Waiting,
    served: Sequence[Served],
    incoming: Sequence[Incoming],
    wanted_on: date | None,
) -> dict[str, Any]:
    """The fields of the promise for one line."""
    day = today(actor.timezone)
    own = [one for one in served if one.line_id == line.line_id]
    now = sum(one.quantity for one in own if one.source is None)
    promised = [
        PromisedPart(one.quantity, one.source.due_on, one.source.po_number, one.source.purchase_order_id)
        for one in own
        if one.source is not None and one.source.due_on is not None
    ]
    missing = line.quantity - now - sum(part.quantity for part in promised)
    by_then = [part.quantity for part in promised if wanted_on is not None and part.date <= wanted_on]
    return {
        "quantity": line.quantity,
        "available_now": now,
        "promised": promised,
        "missing": missing,
        "complete_on": None if missing else max((part.date for part in promised), default=day),
        "wanted_on": wanted_on,
        "on_time": None if wanted_on is None else (now if wanted_on >= day else 0) + sum(by_then),
        "undated": [
            UndatedPart(one.quantity, one.po_number, one.purchase_order_id, one.due_on)
            for one in incoming
            if one.product_id == line.product_id and (one.due_on is None or one.due_on < day)
        ],
    }
