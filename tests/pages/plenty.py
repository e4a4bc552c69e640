"""An organization with rows in every list, and the URLs of all its pages."""

import re
from html import unescape
from typing import Any

import httpx
from litestar.routes import HTTPRoute

from imsop.core.jobs import defer
from imsop.inventory.days.jobs import DAILY_STOCK
from imsop.web.edge.observe import Observed
from imsop.web.edge.routes import prepared
from tests import factories
from tests.factories import Member, litestar_of
from tests.purchasing.approving import asked, rule
from tests.states import Line, ago, ahead, purchase_order, sales_order

EACH = 3


async def failed_job(admin: Member, *, key: str = "") -> None:
    """A job that has failed and can be retried."""
    async with admin.transaction() as connection:
        await defer(connection, admin.organization_id, DAILY_STOCK, key=key)
        await connection.execute(
            "UPDATE queue.procrastinate_jobs SET status = 'failed' WHERE status = 'todo'"
        )


async def plenty(app: Observed, each: int = EACH) -> tuple[Member, dict[str, str]]:
    """Its administrator, and one row id of each kind by the name of its path parameter."""
    admin = await factories.sign_up(app)
    products = [(await factories.product(admin, reorder_level=20))["id"] for _ in range(each)]
    warehouses = [(await factories.warehouse(admin, capacity=100))["id"] for _ in range(each)]
    suppliers = [(await factories.supplier(admin, country="Deutschland"))["id"] for _ in range(each)]
    customers = [(await factories.customer(admin))["id"] for _ in range(each)]
    users = [await factories.member(admin, role) for role in ("buyer", "viewer")]
    terms = [
        await admin.create(
            "supplier-products",
            {
                "supplier_id": suppliers[0],
                "product_id": product,
                "supplier_sku": f"SP-{number}",
                "prices": [{"unit_price": "1.50", "valid_from": "2026-01-01"}],
            },
        )
        for number, product in enumerate(products)
    ]
    shipments = []
    bought = [Line(product, 10, 10, promised=ago(9), done_on=ago(8)) for product in products]
    sold = [Line(product, 5, 2, promised=ahead(9)) for product in products]
    for number, (product, warehouse) in enumerate(zip(products, warehouses, strict=True), 1):
        await admin.create(
            "inventory-transactions",
            {
                "product_id": product,
                "warehouse_id": warehouses[0],
                "transaction_type": "receipt",
                "quantity": 7,
            },
        )
        zone = await admin.create(
            "warehouse-zones",
            {"warehouse_id": warehouse, "code": f"Z{number}", "name": "High racks", "zone_type": "storage"},
        )
        arrives = await purchase_order(admin, suppliers[0], "confirmed", *(Line(one, 10) for one in products))
        arriving = await admin.read(f"purchase-orders/{arrives}")
        of_order = {"purchase_order_id": str(arrives), "warehouse_id": warehouse}
        wanted = [{"purchase_order_item_id": line["id"]} for line in arriving["items"]]
        receipt = await admin.create(
            "goods-receipts", of_order | {"lines": [line | {"quantity_accepted": 4} for line in wanted]}
        )
        returned = await admin.create(
            "supplier-returns",
            of_order | {"lines": [line | {"quantity": 1, "reason": "broken"} for line in wanted]},
        )
        await purchase_order(admin, suppliers[0], "received", *bought)
        back = await admin.create(
            "customer-returns",
            {
                "warehouse_id": warehouses[0],
                "customer_id": customers[0],
                "lines": [{"product_id": product, "quantity": 2, "reason": "broken"}],
            },
        )
        sold_order = await sales_order(admin, customers[0], "confirmed", *sold, expected=ago(1))
        shipments.append(
            await admin.create(
                "shipments",
                {
                    "shipment_type": "inbound",
                    "carrier": "Maersk",
                    "items": [{"product_id": packed, "quantity": 4} for packed in products],
                },
            )
        )
        event = {"event_type": "inventory.counted", "entity_type": "product", "entity_id": product}
        await admin.create("analytics-events", event)
        await admin.create("api-keys", {"name": f"Key {number}", "permissions": ["products:read"]})
        await failed_job(admin, key=str(number))
    role = (await admin.read("roles", name="buyer"))["items"][0]["id"]
    asks = await rule(admin, "total", threshold="1", approver_user_id=str(admin.user_id))
    for _ in range(each):
        await rule(admin, "category", category="Chemicals")
        await asked(users[0], "1", supplier_id=suppliers[0])
    return admin, {
        "product_id": products[0],
        "warehouse_id": warehouses[0],
        "supplier_id": suppliers[0],
        "customer_id": customers[0],
        "supplier_product_id": terms[0]["id"],
        "/supplier-products/row_id": terms[0]["id"],
        "user_id": str(users[0].user_id),
        "role_id": role,
        "shipment_id": shipments[0]["id"],
        "/products/row_id": products[0],
        "/suppliers/row_id": suppliers[0],
        "/customers/row_id": customers[0],
        "/warehouses/row_id": warehouses[0],
        "/zones/row_id": zone["id"],
        "/approval-rules/row_id": asks["id"],
        "/purchase-orders/order_id": str(arrives),
        "goods_receipt_id": receipt["id"],
        "supplier_return_id": returned["id"],
        "/sales-orders/order_id": str(sold_order),
        "customer_return_id": back["id"],
    }


def pages_of(app: Observed, ids: dict[str, str]) -> dict[str, Any]:
    """The URLs of all pages to visit, each with the parameters it accepts."""

    def filled(found: re.Match[str]) -> str:
        place = found.string[: found.start()] + found[1]
        return ids[found[1] if found[1] in ids else place]

    return {
        re.sub(r"\{(\w+)\}", filled, route.path_format): prepared(handler).parameters
        for route in litestar_of(app).routes
        if isinstance(route, HTTPRoute) and not route.path.startswith(_NOT_PAGES)
        for method, (handler, _) in route.route_handler_map.items()
        if method == "GET" and not route.path.endswith((".csv", ".xlsx", ".pdf"))
    }


_NOT_PAGES = (
    "/api/", "/health/", "/metrics", "/assets", "/sign-in", "/forgotten-password", "/reset-password",
)  # fmt: skip


def links(page: httpx.Response) -> list[tuple[str, str]]:
    """All links of a page: target, and the tag that contains it."""
    return [(unescape(href), tag) for tag, href in re.findall(r'(<a [^>]*?href="([^"#]+)[^>]*>)', page.text)]
