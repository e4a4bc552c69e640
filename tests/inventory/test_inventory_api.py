from datetime import UTC, datetime, timedelta
from uuid import uuid4

from tests import factories
from tests.factories import Member, accepted


async def _received(admin: Member, sku: str, quantity: int, **fields: object) -> dict[str, object]:
    product = await factories.product(admin, sku=sku)
    warehouse = await factories.warehouse(admin)
    return await admin.create(
        "inventory-transactions",
        {
            "product_id": product["id"],
            "warehouse_id": warehouse["id"],
            "transaction_type": "receipt",
            "quantity": quantity,
        }
        | fields,
    )


async def test_stock_of_a_sku_is_listed_per_warehouse_by_its_name(admin: Member) -> None:
    product = await factories.product(admin, sku="BOLT-8", name="Bolt M8")
    for name, quantity in (("North", 7), ("East", 3), ("West", 5)):
        warehouse = await factories.warehouse(admin, name=name)
        await admin.create(
            "inventory-transactions",
            {
                "product_id": product["id"],
                "warehouse_id": warehouse["id"],
                "transaction_type": "receipt",
                "quantity": quantity,
            },
        )
    page = await admin.read("inventory", sku="BOLT-8")
    assert [
        (row["warehouse_name"], row["product_name"], row["quantity_on_hand"], row["quantity_reserved"])
        for row in page["items"]
    ] == [("East", "Bolt M8", 3, 0), ("North", "Bolt M8", 7, 0), ("West", "Bolt M8", 5, 0)]
    assert page["next_cursor"] is None


async def test_stock_as_of_an_instant_counts_earlier_movements(admin: Member) -> None:
    received = await _received(admin, "NUT-8", 10, occurred_at="2026-01-10T12:00:00Z")
    await admin.create(
        "inventory-transactions",
        {
            "product_id": received["product_id"],
            "warehouse_id": received["warehouse_id"],
            "transaction_type": "shipment",
            "quantity": -4,
            "occurred_at": "2026-02-10T12:00:00Z",
        },
    )

    async def on_hand(**asked: str) -> int:
        (row,) = (await admin.read("inventory", sku="NUT-8", **asked))["items"]
        quantity: int = row["quantity_on_hand"]
        return quantity

    assert await on_hand() == 6
    assert await on_hand(as_of="2026-01-10T11:59:59Z") == 0
    assert await on_hand(as_of="2026-01-10T12:00:00Z") == 10
    assert await on_hand(as_of="2026-03-01T00:00:00+02:00") == 6
    # Both movements were recorded just now, so nothing of them was known a year ago.
    assert await on_hand(as_of="2026-03-01T00:00:00Z", recorded_as_of="2026-03-01T00:00:00Z") == 0


async def test_reserved_stock_of_a_past_instant_is_unknown_not_zero(admin: Member) -> None:
    await _received(admin, "NUT-9", 10)
    (row,) = (await admin.read("inventory", sku="NUT-9", as_of=datetime.now(UTC).isoformat()))["items"]
    assert (row["quantity_reserved"], row["quantity_available"]) == (None, None)


async def test_recorded_as_of_requires_as_of(admin: Member) -> None:
    reply = await admin.get("inventory", recorded_as_of="2026-01-01T00:00:00Z")
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "recorded_as_of")


async def test_a_sale_beyond_available_stock_reports_what_is_available(admin: Member) -> None:
    received = await _received(admin, "NUT-10", 10)
    reply = await admin.post(
        "inventory-transactions",
        {
            "product_id": received["product_id"],
            "warehouse_id": received["warehouse_id"],
            "transaction_type": "shipment",
            "quantity": -11,
        },
    )
    assert reply.status_code == 409
    assert reply.json()["errors"] == [{"field": "quantity", "message": "only 10 available"}]
    assert (await admin.read("inventory", sku="NUT-10"))["items"][0]["quantity_on_hand"] == 10


async def test_an_invalid_movement_names_its_field(admin: Member) -> None:
    product = await factories.product(admin)
    warehouse = await factories.warehouse(admin)
    good = {
        "product_id": product["id"],
        "warehouse_id": warehouse["id"],
        "transaction_type": "receipt",
        "quantity": 1,
    }
    future = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    for field, wrong in [
        ("quantity", {"quantity": -1}),
        ("quantity", {"quantity": 0}),
        ("quantity", {"quantity": 2**31}),
        ("quantity", {"quantity": "1"}),
        ("movement_kind", {"movement_kind": "sale"}),
        ("occurred_at", {"occurred_at": future}),
        ("occurred_at", {"occurred_at": "2026-02-30T00:00:00Z"}),
        ("product_id", {"product_id": str(uuid4())}),
        ("warehouse_id", {"warehouse_id": str(uuid4())}),
        ("notes", {"notes": "a\0b"}),
        ("surprise", {"surprise": 1}),
    ]:
        reply = await admin.post("inventory-transactions", good | wrong)
        assert reply.status_code == 422, (wrong, reply.text)
        assert reply.json()["errors"][0]["field"] == field, (wrong, reply.text)
    assert (await admin.read("inventory", product_id=product["id"]))["items"] == []


async def test_the_ledger_is_read_newest_first_and_page_by_page(admin: Member) -> None:
    received = await _received(admin, "NUT-11", 10, occurred_at="2026-01-01T00:00:00Z")
    for day in (3, 2, 4):
        await admin.create(
            "inventory-transactions",
            {
                "product_id": received["product_id"],
                "warehouse_id": received["warehouse_id"],
                "transaction_type": "shipment",
                "quantity": -day,
                "occurred_at": f"2026-01-0{day}T00:00:00Z",
                "reference_id": f"SO-{day}",
            },
        )
    seen: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = await admin.read("inventory-transactions", sku="NUT-11", limit=3, **cursor)
        seen += [row["quantity"] for row in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == [-4, -3, -2, 10]
    by_reference = await admin.read("inventory-transactions", reference_id="SO-2")
    assert [row["balance_after"] for row in by_reference["items"]] == [5]


async def test_a_warehouse_that_ever_held_stock_cannot_be_deleted(admin: Member) -> None:
    received = await _received(admin, "NUT-12", 1)
    assert (await admin.delete(f"warehouses/{received['warehouse_id']}")).status_code == 409
    empty = await factories.warehouse(admin)
    zone = await admin.create(
        "warehouse-zones", {"warehouse_id": empty["id"], "code": "A", "name": "A", "zone_type": "storage"}
    )
    assert (await admin.delete(f"warehouses/{empty['id']}")).status_code == 204
    assert (await admin.get(f"warehouse-zones/{zone['id']}")).status_code == 404


async def test_zone_codes_are_unique_per_warehouse(admin: Member) -> None:
    zone = {"code": "A-1", "name": "Aisle 1", "zone_type": "picking"}
    north, south = await factories.warehouse(admin), await factories.warehouse(admin)
    await admin.create("warehouse-zones", zone | {"warehouse_id": north["id"]})
    await admin.create("warehouse-zones", zone | {"warehouse_id": south["id"]})
    reply = await admin.post("warehouse-zones", zone | {"warehouse_id": north["id"]})
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (409, "code")
    listed = await admin.read("warehouse-zones", warehouse_id=south["id"])
    assert [row["code"] for row in listed["items"]] == ["A-1"]


async def test_editing_a_warehouse_requires_its_version(admin: Member) -> None:
    warehouse = await factories.warehouse(admin)
    path = f"warehouses/{warehouse['id']}"
    accepted(await admin.edit(path, status="maintenance", capacity=500, city=None))
    stale = await admin.http.patch(
        path, json={"name": "Late"}, headers={"If-Match": f'"{warehouse["updated_at"]}"'}
    )
    assert stale.status_code == 412
    assert (await admin.read(path))["status"] == "maintenance"


async def test_stock_and_warehouses_of_another_organization_are_not_found(
    admin: Member, stranger: Member
) -> None:
    received = await _received(admin, "NUT-13", 1)
    for path in (
        f"inventory/{received['inventory_id']}",
        f"inventory-transactions/{received['id']}",
        f"warehouses/{received['warehouse_id']}",
    ):
        assert (await stranger.get(path)).status_code == 404
        assert (await admin.get(path)).status_code == 200
    assert (await stranger.read("inventory", sku="NUT-13"))["items"] == []


async def test_movements_are_found_by_product_type_and_kind(admin: Member) -> None:
    products = [await factories.product(admin) for _ in range(2)]
    warehouse = await factories.warehouse(admin)
    for product in products:
        for transaction_type, kind, quantity in (
            ("receipt", "goods_receipt", 9),
            ("adjustment", "count", -1),
            ("adjustment", "scrap", -2),
        ):
            await admin.create(
                "inventory-transactions",
                {
                    "product_id": product["id"],
                    "warehouse_id": warehouse["id"],
                    "transaction_type": transaction_type,
                    "movement_kind": kind,
                    "quantity": quantity,
                },
            )

    async def quantities(**asked: object) -> list[int]:
        return [row["quantity"] for row in (await admin.read("inventory-transactions", **asked))["items"]]

    assert await quantities(product_id=products[0]["id"]) == [-2, -1, 9]
    assert await quantities(transaction_type="adjustment") == [-2, -1, -2, -1]
    assert await quantities(movement_kind="count", product_id=products[1]["id"]) == [-1]
    assert (await admin.get("inventory-transactions", movement_kind="theft")).status_code == 422


async def test_zones_are_filtered_by_type(admin: Member) -> None:
    warehouse = await factories.warehouse(admin)
    for code, zone_type in (("A", "storage"), ("B", "picking")):
        zone = {"warehouse_id": warehouse["id"], "code": code, "name": code, "zone_type": zone_type}
        await admin.create("warehouse-zones", zone)
    found = (await admin.read("warehouse-zones", zone_type="picking", warehouse_id=warehouse["id"]))["items"]
    assert [zone["code"] for zone in found] == ["B"]
