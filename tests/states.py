"""The one factory of documents in states: reached as the product reaches them, by its verbs and functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID, uuid4

import msgspec

from imsop.core.database import Connection
from imsop.core.instants import today
from imsop.core.listing import PageRequest
from imsop.documents.drafts import Drafts
from imsop.documents.lifecycle import Lifecycle
from imsop.inventory.ledger import queries as ledger_queries
from imsop.inventory.ledger.models import Movement
from imsop.inventory.reservations import actions as reservations
from imsop.inventory.reservations import queries as reservations_queries
from imsop.inventory.reservations.models import Wish
from imsop.inventory.stock import queries as stock_queries
from imsop.purchasing.orders import actions as purchasing
from imsop.purchasing.orders import lifecycle as purchasing_lifecycle
from imsop.purchasing.orders.models import NewPurchaseOrder, NewPurchaseOrderItem, PurchaseOrderWithItems
from imsop.sales.orders import actions as sales
from imsop.sales.orders import lifecycle as sales_lifecycle
from imsop.sales.orders.models import NewSalesOrder, NewSalesOrderItem, SalesOrderWithItems
from tests import factories
from tests.factories import Member

Document = Literal["purchase_orders", "sales_orders", "shipments"]
Order = Literal["purchase_orders", "sales_orders"]

_WAYS: dict[Document, tuple[str, ...]] = {
    "purchase_orders": ("draft", "submitted", "confirmed", "shipped", "received"),
    "sales_orders": ("draft", "confirmed", "shipped", "delivered"),
    "shipments": ("pending", "in_transit", "delivered"),
}
"""The states that a document goes through, in turn; what is cancelled leaves its way."""
_VERBS: Mapping[str, Lifecycle] = {
    "purchase_orders": purchasing_lifecycle.LIFECYCLE,
    "sales_orders": sales_lifecycle.LIFECYCLE,
}
_NOW = {
    "purchase_orders": "SELECT status FROM purchase_orders WHERE organization_id = $1 AND id = $2",
    "sales_orders": "SELECT status FROM sales_orders WHERE organization_id = $1 AND id = $2",
    "shipments": "SELECT status FROM shipments WHERE organization_id = $1 AND id = $2",
}
_ADVANCE = {
    table: f"SELECT count(*) FROM advance_{table}($1, ARRAY[ROW($2::uuid, $3::text, $4::text, NULL, NULL,"
    " $5::uuid, NULL)::document_change])"
    for table in _NOW
}


def ago(days: int) -> date:
    """A day at organizations that tests found."""
    return today("UTC") - timedelta(days=days)


def ahead(days: int) -> date:
    return ago(-days)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


# States


async def advance(
    connection: Connection,
    owner: Member,
    document: Document,
    document_id: UUID | str,
    status: str,
    *,
    reason: str = "a test",
) -> None:
    """Takes a document on its way from the state that it is in to this one.

    By its verbs; into a state that no verb leads to, by the function that loads move documents with.
    """
    id_ = UUID(str(document_id))
    now = await connection.fetchval(_NOW[document], owner.organization_id, id_)
    way = _WAYS[document]
    to_come = way[way.index(now) + 1 : way.index(status) + 1] if status in way else (status,)
    for step in to_come:
        verbs = _VERBS[document].transitions if document in _VERBS else ()
        verb = next((verb for verb in verbs if verb.target == step), None)
        if verb is not None:
            needs = verb.body if verb.needs_reason else None
            given = msgspec.convert({"reason": reason}, needs) if needs else None
            await _VERBS[document].apply(connection, await owner.actor(), id_, verb.verb, body=given)
        else:
            organization_id, user_id = owner.organization_id, owner.user_id
            moved = _ADVANCE[document], organization_id, id_, now, step, user_id
            assert await connection.fetchval(*moved) == 0, step
        now = step
    assert now == status, "there is no way back"


async def in_state(owner: Member, document: Document, document_id: UUID | str, status: str) -> None:
    """The same in a transaction of its own."""
    async with owner.transaction() as connection:
        await advance(connection, owner, document, document_id, status)


_HAPPENED = {
    f"{order}s": f"UPDATE {order}_history SET occurred_at = $4"
    f" WHERE organization_id = $1 AND {order}_id = $2 AND to_status = $3"
    for order in ("purchase_order", "sales_order")
}
"""SQL, as superuser: what a verb does happens now, and history is only appended to. Loads bring the past."""


async def happened(superuser: Any, owner: Member, order: Order, order_id: UUID, **at: datetime) -> None:
    """The order came into each of its states at that instant."""
    for status, instant in at.items():
        done = await superuser.execute(_HAPPENED[order], owner.organization_id, order_id, status, instant)
        assert done == "UPDATE 1", status


# Orders


@dataclass(frozen=True)
class Line:
    """`done` is what was received or shipped of it.

    Confirming the order promises a line for the day it is expected on; one that has both days was put off.
    """

    product_id: str
    ordered: int = 10
    done: int = 0
    promised: date | None = None
    expected: date | None = None
    done_on: date | None = None
    price: Decimal | None = Decimal("2.50")
    reserved: int = 0
    returned: int = 0

    def drafted(self) -> dict[str, Any]:
        return {
            "product_id": UUID(self.product_id),
            "quantity_ordered": self.ordered,
            "unit_price": self.price,
            "expected_delivery_date": self.promised or self.expected,
        }


async def purchase_order(
    admin: Member, supplier_id: str, status: str, *lines: Line, number: str | None = None,
    order_date: date | None = None, expected: date | None = None, received: date | None = None,
    currency: str = "EUR",
) -> UUID:  # fmt: skip
    """Ordered thirty days ago, if not said otherwise, and something, past draft."""
    lines = await _lines(admin, lines, status)
    new = NewPurchaseOrder(
        UUID(supplier_id),
        order_date or ago(30),
        number or f"PO-{uuid4().hex[:10]}",
        expected,
        currency,
        items=[NewPurchaseOrderItem(**line.drafted()) for line in lines],
    )
    dock = await warehouse_of(admin)
    async with admin.transaction() as connection:
        made = await _agreed(connection, admin, "purchase_orders", purchasing.DRAFTS, new, status)
        await _date(connection, admin, "purchase_orders", made.id, lines, received)
        for item, line in zip(made.items, lines, strict=True):
            await receive(connection, admin, dock, item.id, item.product_id, line.done, line.done_on)
        await advance(connection, admin, "purchase_orders", made.id, status)
    return made.id


async def sales_order(
    admin: Member, customer_id: str | None, status: str, *lines: Line, number: str | None = None,
    order_date: date | None = None, expected: date | None = None, delivered: date | None = None,
    currency: str = "EUR",
) -> UUID:  # fmt: skip
    """Ordered thirty days ago, if not said otherwise, and something, past draft; lines hold what they say."""
    lines = await _lines(admin, lines, status)
    new = NewSalesOrder(
        order_date or ago(30),
        UUID(customer_id) if customer_id else None,
        number or f"SO-{uuid4().hex[:10]}",
        expected,
        currency,
        items=[NewSalesOrderItem(**line.drafted()) for line in lines],
    )
    dock = await warehouse_of(admin)
    async with admin.transaction() as connection:
        made = await _agreed(connection, admin, "sales_orders", sales.DRAFTS, new, status)
        await _date(connection, admin, "sales_orders", made.id, lines, delivered)
        await reservations.release_of_lines(connection, await admin.actor(), [item.id for item in made.items])
        for item, line in zip(made.items, lines, strict=True):
            await ship(
                connection, admin, dock, item.id, item.product_id, shipped=line.done, returned=line.returned,
                reserved=line.reserved, on=line.done_on,
            )  # fmt: skip
        await advance(connection, admin, "sales_orders", made.id, status)
    return made.id


_NOT_AGREED = ("draft", "submitted", "cancelled")


async def _lines(owner: Member, lines: Sequence[Line], status: str) -> tuple[Line, ...]:
    """These, or one where an order needs some; goods move for an order once it is agreed on."""
    if status in _NOT_AGREED:
        assert not any(line.done or line.reserved for line in lines), f"nothing is done for a {status} order"
    if lines or status in ("draft", "cancelled"):
        return tuple(lines)
    async with owner.transaction() as connection:
        product: UUID | None = await connection.fetchval(
            "SELECT id FROM products WHERE organization_id = $1 AND sku = 'ANYTHING'", owner.organization_id
        )
    return (Line(str(product or (await factories.product(owner, sku="ANYTHING"))["id"])),)


async def _agreed(
    connection: Connection, owner: Member, order: Order, drafts: Drafts[Any, Any], new: Any, status: str
) -> PurchaseOrderWithItems | SalesOrderWithItems:
    """The order, drafted and, where it is to come further, confirmed."""
    made: PurchaseOrderWithItems | SalesOrderWithItems = await drafts.create(
        connection, await owner.actor(), new
    )
    if status not in _NOT_AGREED:
        await advance(connection, owner, order, made.id, "confirmed")
    return made


_DATE_LINE = {
    f"{order}s": f"UPDATE {order}_items"
    " SET expected_delivery_date = coalesce($4, expected_delivery_date), actual_delivery_date = $5"
    f" WHERE organization_id = $1 AND {order}_id = $2 AND line_number = $3"
    for order in ("purchase_order", "sales_order")
}
_DATE = {
    table: f"UPDATE {table} SET actual_delivery_date = $3 WHERE organization_id = $1 AND id = $2"
    for table in _NOW
}
"""SQL: no action says on which day something came, or puts off what is agreed on. Loads bring such days."""


async def _date(
    connection: Connection, owner: Member, order: Order, order_id: UUID, lines: Sequence[Line],
    came: date | None,
) -> None:  # fmt: skip
    dated = [
        (owner.organization_id, order_id, number, line.expected, line.done_on)
        for number, line in enumerate(lines, 1)
        if line.done_on or (line.promised and line.expected)
    ]
    await connection.executemany(_DATE_LINE[order], dated)
    if came:
        await connection.execute(_DATE[order], owner.organization_id, order_id, came)


async def shipment(
    admin: Member, status: str = "pending", *, delivered: date | None = None, **fields: Any
) -> dict[str, Any]:
    """Inbound unless it says otherwise."""
    made = await admin.create("shipments", {"shipment_type": "inbound"} | fields)
    async with admin.transaction() as connection:
        await advance(connection, admin, "shipments", made["id"], status)
        if delivered:
            await connection.execute(_DATE["shipments"], admin.organization_id, UUID(made["id"]), delivered)
    return made


# Goods


async def warehouse_of(owner: Member) -> UUID:
    """The warehouse in which these documents move stock: one of the organization's, created on first use."""
    async with owner.transaction() as connection:
        found: UUID | None = await connection.fetchval(
            "SELECT id FROM warehouses WHERE organization_id = $1 AND name = 'Dock 7'",
            owner.organization_id,
        )
    return found or UUID((await factories.warehouse(owner, name="Dock 7"))["id"])


async def post(connection: Connection, owner: Member, *movements: Movement) -> None:
    postings = await ledger_queries.post_movements(
        connection, owner.organization_id, movements, owner.user_id
    )
    assert all(posting.outcome == "posted" for posting in postings), postings


async def receive(
    connection: Connection,
    owner: Member,
    warehouse_id: UUID,
    line: UUID,
    product: UUID,
    quantity: int,
    on: date | None,
) -> None:
    """Receives a quantity of a purchase order's line."""
    if quantity:
        await post(
            connection,
            owner,
            Movement(
                product,
                warehouse_id,
                quantity,
                "receipt",
                "goods_receipt",
                purchase_order_item_id=line,
                occurred_at=noon(on) if on else None,
            ),
        )


async def ship(
    connection: Connection,
    owner: Member,
    warehouse_id: UUID,
    line: UUID,
    product: UUID,
    *,
    shipped: int = 0,
    returned: int = 0,
    reserved: int = 0,
    on: date | None = None,
) -> None:
    """Ships, takes back and reserves so much for a sales order's line, of stock that is found first."""
    at = noon(on) if on else None
    moved: dict[str, Any] = {"sales_order_item_id": line, "occurred_at": at}
    if shipped + reserved:
        found = Movement(
            product, warehouse_id, shipped + reserved, "adjustment", "opening_balance", reason="found",
            occurred_at=at,
        )  # fmt: skip
        await post(connection, owner, found)
    if shipped:
        await post(connection, owner, Movement(product, warehouse_id, -shipped, "shipment", "sale", **moved))
    if returned:
        back = Movement(product, warehouse_id, returned, "return", "customer_return", **moved)
        await post(connection, owner, back)
    if reserved:
        (balance,) = (
            await stock_queries.BALANCES.page(
                connection, owner.organization_id, _FIRST, product_id=product, warehouse_id=warehouse_id
            )
        ).items
        (held,) = await reservations_queries.reserve_stock(
            connection,
            owner.organization_id,
            [Wish(balance.id, reserved, "sales_order", line)],
            owner.user_id,
        )
        assert held.outcome == "held"


async def move_first_line(
    owner: Member, order_id: str, product_id: str, *, shipped: int = 0, reserved: int = 0
) -> None:
    """Ships and reserves so much for the first line of a sales order, in place of what confirming it held."""
    dock = await warehouse_of(owner)
    async with owner.transaction() as connection:
        line = await connection.fetchval(
            """
            SELECT id FROM sales_order_items
            WHERE organization_id = $1 AND sales_order_id = $2 ORDER BY line_number LIMIT 1
            """,
            owner.organization_id,
            UUID(order_id),
        )
        await reservations.release_of_lines(connection, await owner.actor(), [line])
        await ship(connection, owner, dock, line, UUID(product_id), shipped=shipped, reserved=reserved)


_FIRST = PageRequest("warehouse_name", 1, None)


MANY_MOVEMENTS = 20_000
"""Megabytes as a list: more than is on its way before a reader has the first of it."""


async def with_ledger(owner: Member) -> Member:
    """Returns the member, after giving its organization many movements of one product."""
    product, warehouse = await factories.product(owner), await factories.warehouse(owner)
    movement = Movement(
        product_id=UUID(product["id"]),
        warehouse_id=UUID(warehouse["id"]),
        quantity=1,
        transaction_type="receipt",
        movement_kind="goods_receipt",
        reason="opening stock",
    )
    async with owner.transaction() as connection:
        await post(connection, owner, *[movement] * MANY_MOVEMENTS)
    return owner
