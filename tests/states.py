"""Puts documents into the states that tests start from, through the product's own functions."""

from datetime import UTC, date, datetime, time
from typing import Any, Literal
from uuid import UUID

from imsop.core.database import Connection
from imsop.core.listing import PageRequest
from imsop.inventory.ledger import queries as ledger_queries
from imsop.inventory.ledger.models import Movement
from imsop.inventory.reservations import queries as reservations_queries
from imsop.inventory.reservations.models import Wish
from imsop.inventory.stock import queries as stock_queries
from tests import factories
from tests.factories import Member

Document = Literal["purchase_orders", "sales_orders", "shipments"]
_NOW = {
    "purchase_orders": "SELECT status FROM purchase_orders WHERE organization_id = $1 AND id = $2",
    "sales_orders": "SELECT status FROM sales_orders WHERE organization_id = $1 AND id = $2",
    "shipments": "SELECT status FROM shipments WHERE organization_id = $1 AND id = $2",
}
_ADVANCE = {
    table: f"SELECT count(*) FROM advance_{table}($1, ARRAY[ROW($2::uuid, $3::text, $4::text, NULL, $5::text,"
    " $6::uuid, $7::timestamptz)::document_change])"
    for table in _NOW
}


async def advance(
    connection: Connection,
    owner: Member,
    document: Document,
    document_id: UUID | str,
    *statuses: str,
    at: datetime | None = None,
    note: str | None = None,
) -> None:
    """Moves a document from its current state through each of these in turn."""
    id_ = UUID(str(document_id))
    for status in statuses:
        before = await connection.fetchval(_NOW[document], owner.organization_id, id_)
        if before == status:
            if status != "draft" or at is None:
                continue
            before = None
        refused = await connection.fetchval(
            _ADVANCE[document], owner.organization_id, id_, before, status, note, owner.user_id, at
        )
        assert refused == 0


async def in_state(
    owner: Member, document: Document, document_id: UUID | str, *statuses: str, at: datetime | None = None
) -> None:
    """`advance` in its own transaction."""
    async with owner.transaction() as connection:
        await advance(connection, owner, document, document_id, *statuses, at=at)


def noon(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(12), UTC)


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
                occurred_at=noon(on),
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
    """Ships, takes back and reserves quantities for a sales order's line, after receiving enough stock."""
    at = noon(on)
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
    """Ships and reserves quantities for the first line of a sales order."""
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
