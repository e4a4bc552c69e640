"""Users, roles and keys as administrators see them."""

import csv
import io

import python_calamine

from tests import factories
from tests.factories import Member, accepted
from tests.pages.browsing import signed_in


async def test_users_are_listed_narrowed_and_opened(admin: Member, stranger: Member) -> None:
    buyer = await factories.member(admin, "buyer")
    here = await signed_in(admin)
    page = await here.get("/users")
    assert {admin.email, buyer.email} <= set(page.text.replace("<", " ").replace(">", " ").split())
    assert stranger.email not in page.text
    narrowed = await here.get("/users", params={"email": buyer.email})
    assert buyer.email in narrowed.text
    assert f"/users/{admin.user_id}" not in narrowed.text
    one = await here.get(f"/users/{buyer.user_id}")
    assert "Buys: suppliers" in one.text
    assert (await here.get(f"/users/{stranger.user_id}")).status_code == 404


async def test_a_role_shows_what_it_may_do_and_who_has_it(admin: Member) -> None:
    buyer = await factories.member(admin, "buyer")
    role = (await admin.read("roles", name="buyer"))["items"][0]
    here = await signed_in(admin)
    page = await here.get(f"/roles/{role['id']}")
    assert buyer.email in page.text
    held = page.text.count('<span class="visually-hidden">Yes</span>')
    assert held == len(role["permissions"])


async def test_lists_leaf_forth_and_back(admin: Member) -> None:
    names = sorted(f"role {number:03}" for number in range(60))
    for name in names:
        accepted(await admin.post("roles", {"name": name, "permissions": []}), 201)
    here = await signed_in(admin)
    first = await here.get("/roles?sort=-name")
    assert 'rel="prev"' not in first.text
    onward = next(part for part in first.text.split('"') if "cursor=" in part).replace("&amp;", "&")
    second = await here.get(onward)
    assert 'rel="next"' not in second.text
    back = next(part for part in second.text.split('"') if "before=" in part).replace("&amp;", "&")
    again = await here.get(back)
    assert 'rel="prev"' not in again.text
    shown = [name for name in names if f">{name}<" in first.text]
    assert 0 < len(shown) < 60
    assert shown == [name for name in names if f">{name}<" in again.text]
    assert "50 of 67" in first.text


async def test_an_export_holds_every_row_and_no_formula(admin: Member) -> None:
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


async def test_who_may_not_see_people_does_not(admin: Member) -> None:
    viewer = await factories.member(admin, "viewer")
    here = await signed_in(viewer)
    for path in ("/users", "/users.csv", "/roles", "/api-keys", f"/users/{admin.user_id}"):
        assert (await here.get(path)).status_code == 403, path
    page = await here.get("/products")
    assert 'href="/users"' not in page.text
