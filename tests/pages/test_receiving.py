"""Receiving, confirming and returning on pages: forms without JavaScript."""

from typing import Any

from tests import factories
from tests.factories import Member
from tests.pages.browsing import Browser, csrf_token_of, signed_in
from tests.purchasing.buying import ORDERS, arrived, now, sent, stock_of


async def _page(here: Browser, path: str) -> dict[str, str]:
    """The fields that a form of the page sends by itself."""
    page = await here.get(path)
    assert page.status_code == 200, page.text
    return {"csrf_token": await csrf_token_of(here), "form_key": "made-by-a-test"}


async def _order_in_packs(admin: Member) -> dict[str, Any]:
    product = await factories.product(admin, units_per_pack=12)
    lines = [{"product_id": product["id"], "quantity_ordered": 60, "unit_price": "1"}]
    warehouse = (await factories.warehouse(admin, name=f"Dock {product['sku']}"))["name"]
    order = await sent(admin, items=lines)
    return order | {"warehouse": warehouse}


async def test_goods_are_received_in_packs_and_by_what_is_open(admin: Member) -> None:
    order = await _order_in_packs(admin)
    line = order["items"][0]["id"]
    here = await signed_in(admin)
    path = f"/purchase-orders/{order['id']}/receive"
    form = await _page(here, path) | {"warehouse_id": order["warehouse"], "delivery_note": "LS 7"}
    done = await here.post(path, data=form | {f"accepted-{line}": "2p"})
    assert done.status_code == 303
    receipt = await here.get(done.headers["location"])
    assert "LS 7" in receipt.text
    assert order["warehouse"] in receipt.text
    assert await stock_of(admin, order) == (24, 24)
    done = await here.post(path, data=form | {f"accepted-{line}": "="})
    assert done.status_code == 303
    assert (await now(admin, order))["status"] == "received"


async def test_what_is_wrong_stays_as_typed_and_posts_nothing(admin: Member) -> None:
    order = await sent(admin, 10, 5)
    first, second = (line["id"] for line in order["items"])
    here = await signed_in(admin)
    path = f"/purchase-orders/{order['id']}/receive"
    form = await _page(here, path)
    for wrong, at in (
        ({f"accepted-{first}": "ten", f"accepted-{second}": "5"}, f"field-accepted-{first}-error"),
        ({f"accepted-{first}": "11", f"accepted-{second}": "5"}, f"field-accepted-{first}-error"),
        ({f"rejected-{second}": "1"}, f"field-reason-{second}-error"),
        ({f"accepted-{first}": "1", "warehouse_id": "no such place"}, "field-warehouse_id-error"),
        ({f"accepted-{first}": "1", "received_at": "yesterday"}, "field-received_at-error"),
    ):
        filled = {"warehouse_id": order["warehouse_id"], "delivery_note": "LS 8"} | wrong
        refused = await here.post(path, data=form | filled)
        assert refused.status_code == 422, wrong
        assert at in refused.text, wrong
        for text in ("LS 8", *wrong.values()):
            assert f'value="{text}"' in refused.text, text
    assert (await here.post(path, data=form)).status_code == 422
    assert await stock_of(admin, order) == (0, 0)


async def test_a_receipt_is_taken_back_and_goods_go_back(admin: Member) -> None:
    order = await sent(admin, 10)
    receipt = await admin.create("goods-receipts", arrived(order, 10))
    line = order["items"][0]["id"]
    here = await signed_in(admin)
    back = f"/purchase-orders/{order['id']}/return"
    form = await _page(here, back) | {"warehouse_id": order["warehouse_id"]}
    unreasoned = await here.post(back, data=form | {f"returned-{line}": "4"})
    assert unreasoned.status_code == 422
    assert f"field-reason-{line}-error" in unreasoned.text
    done = await here.post(back, data=form | {f"returned-{line}": "4", f"reason-{line}": "cracked"})
    assert done.status_code == 303
    assert await stock_of(admin, order) == (6, 6)
    returned = done.headers["location"].partition("?")[0]
    reason = await _page(here, returned) | {"reason": "it came again", "form_key": "reverse"}
    assert (await here.post(f"{returned}/reverse", data=reason)).status_code == 303
    page = f"/goods-receipts/{receipt['id']}"
    reason = await _page(here, page) | {"reason": "miscounted", "form_key": "reverse"}
    undone = await here.post(f"{page}/reverse", data=reason)
    assert undone.status_code == 303
    assert await stock_of(admin, order) == (0, 0)
    again = await here.post(f"{page}/reverse", data=reason | {"reason": "twice"})
    assert again.status_code == 409
    timeline = await here.get(f"/purchase-orders/{order['id']}")
    for number in (receipt["receipt_number"], "SR-", "Reversal"):
        assert number in timeline.text


async def test_a_confirmation_is_recorded_where_it_differs(admin: Member) -> None:
    order = await sent(admin, 100, 10, confirmed=False)
    first = order["items"][0]["id"]
    here = await signed_in(admin)
    path = f"/purchase-orders/{order['id']}/confirmation"
    form = await _page(here, path)
    wrong = await here.post(path, data=form | {f"price-{first}": "cheap"})
    assert wrong.status_code == 422
    assert f"field-price-{first}-error" in wrong.text
    done = await here.post(path, data=form | {f"quantity-{first}": "90", f"price-{first}": "2,10"})
    assert done.status_code == 303
    after = await admin.read(f"{ORDERS}/{order['id']}")
    assert (after["status"], after["total_amount"]) == ("confirmed", "209.00")
    assert [line["quantity_open"] for line in after["items"]] == [90, 10]


async def test_a_buyer_sees_receipts_and_posts_none(admin: Member) -> None:
    order = await sent(admin, 10)
    here = await signed_in(await factories.member(admin, "buyer"))
    page = await here.get(f"/purchase-orders/{order['id']}")
    assert f"/purchase-orders/{order['id']}/receive" not in page.text
    assert (await here.get(f"/purchase-orders/{order['id']}/receive")).status_code == 403
    assert (await here.get("/goods-receipts")).status_code == 200
