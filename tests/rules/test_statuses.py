"""What a status forbids, at every door."""

import asyncio
from typing import Any

import pytest

from tests import factories
from tests.factories import Member, accepted


async def _field(reply: Any, status: int = 409) -> list[str]:
    return [error["field"] for error in accepted(reply, status)["errors"]]


def _receipt(product: dict[str, Any], warehouse: dict[str, Any], quantity: int = 5) -> dict[str, Any]:
    return {
        "product_id": product["id"],
        "warehouse_id": warehouse["id"],
        "transaction_type": "receipt",
        "quantity": quantity,
    }


def _line(product: dict[str, Any]) -> dict[str, Any]:
    return {"product_id": product["id"], "quantity_ordered": 2, "unit_price": "1.50"}


async def test_nothing_is_booked_for_an_archived_product(admin: Member) -> None:
    warehouse = await factories.warehouse(admin)
    product = await factories.product(admin, status="archived")
    assert await _field(await admin.post("inventory-transactions", _receipt(product, warehouse))) == [
        "product_id"
    ]
    supplier = {"supplier_id": (await factories.supplier(admin))["id"]}
    for path, partner in (("purchase-orders", supplier), ("sales-orders", {})):
        refused = await admin.post(path, {"order_date": "2026-03-02", "items": [_line(product)]} | partner)
        assert await _field(refused) == ["items[0].product_id"]


async def test_a_discontinued_product_is_sold_and_not_bought(admin: Member) -> None:
    product = await factories.product(admin, status="discontinued")
    supplier = await factories.supplier(admin)
    bought = {"order_date": "2026-03-02", "supplier_id": supplier["id"], "items": [_line(product)]}
    assert await _field(await admin.post("purchase-orders", bought)) == ["items[0].product_id"]
    sold = await admin.create("sales-orders", {"order_date": "2026-03-02", "items": [_line(product)]})
    accepted(await admin.post(f"sales-orders/{sold['id']}/confirm", {}))


async def test_a_draft_from_before_is_not_sent(admin: Member) -> None:
    product, supplier = await factories.product(admin), await factories.supplier(admin)
    body = {"order_date": "2026-03-02", "supplier_id": supplier["id"]}
    order = await admin.create("purchase-orders", body | {"items": [_line(product)]})
    await admin.edit(f"products/{product['id']}", status="discontinued")
    assert await _field(await admin.post(f"purchase-orders/{order['id']}/submit", {})) == ["items"]
    await admin.edit(f"products/{product['id']}", status="active")
    await admin.edit(f"suppliers/{supplier['id']}", status="inactive")
    assert await _field(await admin.post(f"purchase-orders/{order['id']}/submit", {})) == ["supplier_id"]
    assert await _field(await admin.post("purchase-orders", body)) == ["supplier_id"]


async def test_an_order_without_all_prices_is_not_sent(admin: Member) -> None:
    product = await factories.product(admin)
    items = [_line(product), _line(product) | {"unit_price": None}]
    order = await admin.create("sales-orders", {"order_date": "2026-03-02", "items": items})
    assert await _field(await admin.post(f"sales-orders/{order['id']}/confirm", {})) == ["items"]
    assert (await admin.read(f"sales-orders/{order['id']}"))["status"] == "draft"


async def test_stock_of_an_inactive_warehouse_does_not_move(admin: Member) -> None:
    product, warehouse = await factories.product(admin), await factories.warehouse(admin)
    await admin.create("inventory-transactions", _receipt(product, warehouse))
    await admin.edit(f"warehouses/{warehouse['id']}", status="inactive")
    other = await factories.product(admin)
    for refused in (product, other):
        reply = await admin.post("inventory-transactions", _receipt(refused, warehouse))
        assert await _field(reply) == ["warehouse_id"]
    await admin.edit(f"warehouses/{warehouse['id']}", status="active")
    await admin.create("inventory-transactions", _receipt(product, warehouse))


async def test_a_product_in_use_is_not_archived(admin: Member) -> None:
    warehouse = await factories.warehouse(admin)
    stocked, ordered, unused = [await factories.product(admin) for _ in range(3)]
    await admin.create("inventory-transactions", _receipt(stocked, warehouse))
    order = await admin.create("sales-orders", {"order_date": "2026-03-02", "items": [_line(ordered)]})
    accepted(await admin.post(f"sales-orders/{order['id']}/confirm", {}))
    for product in (stocked, ordered):
        assert await _field(await admin.edit(f"products/{product['id']}", status="archived")) == ["status"]
    accepted(await admin.edit(f"products/{unused['id']}", status="archived"))


async def test_the_unit_of_counted_stock_stays(admin: Member) -> None:
    warehouse = await factories.warehouse(admin)
    counted, fresh = [await factories.product(admin, unit_of_measure="piece") for _ in range(2)]
    await admin.create("inventory-transactions", _receipt(counted, warehouse))
    for body in ({"unit_of_measure": "box of 100"}, {"unit_of_measure": None}):
        refused = await admin.edit(f"products/{counted['id']}", **body)
        assert await _field(refused) == ["unit_of_measure"]
    accepted(await admin.edit(f"products/{fresh['id']}", unit_of_measure="box of 100"))


@pytest.mark.parametrize("has_balance", [True, False])
async def test_who_archives_and_who_receives_do_not_both_succeed(admin: Member, has_balance: bool) -> None:
    warehouse = await factories.warehouse(admin)
    for _ in range(8):
        product = await factories.product(admin)
        if has_balance:
            await admin.create("inventory-transactions", _receipt(product, warehouse))
            issue = _receipt(product, warehouse, -5) | {"transaction_type": "adjustment"}
            await admin.create("inventory-transactions", issue)
        replies = await asyncio.gather(
            admin.edit(f"products/{product['id']}", status="archived"),
            admin.post("inventory-transactions", _receipt(product, warehouse)),
        )
        assert sorted(reply.status_code < 300 for reply in replies) == [False, True]
        stored = await admin.read(f"products/{product['id']}")
        stock = (await admin.read("inventory", product_id=product["id"]))["items"]
        on_hand = sum(row["quantity_on_hand"] for row in stock)
        assert (stored["status"], on_hand) in (("archived", 0), ("active", 5))
