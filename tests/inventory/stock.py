"""Balances for tests, moved through the product's own queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from imsop.core.database import Connection
from imsop.core.doctor import Finding
from imsop.inventory.ledger import queries as ledger_queries
from imsop.inventory.ledger.models import Movement, Posting
from imsop.inventory.reservations import queries as reservations_queries
from imsop.inventory.reservations.models import Wish
from imsop.inventory.stock import queries as stock_queries
from imsop.stewardship.doctor import CHECKS
from tests import factories
from tests.factories import Member


async def shelf(admin: Member, quantity: int = 0) -> tuple[UUID, UUID, UUID]:
    """A new product in a new warehouse with this stock: ids of product, warehouse and balance."""
    product_id = UUID((await factories.product(admin))["id"])
    warehouse_id = UUID((await factories.warehouse(admin))["id"])
    async with admin.transaction() as connection:
        (opened,) = await post(connection, admin, receipt(product_id, warehouse_id, quantity or 1))
        if quantity == 0:
            await post(connection, admin, sale(product_id, warehouse_id, 1))
    return product_id, warehouse_id, opened.inventory_id


def receipt(product_id: UUID, warehouse_id: UUID, quantity: int) -> Movement:
    return Movement(product_id, warehouse_id, quantity, "receipt", "goods_receipt", reason="a test")


def sale(product_id: UUID, warehouse_id: UUID, quantity: int, reservation_id: UUID | None = None) -> Movement:
    return Movement(product_id, warehouse_id, -quantity, "shipment", "sale", reservation_id, reason="a test")


async def post(connection: Connection, owner: Member, *movements: Movement) -> Sequence[Posting]:
    return await ledger_queries.post_movements(connection, owner.organization_id, movements, owner.user_id)


async def reserve(
    connection: Connection, owner: Member, inventory_id: UUID, quantity: int, line: UUID | None = None
) -> UUID | None:
    """The reservation, for a sales order's line or a reason; None if the balance is short."""
    wish = (
        Wish(inventory_id, quantity, "sales_order", line)
        if line
        else Wish(inventory_id, quantity, "hold", reason="a test")
    )
    (outcome,) = await reservations_queries.reserve_stock(
        connection, owner.organization_id, [wish], owner.user_id
    )
    return outcome.id


async def quantities(connection: Connection, owner: Member, inventory_id: UUID) -> tuple[int, int]:
    """On hand and reserved quantities."""
    balance = await stock_queries.get_balance(connection, owner.organization_id, inventory_id)
    assert balance is not None
    assert balance.quantity_reserved is not None
    return balance.quantity_on_hand, balance.quantity_reserved


async def findings(connection: Connection) -> list[Finding]:
    """The doctor's findings, as far as this connection's role can see."""
    return [Finding(*record) for check in CHECKS for record in await connection.fetch(check.finds)]


@dataclass
class Ordered:
    """An order with a line for each product."""

    id: UUID
    lines: list[UUID]


async def ordered(admin: Member, kind: str, *product_ids: UUID, quantity: int = 10) -> Ordered:
    body: dict[str, Any] = {
        "order_date": "2026-03-02",
        "items": [
            {"product_id": str(id_), "quantity_ordered": quantity, "unit_price": "1.00"}
            for id_ in product_ids
        ],
    }
    if kind == "purchase-orders":
        body["supplier_id"] = (await factories.supplier(admin))["id"]
    order = await admin.create(kind, body)
    return Ordered(UUID(order["id"]), [UUID(item["id"]) for item in order["items"]])
