"""Edit pages of master data: products, suppliers, customers, warehouses, zones and approval rules."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import pytest

from imsop.web.edge.observe import Observed
from tests import factories
from tests.factories import Member, accepted
from tests.pages.browsing import Browser, csrf_token_of, signed_in


class Noun(NamedTuple):
    """An edit form: `typed` creates a new row; `unique` are its fields with a unique constraint."""

    path: str
    resource: str
    typed: dict[str, str]
    stored: dict[str, Any]
    edited: dict[str, str]
    missing: str
    unique: str | None


NOUNS = {
    "product": Noun(
        "/products",
        "products",
        {"sku": "{new}", "name": " Bolt M8 ", "description": "two\r\nlines", "units_per_pack": "",
         "reorder_level": "40", "unit_cost": "1,25", "status": "active"},
        {"name": "Bolt M8", "description": "two\nlines", "units_per_pack": 1, "reorder_level": 40,
         "unit_cost": "1.25"},
        {"name": "Bolt M10", "unit_cost": "1.5"},
        "name",
        "sku",
    ),
    "supplier": Noun(
        "/suppliers",
        "suppliers",
        {"name": "{new}", "email": "a@b.example", "status": "active", "lead_time_days": "14"},
        {"email": "a@b.example", "lead_time_days": 14, "rating": "0.00"},
        {"city": "Kiel", "status": "blocked"},
        "name",
        None,
    ),
    "customer": Noun(
        "/customers",
        "customers",
        {"name": "Acme", "customer_number": "{new}", "status": "active"},
        {"name": "Acme", "email": None},
        {"city": "Kiel", "country": "Germany"},
        "name",
        "customer_number",
    ),
    "warehouse": Noun(
        "/warehouses",
        "warehouses",
        {"name": "{new}", "capacity": "1200", "status": "active", "manager_id": "{user}"},
        {"capacity": 1200},
        {"capacity": "900", "manager_id": ""},
        "name",
        None,
    ),
    "zone": Noun(
        "/zones",
        "warehouse-zones",
        {"warehouse_id": "{warehouse}", "code": "{new}", "name": "Racks", "zone_type": "storage"},
        {"name": "Racks", "capacity": None},
        {"name": "High racks", "capacity": "12"},
        "code",
        "code",
    ),
    "supplier product": Noun(
        "/supplier-products",
        "supplier-products",
        {"supplier_id": "{supplier}", "product_id": "{product}", "supplier_sku": "{new}",
         "units_per_pack": "", "minimum_quantity": "6"},
        {"units_per_pack": None, "minimum_quantity": 6, "is_preferred": False, "lead_time_days": None},
        {"is_preferred": "true", "lead_time_days": "12"},
        "supplier_id",
        None,
    ),
    "approval rule": Noun(
        "/approval-rules",
        "approval-rules",
        {"kind": "category", "category": "{new}", "approver_user_id": "{user}", "position": "2",
         "status": "active"},
        {"kind": "category", "threshold": None, "position": 2},
        {"category": "Chemicals", "position": "5"},
        "kind",
        None,
    ),
}  # fmt: skip
LISTED_ONLY = ("/zones", "/approval-rules")
"""Rows without a page of their own."""


FIXED = {
    "warehouse_id": factories.warehouse,
    "supplier_id": factories.supplier,
    "product_id": factories.product,
}
"""Fields given once, and what they name."""


async def filled(noun: Noun, admin: Member) -> dict[str, str]:
    given: dict[str, Callable[[], str]] = {
        "{new}": lambda: f"N{uuid4().hex[:10]}",
        "{user}": lambda: admin.email,
    }
    typed = {name: given[value]() if value in given else value for name, value in noun.typed.items()}
    for field, make in FIXED.items():
        if field in typed:
            typed[field] = (await make(admin))["name"]
    return typed


async def made(here: Browser, noun: Noun, typed: dict[str, str]) -> httpx.Response:
    return await here.fill(await here.get(f"{noun.path}/new"), f"{noun.path}/new", **typed)


async def row_of(admin: Member, noun: Noun, typed: dict[str, str]) -> Any:
    """The only row with the typed value of its first unique field."""
    field = next(name for name, value in noun.typed.items() if value == "{new}")
    rows = [
        row for row in (await admin.read(noun.resource, limit=100))["items"] if row[field] == typed[field]
    ]
    assert len(rows) == 1, rows
    return rows[0]


def shown(page: httpx.Response) -> dict[str, str]:
    """The values of the form's fields."""
    inputs = {
        name: unescape(value)
        for value, name in re.findall(
            r'<input class="form-control"[^>]* value="([^"]*)"[^>]* name="([^"]+)"', page.text
        )
    }
    texts = dict(re.findall(r'<textarea class="form-control"[^>]* name="([^"]+)"[^>]*>([^<]*)<', page.text))
    return inputs | {name: unescape(value) for name, value in texts.items()}


def wrong(page: httpx.Response) -> set[str]:
    return set(re.findall(r'id="field-([a-z_]+)-error"', page.text))


def test_every_editor_is_tried(app: Observed) -> None:
    paths = {route.path for route in factories.litestar_of(app).routes if route.path.endswith("/new")}
    assert paths == {f"{noun.path}/new" for noun in NOUNS.values()}


@pytest.fixture(params=NOUNS)
def noun(request: pytest.FixtureRequest) -> Noun:
    return NOUNS[request.param]


async def test_typed_values_are_stored_once_and_shown(admin: Member, noun: Noun) -> None:
    here = await signed_in(admin)
    typed = await filled(noun, admin)
    form = await here.get(f"{noun.path}/new")
    first = await here.fill(form, f"{noun.path}/new", **typed)
    assert first.status_code == 303, first.text
    again = await here.fill(form, f"{noun.path}/new", **typed)  # a double click, or a lost reply
    assert (again.status_code, again.headers["location"]) == (303, first.headers["location"])
    row = await row_of(admin, noun, typed)
    assert {field: row[field] for field in noun.stored} == noun.stored
    page = await here.get(first.headers["location"])
    assert page.status_code == 200
    assert "tone-good" in page.text

    other = await filled(noun, admin)
    assert (await here.fill(form, f"{noun.path}/new", **other)).status_code == 303  # gone back, typed another
    await row_of(admin, noun, other)


async def test_invalid_values_are_marked_and_kept(admin: Member, noun: Noun) -> None:
    here = await signed_in(admin)
    typed = await filled(noun, admin) | {noun.missing: ""}
    refused = await made(here, noun, typed)
    assert refused.status_code == 422
    assert wrong(refused) == {noun.missing}
    kept = shown(refused)
    assert {name: kept[name] for name in kept} == {
        name: typed.get(name, "").replace("\r\n", "\n") or kept[name] for name in kept
    }
    assert (await here.fill(refused, f"{noun.path}/new", **await filled(noun, admin))).status_code == 303


async def test_values_refused_by_the_database_are_marked_and_kept(admin: Member, noun: Noun) -> None:
    if noun.unique is None:
        return
    here = await signed_in(admin)
    taken = await filled(noun, admin)
    assert (await made(here, noun, taken)).status_code == 303
    other = await filled(noun, admin) | {"warehouse_id": taken.get("warehouse_id", "")}
    typed = {name: value for name, value in other.items() if name in noun.typed} | {
        noun.unique: taken[noun.unique]
    }
    refused = await made(here, noun, typed)
    assert refused.status_code == 409
    assert wrong(refused) == {noun.unique}
    assert shown(refused)[noun.unique] == taken[noun.unique]
    mended = {noun.unique: f"N{uuid4().hex[:10]}"}
    assert (await here.fill(refused, f"{noun.path}/new", **typed | mended)).status_code == 303


async def test_an_edit_changes_the_typed_fields_and_records_an_event(admin: Member, noun: Noun) -> None:
    here = await signed_in(admin)
    typed = await filled(noun, admin)
    await made(here, noun, typed)
    row = await row_of(admin, noun, typed)
    path = f"{noun.path}/{row['id']}/edit"
    form = await here.get(path)
    kept = {name: value for name, value in typed.items() if name not in FIXED}
    unchanged = await here.fill(form, path, **kept)
    assert unchanged.status_code == 303
    assert await row_of(admin, noun, typed) == row
    saved = await here.fill(form, path, **kept | noun.edited)
    assert saved.status_code == 303, saved.text
    edited = await admin.read(f"{noun.resource}/{row['id']}")
    changed = {name for name in row if edited[name] != row[name]} - {"updated_at"}
    assert changed == noun.edited.keys()
    kind = noun.resource.removesuffix("s").replace("-", "_")
    events = await admin.read("analytics-events", entity_type=kind, entity_id=row["id"])
    assert [event["event_type"] for event in events["items"]] == [f"{kind}.changed", f"{kind}.created"]
    assert events["items"][0]["metadata"]["changes"].keys() == noun.edited.keys()
    if noun.path not in LISTED_ONLY:
        page = await here.get(f"{noun.path}/{row['id']}")
        history = page.text.partition('id="history"')[2]
        assert history.count("→") == len(noun.edited.keys() - {"manager_id"})


async def test_concurrent_edits_lose_no_values(admin: Member) -> None:
    """One user changes name and level, the other name and cost: both merge, and the name conflicts."""
    here = await signed_in(admin)
    product = await factories.product(admin, name="Bolt", reorder_level=10, unit_cost="1.00")
    path = f"/products/{product['id']}/edit"
    form = await here.get(path)
    mine = shown(form) | {"status": "active", "name": "Hexagon bolt", "reorder_level": "25"}
    accepted(await admin.edit(f"products/{product['id']}", name="Bolt, hexagon", unit_cost="2.00"))
    held_up = await here.fill(form, path, **mine)
    assert held_up.status_code == 412
    merged = shown(held_up)
    assert (merged["name"], merged["reorder_level"], merged["unit_cost"]) == ("Hexagon bolt", "25", "2.00")
    assert "Changed meanwhile to: Bolt, hexagon" in held_up.text
    now = await admin.read(f"products/{product['id']}")
    assert (now["name"], now["reorder_level"]) == ("Bolt, hexagon", 10)
    assert (await here.fill(held_up, path, **merged | {"status": "active"})).status_code == 303
    now = await admin.read(f"products/{product['id']}")
    assert (now["name"], now["reorder_level"], now["unit_cost"]) == ("Hexagon bolt", 25, "2.00")


async def test_only_unreferenced_rows_are_deleted(admin: Member, noun: Noun) -> None:
    here = await signed_in(admin)
    typed = await filled(noun, admin)
    await made(here, noun, typed)
    row = await row_of(admin, noun, typed)
    path = f"{noun.path}/{row['id']}"
    form = await here.get(f"{path}/edit")
    for _ in range(2):  # clicked twice
        gone = await here.fill(form, f"{path}/delete")
        assert (gone.status_code, gone.headers["location"]) == (303, f"{noun.path}?saved=true")
    assert (await admin.get(f"{noun.resource}/{row['id']}")).status_code == 404
    assert (await here.get(f"{path}/edit")).status_code == 404


async def test_referenced_rows_are_not_deleted(admin: Member) -> None:
    here = await signed_in(admin)
    product = await factories.product(admin)
    await admin.create(
        "sales-orders",
        {"order_date": "2026-03-01", "items": [{"product_id": product["id"], "quantity_ordered": 1}]},
    )
    path = f"/products/{product['id']}"
    kept = await here.fill(await here.get(f"{path}/edit"), f"{path}/delete")
    assert kept.status_code == 409
    assert (await admin.read(path[1:]))["sku"] == product["sku"]


async def test_without_write_permission_there_are_no_forms(admin: Member, noun: Noun) -> None:
    viewer = await factories.member(admin, "viewer")
    here = await signed_in(viewer)
    typed = await filled(noun, admin)
    await made(await signed_in(admin), noun, typed)
    row = await row_of(admin, noun, typed)
    assert f"{noun.path}/new" not in (await here.get(noun.path)).text
    for path in (f"{noun.path}/new", f"{noun.path}/{row['id']}/edit"):
        assert (await here.get(path)).status_code == 403
    token = await csrf_token_of(here)
    for path in (f"{noun.path}/new", f"{noun.path}/{row['id']}/edit", f"{noun.path}/{row['id']}/delete"):
        assert (await here.post(path, data=typed | {"csrf_token": token})).status_code == 403
    assert await row_of(admin, noun, typed) == row


async def test_another_organizations_rows_are_not_found(admin: Member, stranger: Member, noun: Noun) -> None:
    typed = await filled(noun, admin)
    await made(await signed_in(admin), noun, typed)
    row = await row_of(admin, noun, typed)
    there = await signed_in(stranger)
    token = await csrf_token_of(there)
    assert (await there.get(f"{noun.path}/{row['id']}/edit")).status_code == 404
    for verb in ("edit", "delete"):
        form = typed | {"csrf_token": token, "version": "*"}
        assert (await there.post(f"{noun.path}/{row['id']}/{verb}", data=form)).status_code == 404
    assert await row_of(admin, noun, typed) == row


async def test_similar_rows_are_suggested_while_typing(admin: Member, stranger: Member) -> None:
    here = await signed_in(admin)
    supplier = await factories.supplier(admin, name="Accouns Nigeria Ltd")
    await factories.supplier(stranger, name="Accouns Nigeria Ltd")
    found = await here.get("/suppliers/similar", params={"name": "accouns nig"})
    assert re.findall(r'href="/suppliers/([^"]+)"', found.text) == [supplier["id"]]
    assert (await here.get("/suppliers/similar", params={"name": "zzz"})).text.strip() == ""


async def undo(here: Browser, path: str) -> httpx.Response:
    return await here.post(f"{path}/undo", data={"csrf_token": await csrf_token_of(here)})


async def test_a_change_is_undone_by_whoever_made_it(admin: Member, noun: Noun) -> None:
    here = await signed_in(admin)
    typed = await filled(noun, admin)
    await made(here, noun, typed)
    row = await row_of(admin, noun, typed)
    path, resource = f"{noun.path}/{row['id']}", f"{noun.resource}/{row['id']}"
    assert (await undo(here, path)).status_code == 409  # it is new
    kept = {name: value for name, value in typed.items() if name not in FIXED}
    form = await here.get(f"{path}/edit")
    saved = await here.fill(form, f"{path}/edit", **kept | noun.edited)
    shown = await here.get(saved.headers["location"])
    assert (f'action="{path}/undo"' in shown.text) == (noun.path not in LISTED_ONLY)
    colleague = await factories.member(admin, "administrator")
    assert (await undo(await signed_in(colleague), path)).status_code == 409
    assert (await undo(here, path)).status_code == 303
    undone = await admin.read(resource)
    assert {name: undone[name] for name in row} | {"updated_at": ""} == row | {"updated_at": ""}
    name = next(one for one in ("name", "supplier_product_name", "category") if one in row)
    accepted(await colleague.edit(resource, **{name: "Other"}))
    assert (await undo(here, path)).status_code == 409
    assert (await admin.read(resource))[name] == "Other"
