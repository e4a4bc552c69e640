"""Users, roles and API keys on pages of administrators."""

import csv
import io

import python_calamine

from tests import factories
from tests.factories import Member, accepted
from tests.pages.browsing import signed_in
from tests.pages.exported import csv_of
from tests.pages.tables import is_empty, leaf, table


async def test_users_are_listed_filtered_and_opened(admin: Member, stranger: Member) -> None:
    buyer = await factories.member(admin, "buyer")
    here = await signed_in(admin)
    page = await here.get("/users")
    assert {admin.email, buyer.email} <= set(page.text.replace("<", " ").replace(">", " ").split())
    assert stranger.email not in page.text
    narrowed = await here.get("/users", params={"q": buyer.email.upper()})
    assert buyer.email in narrowed.text
    assert f"/users/{admin.user_id}" not in narrowed.text
    one = await here.get(f"/users/{buyer.user_id}")
    assert "Buys: suppliers" in one.text
    assert (await here.get(f"/users/{stranger.user_id}")).status_code == 404


def _first(rows: list[dict[str, str]], column: str) -> list[str]:
    return [row[column] for row in rows]


async def test_users_are_found_by_a_part_of_name_or_address_by_status_and_by_role(admin: Member) -> None:
    buyer = await factories.member(admin, "buyer")
    viewer = await factories.member(admin, "viewer")
    await buyer.edit("me", first_name="Ada", last_name="Okafor")
    await admin.edit(f"users/{viewer.user_id}", status="suspended")
    (role,) = (await admin.read("roles", name="viewer"))["items"]
    here = await signed_in(admin)
    for asked, expected in (
        ({"q": "okafor AD"}, {buyer.email}),
        ({"q": viewer.email[8:24].upper()}, {viewer.email}),
        ({"q": "%"}, set()),
        ({"status": "suspended"}, {viewer.email}),
        ({"role_id": role["id"]}, {viewer.email}),
        ({"role_id": role["id"], "q": "okafor"}, set()),
        ({}, {admin.email, buyer.email, viewer.email}),
    ):
        page = await here.get("/users", params=asked)
        shown = set(_first(table(page, "Users"), "E-mail address")) if expected else set()
        assert shown == expected, asked
        assert is_empty(page) == (not expected)
        assert {row["email"] for row in await csv_of(here, "/users", **asked)} == expected, asked


async def test_roles_are_found_by_their_translated_name(admin: Member) -> None:
    await admin.create("roles", {"name": "Night shift", "description": "Buys at night", "permissions": []})
    here = await signed_in(admin)
    assert _first(table(await here.get("/roles", params={"q": "BUYS"}), "Roles"), "Role") == [
        "Buyer",
        "Night shift",
    ]
    own = await here.get("/roles", params={"kind": "own"})
    assert _first(table(own, "Roles"), "Role") == ["Night shift"]
    system = await csv_of(here, "/roles", kind="system", q="buy")
    assert [row["name"] for row in system] == ["buyer"]
    await admin.edit("me", locale="de")
    german = await signed_in(admin)
    found = table(await german.get("/roles", params={"q": "kauft ein"}), "Rollen")
    assert _first(found, "Rolle") == ["Einkauf"]


async def test_keys_are_found_by_name_and_validity(admin: Member) -> None:
    made = [
        await admin.create("api-keys", {"name": name, "permissions": ["products:read"]})
        for name in ("Scales", "Shop", "Old shop")
    ]
    assert (await admin.delete(f"api-keys/{made[2]['api_key']['id']}")).status_code == 204
    here = await signed_in(admin)
    for asked, expected in (
        ({"q": "SHOP"}, ["Old shop", "Shop"]),
        ({"q": "shop", "status": "active"}, ["Shop"]),
        ({"status": "revoked"}, ["Old shop"]),
        ({"sort": "created_at"}, ["Scales", "Shop", "Old shop"]),
    ):
        page = await here.get("/api-keys", params=asked)
        assert _first(table(page, "API keys"), "Key") == expected, asked
        assert [row["name"] for row in await csv_of(here, "/api-keys", **asked)] == expected, asked


async def test_a_role_shows_its_permissions_and_users(admin: Member) -> None:
    buyer = await factories.member(admin, "buyer")
    role = (await admin.read("roles", name="buyer"))["items"][0]
    here = await signed_in(admin)
    page = await here.get(f"/roles/{role['id']}")
    assert buyer.email in page.text
    held = page.text.count('<span class="visually-hidden">Yes</span>')
    assert held == len(role["permissions"])


async def test_lists_are_paged_forward_and_back(admin: Member) -> None:
    names = sorted(f"role {number:03}" for number in range(60))
    for name in names:
        accepted(await admin.post("roles", {"name": name, "permissions": []}), 201)
    here = await signed_in(admin)
    first = await here.get("/roles?sort=-name")
    assert leaf(first, "prev") is None
    second = await here.get(leaf(first, "next") or "")
    assert leaf(second, "next") is None
    again = await here.get(leaf(second, "prev") or "")
    assert leaf(again, "prev") is None
    shown = [name for name in names if f">{name}<" in first.text]
    assert 0 < len(shown) < 60
    assert shown == [name for name in names if f">{name}<" in again.text]
    assert "50 of 67" in first.text


async def test_an_export_is_complete_and_free_of_formulas(admin: Member) -> None:
    wicked = ["=1+1", "+A1", "-A1", "@SUM(A1)", 'plain, with "quotes"\nand a line']
    for name in wicked:
        accepted(await admin.post("roles", {"name": name, "permissions": ["products:read"]}), 201)
    stored = sorted(role["name"] for role in (await admin.read("roles", limit=500))["items"])
    here = await signed_in(admin)
    text = await here.get("/roles.csv")
    assert text.headers["content-disposition"].startswith('attachment; filename="roles-')
    rows = list(csv.DictReader(io.StringIO(text.content.decode("utf-8-sig"))))
    assert sorted(row["name"].removeprefix("'") for row in rows) == stored
    assert not [row for row in rows if row["name"].startswith(("=", "+", "-", "@"))]
    sheet = await here.get("/roles.xlsx")
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(sheet.content))
    header, *body = book.get_sheet_by_index(0).to_python()
    assert header[0] == "name"
    assert sorted(str(row[0]) for row in body) == stored


async def test_without_permission_users_are_not_shown(admin: Member) -> None:
    viewer = await factories.member(admin, "viewer")
    here = await signed_in(viewer)
    for path in ("/users", "/users.csv", "/roles", "/api-keys", f"/users/{admin.user_id}"):
        assert (await here.get(path)).status_code == 403, path
    page = await here.get("/products")
    assert 'href="/users"' not in page.text
