"""Form fields that reference another row by name."""

from uuid import uuid4

import httpx
import pytest

from imsop.web.edge.observe import Observed
from tests import factories
from tests.factories import Member
from tests.pages.browsing import Browser, signed_in
from tests.pages.test_editors import shown, wrong


async def colleague(admin: Member, first: str, last: str) -> Member:
    made = await factories.member(admin, "warehouse")
    await admin.edit(f"users/{made.user_id}", first_name=first, last_name=last)
    return made


@pytest.fixture
async def admin(app: Observed) -> Member:
    return await factories.sign_up(app)


async def saved(admin: Member, here: Browser, manager: str) -> tuple[httpx.Response, str]:
    """Submits a new warehouse's form with that manager; returns the response and the warehouse's name."""
    name = f"W{uuid4().hex[:10]}"
    form = await here.get("/warehouses/new")
    return await here.fill(form, "/warehouses/new", name=name, status="active", manager_id=manager), name


async def manager_of(admin: Member, name: str) -> str | None:
    (row,) = [row for row in (await admin.read("warehouses"))["items"] if row["name"] == name]
    manager: str | None = row["manager_id"]
    return manager


async def test_a_name_or_unique_part_selects_its_row(admin: Member) -> None:
    here = await signed_in(admin)
    anna, annabel = await colleague(admin, "Anna", "Weber"), await colleague(admin, "Annabel", "Weber-Roth")
    for typed, meant in (
        ("anna weber", anna),
        ("-ROTH", annabel),
        (" Anna Weber ", anna),
        ("Änna weber", anna),
        ("", None),
    ):
        reply, name = await saved(admin, here, typed)
        assert reply.status_code == 303, reply.text
        assert await manager_of(admin, name) == (str(meant.user_id) if meant else None)


@pytest.mark.parametrize("typed", ["Weber", "Nobody"])
async def test_an_unknown_or_ambiguous_name_is_refused_at_its_field(admin: Member, typed: str) -> None:
    here = await signed_in(admin)
    await colleague(admin, "Anna", "Weber")
    await colleague(admin, "Bert", "Weber")
    reply, _ = await saved(admin, here, typed)
    assert reply.status_code == 422
    assert wrong(reply) == {"manager_id"}
    assert shown(reply)["manager_id"] == typed
    assert ("Anna Weber; Bert Weber" in reply.text) == (typed == "Weber")
    assert (await admin.read("warehouses"))["items"] == []


async def test_errors_of_other_fields_are_reported_too(admin: Member) -> None:
    here = await signed_in(admin)
    form = await here.get("/warehouses/new")
    reply = await here.fill(form, "/warehouses/new", name="", capacity="many", manager_id="Nobody")
    assert wrong(reply) == {"name", "capacity", "manager_id"}


async def test_users_with_one_name_are_shown_with_their_address(admin: Member) -> None:
    here = await signed_in(admin)
    await colleague(admin, "Anna", "Weber")
    second = await colleague(admin, "Anna", "Weber")
    assert wrong((await saved(admin, here, "Anna Weber"))[0]) == {"manager_id"}
    offered = await here.get("/warehouses/choices/manager_id?manager_id=anna")
    label = f"Anna Weber ({second.email})"
    assert label in offered.text
    reply, name = await saved(admin, here, label)
    assert reply.status_code == 303
    assert await manager_of(admin, name) == str(second.user_id)


async def test_a_row_that_can_no_longer_be_selected_is_kept(admin: Member) -> None:
    here = await signed_in(admin)
    anna = await colleague(admin, "Anna", "Weber")
    _, name = await saved(admin, here, "Anna Weber")
    await admin.edit(f"users/{anna.user_id}", status="inactive")
    (row,) = (await admin.read("warehouses"))["items"]
    path = f"/warehouses/{row['id']}/edit"
    form = await here.get(path)
    assert shown(form)["manager_id"] == "Anna Weber"
    kept = await here.fill(form, path, name=name, status="active", manager_id="Anna Weber", city="Kiel")
    assert kept.status_code == 303
    assert await manager_of(admin, name) == str(anna.user_id)
    assert wrong((await saved(admin, here, "Anna Weber"))[0]) == {"manager_id"}


async def test_rows_of_other_organizations_are_not_suggested(app: Observed, admin: Member) -> None:
    stranger = await factories.sign_up(app)
    await colleague(stranger, "Zelda", "Quist")
    here = await signed_in(admin)
    assert "Zelda" not in (await here.get("/warehouses/choices/manager_id?manager_id=Zelda")).text
    viewer = await factories.member(admin, "viewer")
    assert (await (await signed_in(viewer)).get("/warehouses/choices/manager_id")).status_code == 403
