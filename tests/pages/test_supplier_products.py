"""Pages of supplier products: sections, the form of prices, and what is proposed for a draft."""

import re
from typing import Any

from tests import factories
from tests.factories import Member, accepted
from tests.pages.browsing import csrf_token_of, signed_in
from tests.printed import sheets
from tests.purchasing.test_supplier_products import Sold, ordered, price, sells, sold


def checked(page: Any) -> dict[str, str]:
    """The ticked boxes of a page: values by name."""
    return dict(re.findall(r'type="checkbox" name="([^"]+)" value="([^"]+)" checked', page.text))


async def draft(admin: Member, of: Sold, quantity: int = 10, **order: Any) -> dict[str, Any]:
    line = {"product_id": of.product["id"], "quantity_ordered": quantity}
    new = {"supplier_id": of.supplier["id"], "order_date": "2026-06-15", "items": [line]}
    return await admin.create("purchase-orders", new | order)


async def test_terms_are_on_the_pages_of_their_supplier_and_product(admin: Member) -> None:
    of = await sold(
        admin, supplier_sku="NM-7", is_preferred=True, prices=[price("1.25", "2026-01-01", from_quantity=10)]
    )
    here = await signed_in(admin)
    for place, noun in ((of.supplier, "suppliers"), (of.product, "products")):
        page = await here.get(f"/{noun}/{place['id']}")
        card = page.text.partition('id="terms"')[2].partition("</table>")[0]
        assert f'href="/{of.path}"' in card
        assert "NM-7" in card
        assert "1.25" in card
        form = await here.get(f"/supplier-products/new?{noun.removesuffix('s')}_id={place['id']}")
        assert f'value="{place["name"]}' in form.text
    found = await here.get("/supplier-products", params={"q": "nm-7", "product_id": "NM-7"})
    assert found.status_code == 200
    assert f'href="/{of.path}"' in found.text
    buyer = await factories.member_with(admin, "suppliers:read", "products:read")
    blind = await signed_in(buyer)
    assert 'id="terms"' not in (await blind.get(f"/suppliers/{of.supplier['id']}")).text
    assert 'id="terms"' not in (await blind.get(f"/products/{of.product['id']}")).text
    assert (await blind.get(f"/{of.path}")).status_code == 403


async def test_prices_are_edited_row_by_row(admin: Member) -> None:
    of = await sold(admin, prices=[price("2", "2026-01-01")])
    here = await signed_in(admin)
    path = f"/{of.path}/prices"
    form = await here.get(path)
    first = {"from_quantity-0": "1", "unit_price-0": "2", "currency-0": "USD", "valid_from-0": "2026-01-01"}
    more = {"from_quantity-1": "10", "unit_price-1": "1,5", "currency-1": "eur", "valid_from-1": "2026-02-01"}
    saved = await here.fill(form, path, **first, **more, **{"valid_to-1": "2026-03-01"})
    assert (saved.status_code, saved.headers["location"]) == (303, f"/{of.path}?saved=true")
    stored = (await admin.read(of.path))["prices"]
    assert [(row["from_quantity"], row["unit_price"], row["currency"]) for row in stored] == [
        (10, "1.5", "EUR"),
        (1, "2", "USD"),
    ]
    again = await here.fill(form, path, **first)
    assert again.status_code == 412
    assert (await admin.read(of.path))["prices"] == stored
    form = await here.get(path)
    wrong = await here.fill(form, path, **first, **(more | {"valid_from-1": "", "unit_price-1": "x"}))
    assert wrong.status_code == 422
    assert set(re.findall(r'id="field-([\w-]+)-error"', wrong.text)) == {"valid_from-1", "unit_price-1"}
    assert 'value="x"' in wrong.text
    twice = {name.replace("-0", "-1"): value for name, value in first.items()}
    overlapping = await here.fill(form, path, **first, **twice)
    assert overlapping.status_code == 422
    assert set(re.findall(r'id="field-([\w-]+)-error"', overlapping.text)) == {"valid_from-1"}
    emptied = await here.fill(form, path, **dict.fromkeys(first, ""))
    assert emptied.status_code == 303
    assert (await admin.read(of.path))["prices"] == []
    viewer = await factories.member(admin, "viewer")
    assert (await (await signed_in(viewer)).get(path)).status_code == 403


async def test_a_change_of_prices_is_undone_by_whoever_made_it(admin: Member) -> None:
    of = await sold(admin, prices=[price("2", "2026-01-01", "2026-12-31"), price("3", "2027-01-01")])
    here = await signed_in(admin)
    form = await here.get(f"/{of.path}/prices")
    saved = await here.fill(
        form,
        f"/{of.path}/prices",
        **{"unit_price-0": "9", "valid_from-0": "2026-01-01", "from_quantity-0": "1", "currency-0": "USD"},
    )
    page = await here.get(saved.headers["location"])
    undo = f"/{of.path}/prices/undo"
    colleague = await signed_in(await factories.member(admin, "administrator"))
    token = await csrf_token_of(colleague)
    assert (await colleague.post(undo, data={"csrf_token": token})).status_code == 409
    assert (await here.fill(page, undo)).status_code == 303
    assert (await admin.read(of.path))["prices"] == of.terms["prices"]
    accepted(await admin.edit(of.path, note="later"))
    token = await csrf_token_of(here)
    assert (await here.post(undo, data={"csrf_token": token})).status_code == 409


async def test_a_drafts_missing_price_and_day_are_proposed_and_taken(admin: Member) -> None:
    of = await sold(admin, minimum_quantity=20, lead_time_days=5, prices=[price("1.25", "2026-01-01")])
    other = await factories.product(admin)
    new = await draft(admin, of)
    priced = {"product_id": other["id"], "quantity_ordered": 3, "unit_price": "7", "line_total": "20"}
    kept = {"product_id": of.product["id"], "quantity_ordered": 10}
    new = accepted(await admin.edit(f"purchase-orders/{new['id']}", items=[kept, priced]))
    asked, known = new["items"]
    here = await signed_in(admin)
    page = await here.get(f"/purchase-orders/{new['id']}")
    assert checked(page) == {
        f"price-{asked['id']}": "1.25",
        f"expected-{asked['id']}": "2026-06-20",
        f"expected-{known['id']}": "2026-06-29",
    }
    assert "24 would meet the minimum of 20 in packs of 6" in page.text
    assert (await admin.read(f"purchase-orders/{new['id']}"))["items"] == new["items"]
    path = f"/purchase-orders/{new['id']}/proposals"
    taken = {f"price-{asked['id']}": "1.25", f"expected-{known['id']}": "2026-06-29"}
    assert (await here.fill(page, path, **taken)).status_code == 303
    lines = (await admin.read(f"purchase-orders/{new['id']}"))["items"]
    assert [(line["unit_price"], line["line_total"], line["expected_delivery_date"]) for line in lines] == [
        ("1.25", "12.50", None),
        ("7", "20.00", "2026-06-29"),
    ]
    stale = {f"expected-{asked['id']}": "2026-06-20"}
    assert (await here.fill(page, path, **stale)).status_code == 412
    accepted(await admin.post(f"purchase-orders/{new['id']}/submit", {}))
    assert "/proposals" not in (await here.get(f"/purchase-orders/{new['id']}")).text


async def test_the_last_price_is_proposed_with_its_order(admin: Member) -> None:
    of = await sold(admin)
    before = await ordered(admin, of, "4.5", "2026-05-02")
    new = await draft(admin, of)
    page = await (await signed_in(admin)).get(f"/purchase-orders/{new['id']}")
    assert checked(page)[f"price-{new['items'][0]['id']}"] == "4.5"
    assert f'href="/purchase-orders/{before["id"]}"' in page.text


async def test_a_sent_order_keeps_the_suppliers_number_that_was_printed(admin: Member) -> None:
    of = await sold(admin, supplier_sku="NM-7")
    sent = await ordered(admin, of, "4", "2026-05-02")
    new = await draft(admin, of)
    accepted(await admin.edit(of.path, supplier_sku="NM-8"))
    here = await signed_in(admin)
    for order, number in ((sent, "NM-7"), (new, "NM-8")):
        printed = sheets(await here.get(f"/purchase-orders/{order['id']}/order.pdf"))
        assert number in printed[0].text
        assert number in (await here.get(f"/purchase-orders/{order['id']}")).text


async def test_replenishment_is_from_the_preferred_supplier_in_its_packs(admin: Member) -> None:
    of = await sold(admin, units_per_pack=25, minimum_quantity=60)
    accepted(await admin.edit(f"products/{of.product['id']}", reorder_level=20, reorder_quantity=10))

    async def suggested() -> tuple[int, str | None]:
        (row,) = (await admin.read("replenishment"))["items"]
        return row["suggested_quantity"], row["supplier_name"]

    assert await suggested() == (24, None)  # 21 are missing: four packs of 6
    accepted(await admin.edit(of.path, is_preferred=True))
    assert await suggested() == (75, of.supplier["name"])
    accepted(await admin.edit(of.path, units_per_pack=None, minimum_quantity=1))
    assert await suggested() == (24, of.supplier["name"])
    other = await factories.supplier(admin)
    await sells(admin, other, of.product, is_preferred=True, minimum_quantity=31)
    assert await suggested() == (36, other["name"])
    page = await (await signed_in(admin)).get("/replenishment")
    assert f'href="/suppliers/{other["id"]}"' in page.text
