"""Lists return every row once, in every sort and page size, under concurrent writes."""

import base64
import json
from typing import Any

import pytest

from tests import factories
from tests.factories import Member, accepted


async def pages(admin: Member, path: str, **parameters: Any) -> list[dict[str, Any]]:
    """All rows of a list, page by page."""
    page = await admin.read(path, **parameters)
    found: list[dict[str, Any]] = page["items"]
    while page["next_cursor"]:
        assert len(page["items"]) == parameters["limit"]
        page = await admin.read(path, **parameters, cursor=page["next_cursor"])
        found += page["items"]
    return found


NAMES = ["_", "Ärmel", "axe", "Bo lt", "Bolt", "Bolt", "Bolt", "bolt", "Bolt-2", "Zange", "螺栓"]
"""As people sort them: accents and case only break ties."""


@pytest.fixture
async def shelf(admin: Member) -> Member:
    """Eleven products, three with one name and some whose bytes sort differently."""
    for name in ("Bolt", "Bolt", "Bolt", "bolt", "Ärmel", "Zange", "axe", "Bo lt", "Bolt-2", "螺栓", "_"):
        await factories.product(admin, name=name, category="tools" if name[0] in "Bb" else None)
    return admin


@pytest.mark.parametrize("limit", [1, 2, 3, 11, 50])
@pytest.mark.parametrize("sort", ["sku", "-sku", "name", "-name"])
async def test_paging_shows_every_row_once_in_order(shelf: Member, sort: str, limit: int) -> None:
    rows = await pages(shelf, "products", sort=sort, limit=limit)
    field = sort.removeprefix("-")
    places = {name: place for place, name in enumerate(NAMES)} if field == "name" else {}
    expected = sorted(
        rows,
        key=lambda row: (places.get(row[field], 0), row[field].casefold(), row["id"]),
        reverse=sort.startswith("-"),
    )
    assert rows == expected
    assert len({row["id"] for row in rows}) == 11


async def test_a_full_last_page_has_no_next_cursor(shelf: Member) -> None:
    page = await shelf.read("products", limit=11)
    assert (len(page["items"]), page["next_cursor"]) == (11, None)


async def test_filters_apply_to_all_pages(shelf: Member) -> None:
    rows = await pages(shelf, "products", category="tools", sort="-name", limit=2)
    assert [row["name"] for row in rows] == ["Bolt-2", "bolt", "Bolt", "Bolt", "Bolt", "Bo lt"]
    assert await pages(shelf, "products", category="tools", status="archived") == []


async def test_concurrent_inserts_and_deletes_do_not_shift_rows(shelf: Member) -> None:
    first = await shelf.read("products", sort="name", limit=4)
    seen = [row["id"] for row in first["items"]]
    await shelf.delete(f"products/{seen[-1]}")  # the row of the cursor itself
    await factories.product(shelf, name="A before all")
    rest = []
    cursor = first["next_cursor"]
    while cursor:
        page = await shelf.read("products", sort="name", limit=4, cursor=cursor)
        rest += [row["id"] for row in page["items"]]
        cursor = page["next_cursor"]
    assert len(rest) == 7
    assert not set(rest) & set(seen)


async def cursor_of(admin: Member, **parameters: Any) -> str:
    cursor: str = (await admin.read("products", limit=1, **parameters))["next_cursor"]
    return cursor


async def test_a_cursor_belongs_to_its_sort(shelf: Member) -> None:
    cursor = await cursor_of(shelf, sort="name")
    for sort in ("sku", "-name"):
        refused = accepted(await shelf.get("products", sort=sort, cursor=cursor), 422)
        assert [error["field"] for error in refused["errors"]] == ["cursor"]


async def test_a_cursor_belongs_to_its_list(shelf: Member) -> None:
    cursor = await cursor_of(shelf, sort="name")
    for path in ("suppliers", "customers", "warehouses", "roles"):
        refused = accepted(await shelf.get(path, sort="name", cursor=cursor), 422)
        assert [error["field"] for error in refused["errors"]] == ["cursor"]


async def test_a_cursor_without_timezone_is_refused(shelf: Member) -> None:
    for instant, status in (("2026-01-31T08:00:00Z", 200), ("2026-01-31T08:00:00", 422)):
        accepted(
            await shelf.get("shipments", cursor=forged("Shipment", "-created_at", instant, SOME_ID)), status
        )


def forged(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).rstrip(b"=").decode()


SOME_ID = "01a20000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "%%%",
        "A" * 1001,
        forged("Product", "sku"),
        forged("Product", "sku", "a"),
        forged("Product", "sku", 5, SOME_ID),
        forged("Product", "sku", None, SOME_ID),
        forged("Product", "sku", "a", "no-id"),
        forged("Product", "sku", "a\0b", SOME_ID),
        forged("Product", "sku", "a", SOME_ID, "more"),
        forged("Product", "sku'; DROP TABLE products; --", "a", SOME_ID),
        base64.urlsafe_b64encode(b'["Product", "sku", "\xff", 1]').decode().rstrip("="),
        base64.urlsafe_b64encode(b"[" * 600).decode().rstrip("="),
    ],
)
async def test_a_malformed_cursor_is_refused(admin: Member, cursor: str) -> None:
    refused = accepted(await admin.get("products", cursor=cursor), 422)
    assert [error["field"] for error in refused["errors"]] == ["cursor"]


async def test_a_forged_cursor_reveals_no_other_rows(admin: Member, stranger: Member) -> None:
    theirs = await factories.product(stranger, sku="A")
    ours = await factories.product(admin, sku="B")
    page = await admin.read("products", cursor=forged("Product", "sku", "", theirs["id"]))
    assert [row["id"] for row in page["items"]] == [ours["id"]]


@pytest.mark.parametrize("value", ["null", "NULL", "None"])
async def test_the_word_null_is_ordinary_text(admin: Member, value: str) -> None:
    await factories.product(admin, sku=value)
    await factories.product(admin)
    (found,) = (await admin.read("products", sku=value))["items"]
    assert found["sku"] == value
