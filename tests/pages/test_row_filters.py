"""Filters of lists by another row: by id or by name, typed or chosen."""

import re
from html import unescape
from urllib.parse import quote

import httpx
import pytest

from imsop.web.edge.observe import Observed
from imsop.web.pages.pickers import FOUND
from tests import factories
from tests.factories import Member
from tests.pages.browsing import signed_in
from tests.pages.test_editors import shown, wrong
from tests.states import Line, purchase_order, sales_order


@pytest.fixture
async def admin(app: Observed) -> Member:
    return await factories.sign_up(app)


def chips(page: httpx.Response) -> list[str]:
    return [unescape(text) for text in re.findall(r'<a class="chip"[^>]*>([^<]*)<', page.text)]


def numbers(page: httpx.Response) -> set[str]:
    return set(re.findall(r">([PS]O-[\w-]+)</a>", page.text))


async def number_of(admin: Member, kind: str, order_id: object) -> str:
    order = await admin.read(f"{kind}/{order_id}")
    number: str = order["po_number" if kind == "purchase-orders" else "so_number"]
    return number


async def test_a_list_is_filtered_by_what_a_supplier_is_called(admin: Member) -> None:
    here = await signed_in(admin)
    product = (await factories.product(admin))["id"]
    orders = {}
    for name in ("Van der Velde", "Velde & Zonen", "Crème Fraîche"):
        supplier = (await factories.supplier(admin, name=name))["id"]
        order = await purchase_order(admin, supplier, "submitted", Line(product, 5))
        orders[name] = supplier, await number_of(admin, "purchase-orders", order)
    for typed, meant in (
        ("van der velde", "Van der Velde"),
        ("zonen", "Velde & Zonen"),
        ("creme", "Crème Fraîche"),
        (orders["Van der Velde"][0], "Van der Velde"),
    ):
        page = await here.get(f"/purchase-orders?supplier_id={quote(typed)}&status=submitted")
        assert page.status_code == 200
        assert numbers(page) == {orders[meant][1]}
        assert chips(page) == [f"Supplier: {meant}"]
        assert unescape(shown(page)["supplier_id"]) == meant
        table = await here.get(f"/purchase-orders.csv?supplier_id={quote(typed)}")
        assert [row.split(",")[0] for row in table.text.splitlines()[1:]] == [orders[meant][1]]


@pytest.mark.parametrize("typed", ["Velde", "Nobody", "00000000-0000-7000-8000-000000000000"])
async def test_what_names_none_or_several_is_refused_at_the_field(admin: Member, typed: str) -> None:
    here = await signed_in(admin)
    product = (await factories.product(admin))["id"]
    for name in ("Van der Velde", "Velde & Zonen"):
        supplier = (await factories.supplier(admin, name=name))["id"]
        draft = await purchase_order(admin, supplier, "draft", Line(product, 5))
        await purchase_order(admin, supplier, "submitted", Line(product, 5))
    page = await here.get(f"/purchase-orders?supplier_id={typed}&status=draft&product_id={product}")
    assert page.status_code == 422
    assert wrong(page) == {"supplier_id"}
    assert shown(page)["supplier_id"] == typed
    assert '<option value="draft" selected>' in page.text
    assert [chip.split(":")[0] for chip in chips(page)] == ["Product"]
    assert len(numbers(page)) == 2
    assert await number_of(admin, "purchase-orders", draft) in numbers(page)
    assert (await here.get(f"/purchase-orders.csv?supplier_id={typed}")).status_code == 422


async def test_partners_with_one_name_can_each_be_chosen(admin: Member) -> None:
    here = await signed_in(admin)
    product = (await factories.product(admin))["id"]
    orders = {}
    for city in ("Oslo", "Bergen"):
        customer = (await factories.customer(admin, name="Nordic Foods", city=city))["id"]
        order = await sales_order(admin, customer, "confirmed", Line(product, 5))
        orders[city] = await number_of(admin, "sales-orders", order)
    assert wrong(await here.get("/sales-orders?customer_id=Nordic Foods")) == {"customer_id"}
    offered = await here.get("/sales-orders/filters/customer_id?customer_id=nordic")
    labels = [
        unescape(label).strip() for label in re.findall(r'aria-selected="false">([^<]+)<', offered.text)
    ]
    assert len(labels) == 2
    for city, number in orders.items():
        (label,) = [label for label in labels if city in label]
        assert numbers(await here.get(f"/sales-orders?customer_id={quote(label)}")) == {number}


async def test_a_name_beyond_those_suggested_can_be_typed(admin: Member) -> None:
    here = await signed_in(admin)
    for number in range(FOUND + 3):
        await factories.customer(admin, name=f"Branch {number:02}")
    offered = await here.get("/sales-orders/filters/customer_id?customer_id=branch")
    last = f"Branch {FOUND + 2:02}"
    assert last not in offered.text
    assert chips(await here.get(f"/sales-orders?customer_id={last}")) == [f"Customer: {last}"]


async def test_every_row_filter_names_its_row(admin: Member) -> None:
    here = await signed_in(admin)
    product = await factories.product(admin, name="Tuna, in brine (160 g)")
    warehouse = await factories.warehouse(admin, name="Hamburg DC")
    supplier = await factories.supplier(admin, name="Van der Velde")
    order = await purchase_order(admin, supplier["id"], "submitted", Line(product["id"], 5))
    name = f"Tuna, in brine (160 g) - {product['sku']}"
    for path in ("/inventory", "/ledger", "/purchase-orders", "/sales-orders", "/shipments"):
        for typed in (product["id"], name, product["sku"]):
            page = await here.get(f"{path}?product_id={quote(typed)}")
            assert (page.status_code, chips(page)) == (200, [f"Product: {name}"]), path
    for path in ("/inventory", "/ledger", "/zones"):
        assert chips(await here.get(f"{path}?warehouse_id={warehouse['id']}")) == ["Warehouse: Hamburg DC"]
    page = await here.get(f"/shipments?supplier_id={supplier['id']}&purchase_order_id={order}")
    number = await number_of(admin, "purchase-orders", order)
    assert chips(page) == ["Supplier: Van der Velde", f"Purchase order: {number}"]


async def test_rows_of_other_organizations_are_neither_suggested_nor_named(
    app: Observed, admin: Member
) -> None:
    stranger = await factories.sign_up(app)
    theirs = await factories.supplier(stranger, name="Zelda Quist")
    here = await signed_in(admin)
    assert "Zelda" not in (await here.get("/purchase-orders/filters/supplier_id?supplier_id=Zelda")).text
    page = await here.get(f"/purchase-orders?supplier_id={theirs['id']}")
    assert page.status_code == 422
    assert "Zelda" not in page.text
