"""Sales orders that are shipped, in parts or whole, on hold, closed short, and put back."""

import asyncio
from typing import Any

import pytest

from tests import factories
from tests.factories import Member, accepted
from tests.purchasing.buying import said
from tests.sales.selling import arrive, confirmed, done, now, ordered, packed, problems, shelves, stock


def progress(order: dict[str, Any]) -> list[tuple[int, int, int, int]]:
    """Reserved, backordered, shipped and closed of each line."""
    return [
        (
            line["quantity_reserved"],
            line["quantity_backordered"],
            line["quantity_shipped"],
            line["quantity_closed"],
        )
        for line in order["items"]
    ]


async def test_an_order_is_reserved_shipped_in_parts_and_delivered(admin: Member) -> None:
    product, _ = await shelves(admin, 10)
    order = await confirmed(admin, (product, 8))
    assert progress(order) == [(8, 0, 0, 0)]
    first = await packed(admin, order, 3)
    assert (first["shipment_type"], first["status"]) == ("outbound", "pending")
    assert first["reference_id"].startswith("SH-")
    assert await stock(admin, product) == (10, 8)
    assert (await done(admin, first, "dispatch"))["status"] == "in_transit"
    assert await stock(admin, product) == (7, 5)
    partly = await now(admin, order)
    assert (partly["status"], progress(partly)) == ("confirmed", [(5, 0, 3, 0)])
    rest = await packed(admin, order, 5)
    await done(admin, rest, "dispatch")
    assert ((await now(admin, order))["status"], await stock(admin, product)) == ("shipped", (2, 0))
    await done(admin, first, "deliver")
    assert (await now(admin, order))["status"] == "shipped"
    await done(admin, rest, "deliver", delivered_at="2026-03-05T10:00:00Z")
    delivered = await now(admin, order)
    assert delivered["status"] == "delivered"
    assert delivered["actual_delivery_date"] == delivered["items"][0]["actual_delivery_date"] is not None
    assert await problems(admin) == []


@pytest.mark.parametrize("on_hand", [3, 10])
async def test_a_shipment_cancelled_after_dispatch_puts_everything_back(admin: Member, on_hand: int) -> None:
    product, _ = await shelves(admin, on_hand)
    order = await confirmed(admin, (product, 3))
    before = await stock(admin, product)
    shipment = await packed(admin, order)
    await done(admin, shipment, "dispatch")
    assert (await now(admin, order))["status"] == "shipped"
    assert (await done(admin, shipment, "cancel", reason="turned round"))["status"] == "cancelled"
    again = await now(admin, order)
    assert (again["status"], progress(again)) == ("confirmed", [(3, 0, 0, 0)])
    assert await stock(admin, product) == before
    second = await packed(admin, order)
    await done(admin, second, "dispatch")
    assert await stock(admin, product) == (before[0] - 3, 0)
    assert await problems(admin) == []


async def test_a_shipment_cancelled_before_dispatch_changes_no_stock(admin: Member) -> None:
    product, _ = await shelves(admin, 5)
    order = await confirmed(admin, (product, 3))
    shipment = await packed(admin, order)
    await done(admin, shipment, "cancel")
    assert (await stock(admin, product), progress(await now(admin, order))) == ((5, 3), [(3, 0, 0, 0)])
    refused = await admin.post(f"shipments/{shipment['id']}/dispatch", {})
    assert refused.status_code == 409
    await done(admin, await packed(admin, order), "dispatch")


async def test_all_shipped_leaves_no_reservation(admin: Member) -> None:
    product, _ = await shelves(admin, 5)
    order = await confirmed(admin, (product, 5))
    await done(admin, await packed(admin, order), "dispatch")
    other = await confirmed(admin, (product, 1))
    assert (await stock(admin, product), progress(other)) == ((0, 0), [(0, 1, 0, 0)])


async def test_dispatched_twice_at_once_leaves_once(admin: Member) -> None:
    product, _ = await shelves(admin, 10)
    shipment = await packed(admin, await confirmed(admin, (product, 4)))
    path = f"shipments/{shipment['id']}/dispatch"
    replies = await asyncio.gather(*[admin.post(path, {}) for _ in range(3)])
    assert sorted(reply.status_code for reply in replies) == [200, 409, 409]
    assert await stock(admin, product) == (6, 0)


async def test_dispatch_and_cancel_of_the_order_at_once(admin: Member) -> None:
    product, _ = await shelves(admin, 4)
    order = await confirmed(admin, (product, 4))
    shipment = await packed(admin, order)
    left, cancelled = await asyncio.gather(
        admin.post(f"shipments/{shipment['id']}/dispatch", {}),
        admin.post(f"sales-orders/{order['id']}/cancel", {"reason": "a test"}),
    )
    assert sorted((left.status_code, cancelled.status_code)) == [200, 409]
    expected = (0, 0) if left.status_code == 200 else (4, 0)
    assert await stock(admin, product) == expected


async def test_what_is_short_is_told_at_its_item(admin: Member) -> None:
    product, (warehouse,) = await shelves(admin, 2)
    other, _ = await shelves(admin, 9)
    order = await confirmed(admin, (other, 1), (product, 5))
    assert progress(order)[1] == (2, 3, 0, 0)
    shipment = await packed(admin, order, 0, 5, origin_warehouse_id=warehouse["id"])
    refused = await admin.post(f"shipments/{shipment['id']}/dispatch", {})
    assert refused.status_code == 409
    assert [error["field"] for error in refused.json()["errors"]] == ["items[0].quantity"]
    assert "only 2 available" in said(refused.json())
    assert await stock(admin, product) == (2, 2)


async def test_what_is_held_elsewhere_does_not_leave_from_here(admin: Member) -> None:
    product, (here, there) = await shelves(admin, 5, 3)
    order = await confirmed(admin, (product, 4))  # all of it held in the first
    shipment = await packed(admin, order, 2, origin_warehouse_id=there["id"])
    refused = await admin.post(f"shipments/{shipment['id']}/dispatch", {})
    assert (refused.status_code, here["name"] in said(refused.json())) == (409, True)
    await done(admin, shipment, "cancel")
    await done(admin, await packed(admin, order, 2), "dispatch")
    assert progress(await now(admin, order)) == [(2, 0, 2, 0)]


async def test_more_than_is_open_cannot_be_packed(admin: Member) -> None:
    product, _ = await shelves(admin, 9)
    order = await confirmed(admin, (product, 5))
    await packed(admin, order, 3)
    items = [{"sales_order_item_id": order["items"][0]["id"], "quantity": 3}]
    refused = await admin.post("shipments", {"sales_order_id": order["id"], "items": items})
    assert (refused.status_code, said(refused.json())) == (422, "is more than is left of the line: 2")


async def test_a_product_finds_its_line_unless_there_are_two(admin: Member) -> None:
    product, _ = await shelves(admin, 9)
    order = await confirmed(admin, (product, 5))
    body = {"sales_order_id": order["id"], "items": [{"product_id": product["id"], "quantity": 2}]}
    made = await admin.create("shipments", body)
    assert made["items"][0]["sales_order_item_id"] == order["items"][0]["id"]
    twice = await confirmed(admin, (product, 1), (product, 1))
    refused = await admin.post("shipments", body | {"sales_order_id": twice["id"]})
    assert [error["field"] for error in refused.json()["errors"]] == ["items[0].sales_order_item_id"]


async def test_an_order_on_hold_is_not_shipped_until_it_is_released(admin: Member) -> None:
    product, _ = await shelves(admin, 5)
    order = await confirmed(admin, (product, 2))
    path = f"sales-orders/{order['id']}"
    shipment = await packed(admin, order)
    held = accepted(await admin.post(f"{path}/hold", {"reason": "credit"}))
    assert (held["status"], held["on_hold_reason"]) == ("confirmed", "credit")
    assert (await admin.post(f"{path}/hold", {"reason": "credit"})).status_code == 409
    refused = await admin.post(f"shipments/{shipment['id']}/dispatch", {})
    assert refused.status_code == 409
    assert await stock(admin, product) == (5, 2)
    assert accepted(await admin.post(f"{path}/release", None))["on_hold_reason"] is None
    assert (await admin.post(f"{path}/release", None)).status_code == 409
    await done(admin, shipment, "dispatch")
    history = (await admin.read(f"{path}/history"))["items"]
    assert [entry["changes"] for entry in history if entry["changes"]] == [
        {"on_hold_reason": {"old": "credit", "new": None}},
        {"on_hold_reason": {"old": None, "new": "credit"}},
    ]


async def test_closing_lines_releases_what_they_hold(admin: Member) -> None:
    product, _ = await shelves(admin, 10)
    other, _ = await shelves(admin, 1)
    order = await confirmed(admin, (product, 4), (other, 3))
    path = f"sales-orders/{order['id']}"
    closed = accepted(
        await admin.post(f"{path}/close", {"lines": [order["items"][1]["id"]], "reason": "not needed"})
    )
    assert (closed["status"], progress(closed)) == ("confirmed", [(4, 0, 0, 0), (0, 0, 0, 3)])
    assert await stock(admin, other) == (1, 0)
    everything = await admin.post(f"{path}/close", {"reason": "a test"})
    assert everything.status_code == 409  # nothing was shipped: cancel it
    shipment = await packed(admin, order, 3)
    await done(admin, shipment, "dispatch")
    await done(admin, shipment, "deliver")
    ended = accepted(await admin.post(f"{path}/close", {"reason": "enough"}))
    assert (ended["status"], progress(ended)) == ("delivered", [(0, 0, 3, 1), (0, 0, 0, 3)])
    assert await stock(admin, product) == (7, 0)
    assert await problems(admin) == []


async def test_confirming_without_backorders_refuses_what_is_short(admin: Member) -> None:
    product, _ = await shelves(admin, 3)
    order = await ordered(admin, (product, 5))
    path = f"sales-orders/{order['id']}/confirm"
    refused = await admin.post(path, {"allow_backorder": False})
    assert (refused.status_code, said(refused.json())) == (409, "only 3 of 5 available")
    assert (await stock(admin, product), (await now(admin, order))["status"]) == ((3, 0), "draft")
    assert progress(accepted(await admin.post(path, {"allow_backorder": True}))) == [(3, 2, 0, 0)]


async def test_one_warehouse_or_as_few_as_possible(admin: Member) -> None:
    product, (_, _) = await shelves(admin, 3, 4)
    single = await ordered(admin, (product, 6))
    one = accepted(await admin.post(f"sales-orders/{single['id']}/confirm", {"strategy": "single_warehouse"}))
    assert progress(one) == [(4, 2, 0, 0)]
    accepted(await admin.post(f"sales-orders/{single['id']}/cancel", {"reason": "a test"}))
    assert progress(await confirmed(admin, (product, 6))) == [(6, 0, 0, 0)]


async def test_an_order_of_a_warehouse_is_served_from_there(admin: Member) -> None:
    product, (_, there) = await shelves(admin, 9, 2)
    order = await confirmed(admin, (product, 5), warehouse_id=there["id"])
    assert progress(order) == [(2, 3, 0, 0)]
    assert (await packed(admin, order, 2))["origin_warehouse_id"] == there["id"]


async def test_an_order_taken_whole_is_not_shipped_in_parts(admin: Member) -> None:
    product, _ = await shelves(admin, 9)
    order = await confirmed(admin, (product, 2), (product, 3), ship_complete=True)
    items = [{"sales_order_item_id": order["items"][0]["id"], "quantity": 2}]
    refused = await admin.post("shipments", {"sales_order_id": order["id"], "items": items})
    assert (refused.status_code, said(refused.json())) == (422, f"{order['so_number']} line 2 lacks 3")
    await done(admin, await packed(admin, order), "dispatch")


async def test_a_transfer_is_nowhere_between_dispatch_and_delivery(admin: Member) -> None:
    product, (here, there) = await shelves(admin, 7, 0)
    body = {"origin_warehouse_id": here["id"], "destination_warehouse_id": there["id"]}
    items = [{"product_id": product["id"], "quantity": 7}]
    transfer = await admin.create("shipments", body | {"shipment_type": "transfer", "items": items})
    await done(admin, transfer, "dispatch")
    assert await stock(admin, product) == (0, 0)
    await done(admin, transfer, "deliver")
    rows = (await admin.read("inventory", product_id=product["id"]))["items"]
    assert {row["warehouse_id"]: row["quantity_on_hand"] for row in rows} == {
        here["id"]: 0,
        there["id"]: 7,
    }
    assert await problems(admin) == []


async def test_a_carrier_moves_the_state_but_no_stock(admin: Member) -> None:
    product, _ = await shelves(admin, 5)
    order = await confirmed(admin, (product, 2))
    shipment = await packed(admin, order)
    path = f"shipments/{shipment['id']}"

    async def reports(event_type: str) -> str:
        event = {"event_type": event_type, "occurred_at": "2026-03-04T09:00:00Z"}
        accepted(await admin.post(f"{path}/events", event), 201)
        status: str = (await admin.read(path))["status"]
        return status

    assert await reports("delivered") == "pending"  # it has not left
    assert await stock(admin, product) == (5, 2)
    await done(admin, shipment, "dispatch")
    assert await reports("arrived") == "in_transit"
    assert await reports("delivered") == "delivered"
    assert await reports("departed") == "delivered"  # late
    assert (await now(admin, order))["status"] == "delivered"
    assert (await admin.read(path))["actual_delivery_date"] == "2026-03-04"


async def test_an_inbound_shipment_is_where_its_carrier_says(admin: Member) -> None:
    shipment = await admin.create("shipments", {"shipment_type": "inbound", "tracking_number": "T1"})
    path = f"shipments/{shipment['id']}"
    statuses = []
    for event_type in ("delayed", "out_for_delivery", "delivered"):
        event = {"event_type": event_type, "occurred_at": "2026-03-04T09:00:00Z"}
        accepted(await admin.post(f"{path}/events", event), 201)
        statuses.append((await admin.read(path))["status"])
    assert statuses == ["pending", "in_transit", "delivered"]


async def test_orders_of_many_clients_get_what_there_is(admin: Member) -> None:
    product, (warehouse,) = await shelves(admin, 30)
    orders = [await ordered(admin, (product, 4)) for _ in range(15)]
    confirmations = [admin.post(f"sales-orders/{order['id']}/confirm", {}) for order in orders]
    replies = await asyncio.gather(*confirmations)
    assert {reply.status_code for reply in replies} == {200}
    assert await stock(admin, product) == (30, 30)
    await arrive(admin, product, warehouse, 1)
    assert await problems(admin) == []


async def test_a_stranger_cannot_move_a_shipment(admin: Member, stranger: Member) -> None:
    product, _ = await shelves(admin, 5)
    shipment = await packed(admin, await confirmed(admin, (product, 2)))
    for verb in ("dispatch", "deliver", "cancel"):
        assert (await stranger.post(f"shipments/{shipment['id']}/{verb}", {})).status_code == 404
    assert await stock(admin, product) == (5, 2)


async def test_a_warehouse_that_nobody_named_is_asked_for(admin: Member) -> None:
    product, (here, _) = await shelves(admin, 2, 2)
    items = [{"product_id": product["id"], "quantity": 1}]
    sample = await admin.create("shipments", {"shipment_type": "outbound", "items": items})
    refused = await admin.post(f"shipments/{sample['id']}/dispatch", {})
    assert [error["field"] for error in refused.json()["errors"]] == ["origin_warehouse_id"]
    left = await done(admin, sample, "dispatch", origin_warehouse_id=here["id"])
    assert left["origin_warehouse_id"] == here["id"]
    assert await stock(admin, product) == (3, 0)
    unknown = (await factories.product(admin))["id"]
    empty = {"shipment_type": "outbound", "origin_warehouse_id": here["id"]}
    other = await admin.create("shipments", empty | {"items": [{"product_id": unknown, "quantity": 1}]})
    assert (await admin.post(f"shipments/{other['id']}/dispatch", {})).status_code == 409
