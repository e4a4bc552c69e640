from typing import Any
from uuid import UUID

import pytest

from imsop.suppliers.suppliers import queries
from tests import factories
from tests.factories import Member, accepted


def named_fields(reply: Any) -> list[str]:
    return [error["field"] for error in reply.json()["errors"]]


async def test_a_supplier_is_created_edited_and_deleted(admin: Member) -> None:
    new = {
        "name": "Northern Mill",
        "email": "orders@mill.example",
        "country": "Norway",
        "rating": "4.25",
        "payment_terms": "30 days",
        "lead_time_days": 12,
    }
    created = await admin.create("suppliers", new)
    assert {field: created[field] for field in new} == new
    assert created["status"] == "active"
    path = f"suppliers/{created['id']}"
    edited = accepted(await admin.edit(path, status="blocked", rating="2.5", country=None))
    assert (edited["status"], edited["rating"], edited["country"]) == ("blocked", "2.50", None)
    assert await admin.read(path) == edited
    assert (await admin.delete(path)).status_code == 204
    assert (await admin.get(path)).status_code == 404


@pytest.mark.parametrize("rating", ["5.01", "-1", "6", "1.234", "4,5", "", 4.5])
async def test_a_rating_outside_0_to_5_is_refused_by_name(admin: Member, rating: object) -> None:
    reply = await admin.post("suppliers", {"name": "Mill", "rating": rating})
    assert (reply.status_code, named_fields(reply)) == (422, ["rating"])


async def test_suppliers_are_listed_by_name_and_found_by_status(admin: Member) -> None:
    for name, status in (("Cedar", "active"), ("Ash", "blocked"), ("Birch", "active")):
        await factories.supplier(admin, name=name, status=status)

    async def names(**asked: object) -> list[str]:
        return [row["name"] for row in (await admin.read("suppliers", **asked))["items"]]

    assert await names() == ["Ash", "Birch", "Cedar"]
    assert await names(sort="-name") == ["Cedar", "Birch", "Ash"]
    assert await names(status="active") == ["Birch", "Cedar"]
    assert await names(name="Ash") == ["Ash"]
    first = await admin.read("suppliers", limit=2, status="active", sort="-name")
    assert [row["name"] for row in first["items"]] == ["Cedar", "Birch"]
    assert first["next_cursor"] is None


async def test_a_supplier_with_orders_cannot_be_deleted(admin: Member) -> None:
    supplier = await factories.supplier(admin)
    order = {"supplier_id": supplier["id"], "po_number": "PO-1", "order_date": "2026-03-01"}
    await admin.create("purchase-orders", order)
    reply = await admin.delete(f"suppliers/{supplier['id']}")
    assert reply.status_code == 409
    assert (await admin.get(f"suppliers/{supplier['id']}")).status_code == 200


async def test_metrics_come_newest_period_first_and_page_by_page(admin: Member) -> None:
    supplier = await factories.supplier(admin)
    async with admin.transaction() as connection:
        await connection.execute(
            """
            INSERT INTO supplier_metrics (organization_id, supplier_id, period_start, period_end, lines_due,
                                          on_time_rate, sample_size, rule)
            SELECT $1, $2, month::date, (month + interval '1 month')::date, 8, 0.875, 8, 'lines due, v1'
            FROM generate_series(timestamp '2026-01-01', '2026-03-01', '1 month') AS month
            """,
            admin.organization_id,
            UUID(supplier["id"]),
        )
    path = f"suppliers/{supplier['id']}/metrics"
    first = await admin.read(path, limit=2)
    assert [row["period_start"] for row in first["items"]] == ["2026-03-01", "2026-02-01"]
    assert (first["items"][0]["on_time_rate"], first["items"][0]["in_full_rate"]) == ("0.875000", None)
    rest = await admin.read(path, limit=2, cursor=first["next_cursor"])
    assert [row["period_start"] for row in rest["items"]] == ["2026-01-01"]
    assert rest["next_cursor"] is None


async def test_suppliers_of_another_organization_are_not_found(admin: Member, stranger: Member) -> None:
    path = f"suppliers/{(await factories.supplier(admin))['id']}"
    etag = (await admin.get(path)).headers["etag"]
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.get(f"{path}/metrics")).status_code == 404
    edit = await stranger.http.patch(path, json={"name": "Ours now"}, headers={"If-Match": etag})
    assert edit.status_code == 404
    assert (await stranger.delete(path)).status_code == 404
    assert (await stranger.read("suppliers"))["items"] == []
    assert (await admin.get(path)).headers["etag"] == etag


async def test_a_concurrent_change_is_not_overwritten(admin: Member) -> None:
    supplier_id = UUID((await factories.supplier(admin))["id"])
    async with admin.transaction() as connection:
        read = await queries.get_supplier(connection, admin.organization_id, supplier_id)
        assert read is not None
        assert await queries.update_supplier(connection, admin.organization_id, read) == supplier_id
        assert await queries.update_supplier(connection, admin.organization_id, read) is None
