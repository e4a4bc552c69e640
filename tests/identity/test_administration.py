"""Administrators may grant only permissions they hold, and the last administrator cannot be removed."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import httpx
import pytest

from imsop.identity.roles import queries
from imsop.web.edge.observe import Observed
from tests import factories
from tests.factories import PASSWORD, Member, accepted, new_email, visitor


async def role_id(admin: Member, name: str) -> str:
    (role,) = (await admin.read("roles", name=name))["items"]
    found: str = role["id"]
    return found


async def test_a_user_is_added_edited_and_found(admin: Member) -> None:
    email = new_email("Erika")
    user = await admin.create(
        "users",
        {
            "email": email,
            "password": PASSWORD,
            "first_name": "Erika",
            "role_ids": [await role_id(admin, "buyer")],
        },
    )
    assert user["email"] == email.lower()
    edited = accepted(await admin.edit(f"users/{user['id']}", last_name="Muster", first_name=None))
    assert (edited["first_name"], edited["last_name"]) == (None, "Muster")
    assert edited["role_ids"] == user["role_ids"], "what an edit does not name stays"
    (found,) = (await admin.read("users", email=email.upper()))["items"]
    assert found["id"] == user["id"]


async def test_an_archived_user_is_gone_and_the_address_is_free(app: Observed, admin: Member) -> None:
    buyer = await factories.member(admin, "buyer")
    assert (await admin.delete(f"users/{buyer.user_id}")).status_code == 204
    accepted(await admin.get(f"users/{buyer.user_id}"), 404)
    accepted(await admin.delete(f"users/{buyer.user_id}"), 404)
    accepted(await visitor(app).post("auth/token", json={"email": buyer.email, "password": PASSWORD}), 401)
    await admin.create("users", {"email": buyer.email, "password": PASSWORD})


async def test_an_archived_user_holds_no_role_key_or_warehouse(admin: Member) -> None:
    permissions = ["products:read", "api_keys:read", "api_keys:write"]
    porter = await factories.member_with(admin, *permissions)
    (role,) = [one for one in (await admin.read("roles"))["items"] if not one["is_system"]]
    key = (await porter.create("api-keys", {"name": "scanner", "permissions": ["products:read"]}))["api_key"]
    warehouse = await factories.warehouse(admin, manager_id=str(porter.user_id))
    assert (await admin.delete(f"users/{porter.user_id}")).status_code == 204

    (listed,) = [one for one in (await admin.read("api-keys"))["items"] if one["id"] == key["id"]]
    assert listed["revoked_at"] is not None
    assert (await admin.read(f"warehouses/{warehouse['id']}"))["manager_id"] is None
    assert (await admin.delete(f"roles/{role['id']}")).status_code == 204
    await admin.create("roles", {"name": role["name"], "permissions": []})
    revoked = await admin.read("analytics-events", event_type="api_key.revoked")
    assert [event["entity_id"] for event in revoked["items"]] == [key["id"]]


async def test_an_archived_user_manages_no_warehouse(admin: Member) -> None:
    porter = await factories.member(admin, "warehouse")
    warehouse = await factories.warehouse(admin)
    assert (await admin.delete(f"users/{porter.user_id}")).status_code == 204
    for refused in (
        await admin.edit(f"warehouses/{warehouse['id']}", manager_id=str(porter.user_id)),
        await admin.post("warehouses", {"name": "Annex", "manager_id": str(porter.user_id)}),
    ):
        assert [error["field"] for error in accepted(refused, 422)["errors"]] == ["manager_id"]


async def test_an_address_taken_in_another_organization_gives_the_same_error(
    admin: Member, stranger: Member
) -> None:
    buyer = await factories.member(admin, "buyer")
    here = accepted(await admin.post("users", {"email": buyer.email, "password": PASSWORD}), 409)
    there = accepted(await admin.post("users", {"email": stranger.email, "password": PASSWORD}), 409)
    assert here | {"request_id": ""} == there | {"request_id": ""}
    mine = f"users/{admin.user_id}"
    here = accepted(await admin.edit(mine, email=buyer.email), 409)
    there = accepted(await admin.edit(mine, email=stranger.email.upper()), 409)
    assert here | {"request_id": ""} == there | {"request_id": ""}


@pytest.mark.parametrize("password", ["short", "é" * 37, "x" * 73, "zero\x00zero", 12345678, None])
async def test_an_invalid_password_names_its_field(admin: Member, password: object) -> None:
    for reply in (
        await admin.post("users", {"email": new_email(), "password": password}),
        await admin.edit(f"users/{admin.user_id}", password=password),
    ):
        problem = accepted(reply, 422)
        assert [error["field"] for error in problem["errors"]] == ["password"]


async def test_an_unknown_role_is_named(admin: Member, stranger: Member) -> None:
    foreign = await role_id(stranger, "viewer")
    wish = {"email": new_email(), "password": PASSWORD, "role_ids": [await role_id(admin, "viewer"), foreign]}
    problem = accepted(await admin.post("users", wish), 422)
    assert [error["field"] for error in problem["errors"]] == ["role_ids[1]"]


# The last administrator


async def test_the_last_administrator_cannot_be_removed(admin: Member) -> None:
    me = f"users/{admin.user_id}"
    await factories.member(admin, "buyer")
    changes: list[dict[str, Any]] = [{"status": "inactive"}, {"status": "suspended"}, {"role_ids": []}]
    for change in changes:
        problem = accepted(await admin.edit(me, **change), 409)
        assert "administrator" in problem["detail"] or "may change users" in problem["detail"]
    accepted(await admin.delete(me), 409)
    accepted(await admin.get("users"))


async def test_one_of_two_administrators_can_be_removed(admin: Member) -> None:
    deputy = await factories.member(admin, "administrator")
    assert (await admin.delete(f"users/{admin.user_id}")).status_code == 204
    accepted(await deputy.delete(f"users/{deputy.user_id}"), 409)


async def at_once(admin: Member, *requests: Coroutine[Any, Any, httpx.Response]) -> list[int]:
    """Sends requests that all wait for the organization's administration lock, then releases it."""
    async with admin.transaction() as connection:
        await queries.lock_administration(connection, admin.organization_id)
        sent = [asyncio.create_task(request) for request in requests]

        async def all_wait() -> bool:
            # The advisory lock's 64-bit key appears in two halves.
            waiting = await connection.fetchval(
                "SELECT count(*) FROM pg_locks w JOIN pg_locks h USING (locktype, classid, objid)"
                " WHERE locktype = 'advisory' AND h.pid = pg_backend_pid() AND NOT w.granted"
            )
            return bool(waiting == len(sent))

        await factories.eventually(all_wait)
    return [reply.status_code for reply in await asyncio.gather(*sent)]


async def test_two_administrators_cannot_remove_each_other(admin: Member) -> None:
    deputy = await factories.member(admin, "administrator")
    by_admin, by_deputy = await at_once(
        admin, admin.delete(f"users/{deputy.user_id}"), deputy.delete(f"users/{admin.user_id}")
    )
    assert sorted([by_admin, by_deputy]) == [204, 401]  # who comes second is nobody any more
    survivor = admin if by_admin == 204 else deputy
    await factories.sign_in(
        admin.app, survivor.email, survivor.organization_id, {"id": str(survivor.user_id)}
    )


async def test_two_administrators_cannot_both_step_down(admin: Member) -> None:
    deputy = await factories.member(admin, "administrator")
    statuses = await at_once(
        admin,
        admin.edit(f"users/{admin.user_id}", status="inactive"),
        deputy.edit(f"users/{deputy.user_id}", role_ids=[]),
    )
    assert sorted(statuses) == [200, 409]


async def test_the_role_of_the_last_administrator_cannot_lose_its_permissions(admin: Member) -> None:
    every = (await admin.read("roles", name="administrator"))["items"][0]["permissions"]
    head = await factories.member_with(admin, *every)
    assert (await head.delete(f"users/{admin.user_id}")).status_code == 204
    (role,) = [role for role in (await head.read("roles"))["items"] if not role["is_system"]]
    less = [permission for permission in every if permission != "roles:write"]
    accepted(await head.edit(f"roles/{role['id']}", permissions=less), 409)
    assert (await head.read(f"roles/{role['id']}"))["permissions"] == every


# Nobody grants permissions they lack


async def test_a_user_manager_cannot_create_an_administrator(admin: Member) -> None:
    clerk = await factories.member_with(admin, "users:read", "users:write", "roles:read")
    administrator = await role_id(admin, "administrator")
    wish = {"email": new_email(), "password": PASSWORD, "role_ids": [administrator]}
    accepted(await clerk.post("users", wish), 403)
    accepted(await clerk.edit(f"users/{clerk.user_id}", role_ids=[administrator]), 403)
    accepted(await clerk.post("users", wish | {"role_ids": [await role_id(admin, "viewer")]}), 403)
    assert (await clerk.actor()).permissions == {"users:read", "users:write", "roles:read"}


async def test_a_user_manager_cannot_edit_users_with_more_permissions(app: Observed, admin: Member) -> None:
    clerk = await factories.member_with(admin, "users:read", "users:write")
    path = f"users/{admin.user_id}"
    changes: list[dict[str, Any]] = [
        {"password": "mine from now on"},
        {"email": new_email("mine")},
        {"status": "inactive"},
        {"role_ids": []},
        {"first_name": "x"},
    ]
    for change in changes:
        accepted(await clerk.edit(path, **change), 403)
    accepted(await clerk.delete(path), 403)
    await factories.sign_in(app, admin.email, admin.organization_id, {"id": str(admin.user_id)})


async def test_a_user_manager_may_grant_permissions_they_hold(admin: Member) -> None:
    clerk = await factories.member_with(admin, "users:read", "users:write", "products:read")
    role = await admin.create("roles", {"name": "shelf reader", "permissions": ["products:read"]})
    wish = {"email": new_email(), "password": PASSWORD, "role_ids": [role["id"]]}
    accepted(await clerk.post("users", wish), 201)


async def test_a_role_manager_cannot_create_roles_with_more_permissions(admin: Member) -> None:
    clerk = await factories.member_with(admin, "roles:read", "roles:write")
    (own,) = [role for role in (await admin.read("roles"))["items"] if not role["is_system"]]
    accepted(await clerk.post("roles", {"name": "more", "permissions": ["users:write"]}), 403)
    more = ["roles:read", "roles:write", "users:write"]
    accepted(await clerk.edit(f"roles/{own['id']}", permissions=more), 403)
    stronger = await admin.create("roles", {"name": "stronger", "permissions": ["users:write"]})
    accepted(await clerk.edit(f"roles/{stronger['id']}", permissions=["roles:read"]), 403)
    accepted(await clerk.edit(f"roles/{stronger['id']}", name="weaker"), 403)
    accepted(await clerk.delete(f"roles/{stronger['id']}"), 403)


async def test_a_role_cannot_gain_permissions_between_check_and_assignment(admin: Member) -> None:
    """The clerk assigns a weak role while the administrator strengthens it: one must see the other."""
    clerk = await factories.member_with(admin, "users:read", "users:write", "products:read")
    role = await admin.create("roles", {"name": "growing", "permissions": ["products:read"]})
    wish = {"email": new_email(), "password": PASSWORD, "role_ids": [role["id"]]}
    given, grown = await at_once(
        admin,
        clerk.post("users", wish),
        admin.edit(f"roles/{role['id']}", permissions=["users:read", "roles:read"]),
    )
    assert (given, grown) in {(201, 200), (403, 200)}
    (grown_role,) = (await admin.read("roles", name="growing"))["items"]
    holders = [user for user in (await admin.read("users"))["items"] if role["id"] in user["role_ids"]]
    assert (len(holders) == 1) == (given == 201)
    assert grown_role["permissions"] == ["roles:read", "users:read"]


# Roles


async def test_system_roles_cannot_be_changed(admin: Member) -> None:
    viewer = await role_id(admin, "viewer")
    accepted(await admin.edit(f"roles/{viewer}", permissions=[]), 409)
    accepted(await admin.edit(f"roles/{viewer}", name="looker"), 409)
    accepted(await admin.delete(f"roles/{viewer}"), 409)


async def test_an_assigned_role_is_not_deleted(admin: Member) -> None:
    await factories.member_with(admin, "products:read")
    (role,) = [role for role in (await admin.read("roles"))["items"] if not role["is_system"]]
    accepted(await admin.delete(f"roles/{role['id']}"), 409)
    free = await admin.create("roles", {"name": "free", "permissions": []})
    assert (await admin.delete(f"roles/{free['id']}")).status_code == 204
    accepted(await admin.get(f"roles/{free['id']}"), 404)


async def test_role_names_are_unique_per_organization(admin: Member, stranger: Member) -> None:
    wish = {"name": "porter", "permissions": ["products:read"]}
    await admin.create("roles", wish)
    await stranger.create("roles", wish)
    again = accepted(await admin.post("roles", wish), 409)
    assert [error["field"] for error in again["errors"]] == ["name"]


async def test_permissions_of_two_roles_are_combined(admin: Member) -> None:
    roles = [await role_id(admin, name) for name in ("buyer", "warehouse")]
    clerk = await factories.member(admin, "viewer")
    accepted(await admin.edit(f"users/{clerk.user_id}", role_ids=roles))
    await factories.eventually(lambda: _holds(clerk, "suppliers:write", "inventory:write"))


async def _holds(member: Member, *permissions: str) -> bool:
    return (await member.actor()).permissions.issuperset(permissions)
