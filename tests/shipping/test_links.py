"""A shipment's links belong together, and no two shipments take the same open quantity of a line."""

import asyncio
from typing import Any

import pytest

from tests import factories, states
from tests.factories import Member, accepted
from tests.shipping.announced import PATH, purchase_order


def item(line: dict[str, Any], quantity: int) -> dict[str, Any]:
    return {"product_id": line["product_id"], "quantity": quantity, "purchase_order_item_id": line["id"]}


async def refused(admin: Member, **body: Any) -> list[str]:
    problem = accepted(await admin.post(PATH, {"shipment_type": "inbound"} | body), 422)
    return [error["field"] for error in problem["errors"]]


async def test_the_supplier_is_the_orders(admin: Member) -> None:
    order = await purchase_order(admin, 10)
    other = (await factories.supplier(admin))["id"]
    assert await refused(admin, purchase_order_id=order["id"], supplier_id=other) == ["supplier_id"]
    items = [item(order["items"][0], 1)]
    assert await refused(admin, supplier_id=other, items=items) == ["supplier_id"]


async def test_a_line_is_of_the_shipments_order(admin: Member) -> None:
    order, other = await purchase_order(admin, 10), await purchase_order(admin, 10)
    items = [item(order["items"][0], 1), item(other["items"][0], 1)]
    assert await refused(admin, purchase_order_id=order["id"], items=items) == [
        "items[1].purchase_order_item_id"
    ]
    await admin.create(PATH, {"shipment_type": "inbound", "items": items})  # of several orders, naming none


async def test_no_more_is_announced_than_is_left_of_the_line(admin: Member) -> None:
    (line,) = (await purchase_order(admin, 10))["items"]
    assert await refused(admin, items=[item(line, 1_000_000)]) == ["items[0].quantity"]
    assert await refused(admin, items=[item(line, 6), item(line, 5)]) == ["items[1].quantity"]
    first = await admin.create(PATH, {"shipment_type": "inbound", "items": [item(line, 6)]})
    assert await refused(admin, items=[item(line, 5)]) == ["items[0].quantity"]
    await states.in_state(admin, "shipments", first["id"], "cancelled")
    await admin.create(PATH, {"shipment_type": "inbound", "items": [item(line, 10)]})


@pytest.mark.parametrize("status", ["draft", "cancelled"])
async def test_nothing_is_shipped_for_an_order_that_is_not_open(admin: Member, status: str) -> None:
    product, supplier = await factories.product(admin), await factories.supplier(admin)
    body = {
        "order_date": "2026-03-02",
        "supplier_id": supplier["id"],
        "items": [{"product_id": product["id"], "quantity_ordered": 10}],
    }
    order = await admin.create("purchase-orders", body)
    if status == "cancelled":
        await admin.post(f"purchase-orders/{order['id']}/cancel", {"reason": "No need"})
    assert await refused(admin, purchase_order_id=order["id"]) == ["purchase_order_id"]
    assert await refused(admin, items=[item(order["items"][0], 1)]) == ["items[0].purchase_order_item_id"]
    if status == "draft":
        assert (await admin.delete(f"purchase-orders/{order['id']}")).status_code == 204


async def test_rivals_announce_together_no_more_than_is_left(admin: Member) -> None:
    (line,) = (await purchase_order(admin, 10))["items"]
    body = {"shipment_type": "inbound", "items": [item(line, 3)]}
    replies = await asyncio.gather(*(admin.post(PATH, body) for _ in range(8)))
    assert sorted(reply.status_code for reply in replies) == [201] * 3 + [422] * 5
