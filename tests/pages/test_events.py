"""Business events on pages."""

import csv
import io
import re

import python_calamine

from tests import factories
from tests.factories import Member
from tests.pages.browsing import signed_in
from tests.pages.exported import csv_of
from tests.pages.tables import is_empty, leaf
from tests.states import ago, ahead


async def test_events_are_listed_filtered_and_link_to_their_entity(admin: Member, stranger: Member) -> None:
    product = await factories.product(admin)
    await admin.create(
        "analytics-events",
        {
            "event_type": "product.seen",
            "entity_type": "product",
            "entity_id": product["id"],
            "metadata": {"sku": "<b>", "reason": "Fair"},
        },
    )
    await admin.create("analytics-events", {"event_type": "inventory.counted", "entity_id": "CC-1"})
    await stranger.create("analytics-events", {"event_type": "of.others"})
    here = await signed_in(admin)
    page = await here.get("/events")
    assert f'<a href="/products/{product["id"]}">&lt;b&gt;</a>' in page.text
    assert "Stock counted" in page.text
    assert "4 of 4" in page.text  # signing up and the product are told, too
    assert "of.others" not in page.text
    narrowed = await here.get("/events?type=product.seen")
    assert "1 of 1" in narrowed.text
    assert is_empty(await here.get(f"/events?first={ahead(1)}"))
    assert "4 of 4" in (await here.get(f"/events?first={ago(0)}&last={ago(0)}")).text
    assert is_empty(await here.get(f"/events?first={ago(1)}&last={ago(1)}"))


async def test_events_are_found_by_their_entity(admin: Member, stranger: Member) -> None:
    bolts, nuts = [await factories.product(admin, name=name) for name in ("Bolts M8", "Nuts M8")]
    for at, kind, of in (
        ("inventory.counted", "product", bolts["id"]),
        ("product.seen", "product", bolts["id"]),
        ("inventory.counted", "product", nuts["id"]),
        ("shipment.departed", "shipment", "CC-1"),
    ):
        await admin.create("analytics-events", {"event_type": at, "entity_type": kind, "entity_id": of})
    theirs = {"event_type": "inventory.counted", "entity_type": "product", "entity_id": bolts["id"]}
    await stranger.create("analytics-events", theirs)
    here = await signed_in(admin)
    for asked, expected in (
        ({"q": "bolts"}, ["product.seen", "inventory.counted", "product.created"]),
        ({"q": "bolts", "type": "product.seen"}, ["product.seen"]),
        ({"q": nuts["sku"]}, ["inventory.counted", "product.created"]),
        (
            {"q": "m8"},
            ["inventory.counted", "product.seen", "inventory.counted", "product.created", "product.created"],
        ),
        ({"q": "8"}, []),  # no word begins so
        ({"q": "CC-1", "sort": "created_at"}, ["shipment.departed"]),
        ({"q": "CC-1", "kind": "product"}, []),
        ({"kind": "shipment"}, ["shipment.departed"]),
        ({"kind": "shipment", "last": f"{ago(1)}"}, []),
        (
            {"kind": "product", "first": "0001-01-01"},
            ["inventory.counted", "product.seen", "inventory.counted", "product.created", "product.created"],
        ),
        ({"kind": "product", "last": "0001-01-01"}, []),
    ):
        assert [row["event_type"] for row in await csv_of(here, "/events", **asked)] == expected, asked
        page = await here.get("/events", params=asked)
        assert page.status_code == 200
        assert is_empty(page) == (not expected)
        assert not expected or f"{len(expected)} of {len(expected)}" in page.text
    shown = await here.get("/events", params={"kind": "shipment", "last": f"{ago(0)}"})
    assert f'value="{ago(30)}"' in shown.text  # the month that is looked at is told


async def test_events_are_paged_forward_and_back(admin: Member) -> None:
    for number in range(53):
        await admin.create("analytics-events", {"event_type": f"kind.{number:02}"})
    here = await signed_in(admin)

    def kinds(text: str) -> list[str]:
        return re.findall(r'"badge tone-quiet">(kind\.\d+)<', text)

    first = await here.get("/events?sort=created_at")
    assert kinds(first.text) == [f"kind.{number:02}" for number in range(49)]  # after signing up
    second = await here.get(leaf(first, "next") or "")
    assert kinds(second.text) == ["kind.49", "kind.50", "kind.51", "kind.52"]
    assert kinds((await here.get(leaf(second, "prev") or "")).text) == kinds(first.text)
    assert kinds((await here.get("/events")).text)[0] == "kind.52"


async def test_exports_of_events_are_complete_and_free_of_formulas(admin: Member) -> None:
    for kind in ("=1+1", "kept", "other"):
        await admin.create("analytics-events", {"event_type": kind, "metadata": {"pallets": 3}})
    stored = {event["id"] for event in (await admin.read("analytics-events"))["items"]}
    here = await signed_in(admin)
    text = await here.get("/events.csv")
    rows = list(csv.DictReader(io.StringIO(text.content.decode("utf-8-sig"))))
    assert {row["id"] for row in rows} == stored
    assert {row["event_type"] for row in rows} == {"'=1+1", "kept", "other", "organization.created"}
    assert rows[0]["metadata"] == '{"pallets":3}'
    sheet = await here.get("/events.xlsx?type=kept")
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(sheet.content))
    header, line = book.get_sheet_by_index(0).to_python()
    assert dict(zip(header, line, strict=True))["event_type"] == "kept"
