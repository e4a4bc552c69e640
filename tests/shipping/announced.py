"""Shipments and orders for tests."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests import factories
from tests.factories import Member, accepted

PATH = "shipments"


async def shipment(admin: Member, **fields: Any) -> dict[str, Any]:
    """A shipment, inbound by default."""
    body = {"shipment_type": "inbound", "tracking_number": uuid4().hex}
    return await admin.create(PATH, body | fields)


async def purchase_order(admin: Member, *quantities: int) -> dict[str, Any]:
    """A submitted order with a line per quantity, each of a new product."""
    items = [
        {
            "product_id": (await factories.product(admin))["id"],
            "quantity_ordered": quantity,
            "unit_price": "1.00",
        }
        for quantity in quantities
    ]
    supplier = await factories.supplier(admin)
    body = {
        "po_number": uuid4().hex,
        "order_date": "2026-03-02",
        "supplier_id": supplier["id"],
        "items": items,
    }
    draft = await admin.create("purchase-orders", body)
    return accepted(await admin.post(f"purchase-orders/{draft['id']}/submit", {}))


def an_hour_ago() -> str:
    """In the API's timestamp format."""
    return (datetime.now(UTC) - timedelta(hours=1)).isoformat().replace("+00:00", "Z")
