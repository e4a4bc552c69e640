"""Sales orders with stock behind them, for tests."""

from typing import Any

from tests import factories
from tests.factories import Member, accepted
from tests.inventory.stock import findings


async def shelves(admin: Member, *quantities: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A product, and a warehouse per quantity that holds so many of it."""
    product = await factories.product(admin)
    warehouses = [await factories.warehouse(admin) for _ in quantities]
    for warehouse, quantity in zip(warehouses, quantities, strict=True):
        if quantity:
            await arrive(admin, product, warehouse, quantity)
    return product, warehouses


async def arrive(admin: Member, product: dict[str, Any], warehouse: dict[str, Any], quantity: int) -> None:
    """Stock comes in by hand, or goes if the quantity is negative."""
    body = {"product_id": product["id"], "warehouse_id": warehouse["id"], "quantity": quantity}
    kind = {"transaction_type": "adjustment", "reason": "a test"}
    accepted(await admin.post("inventory-transactions", body | kind), 201)


async def ordered(admin: Member, *lines: tuple[dict[str, Any], int], **fields: Any) -> dict[str, Any]:
    """A draft of these products and quantities."""
    items = [
        {"product_id": product["id"], "quantity_ordered": quantity, "unit_price": "2.00"}
        for product, quantity in lines
    ]
    return await admin.create("sales-orders", {"order_date": "2026-03-01", "items": items} | fields)


async def confirmed(admin: Member, *lines: tuple[dict[str, Any], int], **fields: Any) -> dict[str, Any]:
    order = await ordered(admin, *lines, **fields)
    return accepted(await admin.post(f"sales-orders/{order['id']}/confirm", {}))


async def packed(admin: Member, order: dict[str, Any], *quantities: int, **fields: Any) -> dict[str, Any]:
    """A pending shipment of so much of the order's first lines, or of all that is ordered."""
    sent = quantities or [line["quantity_ordered"] for line in order["items"]]
    items = [
        {"sales_order_item_id": line["id"], "quantity": quantity}
        for line, quantity in zip(order["items"], sent, strict=False)
        if quantity
    ]
    return await admin.create("shipments", {"sales_order_id": order["id"], "items": items} | fields)


async def done(admin: Member, shipment: dict[str, Any], verb: str, **body: Any) -> dict[str, Any]:
    return accepted(await admin.post(f"shipments/{shipment['id']}/{verb}", body))


async def now(admin: Member, order: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = await admin.read(f"sales-orders/{order['id']}")
    return found


async def stock(admin: Member, product: dict[str, Any]) -> tuple[int, int]:
    """On hand and reserved, over all warehouses."""
    rows = (await admin.read("inventory", product_id=product["id"]))["items"]
    return sum(row["quantity_on_hand"] for row in rows), sum(row["quantity_reserved"] for row in rows)


async def problems(admin: Member) -> list[Any]:
    """What the doctor finds in the organization."""
    async with admin.transaction() as connection:
        return list(await findings(connection))
