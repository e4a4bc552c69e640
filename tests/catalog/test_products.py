"""Products: creating, editing, deleting, finding."""

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tests import factories
from tests.factories import Member, accepted, eventually
from tests.rivals import somebody_waits_for

BOLT = {
    "sku": "BOLT-8",
    "name": "Bolt M8",
    "description": "Hexagon, zinc plated\nISO 4017",
    "category": "Fasteners",
    "unit_of_measure": "piece",
    "units_per_pack": 200,
    "gtin": "04006381333931",
    "unit_cost": "0.0375",
    "selling_price": "0.1200",
    "reorder_level": 5000,
    "reorder_quantity": 20000,
    "status": "active",
}


async def test_a_product_is_stored_as_sent(admin: Member) -> None:
    reply = await admin.post("products", BOLT)
    created = accepted(reply, 201)
    assert {field: created[field] for field in BOLT} == BOLT
    assert reply.headers["location"] == f"/api/v1/products/{created['id']}"
    read = await admin.http.get(reply.headers["location"])
    assert accepted(read) == created
    assert read.headers["etag"] == reply.headers["etag"]
    assert (await admin.read("products", sku="BOLT-8"))["items"] == [created]


async def test_a_product_needs_a_sku_and_a_name_only(admin: Member) -> None:
    created = await admin.create("products", {"sku": "A", "name": "A"})
    assert created["units_per_pack"] == 1
    assert created["status"] == "active"
    assert (created["reorder_level"], created["reorder_quantity"]) == (0, 0)
    for field in ("description", "category", "unit_of_measure", "gtin", "unit_cost", "selling_price"):
        assert created[field] is None


@pytest.mark.parametrize("price", ["0", "0.000001", "12.5", "12.50", "99999999.999999"])
async def test_a_unit_cost_comes_back_as_given(admin: Member, price: str) -> None:
    created = await admin.create("products", {"sku": "A", "name": "A", "unit_cost": price})
    assert created["unit_cost"] == price


@pytest.mark.parametrize(
    "name",
    ["Ärmel, Größe ½", "螺栓 M8", "مسمار", "🔩", "'; DROP TABLE products; --", "<b>Bolt</b>", "a" * 255],
)
async def test_a_name_can_be_any_text(admin: Member, name: str) -> None:
    created = await admin.create("products", {"sku": name[:100], "name": name})
    assert created["name"] == name
    (found,) = (await admin.read("products", sku=name[:100]))["items"]
    assert found["id"] == created["id"]


@pytest.mark.parametrize("gtin", ["40063812", "036000291452", "4006381333931", "10012345678902"])
async def test_a_gtin_has_8_12_13_or_14_digits(admin: Member, gtin: str) -> None:
    last = factories.gtin(gtin[:-1])
    created = await admin.create("products", {"sku": "A", "name": "A", "gtin": last})
    assert created["gtin"] == last.zfill(14)
    for spelled in (last, last.zfill(14)):
        assert (await admin.read("products", gtin=spelled))["items"] == [created], spelled


async def test_a_gtin_is_one_however_it_is_spelled(admin: Member) -> None:
    await admin.create("products", {"sku": "A", "name": "A", "gtin": "060015651000"})
    other = await admin.create("products", {"sku": "B", "name": "B"})
    for spelled in ("060015651000", "0060015651000", "00060015651000"):
        accepted(await admin.post("products", {"sku": "C", "name": "C", "gtin": spelled}), 409)
        accepted(await admin.edit(f"products/{other['id']}", gtin=spelled), 409)


@pytest.mark.parametrize(
    ("gtin", "advice"),
    [
        ("4006381333930", "should be 1"),
        ("123456789", "regex"),
        ("400638133393a", "regex"),
        ("٤٠٠٦٣٨١٢", "regex"),
        ("", "regex"),
    ],
)
async def test_an_invalid_gtin_is_explained(admin: Member, gtin: str, advice: str) -> None:
    for reply in (
        await admin.post("products", BOLT | {"gtin": gtin}),
        await admin.edit(f"products/{(await factories.product(admin))['id']}", gtin=gtin),
    ):
        (error,) = accepted(reply, 422)["errors"]
        assert error["field"] == "gtin"
        assert advice in error["message"]


async def test_sku_and_gtin_are_unique_per_organization(admin: Member, stranger: Member) -> None:
    await admin.create("products", BOLT)
    await stranger.create("products", BOLT)
    for field, other in (("sku", {"gtin": None}), ("gtin", {"sku": "OTHER"})):
        refused = accepted(await admin.post("products", BOLT | other), 409)
        assert [error["field"] for error in refused["errors"]] == [field]
    another = await factories.product(admin)
    refused = accepted(await admin.edit(f"products/{another['id']}", sku="BOLT-8"), 409)
    assert [error["field"] for error in refused["errors"]] == ["sku"]
    assert len((await admin.read("products"))["items"]) == 2


async def test_what_reads_the_same_is_one_sku_and_found_in_any_case(admin: Member) -> None:
    bolt = await admin.create("products", {"sku": " Bolt\u00a0 M8\n", "name": "x"})
    assert bolt["sku"] == "Bolt M8"
    for sku in ("Bolt M8", "bolt m8", "BOLT  M8", "Bolt M8 "):
        refused = await admin.post("products", {"sku": sku, "name": "x"})
        assert refused.status_code == 409
        assert [error["field"] for error in refused.json()["errors"]] == ["sku"]
    for sku in ("Bolt M8", "BOLT M8", "bolt m8"):
        assert [row["id"] for row in (await admin.read("products", sku=sku))["items"]] == [bolt["id"]]
    for other in ("B0lt M8", "Bólt M8"):
        await admin.create("products", {"sku": other, "name": "x"})


async def test_names_are_listed_as_people_sort_them(admin: Member) -> None:
    names = ["A", "a b", "äpfel", "apple", "Ärmel", "Banana", "Öl", "Zebra"]
    for number, name in enumerate(reversed(names)):
        await admin.create("products", {"sku": f"S{number}", "name": name})
    listed, cursor = [], None
    while True:
        page = await admin.read("products", sort="name", limit=3, **({"cursor": cursor} if cursor else {}))
        listed += [row["name"] for row in page["items"]]
        if not (cursor := page["next_cursor"]):
            break
    assert listed == names
    backwards = (await admin.read("products", sort="-name"))["items"]
    assert [row["name"] for row in backwards] == names[::-1]


async def test_an_edit_changes_only_the_given_fields(admin: Member) -> None:
    product = await admin.create("products", BOLT)
    edited = accepted(await admin.edit(f"products/{product['id']}", name="Bolt M8x20", category=None))
    changed = {key for key in product if product[key] != edited[key]}
    assert changed == {"name", "category", "updated_at"}
    assert edited["updated_at"] > product["updated_at"]


async def test_an_empty_edit_is_accepted(admin: Member) -> None:
    product = await factories.product(admin)
    edited = accepted(await admin.edit(f"products/{product['id']}"))
    assert {**edited, "updated_at": ""} == {**product, "updated_at": ""}


async def test_of_two_edits_of_one_version_one_is_refused(admin: Member) -> None:
    product = await factories.product(admin)
    version = (await admin.get(f"products/{product['id']}")).headers["etag"]
    replies = await asyncio.gather(
        *(
            admin.http.patch(
                f"products/{product['id']}", json={"name": f"by {n}"}, headers={"If-Match": version}
            )
            for n in range(8)
        )
    )
    assert sorted(reply.status_code for reply in replies) == [200] + [412] * 7
    (winner,) = [reply.json() for reply in replies if reply.status_code == 200]
    assert (await admin.read(f"products/{product['id']}"))["name"] == winner["name"]


async def test_an_edit_between_read_and_write_is_detected(admin: Member) -> None:
    """Both have read the same version inside their transactions; the second UPDATE matches no row."""
    product = await factories.product(admin)
    path = f"products/{product['id']}"
    version = (await admin.get(path)).headers["etag"]
    async with admin.transaction() as rival:
        await rival.execute(
            "UPDATE products SET name = 'by the rival' WHERE organization_id = $1 AND id = $2",
            admin.organization_id,
            product["id"],
        )
        # The request still reads the old version, passes If-Match, and waits for the rival's lock at its
        # UPDATE.
        edit = asyncio.create_task(
            admin.http.patch(path, json={"name": "by us"}, headers={"If-Match": version})
        )
        await somebody_waits_for(rival)
    assert (await edit).status_code == 412

    async def is_the_rivals() -> bool:
        return bool((await admin.read(path))["name"] == "by the rival")

    await eventually(is_the_rivals)  # what is remembered of the row is forgotten by notification


async def test_if_match_star_edits_any_version(admin: Member) -> None:
    product = await factories.product(admin)
    for name in ("Nut", "Washer"):
        reply = await admin.http.patch(
            f"products/{product['id']}", json={"name": name}, headers={"If-Match": "*"}
        )
        assert accepted(reply)["name"] == name


async def test_every_change_creates_a_new_version(admin: Member) -> None:
    """Even within one clock tick."""
    product = await factories.product(admin)
    async with admin.transaction() as connection:
        versions = [
            await connection.fetchval(
                "UPDATE products SET name = name WHERE organization_id = $1 AND id = $2 RETURNING updated_at",
                admin.organization_id,
                product["id"],
            )
            for _ in range(50)
        ]
    assert len(set(versions)) == 50
    assert versions == sorted(versions)


async def test_an_unreferenced_product_is_deleted(admin: Member) -> None:
    product = await factories.product(admin)
    reply = await admin.delete(f"products/{product['id']}")
    assert (reply.status_code, reply.content) == (204, b"")
    for again in (
        await admin.get(f"products/{product['id']}"),
        await admin.delete(f"products/{product['id']}"),
    ):
        assert again.status_code == 404


async def test_a_product_with_a_history_is_archived_instead(admin: Member) -> None:
    product, warehouse = await factories.product(admin), await factories.warehouse(admin)
    await admin.create(
        "inventory-transactions",
        {
            "product_id": product["id"],
            "warehouse_id": warehouse["id"],
            "transaction_type": "receipt",
            "quantity": 1,
        },
    )
    refused = accepted(await admin.delete(f"products/{product['id']}"), 409)
    assert "inventory" in refused["detail"]  # what holds it
    counted = {"transaction_type": "adjustment", "quantity": -1}
    await admin.create(
        "inventory-transactions", {"product_id": product["id"], "warehouse_id": warehouse["id"]} | counted
    )
    accepted(await admin.edit(f"products/{product['id']}", status="archived"))
    (found,) = (await admin.read("products", status="archived"))["items"]
    assert found["id"] == product["id"]


async def test_products_are_filtered_by_their_fields(admin: Member) -> None:
    bolt = await admin.create("products", BOLT)
    await factories.product(admin, status="discontinued")
    for filters in (
        {"sku": "BOLT-8"},
        {"sku": "bolt-8"},
        {"gtin": BOLT["gtin"]},
        {"category": "Fasteners"},
        {"category": "Fasteners", "status": "active"},
    ):
        assert (await admin.read("products", **filters))["items"] == [bolt], filters
    for filters in ({"sku": "bolt"}, {"category": "Fasteners", "status": "archived"}, {"sku": "%"}):
        assert (await admin.read("products", **filters))["items"] == [], filters


async def test_a_buyer_may_edit_products_and_a_seller_may_read_them(admin: Member) -> None:
    buyer, seller = [await factories.member(admin, role) for role in ("buyer", "sales")]
    product = await factories.product(buyer)
    assert (await seller.read(f"products/{product['id']}"))["sku"] == product["sku"]
    for refused in (
        await seller.post("products", BOLT),
        await seller.edit(f"products/{product['id']}", name="x"),
        await seller.delete(f"products/{product['id']}"),
    ):
        accepted(refused, 403)


async def test_products_of_another_organization_are_not_found(admin: Member, stranger: Member) -> None:
    product = await factories.product(admin)
    path = f"products/{product['id']}"
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.delete(path)).status_code == 404
    edit = await stranger.http.patch(path, json={"name": "mine"}, headers={"If-Match": "*"})
    assert edit.status_code == 404
    assert (await stranger.read("products"))["items"] == []
    assert (await admin.read(path)) == product


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"sku": ""}, "products_sku_given"),
        ({"units_per_pack": 0}, "products_units_per_pack_positive"),
        ({"unit_cost": -1}, "products_unit_cost_not_negative"),
        ({"gtin": "12"}, "products_gtin_digits"),
        ({"status": "sold out"}, "products_status"),
        ({"reorder_level": -1}, "products_reorder_level_not_negative"),
    ],
)
async def test_the_database_forbids_it_too(admin: Member, values: dict[str, Any], rule: str) -> None:
    row = {"sku": uuid4().hex, "name": "x"} | values
    places = ", ".join(f"${place}" for place in range(2, len(row) + 2))
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        async with admin.transaction() as connection:
            await connection.execute(
                f"INSERT INTO products (organization_id, {', '.join(row)}) VALUES ($1, {places})",
                admin.organization_id,
                *row.values(),
            )
    assert refused.value.constraint_name == rule
