"""The search page, the palette that finds while somebody types, and lists that are searched."""

import pytest

from tests import factories
from tests.conftest import TestDatabase
from tests.factories import Member, connected
from tests.pages.browsing import signed_in
from tests.pages.exported import csv_of, xlsx_of
from tests.pages.tables import is_empty


async def test_a_product_is_found_by_part_of_its_name_and_linked(admin: Member, stranger: Member) -> None:
    product = await factories.product(admin, name="Anchovy fillets")
    theirs = await factories.product(stranger, name="Anchovy paste")
    here = await signed_in(admin)
    for path in ("/search", "/search/found"):
        found = await here.get(path, params={"q": "nchov"})
        assert f'href="/products/{product["id"]}"' in found.text
        assert theirs["id"] not in found.text


async def test_only_rows_that_the_reader_may_see_are_found(admin: Member) -> None:
    product = await factories.product(admin, name="Anchovy fillets")
    clerk = await factories.member_with(admin, "organization:read", "suppliers:read")
    here = await signed_in(clerk)
    assert product["id"] not in (await here.get("/search", params={"q": "anchovy"})).text


async def test_an_empty_query_and_no_match_have_their_own_messages(admin: Member) -> None:
    here = await signed_in(admin)
    for asked in ({}, {"q": ""}, {"q": " "}):
        assert "What are you looking for?" in (await here.get("/search", params=asked)).text
    nothing = await here.get("/search", params={"q": "<script>x"})
    assert is_empty(nothing)
    assert "<script>x" not in nothing.text


async def test_what_is_called_exactly_so_is_opened_where_it_is_one(admin: Member) -> None:
    here = await signed_in(admin)
    product = await factories.product(
        admin, sku="A-100", name="Anchovies", gtin=factories.gtin("952100100001")
    )
    await factories.product(admin, sku="A-1000", name="Anchovies in oil")
    for query in ("a-100", "A100", "anchovies", f"(01)0{product['gtin'][1:]}", f"]C101{product['gtin']}"):
        reply = await here.get("/search", params={"q": query})
        assert (reply.status_code, reply.headers["location"]) == (303, f"/products/{product['id']}"), query
    assert (await here.get("/search", params={"q": "anchov"})).status_code == 200
    await factories.supplier(admin, name="Anchovies")
    assert (await here.get("/search", params={"q": "anchovies"})).status_code == 200


async def test_a_former_sku_is_said_beside_the_product(admin: Member) -> None:
    product = await factories.product(admin, sku="OLD-5")
    await admin.edit(f"products/{product['id']}", sku="NEW-5")
    here = await signed_in(admin)
    assert "formerly OLD-5" in (await here.get("/search/found", params={"q": "old-5"})).text
    assert "OLD-5" in (await here.get(f"/products/{product['id']}")).text


async def test_the_palette_offers_the_pages_and_actions_that_one_may_use(admin: Member) -> None:
    here = await signed_in(admin)
    everything = (await here.get("/search/found")).text
    for href in ("/products", "/users", "/sales-orders?late=true", "/products/new", "/zones/new"):
        assert f'href="{href}"' in everything, href
    found = (await here.get("/search/found", params={"q": "new prod"})).text
    assert 'href="/products/new"' in found
    assert 'href="/suppliers/new"' not in found
    seller = await signed_in(await factories.member(admin, "sales"))
    offered = (await seller.get("/search/found")).text
    assert 'href="/customers/new"' in offered
    for href in ("/products/new", "/api-keys"):
        assert f'href="{href}"' not in offered, href


async def test_the_palette_knows_pages_by_the_reader_s_words(admin: Member) -> None:
    await admin.edit("me", locale="de")
    here = await signed_in(admin)
    found = (await here.get("/search/found", params={"q": "lager"})).text
    assert 'href="/warehouses"' in found


async def test_a_page_comes_before_what_only_holds_its_name_and_after_what_is_called_so(
    admin: Member,
) -> None:
    await factories.product(admin, sku="A", name="Made for customers")
    here = await signed_in(admin)
    found = (await here.get("/search/found", params={"q": "customers"})).text
    assert found.index('href="/customers"') < found.index('href="/products/')
    await factories.supplier(admin, name="Customers")
    found = (await here.get("/search/found", params={"q": "customers"})).text
    assert found.index('href="/suppliers/') < found.index('href="/customers"')


MANY = 1_200
"""More than search ever ranks."""


@pytest.mark.parametrize("path", ["/sales-orders", "/customers", "/products", "/shipments"])
async def test_a_searched_list_is_whole_on_the_page_and_in_exports(
    admin: Member, database: TestDatabase, path: str
) -> None:
    """Whatever else filters it: two of three match the words, and every tenth of these the state."""
    inserts = {
        "/sales-orders": """INSERT INTO sales_orders (organization_id, so_number, status, order_date)
            SELECT $1, code, CASE rare WHEN true THEN 'cancelled' ELSE 'draft' END, '2026-03-01' FROM made""",
        "/customers": """INSERT INTO customers (organization_id, name, status)
            SELECT $1, code, CASE rare WHEN true THEN 'blocked' ELSE 'active' END FROM made""",
        "/products": """INSERT INTO products (organization_id, sku, name, status)
            SELECT $1, code, 'P', CASE rare WHEN true THEN 'archived' ELSE 'active' END FROM made""",
        "/shipments": """INSERT INTO shipments (organization_id, shipment_type, reference_id, status)
            SELECT $1, 'outbound', code, CASE rare WHEN true THEN 'cancelled' ELSE 'pending' END FROM made""",
    }
    rare = {"/customers": "blocked", "/products": "archived"}.get(path, "cancelled")
    made = """WITH made AS (
        SELECT CASE WHEN n % 3 = 0 THEN 'OTHER-' ELSE 'WANTED-' END || n AS code, n % 10 = 0 AS rare
        FROM generate_series(1, $2::int) n) """
    async with connected(database.admin_dsn) as superuser:
        await superuser.execute(made + inserts[path], admin.organization_id, MANY)
    here = await signed_in(admin)
    page = (await here.get(path, params={"q": "wanted"})).text
    assert "50 of 800" in page
    assert len(await csv_of(here, path, q="wanted")) == 800
    assert len(await xlsx_of(here, path, q="wanted")) == 800
    assert "50 of 80" in (await here.get(path, params={"q": "wanted", "status": rare})).text
    assert len(await csv_of(here, path, q="wanted", status=rare)) == 80


async def test_a_searched_list_of_the_api_has_every_row_on_its_pages(admin: Member) -> None:
    async with admin.transaction() as connection:
        await connection.execute(
            "INSERT INTO products (organization_id, sku, name)"
            " SELECT $1, 'WANTED-' || n, 'P' FROM generate_series(1, $2::int) n",
            admin.organization_id,
            MANY,
        )
    await factories.product(admin)
    seen, asked = set(), {"q": "wanted", "limit": 500}
    while True:
        page = await admin.read("products", **asked)
        seen |= {row["sku"] for row in page["items"]}
        if page["next_cursor"] is None:
            break
        asked["cursor"] = page["next_cursor"]
    assert len(seen) == MANY


async def test_stock_and_the_ledger_are_searched_by_product(admin: Member) -> None:
    warehouse = await factories.warehouse(admin)
    for sku, name in (("ANCH-1", "Anchóvies in oil"), ("TUNA-1", "Tuna in oil")):
        product = await factories.product(admin, sku=sku, name=name)
        await admin.post(
            "inventory-transactions",
            {
                "product_id": product["id"], "warehouse_id": warehouse["id"], "transaction_type": "receipt",
                "movement_kind": "goods_receipt", "quantity": 5,
            },
        )  # fmt: skip
    here = await signed_in(admin)
    for path in ("/inventory", "/ledger"):
        assert [row["sku"] for row in await csv_of(here, path, q="oil anchovies")] == ["ANCH-1"], path
    assert [row["sku"] for row in (await admin.read("inventory", q="oil anchovies"))["items"]] == ["ANCH-1"]
