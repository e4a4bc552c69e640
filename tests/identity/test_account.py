"""The user's own account: accessible to its user only, without any permission, and never by an API key."""

import asyncio
from uuid import uuid4

import httpx
import pytest

from imsop.identity.people.models import User
from imsop.web.edge.observe import Observed
from tests import factories
from tests.factories import PASSWORD, Member, accepted, eventually, visitor

NEW_PASSWORD = "an even longer password"


async def signed_in_again(member: Member, password: str = PASSWORD) -> httpx.AsyncClient:
    """The same user in another session."""
    account = {"email": member.email, "password": password}
    token = accepted(await visitor(member.app).post("auth/token", json=account))["access_token"]
    return visitor(member.app, Authorization=f"Bearer {token}")


async def is_signed_out(client: httpx.AsyncClient) -> None:
    async def refused() -> bool:
        return (await client.get("me")).status_code == 401

    await eventually(refused)


@pytest.fixture
async def clerk(admin: Member) -> Member:
    """A user without permissions."""
    return await factories.member_with(admin)


async def test_everybody_sees_and_edits_their_own_profile(clerk: Member, admin: Member) -> None:
    me = await clerk.read("me")
    assert me["id"] == str(clerk.user_id)
    assert set(me) == set(User.__struct_fields__)
    changed = accepted(await clerk.edit("me", first_name="Ada", phone=None, locale="de"))
    assert (changed["first_name"], changed["phone"], changed["locale"]) == ("Ada", None, "de")
    seen = await admin.read(f"users/{clerk.user_id}")
    assert seen["locale"] == "de"
    stale = await clerk.http.patch("me", json={"first_name": "Bob"}, headers={"If-Match": '"2020"'})
    accepted(stale, 412)


@pytest.mark.parametrize(
    "changes", [{"status": "active"}, {"role_ids": []}, {"email": "x@y.example"}, {"password": "x" * 9}]
)
async def test_a_profile_edit_cannot_set_administrative_fields(
    clerk: Member, changes: dict[str, object]
) -> None:
    refused = accepted(await clerk.edit("me", **changes), 422)
    assert refused["errors"][0]["field"] == next(iter(changes))


async def test_an_unsupported_locale_is_refused(clerk: Member) -> None:
    assert accepted(await clerk.edit("me", locale="xx"), 422)["errors"][0]["field"] == "locale"


async def test_a_new_password_needs_the_old_one_and_signs_out_everywhere_else(clerk: Member) -> None:
    elsewhere = await signed_in_again(clerk)
    wrong = {"current_password": "a wrong password", "new_password": NEW_PASSWORD}
    refused = accepted(await clerk.post("me/password", wrong), 422)
    assert refused["errors"][0]["field"] == "current_password"
    accepted(await elsewhere.get("me"))
    changed = await clerk.post("me/password", {"current_password": PASSWORD, "new_password": NEW_PASSWORD})
    assert changed.status_code == 204
    await clerk.read("me")
    await is_signed_out(elsewhere)
    account = {"email": clerk.email, "password": PASSWORD}
    accepted(await visitor(clerk.app).post("auth/token", json=account), 401)
    await signed_in_again(clerk, NEW_PASSWORD)


async def test_of_two_concurrent_password_changes_one_is_refused(clerk: Member) -> None:
    """Both know the old password: the second must not overwrite what the first has set."""
    replies = await asyncio.gather(
        *(
            clerk.post("me/password", {"current_password": PASSWORD, "new_password": f"{NEW_PASSWORD} {n}"})
            for n in range(2)
        )
    )
    assert sorted(reply.status_code for reply in replies) in ([204, 409], [204, 422])


async def test_password_guesses_from_an_open_session_are_limited(admin: Member) -> None:
    async with factories.running(
        factories.litestar_of(admin.app).state.installation, sign_in_attempts_per_account=2
    ) as strict:
        there = factories.elsewhere(admin, strict)
        guess = {"current_password": "a wrong password", "new_password": NEW_PASSWORD}
        for _ in range(2):
            accepted(await there.post("me/password", guess), 422)
        limited = await there.post("me/password", guess)
        accepted(limited, 429)
        assert int(limited.headers["retry-after"]) > 0


async def test_sessions_are_listed_and_ended(clerk: Member, admin: Member) -> None:
    elsewhere = await signed_in_again(clerk)
    sessions = (await clerk.read("me/sessions"))["items"]
    assert [session["current"] for session in sessions] == [False, True]
    assert sessions[0]["kind"] == "bearer"
    assert sessions[0]["address"]
    accepted(await elsewhere.get("me"))
    assert (await clerk.delete(f"me/sessions/{sessions[0]['id']}")).status_code == 204
    await is_signed_out(elsewhere)
    assert len((await clerk.read("me/sessions"))["items"]) == 1
    theirs = (await admin.read("me/sessions"))["items"][0]["id"]
    for unknown in (theirs, uuid4(), sessions[0]["id"]):
        accepted(await clerk.delete(f"me/sessions/{unknown}"), 404)
    await admin.read("me")


async def test_signing_out_revokes_the_current_token(clerk: Member) -> None:
    elsewhere = await signed_in_again(clerk)
    assert (await elsewhere.delete("auth/token")).status_code == 204
    await is_signed_out(elsewhere)
    await clerk.read("me")


async def test_an_api_key_has_no_account(app: Observed, admin: Member) -> None:
    key = accepted(await admin.post("api-keys", {"name": "k", "permissions": ["products:read"]}), 201)["key"]
    integration = visitor(app, **{"X-API-Key": key})
    accepted(await integration.get("products"))
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    for refused in (
        await integration.get("me"),
        await integration.patch("me", json={"first_name": "X"}, headers={"If-Match": "*"}),
        await integration.post("me/password", json=change),
        await integration.get("me/sessions"),
        await integration.delete(f"me/sessions/{uuid4()}"),
        await integration.delete("auth/token"),
    ):
        accepted(refused, 403)
