"""Returns from customers on their pages: authorized from the order, received, restocked and scrapped."""

import re

from tests.factories import Member
from tests.pages.browsing import signed_in
from tests.sales.selling import confirmed, done, now, packed, shelves, stock


async def test_a_return_goes_its_whole_way_on_pages(admin: Member) -> None:
    product, (warehouse,) = await shelves(admin, 10)
    order = await confirmed(admin, (product, 6))
    await done(admin, await packed(admin, order), "dispatch")
    here = await signed_in(admin)
    page = await here.get(f"/sales-orders/{order['id']}")
    path = f"/sales-orders/{order['id']}/return"
    assert path in page.text
    line = order["items"][0]["id"]
    form = await here.get(path)
    fields = {"warehouse_id": warehouse["name"], f"back-{line}": "7", f"reason-{line}": "dented"}
    refused = await here.fill(form, path, **fields)
    assert (refused.status_code, "6 left to return, of 6 shipped" in refused.text) == (422, True)
    sent = await here.fill(form, path, **(fields | {f"back-{line}": "5"}))
    assert sent.status_code == 303
    path = sent.headers["location"]
    returned = await admin.read(path[1:])
    item = returned["lines"][0]["id"]
    page = await here.get(path)
    wrong = await here.fill(page, f"{path}/receive", **{f"came-{item}": "6"})
    assert (wrong.status_code, "5 authorized" in wrong.text, 'value="6"' in wrong.text) == (422, True, True)
    assert (await here.fill(page, f"{path}/receive", **{f"came-{item}": "="})).status_code == 303
    assert await stock(admin, product) == (9, 5)
    page = await here.get(path)
    over = await here.fill(page, f"{path}/dispose", **{f"restock-{item}": "4", f"scrap-{item}": "2"})
    assert (over.status_code, "only 5 in quarantine" in over.text) == (422, True)
    split = {f"restock-{item}": "4", f"scrap-{item}": "1"}
    assert (await here.fill(page, f"{path}/dispose", **split)).status_code == 303
    assert (await admin.read(path[1:]))["status"] == "closed"
    assert await stock(admin, product) == (8, 0)
    assert (await now(admin, order))["items"][0]["quantity_returned"] == 5
    rows = (await here.get("/customer-returns")).text
    assert re.search(returned["return_number"], rows)


async def test_a_return_that_does_not_come_is_cancelled(admin: Member) -> None:
    product, (warehouse,) = await shelves(admin, 2)
    line = {"product_id": product["id"], "quantity": 1, "reason": "dented"}
    returned = await admin.create("customer-returns", {"warehouse_id": warehouse["id"], "lines": [line]})
    here = await signed_in(admin)
    path = f"/customer-returns/{returned['id']}"
    assert (await here.fill(await here.get(path), f"{path}/cancel", reason="kept")).status_code == 303
    assert (await admin.read(path[1:]))["status"] == "cancelled"
    assert f"{path}/receive" not in (await here.get(path)).text
