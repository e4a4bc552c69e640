"""An organization with extreme data: the longest names, words without a break."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from tests import factories, states
from tests.factories import Member
from tests.purchasing.approving import asked, line
from tests.states import Line, shipment

WORD = "Donaudampfschifffahrtsgesellschaftskapitaenswitwenrente"


def long(characters: int) -> str:
    """A unique word of that length; its prefix is searchable."""
    return ("A" + uuid4().hex[:6].upper() + WORD * 8)[:characters]


async def filled(admin: Member) -> None:
    product = await factories.product(
        admin, sku=long(100), name=long(255), category=long(100), description=long(1000),
        reorder_level=2_000_000_000, unit_cost="12345678.99", unit_of_measure=long(20),
    )  # fmt: skip
    warehouses = [
        await factories.warehouse(admin, name=long(255), city=long(100), country=long(100), capacity=1)
        for _ in range(2)
    ]
    supplier = await factories.supplier(
        admin, name=long(255), contact_person=long(100), email=f"{long(60)}@{long(60).lower()}.example",
        address=long(255), city=long(100), country=long(100), payment_terms=long(50),
    )  # fmt: skip
    await admin.create("supplier-products", _terms(supplier["id"], product["id"]))
    customer = await factories.customer(admin, name=long(255), city=long(100), country=long(100))
    zone = {"warehouse_id": warehouses[0]["id"], "code": long(50), "name": long(100), "zone_type": "storage"}
    await admin.create("warehouse-zones", zone)
    movement = {
        "product_id": product["id"],
        "warehouse_id": warehouses[0]["id"],
        "transaction_type": "receipt",
    }
    told = {"quantity": 1_999_999_999, "notes": long(1000), "reference_id": long(100)}
    await admin.create("inventory-transactions", movement | told)
    await _traded(admin, product["id"], supplier["id"], customer["id"])
    made = await shipment(
        admin, "in_transit", shipment_type="transfer", tracking_number=long(100), reference_id=long(100),
        carrier=long(100), transport_mode="ocean", expected_delivery_date=f"{states.ago(1)}",
        origin_warehouse_id=warehouses[0]["id"], destination_warehouse_id=warehouses[1]["id"],
        items=[{"product_id": product["id"], "quantity": 1_999_999_999}],
    )  # fmt: skip
    await _asked(admin)
    seen = {"timestamp": datetime.now(UTC).isoformat(), "latitude": "51.9", "longitude": "4.1"}
    await admin.create(f"shipments/{made['id']}/tracking", seen | {"location": long(255)})
    happened = {"event_type": "delayed", "occurred_at": seen["timestamp"], "payload": {"reason": long(255)}}
    await admin.create(f"shipments/{made['id']}/events", happened)
    await admin.create("analytics-events", {"event_type": long(100)})
    role = await admin.create("roles", {"name": long(100), "permissions": ["products:read"]})
    await admin.create("users", _user(role["id"]))
    await admin.create("api-keys", {"name": long(100), "permissions": ["products:read"]})


def _terms(supplier_id: str, product_id: str) -> dict[str, Any]:
    named = {"supplier_sku": long(100), "supplier_product_name": long(255), "note": long(1000)}
    counted = {"units_per_pack": 1_999_999_999, "minimum_quantity": 1_999_999_999, "lead_time_days": 9999}
    price = {"unit_price": "12345678.999999", "from_quantity": 1_999_999_999, "valid_from": "2020-01-01"}
    return {"supplier_id": supplier_id, "product_id": product_id, "is_preferred": True, "prices": [price]} | (
        named | counted
    )


def _user(role_id: str) -> dict[str, Any]:
    email = f"{long(60)}@{long(60).lower()}.example"
    name = {"first_name": long(100), "last_name": long(100)}
    return {"email": email, "password": factories.PASSWORD, "role_ids": [role_id]} | name


async def _asked(admin: Member) -> None:
    """An order that waits for an approval by a rule of a long category."""
    product = await factories.product(admin, category=long(100), sku=long(50))
    role = (await admin.read("roles", name="planner"))["items"][0]["id"]
    of_it = {"kind": "category", "category": product["category"], "approver_role_id": role}
    await admin.create("approval-rules", of_it)
    await asked(admin, items=[line(product["id"], 99_999, "99999.99")], po_number=long(50))


async def _traded(admin: Member, product_id: str, supplier_id: str, customer_id: str) -> None:
    late = Line(product_id, ordered=1_000_000, promised=states.ago(10), expected=states.ago(10))
    dated = {"number": long(50), "expected": states.ago(10)}
    order_id = await states.purchase_order(admin, supplier_id, "confirmed", late, **dated)
    await states.purchase_order(admin, supplier_id, "submitted", late, **(dated | {"number": long(50)}))
    (line,) = (await admin.read(f"purchase-orders/{order_id}"))["items"]
    of_order = {
        "purchase_order_id": str(order_id),
        "warehouse_id": (await admin.read("warehouses"))["items"][0]["id"],
        "notes": long(1000),
    }
    one = {"purchase_order_item_id": line["id"], "reason": long(255)}
    arrived = of_order | {"lines": [one | {"quantity_accepted": 99_999, "quantity_rejected": 99_999}]}
    await admin.create("goods-receipts", arrived | {"delivery_note": long(100), "dock": long(100)})
    back = of_order | {"lines": [one | {"quantity": 88_888}]}
    await admin.create("supplier-returns", back | {"supplier_reference": long(100)})
    await states.sales_order(admin, customer_id, "confirmed", late, **dated)
    sent = Line(product_id, ordered=99_999, done=99_999, promised=states.ago(10), expected=states.ago(10))
    sold = await states.sales_order(admin, customer_id, "delivered", sent, **(dated | {"number": long(50)}))
    (left,) = (await admin.read(f"sales-orders/{sold}"))["items"]
    comes = {"sales_order_item_id": left["id"], "quantity": 88_888, "reason": long(255)}
    asked_back = {
        "warehouse_id": of_order["warehouse_id"],
        "customer_reference": long(100),
        "notes": long(1000),
    }
    await admin.create("customer-returns", asked_back | {"sales_order_id": str(sold), "lines": [comes]})
