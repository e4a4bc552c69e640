"""Goods that customers send back: authorized, received into quarantine, restocked or scrapped."""

import asyncio
from typing import Any

from tests import factories
from tests.factories import Member, accepted
from tests.purchasing.buying import said
from tests.sales.selling import confirmed, done, now, packed, problems, shelves, stock

PATH = "customer-returns"


async def shipped(admin: Member, quantity: int) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A product of which there were ten, its warehouse, and an order of which so many have left."""
    product, (warehouse,) = await shelves(admin, 10)
    order = await confirmed(admin, (product, quantity))
    await done(admin, await packed(admin, order), "dispatch")
    return product, warehouse, await now(admin, order)


def back(warehouse: dict[str, Any], order: dict[str, Any], quantity: int, **fields: Any) -> dict[str, Any]:
    line = {"sales_order_item_id": order["items"][0]["id"], "quantity": quantity, "reason": "dented"}
    return {"sales_order_id": order["id"], "warehouse_id": warehouse["id"], "lines": [line]} | fields


async def does(admin: Member, returned: dict[str, Any], verb: str, **body: Any) -> dict[str, Any]:
    return accepted(await admin.post(f"{PATH}/{returned['id']}/{verb}", body))


async def test_what_comes_back_is_held_until_it_is_restocked_or_scrapped(admin: Member) -> None:
    product, warehouse, order = await shipped(admin, 6)
    returned = await admin.create(PATH, back(warehouse, order, 5))
    assert (returned["status"], returned["return_number"][:3]) == ("authorized", "CR-")
    assert await stock(admin, product) == (4, 0)
    line = returned["lines"][0]["id"]
    received = await does(admin, returned, "receive", lines=[{"id": line, "quantity": 4}])
    assert (received["status"], received["lines"][0]["quantity_quarantined"]) == ("received", 4)
    assert await stock(admin, product) == (8, 4)
    assert (await now(admin, order))["items"][0]["quantity_returned"] == 4
    partly = await does(admin, returned, "dispose", lines=[{"id": line, "restock": 1, "scrap": 1}])
    assert (partly["status"], partly["lines"][0]["quantity_quarantined"]) == ("received", 2)
    assert await stock(admin, product) == (7, 2)
    over = await admin.post(f"{PATH}/{returned['id']}/dispose", {"lines": [{"id": line, "restock": 3}]})
    assert (over.status_code, said(over.json())) == (422, "only 2 in quarantine")
    closed = await does(admin, returned, "dispose", lines=[{"id": line, "restock": 2}])
    assert (closed["status"], closed["lines"][0]["quantity_restocked"]) == ("closed", 3)
    assert await stock(admin, product) == (7, 0)
    assert await problems(admin) == []


async def test_never_more_comes_back_than_was_shipped(admin: Member) -> None:
    _, warehouse, order = await shipped(admin, 6)
    await admin.create(PATH, back(warehouse, order, 4))
    refused = await admin.post(PATH, back(warehouse, order, 3))
    assert (refused.status_code, said(refused.json())) == (422, "line 1: 2 left to return, of 6 shipped")
    other = await admin.create(PATH, back(warehouse, order, 2))
    await does(admin, other, "cancel", reason="kept it")
    last = await admin.create(PATH, back(warehouse, order, 2))
    await does(admin, last, "receive")
    assert (await admin.post(PATH, back(warehouse, order, 1))).status_code == 422
    line = {"id": last["lines"][0]["id"], "quantity": 3}
    assert (await admin.post(f"{PATH}/{last['id']}/receive", {"lines": [line]})).status_code == 409


async def test_two_returns_at_once_do_not_claim_the_same_units(admin: Member) -> None:
    product, warehouse, order = await shipped(admin, 5)
    replies = await asyncio.gather(*[admin.post(PATH, back(warehouse, order, 3)) for _ in range(3)])
    assert sorted(reply.status_code for reply in replies) == [201, 422, 422]
    path = f"{PATH}/{next(reply.json()['id'] for reply in replies if reply.status_code == 201)}"
    received = await asyncio.gather(*[admin.post(f"{path}/receive", {}) for _ in range(3)])
    assert sorted(reply.status_code for reply in received) == [200, 409, 409]
    assert await stock(admin, product) == (8, 3)


async def test_a_return_without_an_order_names_products(admin: Member) -> None:
    product, (warehouse,) = await shelves(admin, 1)
    customer = await factories.customer(admin)
    line = {"product_id": product["id"], "quantity": 2, "reason": "found in the shop"}
    body = {"warehouse_id": warehouse["id"], "customer_id": customer["id"], "lines": [line]}
    returned = await admin.create(PATH, body)
    await does(admin, returned, "receive", received_at="2026-03-05T10:00:00Z")
    assert await stock(admin, product) == (3, 2)
    (entry,) = [
        entry
        for entry in (await admin.read("inventory-transactions", product_id=product["id"]))["items"]
        if entry["movement_kind"] == "customer_return"
    ]
    assert entry["customer_return_item_id"] == returned["lines"][0]["id"]
    assert entry["occurred_at"].startswith("2026-03-05T10:00")
    missing = await admin.post(PATH, body | {"lines": [{"quantity": 1, "reason": "x"}]})
    assert [error["field"] for error in missing.json()["errors"]] == ["lines[0].product_id"]
    assert await problems(admin) == []


async def test_what_is_restocked_serves_who_waits(admin: Member) -> None:
    product, warehouse, order = await shipped(admin, 10)
    waiting = await confirmed(admin, (product, 2))
    returned = await admin.create(PATH, back(warehouse, order, 2))
    await does(admin, returned, "receive")
    jobs = {job["task"] for job in (await admin.read("jobs", status="waiting"))["items"]}
    assert "allocate_stock" in jobs
    assert (await now(admin, waiting))["items"][0]["quantity_reserved"] == 0


async def test_bad_input_is_named_and_strangers_see_nothing(admin: Member, stranger: Member) -> None:
    _, warehouse, order = await shipped(admin, 3)
    other = (await confirmed(admin, ((await shelves(admin, 1))[0], 1)))["items"][0]["id"]
    theirs = {"sales_order_item_id": other, "quantity": 1, "reason": "x"}
    for body, field in (
        (back(warehouse, order, 1, sales_order_id=warehouse["id"]), "sales_order_id"),
        (back(warehouse, order, 1, warehouse_id=order["id"]), "warehouse_id"),
        (back(warehouse, order, 1, sales_order_id=None), "lines[0].sales_order_item_id"),
        (back(warehouse, order, 1) | {"lines": [theirs]}, "lines[0].sales_order_item_id"),
    ):
        refused = await admin.post(PATH, body)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    returned = await admin.create(PATH, back(warehouse, order, 1))
    assert (await stranger.get(f"{PATH}/{returned['id']}")).status_code == 404
    assert (await stranger.post(f"{PATH}/{returned['id']}/receive", {})).status_code == 404
    assert (await stranger.post(PATH, back(warehouse, order, 1))).status_code == 422
