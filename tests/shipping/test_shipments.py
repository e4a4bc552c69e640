from typing import Any
from uuid import uuid4

import pytest

from imsop.core.listing import PageRequest
from imsop.shipping.shipments import queries
from tests import factories, states
from tests.factories import Member, accepted
from tests.shipping.announced import PATH, an_hour_ago, purchase_order, shipment


def _named(problem: dict[str, Any]) -> list[str]:
    return [error["field"] for error in problem["errors"]]


async def _becomes(admin: Member, row: dict[str, Any], status: str) -> None:
    await states.in_state(admin, "shipments", row["id"], status)


# Announcing


async def test_an_inbound_shipment_contains_lines_of_its_purchase_order(admin: Member) -> None:
    order = await purchase_order(admin, 10, 20)
    items = [
        {"product_id": line["product_id"], "quantity": 5, "purchase_order_item_id": line["id"]}
        for line in order["items"]
    ]
    made = await shipment(
        admin,
        purchase_order_id=order["id"],
        supplier_id=order["supplier_id"],
        weight_kg="12.500",
        items=items,
    )
    assert (made["status"], made["purchase_order_id"], made["weight_kg"]) == (
        "pending",
        order["id"],
        "12.500",
    )
    assert [item["purchase_order_item_id"] for item in made["items"]] == [
        line["id"] for line in order["items"]
    ]
    assert await admin.read(f"{PATH}/{made['id']}") == made
    first = await admin.read(f"{PATH}/{made['id']}/items", limit=1)
    second = await admin.read(f"{PATH}/{made['id']}/items", limit=1, cursor=first["next_cursor"])
    assert first["items"] + second["items"] == made["items"]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"shipment_type": "inbound", "sales_order_id": "x"}, ["sales_order_id"]),
        (
            {"shipment_type": "outbound", "purchase_order_id": "x", "supplier_id": "x"},
            ["purchase_order_id", "supplier_id"],
        ),
        ({"shipment_type": "transfer"}, ["origin_warehouse_id", "destination_warehouse_id"]),
        (
            {"shipment_type": "transfer", "origin_warehouse_id": "x", "destination_warehouse_id": "x"},
            ["destination_warehouse_id"],
        ),
        (
            {"shipment_type": "transfer", "supplier_id": "x", "origin_warehouse_id": "x"},
            ["supplier_id", "destination_warehouse_id"],
        ),
        (
            {
                "shipment_type": "outbound",
                "items": [{"product_id": "x", "quantity": 1, "purchase_order_item_id": "x"}],
            },
            ["items[0].purchase_order_item_id"],
        ),
        (
            {
                "shipment_type": "inbound",
                "items": [{"product_id": "x", "quantity": 1, "sales_order_item_id": "x"}],
            },
            ["items[0].sales_order_item_id"],
        ),
    ],
)
async def test_links_that_do_not_fit_the_type_are_named(
    admin: Member, body: dict[str, Any], fields: list[str]
) -> None:
    some_id = str(uuid4())
    lines = [
        {key: some_id if value == "x" else value for key, value in line.items()}
        for line in body.get("items", [])
    ]
    body = {key: some_id if value == "x" else value for key, value in body.items()} | {"items": lines}
    assert _named(accepted(await admin.post(PATH, body), 422)) == fields


async def test_all_unknown_references_are_named(admin: Member, stranger: Member) -> None:
    order = await purchase_order(admin, 10)
    (line,) = order["items"]
    theirs = await purchase_order(stranger, 10)
    other = await factories.product(admin)
    body = {
        "shipment_type": "inbound",
        "purchase_order_id": theirs["id"],
        "supplier_id": theirs["supplier_id"],
        "destination_warehouse_id": (await factories.warehouse(stranger))["id"],
        "items": [
            {"product_id": line["product_id"], "quantity": 1, "purchase_order_item_id": line["id"]},
            {"product_id": theirs["items"][0]["product_id"], "quantity": 1},
            {"product_id": other["id"], "quantity": 1, "purchase_order_item_id": line["id"]},
        ],
    }
    problem = accepted(await admin.post(PATH, body), 422)
    assert _named(problem) == [
        "purchase_order_id",
        "supplier_id",
        "destination_warehouse_id",
        "items[1].product_id",
        "items[2].purchase_order_item_id",
    ]
    assert (await admin.read(PATH))["items"] == []


async def test_a_transfer_goes_from_one_warehouse_to_another(admin: Member) -> None:
    here, there = [(await factories.warehouse(admin))["id"] for _ in range(2)]
    made = await shipment(
        admin, shipment_type="transfer", origin_warehouse_id=here, destination_warehouse_id=there
    )
    assert (made["origin_warehouse_id"], made["destination_warehouse_id"]) == (here, there)


# Editing


async def test_carrier_data_can_be_added_in_transit(admin: Member) -> None:
    made = await shipment(admin)
    await _becomes(admin, made, "in_transit")
    changes = {
        "carrier": "Seaways",
        "transport_mode": "ocean",
        "weight_kg": "0.125",
        "ship_date": "2026-03-01",
    }
    edited = accepted(await admin.edit(f"{PATH}/{made['id']}", **changes))
    assert {field: edited[field] for field in changes} == changes
    assert (edited["status"], edited["tracking_number"]) == ("in_transit", made["tracking_number"])


async def test_a_status_cannot_be_set_directly(admin: Member) -> None:
    made = await shipment(admin)
    assert _named(accepted(await admin.edit(f"{PATH}/{made['id']}", status="delivered"), 422)) == ["status"]


@pytest.mark.parametrize("status", ["delivered", "cancelled"])
async def test_a_delivered_or_cancelled_shipment_cannot_be_edited(admin: Member, status: str) -> None:
    made = await shipment(admin)
    await _becomes(admin, made, status)
    problem = accepted(await admin.edit(f"{PATH}/{made['id']}", carrier="Seaways"), 409)
    assert f"is {status}" in problem["detail"]


async def test_an_edit_of_an_outdated_version_changes_nothing(admin: Member) -> None:
    made = await shipment(admin)
    path = f"{PATH}/{made['id']}"
    read = {"If-Match": (await admin.get(path)).headers["etag"]}
    accepted(await admin.http.patch(path, json={"carrier": "First"}, headers=read))
    assert (await admin.http.patch(path, json={"carrier": "Second"}, headers=read)).status_code == 412
    assert (await admin.http.patch(path, json={"carrier": "Third"})).status_code == 428
    assert (await admin.read(path))["carrier"] == "First"


# Reading


async def test_a_shipment_by_its_tracking_number_comes_with_its_newest_position(admin: Member) -> None:
    made = await shipment(admin, tracking_number="MSKU-1", carrier="Seaways")
    await shipment(admin, tracking_number="MSKU-2")
    del made["items"]
    assert made == {
        "id": made["id"],
        "reference_id": None,
        "shipment_type": "inbound",
        "status": "pending",
        "purchase_order_id": None,
        "sales_order_id": None,
        "supplier_id": None,
        "origin_warehouse_id": None,
        "destination_warehouse_id": None,
        "origin_location": None,
        "destination_location": None,
        "carrier": "Seaways",
        "tracking_number": "MSKU-1",
        "transport_mode": None,
        "weight_kg": None,
        "ship_date": None,
        "expected_delivery_date": None,
        "actual_delivery_date": None,
        "created_at": made["created_at"],
        "updated_at": made["updated_at"],
        "location": None,
        "latitude": None,
        "longitude": None,
        "timestamp": None,
    }
    assert await admin.read(PATH, tracking_number="MSKU-1") == {"items": [made], "next_cursor": None}
    position = {
        "location": "Rotterdam",
        "latitude": "51.9225",
        "longitude": "-0.00000001",
        "timestamp": an_hour_ago(),
    }
    await admin.create(f"{PATH}/{made['id']}/tracking", position | {"status": "sailing"})
    exact = {"latitude": "51.92250000", "longitude": "-0.00000001"}
    assert await admin.read(PATH, tracking_number="MSKU-1") == {
        "items": [made | position | exact],
        "next_cursor": None,
    }


async def test_that_is_one_statement(admin: Member) -> None:
    await shipment(admin, tracking_number="MSKU-1")
    statements: list[object] = []
    async with admin.transaction() as connection:
        with connection.query_logger(statements.append):
            page = await queries.SHIPMENTS.page(
                connection, admin.organization_id, PageRequest("-created_at"), tracking_number="MSKU-1"
            )
    assert (len(page.items), len(statements)) == (1, 1)


async def test_shipments_are_filtered_by_order_and_partner(admin: Member) -> None:
    order = await purchase_order(admin, 10)
    ordered = await shipment(admin, purchase_order_id=order["id"], reference_id="ASN-1")
    supplied = await shipment(admin, supplier_id=order["supplier_id"])
    item = {"product_id": order["items"][0]["product_id"], "quantity_ordered": 1, "unit_price": "1.00"}
    sales_order = await admin.create("sales-orders", {"order_date": "2026-03-02", "items": [item]})
    accepted(await admin.post(f"sales-orders/{sales_order['id']}/confirm", {}))
    sold = await shipment(admin, shipment_type="outbound", sales_order_id=sales_order["id"])
    await _becomes(admin, sold, "in_transit")

    async def found(**filters: str) -> list[str]:
        return [row["id"] for row in (await admin.read(PATH, **filters))["items"]]

    assert await found() == [sold["id"], supplied["id"], ordered["id"]]
    assert await found(sort="created_at") == [ordered["id"], supplied["id"], sold["id"]]
    assert await found(purchase_order_id=order["id"]) == [ordered["id"]]
    assert await found(reference_id="ASN-1") == [ordered["id"]]
    assert await found(supplier_id=order["supplier_id"]) == [supplied["id"]]
    assert await found(supplier_id=order["supplier_id"], shipment_type="outbound") == []
    assert await found(sales_order_id=sales_order["id"]) == [sold["id"]]
    assert await found(shipment_type="inbound") == [supplied["id"], ordered["id"]]
    assert await found(status="in_transit", shipment_type="outbound") == [sold["id"]]


async def test_another_organization_can_neither_read_nor_extend_our_shipment(
    admin: Member, stranger: Member
) -> None:
    made = await shipment(admin)
    path = f"{PATH}/{made['id']}"
    now = an_hour_ago()
    for hidden in (path, f"{path}/items", f"{path}/tracking", f"{path}/events"):
        assert (await stranger.get(hidden)).status_code == 404
    edit = await stranger.http.patch(path, json={"carrier": "mine"}, headers={"If-Match": "*"})
    assert edit.status_code == 404
    for below, body in (
        ("tracking", {"timestamp": now}),
        ("tracking-batches", {"positions": [{"timestamp": now}]}),
        ("events", {"event_type": "departed", "occurred_at": now}),
    ):
        assert (await stranger.post(f"{path}/{below}", body)).status_code == 404
    assert (await stranger.read(PATH, tracking_number=made["tracking_number"]))["items"] == []
    assert await admin.read(path) == made
    for below in ("tracking", "events"):
        assert (await admin.read(f"{path}/{below}"))["items"] == []


async def test_shipments_are_filtered_by_creation_and_expected_date(admin: Member) -> None:
    made = [
        await shipment(admin, expected_delivery_date=f"2026-03-0{day}", reference_id=f"R{day}")
        for day in (3, 1, 2)
    ]
    await shipment(admin, reference_id="R4")

    async def references(**asked: object) -> list[str]:
        return [row["reference_id"] for row in (await admin.read(PATH, **asked))["items"]]

    assert await references() == ["R4", "R2", "R1", "R3"]
    assert await references(created_to=made[2]["created_at"]) == ["R1", "R3"]
    assert await references(created_from=made[2]["created_at"], sort="created_at") == ["R2", "R4"]
    assert await references(expected_delivery_date_from="2026-03-02") == ["R2", "R3"]
    assert await references(expected_delivery_date_to="2026-03-02", sort="-expected_delivery_date") == [
        "R2",
        "R1",
    ]
    unordered = await admin.get(PATH, expected_delivery_date_to="2026-03-02", sort="created_at")
    assert _named(accepted(unordered, 422)) == ["sort"]
