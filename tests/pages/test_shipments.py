"""Shipments on pages: the list, its exports, and the shipment with its route."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import python_calamine

from tests import factories, states
from tests.factories import Member
from tests.pages.browsing import signed_in
from tests.pages.tables import leaf
from tests.states import ago, ahead, shipment


def listed(page: Any) -> list[str]:
    return re.findall(r'<td role="cell" class="text first"[^>]*><a href="/shipments/([^"]+)"', page.text)


async def test_late_means_overdue_or_delivered_late(admin: Member, stranger: Member) -> None:
    overdue = await shipment(admin, "in_transit", expected_delivery_date=f"{ago(1)}")
    due_today = await shipment(admin, "in_transit", expected_delivery_date=f"{ago(0)}")
    came_late = await shipment(
        admin, "delivered", delivered=ago(0), expected_delivery_date=f"{ago(1)}", supplier_id=None
    )
    in_time = await shipment(admin, "delivered", delivered=ago(0), expected_delivery_date=f"{ago(0)}")
    cancelled = await shipment(admin, "cancelled", expected_delivery_date=f"{ago(1)}")
    undated = await shipment(admin, "in_transit")
    theirs = await shipment(stranger, "in_transit", expected_delivery_date=f"{ago(1)}")
    here = await signed_in(admin)

    async def ids(**asked: str) -> set[str]:
        page = await here.get("/shipments", params=asked)
        assert theirs["id"] not in page.text
        return set(listed(page))

    everything = {s["id"] for s in (overdue, due_today, came_late, in_time, cancelled, undated)}
    assert await ids() == everything
    assert await ids(late="true") == {overdue["id"], came_late["id"]}
    assert await ids(late="true", status="in_transit") == {overdue["id"]}
    assert await ids(late="false") == {due_today["id"], in_time["id"]}
    assert await ids(status="delivered", delivered_from=f"{ahead(1)}") == set()
    assert await ids(status="delivered", delivered_to=f"{ago(0)}") == {came_late["id"], in_time["id"]}
    assert await ids(type="outbound") == set()
    assert (await here.get("/shipments?status=lost")).status_code == 422


async def test_a_shipment_is_found_by_its_numbers(admin: Member) -> None:
    wanted = await shipment(admin, reference_id="ASN-778899", tracking_number="TRK-1")
    await shipment(admin, reference_id="ASN-112233", tracking_number="TRK-2")
    here = await signed_in(admin)
    assert listed(await here.get("/shipments?q=778899")) == [wanted["id"]]


async def test_shipments_are_paged_newest_first(admin: Member) -> None:
    made = [(await shipment(admin))["id"] for _ in range(53)]
    here = await signed_in(admin)
    first = await here.get("/shipments")
    assert listed(first) == made[::-1][:50]
    assert "50 of 53" in first.text
    second = await here.get(leaf(first, "next") or "")
    assert listed(second) == made[::-1][50:]
    assert listed(await here.get(leaf(second, "prev") or "")) == made[::-1][:50]
    assert listed(await here.get("/shipments?sort=created_at")) == made[:50]


async def test_exports_are_filtered_and_free_of_formulas(admin: Member) -> None:
    kept = await shipment(
        admin, "in_transit", reference_id="=1+1", weight_kg="12.5", expected_delivery_date=f"{ago(1)}"
    )
    await shipment(admin, "pending", reference_id="other")
    here = await signed_in(admin)
    text = await here.get("/shipments.csv?status=in_transit")
    (row,) = csv.DictReader(io.StringIO(text.content.decode("utf-8-sig")))
    assert (row["id"], row["reference_id"], row["weight_kg"]) == (kept["id"], "'=1+1", "12.500")
    assert (row["expected_delivery_date"], row["status"], row["is_late"]) == (
        f"{ago(1)}", "in_transit", "True",
    )  # fmt: skip
    sheet = await here.get("/shipments.xlsx?status=in_transit")
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(sheet.content))
    header, line = book.get_sheet_by_index(0).to_python()
    cells = dict(zip(header, line, strict=True))
    assert (cells["reference_id"], cells["weight_kg"]) == ("=1+1", 12.5)
    assert cells["expected_delivery_date"] == ago(1)


async def test_a_shipment_shows_its_route_history_and_contents(admin: Member) -> None:
    product = await factories.product(admin, name="Anchovy fillets")
    supplier = await factories.supplier(admin)
    order = await admin.create(
        "purchase-orders",
        {
            "supplier_id": supplier["id"],
            "po_number": "PO-4711",
            "order_date": f"{ago(0)}",
            "items": [{"product_id": product["id"], "quantity_ordered": 1200, "unit_price": "1.00"}],
        },
    )
    await states.in_state(admin, "purchase_orders", order["id"], "submitted")
    made = await shipment(
        admin, "in_transit", supplier_id=supplier["id"], purchase_order_id=order["id"],
        expected_delivery_date=f"{ago(1)}", destination_location="Kiel",
        items=[{"product_id": product["id"], "quantity": 1200,
                "purchase_order_item_id": order["items"][0]["id"]}],
    )  # fmt: skip
    path = f"shipments/{made['id']}"
    now = datetime.now(UTC)
    for hours, place, longitude in ((3, "Gdansk", "18.65"), (1, "Ystad", "13.82")):
        seen = {"timestamp": f"{now - timedelta(hours=hours)}", "location": place}
        await admin.create(f"{path}/tracking", seen | {"latitude": "54.5", "longitude": longitude})
    await admin.create(
        f"{path}/events",
        {
            "event_type": "delayed",
            "occurred_at": f"{now - timedelta(hours=2)}",
            "payload": {"reason": "Fog <b>"},
        },
    )
    here = await signed_in(admin)
    page = await here.get(f"/{path}")
    assert (
        f'id="marker-{made["id"]}" data-longitude="13.82" data-latitude="54.5" data-tone="tone-bad"'
        in page.text
    )
    assert 'data-route="18.65,54.50 13.82,54.50 "' in page.text
    timeline = page.text[page.text.index('<ol class="timeline">') :]
    assert timeline.index("Ystad") < timeline.index("Delayed") < timeline.index("Gdansk")
    assert "Fog &lt;b&gt;" in timeline
    for target in (
        f"/products/{product['id']}",
        f"/purchase-orders/{order['id']}",
        f"/suppliers/{supplier['id']}",
    ):
        assert f'href="{target}"' in page.text
    assert ">1,200<" in page.text
    part = await here.get(f"/{path}/timeline")
    assert "Ystad" in part.text
    assert "<html" not in part.text


async def test_shipments_need_permission_and_stay_within_the_organization(
    admin: Member, stranger: Member
) -> None:
    made = await shipment(admin)
    clerk = await signed_in(await factories.member_with(admin, "organization:read", "products:read"))
    outsider = await signed_in(stranger)
    for path in (f"/shipments/{made['id']}", f"/shipments/{made['id']}/timeline"):
        assert (await clerk.get(path)).status_code == 403
        assert (await outsider.get(path)).status_code == 404
    for path in ("/shipments", "/shipments.csv"):
        assert (await clerk.get(path)).status_code == 403
        assert made["id"] not in (await outsider.get(path)).text
    driver = await signed_in(await factories.member_with(admin, "organization:read", "shipments:read"))
    assert (await driver.get(f"/shipments/{made['id']}")).status_code == 200
