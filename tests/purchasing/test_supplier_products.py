"""Supplier products: values, prices without overlap, the preferred supplier, and what they propose."""

import asyncio
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from imsop.core.database import transaction
from imsop.purchasing.supplier_products import actions
from imsop.purchasing.supplier_products.models import SupplierProductChanges
from tests import factories
from tests.factories import Member, accepted, pool_of
from tests.rivals import somebody_waits_for


class Sold(NamedTuple):
    """A supplier, a product in packs of 6, and the terms between the two."""

    supplier: dict[str, Any]
    product: dict[str, Any]
    terms: dict[str, Any]

    @property
    def path(self) -> str:
        return f"supplier-products/{self.terms['id']}"


async def sold(admin: Member, **terms: Any) -> Sold:
    supplier = await factories.supplier(admin, lead_time_days=14)
    product = await factories.product(admin, units_per_pack=6)
    return Sold(supplier, product, await sells(admin, supplier, product, **terms))


async def sells(
    admin: Member, supplier: dict[str, Any], product: dict[str, Any], **terms: Any
) -> dict[str, Any]:
    named = {"supplier_id": supplier["id"], "product_id": product["id"]}
    return await admin.create("supplier-products", named | terms)


def price(unit_price: str, valid_from: str, valid_to: str | None = None, **more: Any) -> dict[str, Any]:
    return {"unit_price": unit_price, "valid_from": valid_from, "valid_to": valid_to} | more


async def proposal(admin: Member, of: Sold, **asked: Any) -> dict[str, Any]:
    asked = {"product_id": of.product["id"], "order_date": "2026-06-15"} | asked
    (found,) = (await admin.read(f"suppliers/{of.supplier['id']}/proposals", **asked))["items"]
    return dict(found)


async def ordered(admin: Member, of: Sold, unit_price: str, day: str, **order: Any) -> dict[str, Any]:
    """A submitted order of 10."""
    line = {"product_id": of.product["id"], "quantity_ordered": 10, "unit_price": unit_price}
    draft = await admin.create(
        "purchase-orders",
        {"supplier_id": of.supplier["id"], "order_date": day, "items": [line]} | order,
    )
    return dict(accepted(await admin.post(f"purchase-orders/{draft['id']}/submit", {})))


async def preferred_of(admin: Member, product: dict[str, Any]) -> list[str]:
    found = await admin.read("supplier-products", product_id=product["id"])
    return [row["id"] for row in found["items"] if row["is_preferred"]]


def faults(reply: Any) -> tuple[int, list[str]]:
    return reply.status_code, [error["field"] for error in reply.json()["errors"]]


async def test_terms_are_added_edited_and_deleted(admin: Member) -> None:
    new = {
        "supplier_sku": "NM-7",
        "supplier_product_name": "Hex bolt",
        "units_per_pack": 12,
        "minimum_quantity": 24,
        "lead_time_days": 3,
        "is_preferred": True,
        "note": "by rail",
    }
    of = await sold(admin, **new, prices=[price("1.25", "2026-01-01")])
    assert {field: of.terms[field] for field in new} == new
    assert of.terms["supplier_name"] == of.supplier["name"]
    assert (of.terms["sku"], of.terms["product_name"]) == (of.product["sku"], of.product["name"])
    assert of.terms["prices"] == [
        {
            "from_quantity": 1,
            "unit_price": "1.25",
            "currency": "USD",
            "valid_from": "2026-01-01",
            "valid_to": None,
        }
    ]
    edited = accepted(await admin.edit(of.path, supplier_sku=None, minimum_quantity=6))
    assert (edited["supplier_sku"], edited["minimum_quantity"]) == (None, 6)
    assert edited["prices"] == of.terms["prices"]
    emptied = accepted(await admin.edit(of.path, prices=[]))
    assert emptied["prices"] == []
    assert emptied["updated_at"] > edited["updated_at"]
    assert await admin.read(of.path) == emptied
    assert (await admin.delete(of.path)).status_code == 204
    assert (await admin.get(of.path)).status_code == 404
    assert (await admin.delete(of.path)).status_code == 404


async def test_a_supplier_has_terms_for_a_product_once(admin: Member) -> None:
    of = await sold(admin)
    again = {"supplier_id": of.supplier["id"], "product_id": of.product["id"]}
    assert faults(await admin.post("supplier-products", again)) == (409, ["product_id"])
    nothing = {"supplier_id": of.supplier["id"], "product_id": str(admin.organization_id)}
    assert faults(await admin.post("supplier-products", nothing)) == (422, ["product_id"])
    other = await factories.supplier(admin)
    await sells(admin, other, of.product)


@pytest.mark.parametrize(
    ("second", "at"),
    [
        (price("2", "2026-06-30"), "prices[1].valid_from"),
        (price("2", "2026-01-01", "2026-01-01"), "prices[1].valid_from"),
        (price("2", "2025-01-01"), "prices[1].valid_from"),
        (price("2", "2026-08-02", "2026-08-01"), "prices[1].valid_to"),
        (price("2", "2026-07-01"), None),
        (price("2", "2025-01-01", "2025-12-31"), None),
        (price("2", "2026-06-30", from_quantity=2), None),
        (price("2", "2026-06-30", currency="EUR"), None),
    ],
)
async def test_two_prices_are_not_valid_on_one_day(
    admin: Member, second: dict[str, Any], at: str | None
) -> None:
    of = await sold(admin)
    reply = await admin.edit(of.path, prices=[price("1", "2026-01-01", "2026-06-30"), second])
    if at is None:
        assert len(accepted(reply)["prices"]) == 2
    else:
        assert faults(reply) == (422, [at])
        assert (await admin.read(of.path))["prices"] == []


async def test_a_new_preferred_supplier_replaces_the_former(admin: Member) -> None:
    first = await sold(admin, is_preferred=True)
    supplier = await factories.supplier(admin)
    second = await sells(admin, supplier, first.product, is_preferred=True)
    assert not (await admin.read(first.path))["is_preferred"]
    accepted(await admin.edit(first.path, is_preferred=True))
    assert not (await admin.read(f"supplier-products/{second['id']}"))["is_preferred"]
    assert await preferred_of(admin, first.product) == [first.terms["id"]]
    told = await admin.read("analytics-events", entity_type="supplier_product", entity_id=second["id"])
    assert [event["metadata"].get("changes") for event in told["items"]] == [
        {"is_preferred": {"old": True, "new": False}},
        None,
    ]


async def test_of_two_preferred_at_once_the_later_remains(admin: Member) -> None:
    one = await sold(admin)
    other = await sells(admin, await factories.supplier(admin), one.product)
    actor = await admin.actor()
    prefer = SupplierProductChanges(is_preferred=True)

    async def set_preferred(supplier_product_id: str) -> None:
        async with transaction(pool_of(admin.app), admin.tenant) as connection:
            await actions.edit_supplier_product(connection, actor, UUID(supplier_product_id), prefer, "*")

    async with admin.transaction() as connection:
        await actions.edit_supplier_product(connection, actor, UUID(one.terms["id"]), prefer, "*")
        rival = asyncio.create_task(set_preferred(other["id"]))
        await somebody_waits_for(connection)
    await rival
    assert await preferred_of(admin, one.product) == [other["id"]]


async def test_terms_are_listed_and_found(admin: Member) -> None:
    supplier = await factories.supplier(admin, name="Mill")
    for name in ("Cedar", "Ash", "Birch"):
        await sells(admin, supplier, await factories.product(admin, name=name), supplier_sku=f"{name}-1")

    async def names(**asked: Any) -> list[str]:
        return [row["product_name"] for row in (await admin.read("supplier-products", **asked))["items"]]

    assert await names() == ["Ash", "Birch", "Cedar"]
    assert await names(sort="-supplier_sku", supplier_id=supplier["id"]) == ["Cedar", "Birch", "Ash"]
    assert await names(supplier_sku="ASH-1") == ["Ash"]
    assert await names(supplier_sku="ASH") == []
    assert await names(q="birch-1") == ["Birch"]
    first = await admin.read("supplier-products", limit=2)
    assert await names(limit=2, cursor=first["next_cursor"]) == ["Cedar"]


async def test_a_product_is_found_by_its_suppliers_number(admin: Member) -> None:
    of = await sold(admin, supplier_sku="NM/88-40")
    (found,) = (await admin.read("search", q="NM8840"))["items"]
    assert (found["kind"], found["id"], found["title"]) == ("product", of.product["id"], of.product["sku"])
    assert [row["id"] for row in (await admin.read("products", q="nm/88-40"))["items"]] == [of.product["id"]]


@pytest.mark.parametrize(
    ("quantity", "day", "expected"),
    [
        (9, "2026-06-15", None),
        (10, "2026-06-15", "2"),
        (99, "2026-06-15", "2"),
        (100, "2026-06-15", "1.5"),
        (100, "2025-12-31", None),
        (100, "2026-01-01", "1.5"),
        (100, "2026-06-30", "1.5"),
        (100, "2026-07-01", "2.5"),
        (10, "2026-07-01", "2.5"),
    ],
)
async def test_the_agreed_price_is_of_the_quantity_and_the_day(
    admin: Member, quantity: int, day: str, expected: str | None
) -> None:
    prices = [
        price("2", "2026-01-01", "2026-06-30", from_quantity=10),
        price("1.5", "2026-01-01", "2026-06-30", from_quantity=100),
        price("2.5", "2026-07-01", from_quantity=10),
        price("1", "2026-01-01", currency="EUR"),
    ]
    of = await sold(admin, prices=prices)
    found = await proposal(admin, of, quantity=quantity, order_date=day)
    source = "none" if expected is None else "agreed"
    assert (found["unit_price"], found["price_source"], found["currency"]) == (expected, source, "USD")
    assert (await proposal(admin, of, quantity=quantity, currency="EUR"))["unit_price"] == "1"


async def test_without_an_agreed_price_the_last_one_is_proposed(admin: Member) -> None:
    of = await sold(admin)
    assert (await proposal(admin, of))["price_source"] == "none"
    await ordered(admin, of, "9", "2026-05-02", currency="EUR")
    await ordered(admin, of, "4", "2026-05-01")
    found = await proposal(admin, of)
    assert (found["unit_price"], found["price_source"], found["price_ordered_on"]) == (
        "4",
        "last_ordered",
        "2026-05-01",
    )
    newest = await ordered(admin, of, "5", "2026-05-03")
    confirmed = {"lines": [{"id": newest["items"][0]["id"], "unit_price": "4.75"}]}
    accepted(await admin.post(f"purchase-orders/{newest['id']}/confirm", confirmed))
    found = await proposal(admin, of)
    assert (found["unit_price"], found["po_number"]) == ("4.75", newest["po_number"])
    accepted(await admin.edit(of.path, prices=[price("6", "2026-01-01")]))
    found = await proposal(admin, of)
    assert (found["unit_price"], found["price_source"], found["po_number"]) == ("6", "agreed", None)


async def test_drafts_and_cancelled_orders_propose_no_price(admin: Member) -> None:
    of = await sold(admin)
    line = {"product_id": of.product["id"], "quantity_ordered": 10, "unit_price": "3"}
    await admin.create(
        "purchase-orders",
        {"supplier_id": of.supplier["id"], "order_date": "2026-05-01", "items": [line]},
    )
    sent = await ordered(admin, of, "4", "2026-05-02")
    accepted(await admin.post(f"purchase-orders/{sent['id']}/cancel", {"reason": "too dear"}))
    assert (await proposal(admin, of))["unit_price"] is None


async def test_the_quantity_is_raised_to_the_minimum_and_to_whole_packs(admin: Member) -> None:
    of = await sold(admin, minimum_quantity=20)

    async def raised(quantity: int) -> int:
        return int((await proposal(admin, of, quantity=quantity))["order_quantity"])

    assert [await raised(quantity) for quantity in (1, 20, 24, 25)] == [24, 24, 24, 30]
    accepted(await admin.edit(of.path, units_per_pack=25))
    assert [await raised(quantity) for quantity in (1, 25, 26)] == [25, 25, 50]


async def test_the_lead_time_is_as_agreed_or_else_as_measured(admin: Member) -> None:
    of = await sold(admin, lead_time_days=5)

    async def lead_time() -> tuple[int | None, str, str | None]:
        found = await proposal(admin, of)
        return found["lead_time_days"], found["lead_time_source"], found["expected_delivery_date"]

    def after(days: int) -> str:
        return str(date(2026, 6, 15) + timedelta(days=days))

    assert await lead_time() == (5, "agreed_for_product", after(5))
    accepted(await admin.edit(of.path, lead_time_days=None))
    assert await lead_time() == (14, "agreed_with_supplier", after(14))
    accepted(await admin.edit(f"suppliers/{of.supplier['id']}", lead_time_days=0))
    assert await lead_time() == (None, "none", None)
    async with admin.transaction() as connection:
        await connection.execute(
            """
            INSERT INTO supplier_metrics (organization_id, supplier_id, period_start, period_end, lines_due,
                                          lead_time_p50_days, sample_size, rule)
            SELECT $1, $2, period::date, (period + interval '1 month')::date, 8, days, 8, 'lines due, v1'
            FROM (VALUES (date '2026-01-01', 9.0), ('2026-02-01', 7.5), ('2026-03-01', NULL))
                 AS measured (period, days)
            """,
            admin.organization_id,
            UUID(of.supplier["id"]),
        )
    assert await lead_time() == (8, "measured", after(8))


async def test_all_products_of_a_supplier_are_proposed_page_by_page(admin: Member) -> None:
    supplier = await factories.supplier(admin)
    for name in ("Ash", "Birch"):
        product = await factories.product(admin, name=name)
        await sells(
            admin, supplier, product, minimum_quantity=7, prices=[price("2", "2026-01-01", from_quantity=7)]
        )
    path = f"suppliers/{supplier['id']}/proposals"
    first = await admin.read(path, limit=1)
    assert [(row["quantity"], row["unit_price"]) for row in first["items"]] == [(7, "2")]
    rest = await admin.read(path, limit=1, cursor=first["next_cursor"])
    assert len(rest["items"]) == 1
    assert rest["items"][0]["product_id"] != first["items"][0]["product_id"]
    assert rest["next_cursor"] is None


async def test_another_organization_sees_no_terms(admin: Member, stranger: Member) -> None:
    of = await sold(admin, supplier_sku="SECRET-1", prices=[price("1", "2026-01-01")])
    etag = (await admin.get(of.path)).headers["etag"]
    assert (await stranger.get(of.path)).status_code == 404
    edit = await stranger.http.patch(of.path, json={"note": "ours"}, headers={"If-Match": etag})
    assert edit.status_code == 404
    assert (await stranger.delete(of.path)).status_code == 404
    assert (await stranger.read("supplier-products"))["items"] == []
    assert (await stranger.read("search", q="SECRET-1"))["items"] == []
    assert (await stranger.get(f"suppliers/{of.supplier['id']}/proposals")).status_code == 404
    theirs = await factories.supplier(stranger)
    asked = {"product_id": of.product["id"]}
    assert (await stranger.read(f"suppliers/{theirs['id']}/proposals", **asked))["items"] == []
    assert (await admin.get(of.path)).headers["etag"] == etag


async def test_terms_go_with_their_supplier_and_product(admin: Member) -> None:
    one, other = await sold(admin, prices=[price("1", "2026-01-01")]), await sold(admin)
    assert (await admin.delete(f"suppliers/{one.supplier['id']}")).status_code == 204
    assert (await admin.delete(f"products/{other.product['id']}")).status_code == 204
    assert (await admin.read("supplier-products"))["items"] == []
