"""A refused deletion advises something that can be done with that row."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from imsop.core.errors import INSTEAD_OF_DELETING
from tests import factories
from tests.factories import Member, accepted
from tests.rules.catalogue import Catalogue


def test_every_foreign_key_that_can_refuse_a_deletion_has_advice(catalogue: Catalogue) -> None:
    refusing = {key.target for key in catalogue.foreign_keys if key.on_delete in "ar"}
    deletable = {
        table
        for table in refusing
        if catalogue.rows("SELECT has_table_privilege('imsop_app', %s::regclass, 'DELETE')", table) == [True]
    }
    assert INSTEAD_OF_DELETING.keys() == deletable


def _becomes(status: str) -> Callable[[Member, str], Awaitable[httpx.Response]]:
    async def change(admin: Member, path: str) -> httpx.Response:
        return await admin.edit(path, status=status)

    return change


async def _cancel(admin: Member, path: str) -> httpx.Response:
    return await admin.post(f"{path}/cancel", {"reason": "not needed"})


async def _take_from_users(admin: Member, path: str) -> httpx.Response:
    role_id = path.partition("/")[2]
    for user in (await admin.read("users"))["items"]:
        if role_id in user["role_ids"]:
            accepted(await admin.edit(f"users/{user['id']}", role_ids=[]))
    return await admin.delete(path)


ADVICE: dict[str, Callable[[Member, str], Awaitable[httpx.Response]]] = {
    "customers": _becomes("inactive"),
    "suppliers": _becomes("inactive"),
    "warehouses": _becomes("inactive"),
    "products": _becomes("discontinued"),
    "roles": _take_from_users,
    "purchase_orders": _cancel,
    "sales_orders": _cancel,
}


async def _rows_in_use(admin: Member) -> dict[str, dict[str, Any]]:
    """A row of each table, referred to by another. Links to drafts are older than the rule against them."""
    customer, supplier = await factories.customer(admin), await factories.supplier(admin)
    product, warehouse = await factories.product(admin), await factories.warehouse(admin)
    holder = await factories.member_with(admin, "products:read")
    (role_id,) = (await admin.read(f"users/{holder.user_id}"))["role_ids"]
    lines = {"order_date": "2026-03-02", "items": [{"product_id": product["id"], "quantity_ordered": 5}]}
    purchase = await admin.create("purchase-orders", lines | {"supplier_id": supplier["id"]})
    sale = await admin.create("sales-orders", lines | {"customer_id": customer["id"]})
    ends = {
        "origin_warehouse_id": warehouse["id"],
        "destination_warehouse_id": (await factories.warehouse(admin))["id"],
    }
    await admin.create("shipments", {"shipment_type": "transfer"} | ends)
    async with admin.transaction() as connection:
        await connection.execute(
            """
            INSERT INTO shipments (organization_id, shipment_type, purchase_order_id)
            VALUES ($1, 'inbound', $2)
            """,
            admin.organization_id,
            UUID(purchase["id"]),
        )
        await connection.execute(
            """
            INSERT INTO shipments (organization_id, shipment_type, sales_order_id)
            VALUES ($1, 'outbound', $2)
            """,
            admin.organization_id,
            UUID(sale["id"]),
        )
    return {
        "customers": customer, "suppliers": supplier, "warehouses": warehouse, "products": product,
        "roles": {"id": role_id}, "purchase_orders": purchase, "sales_orders": sale,
    }  # fmt: skip


async def test_the_advice_can_be_followed(admin: Member) -> None:
    for table, row in (await _rows_in_use(admin)).items():
        path = f"{table.replace('_', '-')}/{row['id']}"
        refused = accepted(await admin.delete(path), 409)
        assert INSTEAD_OF_DELETING[table] in refused["detail"], table
        assert (await ADVICE[table](admin, path)).is_success, table


@pytest.mark.parametrize("kind", ["purchase", "sales"])
async def test_a_line_that_is_referred_to_stays_until_its_order_is_cancelled(
    admin: Member, kind: str
) -> None:
    path = f"{kind}-orders/{(await _rows_in_use(admin))[f'{kind}_orders']['id']}"
    (line,) = (await admin.read(path))["items"]
    async with admin.transaction() as connection:
        await connection.execute(
            """
            INSERT INTO shipment_items (organization_id, shipment_id, product_id, quantity,
                                        purchase_order_item_id, sales_order_item_id)
            SELECT s.organization_id, s.id, $3, 1, $4, $5 FROM shipments s
            WHERE s.organization_id = $1 AND s.shipment_type = $2
            """,
            admin.organization_id,
            "inbound" if kind == "purchase" else "outbound",
            UUID(line["product_id"]),
            UUID(line["id"]) if kind == "purchase" else None,
            UUID(line["id"]) if kind == "sales" else None,
        )
    refused = accepted(await admin.edit(path, items=[]), 409)
    assert INSTEAD_OF_DELETING[f"{kind}_order_items"] in refused["detail"]
    assert (await _cancel(admin, path)).is_success
