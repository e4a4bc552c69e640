"""Sales orders that tests begin with."""

from typing import Any
from uuid import UUID

from tests import factories
from tests.factories import Member


async def line(admin: Member, quantity: int = 1, **fields: Any) -> dict[str, Any]:
    """A line over a new product."""
    product = await factories.product(admin)
    return {"product_id": product["id"], "quantity_ordered": quantity} | fields


async def draft(admin: Member, **fields: Any) -> dict[str, Any]:
    return await admin.create("sales-orders", {"order_date": "2026-03-01"} | fields)


async def put_past_draft(admin: Member, order: dict[str, Any], status: str = "confirmed") -> None:
    async with admin.transaction() as connection:
        await connection.execute(
            "UPDATE sales_orders SET status = $3 WHERE organization_id = $1 AND id = $2",
            admin.organization_id,
            UUID(order["id"]),
            status,
        )


def named_fields(reply: Any) -> list[str]:
    return [error["field"] for error in reply.json()["errors"]]
