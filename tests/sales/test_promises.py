"""What can be promised, and that the queue is served as promised."""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imsop.core import worker
from imsop.inventory.reservations import jobs
from imsop.inventory.reservations.rules import Free, Waiting, serve
from imsop.sales.allocation.rules import Incoming, serve_over_time
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import Member, accepted, eventually
from tests.purchasing.buying import RECEIPTS
from tests.sales.selling import arrive, confirmed, now, ordered, shelves, stock
from tests.stewardship.test_jobs import working


def ahead(days: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


async def on_order(
    admin: Member, product: dict[str, Any], quantity: int, days: int, **fields: Any
) -> dict[str, Any]:
    """A confirmed purchase order of the product that comes in so many days from now."""
    line = {"product_id": product["id"], "quantity_ordered": quantity, "unit_price": "1"}
    body = {
        "supplier_id": (await factories.supplier(admin))["id"],
        "order_date": "2026-03-02",
        "expected_delivery_date": ahead(days),
        "items": [line],
    }
    order = await admin.create("purchase-orders", body | fields)
    path = f"purchase-orders/{order['id']}"
    accepted(await admin.post(f"{path}/submit", None))
    return accepted(await admin.post(f"{path}/confirm", None))


async def allocated(admin: Member, product: dict[str, Any]) -> int:
    """Runs the job that serves the product's queue; the units reserved."""
    async with admin.transaction() as connection:
        return await jobs.allocate_product(connection, admin.organization_id, UUID(product["id"]))


async def asked(admin: Member, product: dict[str, Any], quantity: int, **query: Any) -> dict[str, Any]:
    found: dict[str, Any] = await admin.read("availability", sku=product["sku"], quantity=quantity, **query)
    return found


async def test_now_later_and_not_at_all(admin: Member) -> None:
    product, (warehouse,) = await shelves(admin, 18)
    purchase = await on_order(admin, product, 60, 9, warehouse_id=warehouse["id"])
    found = await asked(admin, product, 100, date=ahead(3))
    assert (found["available_now"], found["missing"], found["complete_on"]) == (18, 22, None)
    assert found["promised"] == [
        {
            "quantity": 60,
            "date": ahead(9),
            "source": purchase["po_number"],
            "purchase_order_id": purchase["id"],
        }
    ]
    assert found["on_time"] == 18
    assert (await asked(admin, product, 78, date=ahead(9)))["on_time"] == 78
    enough = await asked(admin, product, 5)
    assert (enough["available_now"], enough["promised"], enough["missing"]) == (5, [], 0)
    assert (enough["complete_on"], enough["on_time"]) == (ahead(0), None)


async def test_what_is_promised_to_others_is_not_promised_again(admin: Member) -> None:
    product, (warehouse,) = await shelves(admin, 10)
    await on_order(admin, product, 20, 5, warehouse_id=warehouse["id"])
    await confirmed(admin, (product, 25))  # 10 held, 15 wait
    found = await asked(admin, product, 10)
    assert (found["available_now"], [part["quantity"] for part in found["promised"]]) == (0, [5])
    assert found["missing"] == 5


async def test_overdue_and_undated_orders_promise_no_day(admin: Member) -> None:
    product, _ = await shelves(admin, 0)
    late = await on_order(admin, product, 30, -2)
    found = await asked(admin, product, 10)
    assert (found["promised"], found["missing"]) == ([], 10)
    assert found["undated"] == [
        {"quantity": 30, "source": late["po_number"], "purchase_order_id": late["id"], "due_on": ahead(-2)}
    ]


async def test_one_warehouse_promises_what_comes_there(admin: Member) -> None:
    product, (here, there) = await shelves(admin, 3, 4)
    await on_order(admin, product, 10, 5, warehouse_id=there["id"])
    found = await asked(admin, product, 9, warehouse_id=here["id"])
    assert (found["available_now"], found["promised"], found["missing"]) == (3, [], 6)
    found = await asked(admin, product, 9, warehouse_id=there["id"])
    assert (found["available_now"], found["promised"][0]["quantity"], found["missing"]) == (4, 5, 0)


async def test_an_unknown_product_or_warehouse_is_named(admin: Member, stranger: Member) -> None:
    product, _ = await shelves(admin, 3)
    for query, field in (
        ({"sku": "none"}, "sku"),
        ({"sku": product["sku"], "warehouse_id": product["id"]}, "warehouse_id"),
    ):
        reply = await admin.http.get("availability", params=query | {"quantity": 1})
        assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, field)
    theirs = await stranger.http.get("availability", params={"sku": product["sku"], "quantity": 1})
    assert theirs.status_code == 422


async def test_the_lines_of_an_order_are_promised_in_its_place(admin: Member) -> None:
    product, (warehouse,) = await shelves(admin, 4)
    await on_order(admin, product, 6, 3, warehouse_id=warehouse["id"])
    await on_order(admin, product, 6, 8, warehouse_id=warehouse["id"])
    first = await confirmed(admin, (product, 10))
    draft = await ordered(admin, (product, 5))
    (line,) = await admin.read(f"sales-orders/{first['id']}/promises")
    assert [(part["quantity"], part["date"]) for part in line["promised"]] == [(6, ahead(3))]
    (line,) = await admin.read(f"sales-orders/{draft['id']}/promises")
    assert (line["available_now"], line["complete_on"]) == (0, ahead(8))


async def test_what_arrives_goes_to_who_waits_by_priority_day_and_age(admin: Member) -> None:
    product, (warehouse,) = await shelves(admin, 0)
    old = await confirmed(admin, (product, 2))
    dated = await confirmed(admin, (product, 2), expected_delivery_date=ahead(4))
    urgent = await confirmed(admin, (product, 2), priority=5)
    held = await confirmed(admin, (product, 2), priority=9)
    accepted(await admin.post(f"sales-orders/{held['id']}/hold", {"reason": "credit"}))
    for served in ((0, 0, 1), (0, 0, 2), (0, 1, 2), (0, 2, 2), (1, 2, 2)):
        await arrive(admin, product, warehouse, 1)
        assert await allocated(admin, product) == 1
        reserved = [
            (await now(admin, order))["items"][0]["quantity_reserved"] for order in (old, dated, urgent)
        ]
        assert reserved == list(served)
    assert (await now(admin, held))["items"][0]["quantity_reserved"] == 0


async def test_a_receipt_serves_the_orders_that_wait(
    admin: Member, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "POLL_SECONDS", 0.05)
    product, (warehouse,) = await shelves(admin, 0)
    order = await confirmed(admin, (product, 3))
    purchase = await on_order(admin, product, 5, 2, warehouse_id=warehouse["id"])
    lines = [{"purchase_order_item_id": purchase["items"][0]["id"], "quantity_accepted": 5}]
    other = await confirmed(admin, (product, 4))

    async def reserved(*units: int) -> bool:
        held = [(await now(admin, one))["items"][0]["quantity_reserved"] for one in (order, other)]
        return held == [*units]

    async with working(database, jobs.ALLOCATE):
        accepted(await admin.post(RECEIPTS, {"purchase_order_id": purchase["id"], "lines": lines}), 201)
        await eventually(partial(reserved, 3, 2))
        accepted(await admin.post(f"sales-orders/{order['id']}/cancel", {"reason": "a test"}))
        await eventually(partial(reserved, 0, 4))
    assert await stock(admin, product) == (5, 4)
    events = await admin.read("analytics-events", event_type="sales_order.allocated")
    assert [event["metadata"]["units"] for event in events["items"]] == [2, 2, 3]


PRODUCT = UUID(int=1)
WAREHOUSES = st.sampled_from([UUID(int=11), UUID(int=12)])
LINES = st.lists(st.tuples(st.integers(1, 9), st.none() | WAREHOUSES), min_size=1, max_size=6)
ARRIVALS = st.lists(st.tuples(st.integers(1, 12), WAREHOUSES), max_size=6)


@settings(max_examples=300)
@given(LINES, ARRIVALS, ARRIVALS)
def test_a_promise_is_what_the_queue_gets_when_nothing_changes(
    lines: list[tuple[int, UUID | None]], free: list[tuple[int, UUID]], coming: list[tuple[int, UUID]]
) -> None:
    """Against a simulation: stock arrives day by day, and after each arrival the job serves who waits."""
    queue = [
        Waiting(UUID(int=100 + place), PRODUCT, quantity, warehouse)
        for place, (quantity, warehouse) in enumerate(lines)
    ]
    balances = [
        Free(UUID(int=200 + place), warehouse, PRODUCT, quantity)
        for place, (quantity, warehouse) in enumerate(free)
    ]
    incoming = [
        Incoming(
            UUID(int=300 + place), PRODUCT, UUID(int=400 + place), f"PO-{place}", warehouse, quantity,
            date(2026, 12, 1 + place),
        )
        for place, (quantity, warehouse) in enumerate(coming)
    ]  # fmt: skip
    promised: dict[tuple[UUID, date | None], int] = {}
    for one in serve_over_time(queue, balances, incoming):
        key = one.line_id, one.source and one.source.due_on
        promised[key] = promised.get(key, 0) + one.quantity

    missing = {line.line_id: line.quantity for line in queue}
    shelf = {balance.inventory_id: balance for balance in balances}
    got: dict[tuple[UUID, date | None], int] = {}
    for day, arrival in [(None, None), *((one.due_on, one) for one in incoming)]:
        if arrival is not None:
            shelf[arrival.line_id] = Free(arrival.line_id, arrival.warehouse_id, PRODUCT, arrival.quantity)
        waiting = [
            Waiting(one.line_id, PRODUCT, missing[one.line_id], one.warehouse_id)
            for one in queue
            if missing[one.line_id]
        ]
        for share in serve(waiting, list(shelf.values())):
            balance = shelf[share.inventory_id]
            shelf[share.inventory_id] = Free(
                balance.inventory_id, balance.warehouse_id, PRODUCT, balance.available - share.quantity
            )
            missing[share.line_id] -= share.quantity
            got[(share.line_id, day)] = got.get((share.line_id, day), 0) + share.quantity
    assert promised == got
    assert all(missing[line.line_id] >= 0 for line in queue)
