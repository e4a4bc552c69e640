"""Sales orders for tests."""

from typing import Any

from tests import factories, states
from tests.factories import Member


async def line(admin: Member, quantity: int = 1, **fields: Any) -> dict[str, Any]:
    """A line with a new product."""
    product = await factories.product(admin)
    return {"product_id": product["id"], "quantity_ordered": quantity, "unit_price": "1.00"} | fields


async def draft(admin: Member, **fields: Any) -> dict[str, Any]:
    return await admin.create("sales-orders", {"order_date": "2026-03-01"} | fields)


async def put_past_draft(admin: Member, order: dict[str, Any], status: str = "confirmed") -> None:
    await states.in_state(admin, "sales_orders", order["id"], status)


def named_fields(reply: Any) -> list[str]:
    return [error["field"] for error in reply.json()["errors"]]
