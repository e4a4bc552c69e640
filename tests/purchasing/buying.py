"""Orders to suppliers for tests: sent, received in parts, and as they are now."""

from typing import Any

from tests import factories
from tests.factories import Member, accepted

ORDERS, RECEIPTS, RETURNS = "purchase-orders", "goods-receipts", "supplier-returns"


async def sent(admin: Member, *quantities: int, confirmed: bool = True, **fields: Any) -> dict[str, Any]:
    """An order with one line per quantity, sent and confirmed; to be delivered to a warehouse of its own."""
    fields.setdefault("warehouse_id", (await factories.warehouse(admin))["id"])
    fields.setdefault("supplier_id", (await factories.supplier(admin))["id"])
    lines = [
        {
            "product_id": (await factories.product(admin))["id"],
            "quantity_ordered": quantity,
            "unit_price": "2",
        }
        for quantity in quantities
    ]
    order = await admin.create(ORDERS, {"order_date": "2026-03-02", "items": lines} | fields)
    accepted(await admin.post(f"{ORDERS}/{order['id']}/submit", None))
    if confirmed:
        accepted(await admin.post(f"{ORDERS}/{order['id']}/confirm", None))
    return await now(admin, order)


async def now(admin: Member, order: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = await admin.read(f"{ORDERS}/{order['id']}")
    return found


def arrived(order: dict[str, Any], *quantities: int, **fields: Any) -> dict[str, Any]:
    """A receipt of these quantities of the order's first lines; 0 for a line of which nothing came."""
    lines = [
        {"purchase_order_item_id": line["id"], "quantity_accepted": quantity}
        for line, quantity in zip(order["items"], quantities, strict=False)
        if quantity
    ]
    return {"purchase_order_id": order["id"], "lines": lines} | fields


async def stock_of(admin: Member, order: dict[str, Any], line: int = 0) -> tuple[int, int]:
    """On hand and available of a line's product."""
    found = await admin.read("inventory", product_id=order["items"][line]["product_id"])
    return (
        sum(balance["quantity_on_hand"] for balance in found["items"]),
        sum(balance["quantity_available"] for balance in found["items"]),
    )


def said(problem: dict[str, Any]) -> str:
    """All messages of a problem's fields."""
    return " ".join(error["message"] for error in problem["errors"])
