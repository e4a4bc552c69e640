"""Orders changed after they were sent: as revisions, never below what came in."""

import asyncio
from typing import Any

from tests import factories
from tests.factories import Member, accepted
from tests.purchasing.buying import ORDERS, RECEIPTS, arrived, now, said, sent, stock_of


def _lines(order: dict[str, Any], *quantities: int) -> list[dict[str, Any]]:
    """The order's lines with other quantities; None takes a line off."""
    return [
        {"id": line["id"], "product_id": line["product_id"], "quantity_ordered": quantity, "unit_price": "2"}
        for line, quantity in zip(order["items"], quantities, strict=False)
        if quantity
    ]


async def _amended(admin: Member, order: dict[str, Any], status: int = 200, **changes: Any) -> Any:
    return accepted(await admin.edit(f"{ORDERS}/{order['id']}", **changes), status)


async def test_never_below_what_came_in(admin: Member) -> None:
    """The case of a buyer: 10 ordered, 5 received; 4 is refused, 12 leaves 7 open, 5 is all there will be."""
    order = await sent(admin, 10)
    receipt = accepted(await admin.post(RECEIPTS, arrived(order, 5)), 201)
    refused = await _amended(admin, order, 422, items=_lines(order, 4))
    assert refused["errors"] == [{"field": "items[0].quantity_ordered", "message": "5 already received"}]
    more = await _amended(admin, order, items=_lines(order, 12))
    assert (more["revision"], more["items"][0]["quantity_open"], more["total_amount"]) == (1, 7, "24.00")
    less = await _amended(admin, order, items=_lines(order, 5))
    assert (less["revision"], less["status"], less["receipt_status"]) == (2, "received", "full")
    assert await admin.read(f"{RECEIPTS}/{receipt['id']}") == receipt
    assert await stock_of(admin, order) == (5, 5)


async def test_lines_are_added_and_taken_off(admin: Member) -> None:
    order = await sent(admin, 10, 20)
    bolt = await factories.product(admin, name="Bolt")
    new = {"product_id": bolt["id"], "quantity_ordered": 3, "unit_price": "1.50"}
    changed = await _amended(admin, order, items=[*_lines(order, 10), new])
    assert [line["line_number"] for line in changed["items"]] == [1, 3]
    assert changed["items"][0]["id"] == order["items"][0]["id"]
    assert (changed["items"][1]["product_name"], changed["total_amount"]) == ("Bolt", "24.50")
    history = (await admin.read(f"{ORDERS}/{order['id']}/history"))["items"][0]
    assert (history["from_status"], history["to_status"]) == ("confirmed", "confirmed")
    assert history["changes"]["revision"] == {"old": 0, "new": 1}
    assert history["changes"]["lines[2].quantity"] == {"old": 20, "new": 0}
    assert history["changes"]["lines[3].quantity"] == {"old": 0, "new": 3}
    accepted(await admin.post(RECEIPTS, arrived(await now(admin, order), 4)), 201)
    kept = await _amended(admin, order, 422, items=[new])
    assert "4 already received" in said(kept)


async def test_what_was_sent_stays(admin: Member) -> None:
    order = await sent(admin, 10)
    other = await factories.supplier(admin)
    refused = await _amended(admin, order, 422, supplier_id=other["id"], currency="EUR")
    assert [error["field"] for error in refused["errors"]] == ["supplier_id", "currency"]
    same = await _amended(admin, order, supplier_id=order["supplier_id"], notes="call before")
    assert (same["notes"], same["revision"]) == ("call before", 1)
    await _amended(admin, order, 422, expected_delivery_date="2026-03-01")
    product = (await factories.product(admin))["id"]
    swapped = [_lines(order, 10)[0] | {"product_id": product}]
    assert (await _amended(admin, order, 422, items=swapped))["errors"][0]["field"] == "items[0].product_id"
    unpriced = [_lines(order, 10)[0] | {"unit_price": None}]
    await _amended(admin, order, 409, items=unpriced)
    await _amended(admin, order, 422, items=[])
    strange = [_lines(await sent(admin, 1), 1)[0]]
    assert (await _amended(admin, order, 422, items=strange))["errors"][0]["field"] == "items[0].id"
    assert (await now(admin, order))["revision"] == 1


async def test_what_was_confirmed_is_confirmed_anew(admin: Member) -> None:
    order = await sent(admin, 100, confirmed=False)
    line = order["items"][0]["id"]
    confirm = {"lines": [{"id": line, "quantity": 90, "unit_price": "2.10"}]}
    accepted(await admin.post(f"{ORDERS}/{order['id']}/confirm", confirm))
    body = [{"id": line, "product_id": order["items"][0]["product_id"]}]
    kept = await _amended(admin, order, items=[body[0] | {"quantity_ordered": 90, "unit_price": "2.10"}])
    assert kept["items"][0]["quantity_open"] == 90
    changed = await _amended(admin, order, items=[body[0] | {"quantity_ordered": 95, "unit_price": "2.10"}])
    one = changed["items"][0]
    assert (one["quantity_ordered"], one["quantity_confirmed"], one["quantity_open"]) == (95, None, 95)


async def test_an_amendment_and_a_receipt_at_the_same_moment(admin: Member) -> None:
    """Whichever comes first, no more is received than is then ordered."""
    for _ in range(4):
        order = await sent(admin, 10)
        replies = await asyncio.gather(
            admin.post(RECEIPTS, arrived(order, 8)),
            admin.http.patch(
                f"{ORDERS}/{order['id']}", json={"items": _lines(order, 5)}, headers={"If-Match": "*"}
            ),
        )
        line = (await now(admin, order))["items"][0]
        assert line["quantity_received"] <= line["quantity_ordered"], [reply.text for reply in replies]
        assert sorted(reply.status_code for reply in replies) in ([200, 422], [201, 422])


async def test_a_received_or_cancelled_order_is_not_amended(admin: Member) -> None:
    order = await sent(admin, 10)
    accepted(await admin.post(RECEIPTS, arrived(order, 10)), 201)
    await _amended(admin, order, 409, items=_lines(order, 12))
