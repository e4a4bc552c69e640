import asyncio
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsop.documents.lines import totals
from imsop.sales.orders.models import NewSalesOrderItem
from tests import factories, states
from tests.factories import Member, accepted
from tests.rivals import somebody_waits_for
from tests.sales.orders import draft, line, named_fields, put_past_draft


async def test_a_draft_is_created_read_edited_and_deleted(admin: Member) -> None:
    customer = await factories.customer(admin)
    lines = [
        await line(admin, 3, unit_price="2.5", expected_delivery_date="2026-03-09"),
        await line(admin, 7, unit_price="0.3350"),
        await line(admin, 2, unit_price="10", line_total="19.00"),
        await line(admin, 5, unit_price=None),
    ]
    order = await draft(
        admin, so_number="SO-A", customer_id=customer["id"], currency="EUR", notes="call first", items=lines
    )
    assert (order["status"], order["customer_id"], order["currency"]) == ("draft", customer["id"], "EUR")
    assert order["created_by"] == str(admin.user_id)
    assert [item["line_number"] for item in order["items"]] == [1, 2, 3, 4]
    assert [item["product_id"] for item in order["items"]] == [item["product_id"] for item in lines]
    assert [item["line_total"] for item in order["items"]] == ["7.50", "2.35", "19.00", None]
    assert order["total_amount"] == "28.85"
    assert order["items"][0]["expected_delivery_date"] == "2026-03-09"
    path = f"sales-orders/{order['id']}"
    assert await admin.read(path) == order

    edited = accepted(await admin.edit(path, notes=None, customer_id=None, items=[lines[2], lines[0]]))
    assert (edited["notes"], edited["customer_id"], edited["total_amount"]) == (None, None, "26.50")
    assert [(item["line_number"], item["line_total"]) for item in edited["items"]] == [
        (1, "19.00"),
        (2, "7.50"),
    ]
    kept = accepted(await admin.edit(path, so_number="SO-B"))
    assert (kept["so_number"], kept["total_amount"], kept["items"]) == ("SO-B", "26.50", edited["items"])

    assert (await admin.delete(path)).status_code == 204
    assert (await admin.get(path)).status_code == 404


async def test_lines_and_history_have_their_own_lists(admin: Member) -> None:
    order = await draft(admin, items=[await line(admin, quantity) for quantity in (4, 5, 6)])
    path = f"sales-orders/{order['id']}"
    first = await admin.read(f"{path}/items", limit=2)
    rest = await admin.read(f"{path}/items", limit=2, cursor=first["next_cursor"])
    assert first["items"] + rest["items"] == order["items"]
    (entry,) = (await admin.read(f"{path}/history"))["items"]
    assert (entry["from_status"], entry["to_status"]) == (None, "draft")
    assert entry["changed_by"] == str(admin.user_id)


async def test_all_lines_with_unknown_products_are_named(admin: Member, stranger: Member) -> None:
    ours = await line(admin)
    order = {
        "order_date": "2026-03-01",
        "customer_id": str(uuid4()),
        "items": [await line(stranger), ours, {"product_id": str(uuid4()), "quantity_ordered": 1}],
    }
    reply = await admin.post("sales-orders", order)
    assert reply.status_code == 422
    assert named_fields(reply) == ["customer_id", "items[0].product_id", "items[2].product_id"]
    assert (await admin.read("sales-orders"))["items"] == []

    draft_of_ours = await draft(admin, items=[ours])
    edit = await admin.edit(f"sales-orders/{draft_of_ours['id']}", items=order["items"])
    assert (edit.status_code, named_fields(edit)) == (422, ["items[0].product_id", "items[2].product_id"])


@pytest.mark.parametrize(
    ("lines", "fields"),
    [
        ([{"quantity_ordered": 1_000_000, "unit_price": "1000000"}], ["items[0].line_total"]),
        ([{"line_total": "999999999999.99"}, {"unit_price": "0.01"}], ["items"]),
        ([{"line_total": "1000000000000"}], ["items[0].line_total"]),
        ([{"unit_price": "1"}, {"unit_price": "100000000"}], ["items[1].unit_price"]),
        ([{"unit_price": "1.0000001"}], ["items[0].unit_price"]),
        ([{"unit_price": "NaN"}], ["items[0].unit_price"]),
        ([{"unit_price": 1.5}], ["items[0].unit_price"]),
        ([{"quantity_ordered": 0}], ["items[0].quantity_ordered"]),
        ([{"quantity_ordered": 2**31}], ["items[0].quantity_ordered"]),
        ([{"expected_delivery_date": "2026-02-30"}], ["items[0].expected_delivery_date"]),
        ([{"quantity_shipped": 1}], ["items[0].quantity_shipped"]),
    ],
)
async def test_an_invalid_number_names_its_field(
    admin: Member, lines: list[dict[str, Any]], fields: list[str]
) -> None:
    product = await line(admin)
    reply = await admin.post(
        "sales-orders", {"order_date": "2026-03-01", "items": [product | fields_ for fields_ in lines]}
    )
    assert (reply.status_code, named_fields(reply)) == (422, fields)


async def test_the_largest_amounts_are_kept_to_the_cent(admin: Member) -> None:
    order = await draft(admin, items=[await line(admin, 9_999, unit_price="99999999.9999")])
    assert order["total_amount"] == "999899999999.00"
    order = await draft(admin, items=[await line(admin, line_total="999999999999.99")])
    assert order["total_amount"] == "999999999999.99"


@given(
    st.lists(
        st.tuples(st.integers(1, 2**31 - 1), st.decimals("0", "99.9999", places=4), st.booleans()), max_size=5
    )
)
def test_a_total_is_the_sum_of_lines_rounded_to_cents(drawn: list[tuple[int, Decimal, bool]]) -> None:
    items = [
        NewSalesOrderItem(uuid4(), quantity, str(price) if priced else None)
        for quantity, price, priced in drawn
    ]
    line_totals, total_amount = totals(items, "EUR")
    for total, (quantity, price, priced) in zip(line_totals, drawn, strict=True):
        assert (total is None) != priced
        assert total is None or abs(total - quantity * price) <= Decimal("0.005")
    assert total_amount == sum(total or 0 for total in line_totals)


async def test_half_a_cent_is_rounded_up_as_in_the_database(admin: Member) -> None:
    order = await draft(admin, items=[await line(admin, 1, unit_price=price) for price in ("0.125", "0.135")])
    async with admin.transaction() as connection:
        rounded = await connection.fetchval("SELECT ARRAY[round(0.125, 2), round(0.135, 2)]")
    assert [Decimal(item["line_total"]) for item in order["items"]] == rounded


async def test_of_two_edits_of_one_version_the_second_is_refused(admin: Member) -> None:
    path = f"sales-orders/{(await draft(admin))['id']}"
    etag = (await admin.get(path)).headers["etag"]
    replies = await asyncio.gather(
        *(admin.http.patch(path, json={"notes": name}, headers={"If-Match": etag}) for name in ("a", "b"))
    )
    assert sorted(reply.status_code for reply in replies) == [200, 412]
    (kept,) = (reply for reply in replies if reply.status_code == 200)
    assert await admin.read(path) == kept.json()
    assert (await admin.http.patch(path, json={"notes": "c"})).status_code == 428


@pytest.mark.parametrize("is_confirmed", [True, False])
async def test_an_edit_that_lost_a_race_changes_nothing(admin: Member, *, is_confirmed: bool) -> None:
    order = await draft(admin, items=[await line(admin, 3)])
    path = f"sales-orders/{order['id']}"
    async with admin.transaction() as rival:
        if is_confirmed:
            await states.advance(rival, admin, "sales_orders", order["id"], "confirmed")
        else:
            await rival.execute(
                "UPDATE sales_orders SET notes = 'first' WHERE organization_id = $1 AND id = $2",
                admin.organization_id,
                UUID(order["id"]),
            )
        editing = asyncio.create_task(admin.http.patch(path, json={"items": []}, headers={"If-Match": "*"}))
        await somebody_waits_for(rival)
    assert (await editing).status_code == 412
    assert [item["id"] for item in (await admin.read(path))["items"]] == [order["items"][0]["id"]]


@pytest.mark.parametrize("status", ["confirmed", "shipped", "delivered", "cancelled"])
async def test_an_order_past_draft_is_neither_edited_nor_deleted(admin: Member, status: str) -> None:
    order = await draft(admin, items=[await line(admin)])
    await put_past_draft(admin, order, status)
    path = f"sales-orders/{order['id']}"
    for reply in (await admin.edit(path, notes="too late"), await admin.delete(path)):
        assert reply.status_code == 409
        assert status in reply.json()["detail"]
    assert (await admin.read(path))["notes"] is None


async def test_the_currency_defaults_to_the_organizations(admin: Member) -> None:
    accepted(await admin.edit(f"organizations/{admin.organization_id}", currency="EUR"))
    assert (await draft(admin))["currency"] == "EUR"
    assert (await draft(admin, currency="GBP"))["currency"] == "GBP"


async def test_the_expected_date_is_not_before_the_order_date(admin: Member) -> None:
    early = await line(admin, expected_delivery_date="2026-02-28")
    body = {"order_date": "2026-03-01", "expected_delivery_date": "2026-02-28", "items": [early]}
    refused = await admin.post("sales-orders", body)
    assert (refused.status_code, named_fields(refused)) == (
        422,
        ["expected_delivery_date", "items[0].expected_delivery_date"],
    )
    order = await draft(admin, expected_delivery_date="2026-03-01")
    refused = await admin.edit(f"sales-orders/{order['id']}", order_date="2026-03-02")
    assert (refused.status_code, named_fields(refused)) == (422, ["expected_delivery_date"])


async def test_a_number_is_assigned_by_default(admin: Member, stranger: Member) -> None:
    assert (await draft(admin))["so_number"] == "SO-2026-000001"
    await draft(admin, so_number="SO-2026-000002")
    await draft(admin, so_number="SO-2026-999999")
    assert (await draft(admin))["so_number"] == "SO-2026-000003"
    assert (await draft(admin, order_date="2025-12-31"))["so_number"] == "SO-2025-000001"
    assert (await draft(stranger))["so_number"] == "SO-2026-000001"
    taken = await admin.post("sales-orders", {"order_date": "2026-03-01", "so_number": "SO-2026-000002"})
    assert (taken.status_code, named_fields(taken)) == (409, ["so_number"])


async def test_concurrent_orders_get_numbers_without_gaps(admin: Member) -> None:
    orders = await asyncio.gather(*(draft(admin) for _ in range(8)))
    assert sorted(order["so_number"] for order in orders) == [f"SO-2026-{n:06}" for n in range(1, 9)]


async def test_orders_of_a_blocked_customer_are_refused(admin: Member) -> None:
    customer = await factories.customer(admin, status="blocked")
    reply = await admin.post("sales-orders", {"order_date": "2026-03-01", "customer_id": customer["id"]})
    assert (reply.status_code, named_fields(reply)) == (409, ["customer_id"])


async def test_orders_are_found_by_number_customer_and_status_newest_first(admin: Member) -> None:
    customer = await factories.customer(admin)
    for day, fields in ((1, {}), (3, {"customer_id": customer["id"]}), (2, {"items": [await line(admin)]})):
        await draft(admin, so_number=f"N{day}", order_date=f"2026-03-0{day}", **fields)
    (middle,) = (await admin.read("sales-orders", so_number="N2"))["items"]
    await put_past_draft(admin, middle, "shipped")

    async def numbers(**asked: object) -> list[str]:
        return [row["so_number"] for row in (await admin.read("sales-orders", **asked))["items"]]

    assert await numbers() == ["N3", "N2", "N1"]
    assert await numbers(sort="order_date") == ["N1", "N2", "N3"]
    assert await numbers(sort="-so_number") == ["N3", "N2", "N1"]
    assert await numbers(customer_id=customer["id"]) == ["N3"]
    assert await numbers(status="draft") == ["N3", "N1"]
    assert await numbers(status="shipped", customer_id=customer["id"]) == []
    first = await admin.read("sales-orders", status="draft", limit=1)
    assert await numbers(status="draft", limit=1, cursor=first["next_cursor"]) == ["N1"]
    assert await numbers(status="draft", sort="so_number") == ["N1", "N3"]


async def test_orders_of_another_organization_are_not_found(admin: Member, stranger: Member) -> None:
    order = await draft(admin, items=[await line(admin)])
    path = f"sales-orders/{order['id']}"
    refused: list[httpx.Response] = [
        await stranger.get(path),
        await stranger.get(f"{path}/items"),
        await stranger.get(f"{path}/history"),
        await stranger.http.patch(path, json={"items": []}, headers={"If-Match": "*"}),
        await stranger.delete(path),
    ]
    assert [reply.status_code for reply in refused] == [404] * 5
    assert (await stranger.read("sales-orders"))["items"] == []
    assert await admin.read(path) == order
    theirs = await stranger.post(
        "sales-orders",
        {"order_date": "2026-03-01", "customer_id": (await factories.customer(admin))["id"]},
    )
    assert (theirs.status_code, named_fields(theirs)) == (422, ["customer_id"])


async def test_a_viewer_reads_orders_but_cannot_write_them(admin: Member) -> None:
    order = await draft(admin)
    viewer = await factories.member(admin, "viewer")
    assert await viewer.read(f"sales-orders/{order['id']}") == order
    assert (await viewer.post("sales-orders", {"order_date": "2026-03-01"})).status_code == 403
    assert (await viewer.delete(f"sales-orders/{order['id']}")).status_code == 403


async def test_orders_are_found_between_days(admin: Member) -> None:
    for day in (1, 2, 3):
        await draft(
            admin,
            so_number=f"N{day}",
            order_date=f"2026-03-0{day}",
            expected_delivery_date=f"2026-03-{20 - day}",
        )

    async def numbers(**asked: object) -> list[str]:
        return [row["so_number"] for row in (await admin.read("sales-orders", **asked))["items"]]

    assert await numbers(order_date_to="2026-03-02") == ["N2", "N1"]
    assert await numbers(expected_delivery_date_to="2026-03-18") == ["N3", "N2"]
    by_number = await admin.get("sales-orders", sort="so_number", order_date_to="2026-03-02")
    assert (by_number.status_code, named_fields(by_number)) == (422, ["sort"])
