import asyncio
from typing import Any
from uuid import uuid4

import pytest

from imsop.core.listing import PageRequest
from imsop.purchasing.orders import queries
from tests import factories, rivals, states
from tests.factories import Member, accepted

PATH = "purchase-orders"


async def _draft(admin: Member, *lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A new order. Lines without a product get a new one."""
    for line in lines:
        line.setdefault("product_id", (await factories.product(admin))["id"])
    if "supplier_id" not in fields:
        fields["supplier_id"] = (await factories.supplier(admin))["id"]
    body = {"po_number": f"PO-{uuid4().hex[:12]}", "order_date": "2026-03-02", "items": list(lines)}
    return await admin.create(PATH, body | fields)


async def _becomes(admin: Member, order: dict[str, Any], status: str) -> None:
    await states.in_state(admin, "purchase_orders", order["id"], status)


def _named(problem: dict[str, Any]) -> list[str]:
    return [error["field"] for error in problem["errors"]]


# Drafting


async def test_a_draft_adds_up_its_lines(admin: Member) -> None:
    order = await _draft(
        admin,
        {"quantity_ordered": 3, "unit_price": "0.3350"},
        {"quantity_ordered": 7, "unit_price": "2.00", "line_total": "12.60"},
        {"quantity_ordered": 5},
        currency="EUR",
    )
    assert (order["status"], order["total_amount"], order["currency"]) == ("draft", "13.61", "EUR")
    assert order["created_by"] == str(admin.user_id)
    assert [line["line_number"] for line in order["items"]] == [1, 2, 3]
    assert [line["line_total"] for line in order["items"]] == ["1.01", "12.60", None]  # half a cent goes up
    assert await admin.read(f"{PATH}/{order['id']}") == order


async def test_the_currency_defaults_to_the_organizations(admin: Member) -> None:
    assert (await _draft(admin))["currency"] == "USD"
    accepted(await admin.edit(f"organizations/{admin.organization_id}", currency="EUR"))
    assert (await _draft(admin))["currency"] == "EUR"
    assert (await _draft(admin, currency="GBP"))["currency"] == "GBP"
    assert (await _draft(admin, currency="DEM"))["currency"] == "DEM"  # an order of another time


@pytest.mark.parametrize("currency", ["ZZZ", "usd", "XXX", "EURO", "EUR\n"])
async def test_an_unknown_currency_is_refused(admin: Member, currency: str) -> None:
    reply = await admin.edit(f"organizations/{admin.organization_id}", currency=currency)
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "currency")


async def test_a_number_is_assigned_by_default(admin: Member, stranger: Member) -> None:
    supplier = await factories.supplier(admin)
    unnumbered = {"supplier_id": supplier["id"], "order_date": "2026-03-02"}
    assert (await admin.create(PATH, unnumbered))["po_number"] == "PO-2026-000001"
    for typed in ("PO-2026-000003", "PO-2026-999999", "PO-2026-0000999"):
        await _draft(admin, po_number=typed)
    orders = await asyncio.gather(*(admin.create(PATH, unnumbered) for _ in range(8)))
    assert sorted(order["po_number"] for order in orders) == [f"PO-2026-{n:06}" for n in (2, *range(4, 11))]
    theirs = unnumbered | {"supplier_id": (await factories.supplier(stranger))["id"]}
    assert (await stranger.create(PATH, theirs))["po_number"] == "PO-2026-000001"
    async with admin.transaction() as connection:
        await connection.execute(
            "UPDATE document_numbers SET last_number = 999998 WHERE organization_id = $1",
            admin.organization_id,
        )
    assert _named(accepted(await admin.post(PATH, unnumbered), 409)) == ["po_number"]
    assert (await admin.create(PATH, unnumbered | {"order_date": "2025-03-02"}))[
        "po_number"
    ] == "PO-2025-000001"


async def test_the_expected_date_is_not_before_the_order_date(admin: Member) -> None:
    line = {"product_id": (await factories.product(admin))["id"], "quantity_ordered": 1}
    early, in_time = (
        line | {"expected_delivery_date": "2026-03-01"},
        line | {"expected_delivery_date": "2026-03-02"},
    )
    body = {
        "supplier_id": (await factories.supplier(admin))["id"],
        "order_date": "2026-03-02",
        "expected_delivery_date": "2026-03-01",
        "items": [in_time, early],
    }
    refused = accepted(await admin.post(PATH, body), 422)
    assert _named(refused) == ["expected_delivery_date", "items[1].expected_delivery_date"]
    order = await _draft(admin, in_time, expected_delivery_date="2026-03-02")
    path = f"{PATH}/{order['id']}"
    for change in ({"order_date": "2026-03-03"}, {"expected_delivery_date": "2026-03-01"}):
        assert _named(accepted(await admin.edit(path, **change), 422)) == ["expected_delivery_date"]
    assert _named(accepted(await admin.edit(path, items=[early]), 422)) == ["items[0].expected_delivery_date"]
    assert await admin.read(path) == order


async def test_lines_are_listed_in_pages(admin: Member) -> None:
    order = await _draft(admin, *({"quantity_ordered": number} for number in range(1, 6)))
    path = f"{PATH}/{order['id']}/items"
    first = await admin.read(path, limit=3)
    second = await admin.read(path, limit=3, cursor=first["next_cursor"])
    assert first["items"] + second["items"] == order["items"]
    assert second["next_cursor"] is None


async def test_an_orders_history_begins_with_its_draft(admin: Member) -> None:
    order = await _draft(admin)
    (entry,) = (await admin.read(f"{PATH}/{order['id']}/history"))["items"]
    assert (entry["from_status"], entry["to_status"]) == (None, "draft")
    assert entry["changed_by"] == str(admin.user_id)
    assert entry["occurred_at"] == order["created_at"]


async def test_all_unknown_references_are_named(admin: Member, stranger: Member) -> None:
    ours, theirs = await factories.product(admin), await factories.product(stranger)
    lines = [{"product_id": id_, "quantity_ordered": 1} for id_ in (ours["id"], theirs["id"], str(uuid4()))]
    body = {
        "po_number": "PO-1",
        "order_date": "2026-03-02",
        "supplier_id": (await factories.supplier(stranger))["id"],
        "items": lines,
    }
    problem = accepted(await admin.post(PATH, body), 422)
    assert _named(problem) == ["supplier_id", "items[1].product_id", "items[2].product_id"]
    assert (await admin.read(PATH))["items"] == []


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"quantity_ordered": 2_000_000_000, "unit_price": "99999999"}, "items[0].line_total"),
        ({"quantity_ordered": 1, "line_total": "1000000000000"}, "items[0].line_total"),
        ({"quantity_ordered": 1, "unit_price": "1.2345678"}, "items[0].unit_price"),
        ({"quantity_ordered": 0}, "items[0].quantity_ordered"),
        ({"quantity_ordered": 2**31}, "items[0].quantity_ordered"),
        ({"quantity_ordered": 1, "expected_delivery_date": "2026-02-30"}, "items[0].expected_delivery_date"),
    ],
)
async def test_an_invalid_quantity_price_or_date_is_named(
    admin: Member, line: dict[str, Any], field: str
) -> None:
    line["product_id"] = (await factories.product(admin))["id"]
    supplier = await factories.supplier(admin)
    body = {"po_number": "PO", "order_date": "2026-03-02", "supplier_id": supplier["id"], "items": [line]}
    assert _named(accepted(await admin.post(PATH, body), 422)) == [field]


async def test_a_total_above_the_maximum_is_refused(admin: Member) -> None:
    product, supplier = await factories.product(admin), await factories.supplier(admin)
    line = {"product_id": product["id"], "quantity_ordered": 1, "line_total": "999999999999.99"}
    body = {"po_number": "P", "order_date": "2026-03-02", "supplier_id": supplier["id"], "items": [line] * 2}
    assert _named(accepted(await admin.post(PATH, body), 422)) == ["items"]
    body["items"] = [line]
    assert (await admin.create(PATH, body))["total_amount"] == "999999999999.99"


async def test_orders_to_a_blocked_supplier_are_refused(admin: Member) -> None:
    blocked = await factories.supplier(admin, status="blocked")
    body = {"po_number": "PO-1", "order_date": "2026-03-02", "supplier_id": blocked["id"]}
    assert _named(accepted(await admin.post(PATH, body), 409)) == ["supplier_id"]
    order = await _draft(admin)
    problem = accepted(await admin.edit(f"{PATH}/{order['id']}", supplier_id=blocked["id"]), 409)
    assert _named(problem) == ["supplier_id"]


async def test_numbers_are_unique_per_organization(admin: Member, stranger: Member) -> None:
    order = await _draft(admin)
    again = {"po_number": order["po_number"], "order_date": "2026-03-02", "supplier_id": order["supplier_id"]}
    assert _named(accepted(await admin.post(PATH, again), 409)) == ["po_number"]
    await _draft(stranger, po_number=order["po_number"])


# Editing


async def test_an_edit_of_the_header_keeps_the_lines(admin: Member) -> None:
    order = await _draft(admin, {"quantity_ordered": 2, "unit_price": "1.50"}, notes="call first")
    edited = accepted(await admin.edit(f"{PATH}/{order['id']}", order_date="2026-03-09", notes=None))
    assert edited | {"updated_at": ""} == order | {
        "order_date": "2026-03-09",
        "notes": None,
        "updated_at": "",
    }


async def test_an_edit_of_lines_replaces_them_all(admin: Member) -> None:
    order = await _draft(admin, {"quantity_ordered": 2, "unit_price": "1.50"}, {"quantity_ordered": 1})
    product = await factories.product(admin)
    items = [{"product_id": product["id"], "quantity_ordered": 4, "unit_price": "0.25"}]
    edited = accepted(await admin.edit(f"{PATH}/{order['id']}", items=items))
    (line,) = edited["items"]
    assert (line["line_number"], line["product_id"], edited["total_amount"]) == (1, product["id"], "1.00")
    emptied = accepted(await admin.edit(f"{PATH}/{order['id']}", items=[]))
    assert (emptied["items"], emptied["total_amount"]) == ([], "0.00")


async def test_an_edit_with_an_unknown_product_changes_nothing(admin: Member) -> None:
    order = await _draft(admin, {"quantity_ordered": 2, "unit_price": "1.00"})
    items = [{"product_id": str(uuid4()), "quantity_ordered": 1}]
    problem = accepted(await admin.edit(f"{PATH}/{order['id']}", items=items, notes="new"), 422)
    assert _named(problem) == ["items[0].product_id"]
    assert await admin.read(f"{PATH}/{order['id']}") == order


async def test_of_two_edits_of_one_version_one_is_refused(admin: Member) -> None:
    order = await _draft(admin)
    path = f"{PATH}/{order['id']}"
    version = {"If-Match": (await admin.get(path)).headers["etag"]}
    replies = await asyncio.gather(
        *(admin.http.patch(path, json={"notes": name}, headers=version) for name in ("Ann", "Bob"))
    )
    assert sorted(reply.status_code for reply in replies) == [200, 412]
    (winner,) = (reply.json() for reply in replies if reply.status_code == 200)
    assert await admin.read(path) == winner


async def test_an_edit_that_waits_while_the_order_is_submitted_changes_nothing(admin: Member) -> None:
    order = await _draft(admin, {"quantity_ordered": 1, "unit_price": "1.00"})
    async with admin.transaction() as connection:
        await states.advance(connection, admin, "purchase_orders", order["id"], "submitted")
        edit = asyncio.create_task(admin.edit(f"{PATH}/{order['id']}", notes="late"))
        await rivals.somebody_waits_for(connection)
    assert (await edit).status_code == 412
    assert (await admin.read(f"{PATH}/{order['id']}"))["notes"] is None


@pytest.mark.parametrize("status", ["submitted", "confirmed", "shipped", "received", "cancelled"])
async def test_past_draft_an_order_is_not_deleted_and_edited_only_while_it_is_open(
    admin: Member, status: str
) -> None:
    order = await _draft(admin, {"quantity_ordered": 1, "unit_price": "1.00"})
    await _becomes(admin, order, status)
    removal = accepted(await admin.delete(f"{PATH}/{order['id']}"), 409)
    assert f"is {status}" in removal["detail"]
    edit = await admin.edit(f"{PATH}/{order['id']}", notes="a change")
    assert edit.status_code == (409 if status in ("received", "cancelled") else 200)


async def test_a_deleted_draft_leaves_nothing(admin: Member) -> None:
    order = await _draft(admin, {"quantity_ordered": 1, "unit_price": "1.00"})
    assert (await admin.delete(f"{PATH}/{order['id']}")).status_code == 204
    for path in (order["id"], f"{order['id']}/items", f"{order['id']}/history"):
        assert (await admin.get(f"{PATH}/{path}")).status_code == 404
    assert (await admin.delete(f"{PATH}/{order['id']}")).status_code == 404
    assert (await admin.delete(f"products/{order['items'][0]['product_id']}")).status_code == 204


# Reading


async def test_an_order_by_its_number_comes_with_the_names_of_its_products_by_line(admin: Member) -> None:
    pear, apple = [await factories.product(admin, name=name) for name in ("Pear", "Apple, red")]
    lines = [{"product_id": id_, "quantity_ordered": 1} for id_ in (pear["id"], apple["id"], pear["id"])]
    order = await _draft(admin, *lines, po_number="PO-77", expected_delivery_date="2026-04-01")
    await _draft(admin, po_number="PO-78")
    del order["items"], order["approval"]
    assert await admin.read(PATH, po_number="PO-77") == {
        "items": [order | {"products": ["Pear", "Apple, red", "Pear"]}],
        "next_cursor": None,
    }
    assert order == {
        "id": order["id"],
        "po_number": "PO-77",
        "supplier_id": order["supplier_id"],
        "status": "draft",
        "order_date": "2026-03-02",
        "expected_delivery_date": "2026-04-01",
        "actual_delivery_date": None,
        "total_amount": "0.00",
        "currency": "USD",
        "lines": 3,
        "lines_without_price": 3,
        "partner": None,
        "warehouse_id": None,
        "supplier_reference": None,
        "notes": None,
        "revision": 0,
        "receipt_status": "none",
        "received_percent": 0,
        "created_by": str(admin.user_id),
        "created_at": order["created_at"],
        "updated_at": order["updated_at"],
    }


async def test_that_is_one_statement(admin: Member) -> None:
    await _draft(admin, {"quantity_ordered": 1, "unit_price": "1.00"}, po_number="PO-1")
    statements: list[object] = []
    async with admin.transaction() as connection:
        with connection.query_logger(statements.append):
            page = await queries.PURCHASE_ORDERS.page(
                connection, admin.organization_id, PageRequest("-order_date"), po_number="PO-1"
            )
    assert (len(page.items), len(statements)) == (1, 1)


async def test_orders_are_filtered_by_status_and_supplier(admin: Member) -> None:
    supplier = await factories.supplier(admin)
    draft, submitted = [
        await _draft(admin, {"quantity_ordered": 1, "unit_price": "1.00"}, supplier_id=supplier["id"])
        for _ in range(2)
    ]
    other = await _draft(admin)
    await _becomes(admin, submitted, "submitted")

    async def found(**filters: str) -> set[str]:
        return {row["id"] for row in (await admin.read(PATH, **filters))["items"]}

    assert await found(supplier_id=supplier["id"]) == {draft["id"], submitted["id"]}
    assert await found(status="draft") == {draft["id"], other["id"]}
    assert await found(status="submitted", supplier_id=supplier["id"]) == {submitted["id"]}


@pytest.mark.parametrize("sort", ["-order_date", "order_date", "po_number", "-po_number"])
async def test_paging_in_every_sort_returns_each_order_once(admin: Member, sort: str) -> None:
    supplier = await factories.supplier(admin)
    days = ["2026-03-02", "2026-03-01", "2026-03-02", "2026-03-03", "2026-03-02"]
    for number, day in enumerate(days):
        await _draft(admin, po_number=f"PO-{number}", order_date=day, supplier_id=supplier["id"])
    rows: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await admin.read(PATH, sort=sort, limit=2, **cursor)
        rows += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert len({row["id"] for row in rows}) == len(rows) == len(days)
    keys = [(row[sort.removeprefix("-")], row["id"]) for row in rows]
    assert keys == sorted(keys, reverse=sort.startswith("-"))


async def test_orders_of_another_organization_are_not_found(admin: Member, stranger: Member) -> None:
    order = await _draft(admin, {"quantity_ordered": 1, "unit_price": "1.00"})
    path = f"{PATH}/{order['id']}"
    for hidden in (path, f"{path}/items", f"{path}/history"):
        assert (await stranger.get(hidden)).status_code == 404
    edit = await stranger.http.patch(path, json={"notes": "mine"}, headers={"If-Match": "*"})
    assert edit.status_code == 404
    assert (await stranger.delete(path)).status_code == 404
    assert (await stranger.read(PATH))["items"] == []
    assert (await stranger.read(PATH, po_number=order["po_number"]))["items"] == []
    assert await admin.read(path) == order


async def test_orders_are_filtered_by_date_range_in_date_order(admin: Member) -> None:
    supplier = (await factories.supplier(admin))["id"]
    for day, expected in ((1, 20), (2, 10), (3, 15), (4, None)):
        fields = {} if expected is None else {"expected_delivery_date": f"2026-03-{expected}"}
        await _draft(admin, po_number=f"N{day}", order_date=f"2026-03-0{day}", supplier_id=supplier, **fields)

    async def numbers(**asked: object) -> list[str]:
        return [row["po_number"] for row in (await admin.read(PATH, **asked))["items"]]

    assert await numbers(order_date_from="2026-03-02", order_date_to="2026-03-03") == ["N3", "N2"]
    assert await numbers(expected_delivery_date_from="2026-03-10") == ["N2", "N3", "N1"]
    latest = {"expected_delivery_date_to": "2026-03-15", "sort": "-expected_delivery_date"}
    assert await numbers(**latest) == ["N3", "N2"]
    first = await admin.read(PATH, **latest, limit=1)
    assert await numbers(**latest, cursor=first["next_cursor"]) == ["N2"]
    assert await numbers(expected_delivery_date_to="2026-03-15", order_date_from="2026-03-03") == ["N3"]
    for asked in (
        {"sort": "expected_delivery_date"},
        {"sort": "po_number", "order_date_from": "2026-03-01"},
        {"sort": "order_date", "expected_delivery_date_to": "2026-03-31"},
    ):
        assert _named(accepted(await admin.get(PATH, **asked), 422)) == ["sort"], asked
