"""Orders shipped from their pages: packed, dispatched, delivered, cancelled."""

import re

from tests.factories import Member
from tests.pages.browsing import signed_in
from tests.sales.selling import confirmed, now, packed, shelves, stock


async def test_an_order_is_shipped_from_its_page(admin: Member) -> None:
    product, (warehouse,) = await shelves(admin, 10)
    order = await confirmed(admin, (product, 6))
    here = await signed_in(admin)
    page = await here.get(f"/sales-orders/{order['id']}")
    assert f"/sales-orders/{order['id']}/ship" in page.text
    form = await here.get(f"/sales-orders/{order['id']}/ship")
    line = order["items"][0]["id"]
    fields = {"warehouse_id": warehouse["name"], f"sent-{line}": "4", "carrier": "Road Co", "leaves": "true"}
    sent = await here.fill(form, f"/sales-orders/{order['id']}/ship", **fields)
    assert sent.status_code == 303
    shipment = await here.get(sent.headers["location"])
    assert ("Road Co" in shipment.text, order["so_number"] in shipment.text) == (True, True)
    assert await stock(admin, product) == (6, 2)
    path = re.sub(r"\?.*", "", sent.headers["location"])
    delivered = await here.fill(shipment, f"{path}/deliver")
    assert delivered.status_code == 303
    page = await here.get(f"/sales-orders/{order['id']}")
    assert "Partly shipped 66 % · 2 open" in page.text


async def test_what_is_wrong_stands_at_its_input(admin: Member) -> None:
    product, (warehouse,) = await shelves(admin, 2)
    order = await confirmed(admin, (product, 6))
    here = await signed_in(admin)
    path = f"/sales-orders/{order['id']}/ship"
    line = order["items"][0]["id"]
    form = await here.get(path)
    for typed, told in (("7", "is more than is left of the line: 6"), ("six", "5p"), ("0", "must not be 0")):
        fields = {"warehouse_id": warehouse["name"], f"sent-{line}": typed}
        refused = await here.fill(form, path, **fields)
        assert (refused.status_code, told in refused.text) == (422, True)
        assert f'value="{typed}"' in refused.text
    short = await here.fill(
        form, path, warehouse_id=warehouse["name"], leaves="true", **{f"sent-{line}": "="}
    )
    assert (short.status_code, "only 2 available" in short.text) == (409, True)
    assert await stock(admin, product) == (2, 2)
    assert (await admin.read("shipments"))["items"] == []


async def test_a_shipment_is_cancelled_with_a_reason(admin: Member) -> None:
    product, _ = await shelves(admin, 5)
    order = await confirmed(admin, (product, 2))
    shipment = await packed(admin, order)
    here = await signed_in(admin)
    path = f"/shipments/{shipment['id']}"
    page = await here.get(path)
    assert (await here.fill(page, f"{path}/dispatch")).status_code == 303
    page = await here.get(path)
    cancelled = await here.fill(page, f"{path}/cancel", reason="turned round")
    assert cancelled.status_code == 303
    assert "turned round" in (await here.get(path)).text
    assert (await now(admin, order))["status"] == "confirmed"


async def test_an_order_is_put_on_hold_and_released(admin: Member) -> None:
    product, _ = await shelves(admin, 5)
    order = await confirmed(admin, (product, 2))
    here = await signed_in(admin)
    path = f"/sales-orders/{order['id']}"
    assert (await here.fill(await here.get(path), f"{path}/hold", reason="credit")).status_code == 303
    page = await here.get(path)
    assert ("On hold: credit" in page.text, f"{path}/release" in page.text) == (True, True)
    assert (await here.fill(page, f"{path}/release")).status_code == 303
    assert "On hold: credit" not in (await here.get(path)).text
