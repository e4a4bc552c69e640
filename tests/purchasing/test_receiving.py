"""What a receiving dock does: receipts against orders, in parts, wrongly, twice, and taken back."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from imsop.core.doctor import examine
from imsop.stewardship.doctor import CHECKS
from tests import factories, states
from tests.conftest import TestDatabase
from tests.factories import Member, accepted
from tests.purchasing.buying import ORDERS, RECEIPTS, RETURNS, arrived, now, said, sent, stock_of


async def test_a_receipt_in_parts(admin: Member) -> None:
    order = await sent(admin, 100, 40)
    first = accepted(await admin.post(RECEIPTS, arrived(order, 60, delivery_note="LS 4711", dock="3")), 201)
    assert (first["po_number"], first["warehouse_id"]) == (order["po_number"], order["warehouse_id"])
    assert [line["quantity_accepted"] for line in first["lines"]] == [60]
    after = await now(admin, order)
    assert (after["status"], after["receipt_status"], after["received_percent"]) == (
        "confirmed",
        "partial",
        42,
    )
    assert [line["quantity_open"] for line in after["items"]] == [40, 40]
    accepted(await admin.post(RECEIPTS, arrived(order, 40, 40)), 201)
    after = await now(admin, order)
    assert (after["status"], after["receipt_status"], after["received_percent"]) == ("received", "full", 100)
    assert after["actual_delivery_date"] == after["items"][0]["actual_delivery_date"] is not None
    assert await stock_of(admin, order) == (100, 100)
    listed = await admin.read(RECEIPTS, purchase_order_id=order["id"])
    assert [receipt["receipt_number"][-6:] for receipt in listed["items"]] == ["000002", "000001"]
    history = await admin.read(f"{ORDERS}/{order['id']}/history")
    assert history["items"][0]["to_status"] == "received"


async def test_the_same_delivery_twice_is_a_conflict(admin: Member) -> None:
    order = await sent(admin, 100)
    accepted(await admin.post(RECEIPTS, arrived(order, 100)), 201)
    twice = accepted(await admin.post(RECEIPTS, arrived(order, 100)), 409)
    assert "0 left to receive" in said(twice)
    assert await stock_of(admin, order) == (100, 100)


async def test_two_receipts_at_the_same_moment(admin: Member) -> None:
    order = await sent(admin, 100)
    replies = await asyncio.gather(*(admin.post(RECEIPTS, arrived(order, 100)) for _ in range(6)))
    assert sorted(reply.status_code for reply in replies) == [201, *[409] * 5]
    assert await stock_of(admin, order) == (100, 100)
    assert (await now(admin, order))["items"][0]["quantity_received"] == 100


async def test_pressed_twice_is_posted_once(admin: Member) -> None:
    order = await sent(admin, 10)
    first = accepted(await admin.post(RECEIPTS, arrived(order, 4), **{"Idempotency-Key": "press-1"}), 201)
    second = accepted(await admin.post(RECEIPTS, arrived(order, 4), **{"Idempotency-Key": "press-1"}), 201)
    assert (first, await stock_of(admin, order)) == (second, (4, 4))


@pytest.mark.parametrize("before", [0, 100])
async def test_beyond_the_order_is_refused(admin: Member, before: int) -> None:
    order = await sent(admin, 100)
    if before:
        accepted(await admin.post(RECEIPTS, arrived(order, before)), 201)
    refused = accepted(await admin.post(RECEIPTS, arrived(order, 101 - before)), 422)
    assert refused["errors"][0]["field"] == "lines[0].quantity_accepted"
    assert {"100", "101"} <= set(said(refused).replace(";", "").split())
    assert await stock_of(admin, order) == (before, before)


async def test_the_tolerance_counts_over_all_receipts(admin: Member) -> None:
    """10 % of 45 are 4.5, so 49 may come: 4 whole pieces more."""
    supplier = await factories.supplier(admin, over_receipt_percent="10")
    order = await sent(admin, 45, supplier_id=supplier["id"])
    accepted(await admin.post(RECEIPTS, arrived(order, 45)), 201)
    accepted(await admin.post(RECEIPTS, arrived(order, 5)), 422)
    accepted(await admin.post(RECEIPTS, arrived(order, 4)), 201)
    after = await now(admin, order)
    assert (after["status"], after["receipt_status"], after["items"][0]["quantity_received"]) == (
        "received",
        "over",
        49,
    )


async def test_the_organizations_tolerance_is_the_default(admin: Member) -> None:
    accepted(await admin.edit(f"organizations/{admin.organization_id}", over_receipt_percent="5"))
    strict = await factories.supplier(admin, over_receipt_percent="0")
    assert (await admin.post(RECEIPTS, arrived(await sent(admin, 100), 105))).status_code == 201
    assert (
        await admin.post(RECEIPTS, arrived(await sent(admin, 100, supplier_id=strict["id"]), 101))
    ).status_code == 422


async def test_what_is_rejected_is_held(admin: Member) -> None:
    order = await sent(admin, 10)
    body = arrived(order, 7)
    body["lines"][0] |= {"quantity_rejected": 3}
    assert accepted(await admin.post(RECEIPTS, body), 422)["errors"][0]["field"] == "lines[0].reason"
    body["lines"][0] |= {"reason": "crushed"}
    accepted(await admin.post(RECEIPTS, body), 201)
    assert await stock_of(admin, order) == (10, 7)
    assert (await now(admin, order))["status"] == "received"


async def test_free_goods_are_not_on_the_order(admin: Member) -> None:
    order = await sent(admin, 10)
    gift = (await factories.product(admin))["id"]
    body = arrived(order, 10)
    body["lines"].append({"product_id": gift, "quantity_accepted": 2, "reason": "a sample"})
    receipt = accepted(await admin.post(RECEIPTS, body), 201)
    assert receipt["lines"][1]["purchase_order_item_id"] is None
    assert (await admin.read("inventory", product_id=gift))["items"][0]["quantity_on_hand"] == 2


async def test_nothing_more_will_come(admin: Member) -> None:
    order = await sent(admin, 10, 5)
    accepted(await admin.post(RECEIPTS, arrived(order, 10, 0)), 201)
    close = f"{ORDERS}/{order['id']}/close"
    accepted(await admin.post(close, {}), 422)
    closed = accepted(await admin.post(close, {"reason": "discontinued"}))
    assert (closed["status"], closed["receipt_status"]) == ("received", "partial")
    lines = [(x["quantity_received"], x["quantity_open"], x["quantity_closed"]) for x in closed["items"]]
    assert lines == [(10, 0, 0), (0, 0, 5)]
    late = accepted(await admin.post(RECEIPTS, arrived(order, 0, 5)), 422)
    assert "0 left to receive" in said(late)


async def test_an_order_of_which_nothing_came_is_cancelled_not_closed(admin: Member) -> None:
    order = await sent(admin, 10, 5)
    close = f"{ORDERS}/{order['id']}/close"
    one = accepted(await admin.post(close, {"reason": "late", "lines": [order["items"][0]["id"]]}))
    assert (one["status"], [line["quantity_open"] for line in one["items"]]) == ("confirmed", [0, 5])
    accepted(await admin.post(close, {"reason": "late"}), 409)
    accepted(await admin.post(f"{ORDERS}/{order['id']}/cancel", {"reason": "late"}))


async def test_a_receipt_taken_back(admin: Member) -> None:
    order = await sent(admin, 10, 5)
    body = arrived(order, 10, 3)
    body["lines"][1] |= {"quantity_rejected": 2, "reason": "wet"}
    receipt = accepted(await admin.post(RECEIPTS, body), 201)
    reverse = f"{RECEIPTS}/{receipt['id']}/reverse"
    line = receipt["lines"][1]["id"]
    back = accepted(await admin.post(reverse, {"reason": "miscounted", "lines": [line]}), 201)
    assert (back["reverses_id"], back["lines"][0]["reverses_item_id"]) == (receipt["id"], line)
    assert await stock_of(admin, order, 1) == (0, 0)
    after = await now(admin, order)
    assert (after["status"], after["items"][1]["actual_delivery_date"]) == ("confirmed", None)
    accepted(await admin.post(reverse, {"reason": "again", "lines": [line]}), 409)
    accepted(await admin.post(reverse, {"reason": "all the rest"}), 201)
    accepted(await admin.post(reverse, {"reason": "nothing left"}), 409)
    accepted(await admin.post(f"{RECEIPTS}/{back['id']}/reverse", {"reason": "no"}), 409)
    after = await now(admin, order)
    assert (after["receipt_status"], await stock_of(admin, order)) == ("none", (0, 0))
    accepted(await admin.post(RECEIPTS, arrived(order, 10, 5)), 201)
    assert (await now(admin, order))["status"] == "received"


async def test_a_receipt_that_is_promised_to_a_customer_stays(admin: Member) -> None:
    order = await sent(admin, 10)
    receipt = accepted(await admin.post(RECEIPTS, arrived(order, 10)), 201)
    sale = await admin.create(
        "sales-orders",
        {
            "order_date": "2026-03-02",
            "items": [
                {
                    "product_id": order["items"][0]["product_id"],
                    "quantity_ordered": 8,
                    "unit_price": "3",
                }
            ],
        },
    )
    accepted(await admin.post(f"sales-orders/{sale['id']}/confirm", None))
    refused = accepted(await admin.post(f"{RECEIPTS}/{receipt['id']}/reverse", {"reason": "wrong"}), 409)
    assert f"{sale['so_number']} holds 8" in refused["detail"]
    assert await stock_of(admin, order) == (10, 2)


async def test_returned_to_the_supplier(admin: Member) -> None:
    order = await sent(admin, 25)
    body = arrived(order, 22)
    body["lines"][0] |= {"quantity_rejected": 3, "reason": "cracked"}
    receipt = accepted(await admin.post(RECEIPTS, body), 201)
    item = order["items"][0]["id"]
    back = {"purchase_order_id": order["id"], "warehouse_id": order["warehouse_id"]}

    def of(quantity: int) -> dict[str, Any]:
        return back | {"lines": [{"purchase_order_item_id": item, "quantity": quantity, "reason": "cracked"}]}

    assert "25 left to return" in said(accepted(await admin.post(RETURNS, of(26)), 422))
    returned = accepted(await admin.post(RETURNS, of(5)), 201)
    assert returned["lines"][0]["quantity_quarantined"] == 3
    after = await now(admin, order)
    line = after["items"][0]
    assert (line["quantity_received"], line["quantity_returned"], after["status"]) == (25, 5, "received")
    assert await stock_of(admin, order) == (20, 20)
    assert "5 of it" in said(
        accepted(await admin.post(f"{RECEIPTS}/{receipt['id']}/reverse", {"reason": "wrong"}), 409)
    )
    accepted(await admin.post(f"{RETURNS}/{returned['id']}/reverse", {"reason": "it came back"}), 201)
    assert await stock_of(admin, order) == (25, 22)
    accepted(await admin.post(f"{RETURNS}/{returned['id']}/reverse", {"reason": "again"}), 409)
    accepted(await admin.post(RETURNS, of(25)), 201)
    assert await stock_of(admin, order) == (0, 0)


async def test_confirmed_otherwise_than_ordered(admin: Member) -> None:
    order = await sent(admin, 100, 10, confirmed=False)
    first = order["items"][0]["id"]
    confirm = f"{ORDERS}/{order['id']}/confirm"
    lines = [{"id": first, "quantity": 90, "unit_price": "2.10", "promised_delivery_date": "2026-04-01"}]
    unknown = accepted(await admin.post(confirm, {"lines": [{"id": str(UUID(int=7))}]}), 422)
    assert unknown["errors"][0]["field"] == "lines[0].id"
    confirmed = accepted(await admin.post(confirm, {"lines": lines}))
    line = confirmed["items"][0]
    assert (line["quantity_ordered"], line["quantity_confirmed"], line["quantity_open"]) == (100, 90, 90)
    assert (line["unit_price"], line["confirmed_unit_price"]) == ("2", "2.10")
    assert (line["line_total"], confirmed["total_amount"]) == ("189.00", "209.00")
    assert line["promised_delivery_date"] == "2026-04-01"
    history = (await admin.read(f"{ORDERS}/{order['id']}/history"))["items"][0]
    assert history["changes"]["lines[1].quantity"] == {"old": 100, "new": 90}
    accepted(await admin.post(RECEIPTS, arrived(order, 90, 10)), 201)
    after = await now(admin, order)
    assert (after["status"], after["receipt_status"]) == ("received", "full")


@pytest.mark.parametrize("status", ["draft", "cancelled"])
async def test_only_what_was_sent_is_received(admin: Member, status: str) -> None:
    order = await sent(admin, 10)
    if status == "draft":
        order = await admin.create(
            ORDERS,
            {
                "order_date": "2026-03-02",
                "supplier_id": order["supplier_id"],
                "warehouse_id": order["warehouse_id"],
                "items": [
                    {
                        "product_id": order["items"][0]["product_id"],
                        "quantity_ordered": 10,
                        "unit_price": "1",
                    }
                ],
            },
        )
    else:
        await states.in_state(admin, "purchase_orders", order["id"], status)
    accepted(await admin.post(RECEIPTS, arrived(order, 10)), 409)


async def test_the_ledger_names_the_receipt(admin: Member) -> None:
    order = await sent(admin, 10)
    receipt = accepted(await admin.post(RECEIPTS, arrived(order, 10)), 201)
    (entry,) = (await admin.read("inventory-transactions"))["items"][:1]
    assert entry["goods_receipt_item_id"] == receipt["lines"][0]["id"]
    assert entry["purchase_order_item_id"] == order["items"][0]["id"]


async def test_the_doctor_names_a_receipt_that_is_not_in_the_ledger(
    admin: Member, database: TestDatabase, superuser: Any
) -> None:
    order = await sent(admin, 10)
    receipt = accepted(await admin.post(RECEIPTS, arrived(order, 10)), 201)
    change = "UPDATE goods_receipt_items SET quantity_accepted = $2 WHERE goods_receipt_id = $1"
    try:
        await superuser.execute(change, UUID(receipt["id"]), 9)
        found = [
            (finding.subject, finding.problem)
            async for outcome in examine(database.operator_dsn, CHECKS)
            for finding in outcome.findings
        ]
    finally:
        await superuser.execute(change, UUID(receipt["id"]), 10)
    assert found == [(f"{receipt['receipt_number']} line 1", "posted 9, ledger 10")]
