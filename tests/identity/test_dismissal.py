"""Revoked access is effective for requests in flight, API keys, and requests that wait for a lock."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from imsop.cli.operating import replace_password
from imsop.core.embedded import OperatorError
from imsop.core.settings import Settings
from imsop.identity.roles.queries import lock_administration
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import PASSWORD, Member, accepted, eventually, new_email, visitor


async def key_of(member: Member, *permissions: str) -> httpx.AsyncClient:
    made = accepted(await member.post("api-keys", {"name": "k", "permissions": list(permissions)}), 201)
    return visitor(member.app, **{"X-API-Key": made["key"]})


@pytest.mark.parametrize("repeatable", [False, True])
async def test_a_body_that_arrives_after_revocation_writes_nothing(
    admin: Member, *, repeatable: bool
) -> None:
    deputy = await factories.member(admin, "administrator")
    asked_for, dismissed = asyncio.Event(), asyncio.Event()

    async def slow_body() -> AsyncIterator[bytes]:
        asked_for.set()
        yield b'{"sku": "SLEEPER", '
        await dismissed.wait()
        yield b'"name": "Sleeper"}'

    headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": "k"} if repeatable else {})
    under_way = asyncio.create_task(deputy.http.post("products", content=slow_body(), headers=headers))
    await asked_for.wait()
    accepted(await admin.edit(f"users/{deputy.user_id}", status="suspended"))
    await eventually(lambda: _is_refused(deputy))
    dismissed.set()
    accepted(await under_way, 401)
    assert (await admin.read("products"))["items"] == []


async def _is_refused(member: Member) -> bool:
    return (await member.get("products")).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "users/{deputy}", {"role_ids": ["{administrator}"], "status": "active"}),
        ("POST", "users", {"email": "{email}", "password": PASSWORD, "role_ids": ["{administrator}"]}),
        ("POST", "roles", {"name": "back door", "permissions": ["users:write"]}),
        ("POST", "api-keys", {"name": "back door", "permissions": ["users:write"]}),
        ("DELETE", "users/{admin}", None),
    ],
)
async def test_after_waiting_for_the_lock_current_permissions_apply(
    admin: Member, method: str, path: str, body: dict[str, Any] | None
) -> None:
    """The lock is held by us, then by the request that revokes the deputy's access, then by the deputy."""
    deputy = await factories.member(admin, "administrator")
    administrator = (await admin.read("roles", name="administrator"))["items"][0]["id"]
    names = {"deputy": deputy.user_id, "admin": admin.user_id, "administrator": administrator}
    names["email"] = new_email()

    def named(value: Any) -> Any:
        match value:
            case str():
                return value.format(**names)
            case list():
                return [named(part) for part in value]
            case dict():
                return {key: named(part) for key, part in value.items()}
        return value

    async with admin.transaction() as ours:
        await lock_administration(ours, admin.organization_id)
        change = {"role_ids": [], "status": "inactive"}
        dismissal = asyncio.create_task(admin.edit(f"users/{deputy.user_id}", **change))
        await _waits(admin, 1)
        attempt = asyncio.create_task(
            deputy.http.request(method, named(path), json=named(body), headers={"If-Match": "*"})
        )
        await _waits(admin, 2)
    accepted(await dismissal)
    accepted(await attempt, 401)
    assert (await admin.read(f"users/{deputy.user_id}"))["status"] == "inactive"


async def _waits(admin: Member, many: int) -> None:
    """Waits until that many transactions wait for the lock."""

    async def queued() -> bool:
        async with admin.transaction() as connection:
            waiting: int = await connection.fetchval(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        return waiting >= many

    await eventually(queued)


async def test_a_key_ends_with_its_creators_account(admin: Member) -> None:
    deputy = await factories.member(admin, "administrator")
    key = await key_of(deputy, "users:read", "users:write", "products:read")
    accepted(await key.get("users"))
    accepted(await admin.edit(f"users/{deputy.user_id}", role_ids=[]))

    async def lost_users() -> bool:
        return (await key.get("users")).status_code == 403

    await eventually(lost_users)
    assert (await admin.delete(f"users/{deputy.user_id}")).status_code == 204

    async def ended() -> bool:
        return (await key.get("products")).status_code == 401

    await eventually(ended)


async def test_a_key_cannot_create_keys(admin: Member) -> None:
    key = await key_of(admin, "api_keys:write", "products:read")
    accepted(await key.post("api-keys", json={"name": "child", "permissions": ["products:read"]}), 403)


async def test_revoking_a_key_requires_its_permissions(admin: Member) -> None:
    made = accepted(await admin.post("api-keys", {"name": "k", "permissions": ["users:write"]}), 201)
    keeper = await factories.member_with(admin, "api_keys:read", "api_keys:write")
    accepted(await keeper.delete(f"api-keys/{made['api_key']['id']}"), 403)


async def test_each_kind_of_credential_is_accepted_only_in_its_place(admin: Member) -> None:
    for headers in (
        {"X-API-Key": admin.token},
        {"Cookie": f"imsop_session={admin.token}"},
        {"Authorization": f"Bearer {admin.token.replace('_at_', '_bs_')}"},
    ):
        accepted(await visitor(admin.app, **headers).get("products"), 401)


async def test_attempts_of_one_account_are_counted_together(admin: Member) -> None:
    """PostgreSQL lower-cases a dotted capital I to i: each spelling would have had ten attempts."""
    email = admin.email.replace("i", "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}", 1)
    assert email != admin.email
    accepted(await visitor(admin.app).post("auth/token", json={"email": email, "password": PASSWORD}), 401)


@pytest.mark.parametrize(
    "email", ["ada@\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}.example", "ada@x.example\n"]
)
async def test_an_address_has_one_spelling(admin: Member, email: str) -> None:
    refused = accepted(await admin.post("users", {"email": email, "password": PASSWORD}), 422)
    assert refused["errors"][0]["field"] == "email"


async def test_a_sign_in_does_not_change_the_users_version(admin: Member) -> None:
    deputy = await factories.member(admin, "buyer")
    seen = await admin.get(f"users/{deputy.user_id}")
    await factories.sign_in(admin.app, deputy.email, deputy.organization_id, {"id": str(deputy.user_id)})
    changed = await admin.http.patch(
        f"users/{deputy.user_id}", json={"first_name": "Ada"}, headers={"If-Match": seen.headers["etag"]}
    )
    accepted(changed)


@pytest.mark.parametrize("address", ["unknown", "fe80::1%eth0", "10.0.0.1:80", ""])
async def test_a_malformed_forwarded_address_does_not_block_sign_in(admin: Member, address: str) -> None:
    http = visitor(admin.app, address=address or None)
    accepted(await http.post("auth/token", json={"email": admin.email, "password": PASSWORD}))


@pytest.mark.parametrize("revokes", [True, False])
async def test_a_new_password_of_ones_own_ends_ones_keys_only_if_asked(admin: Member, revokes: bool) -> None:
    key = await key_of(admin, "products:read")
    change = {"current_password": PASSWORD, "new_password": "an even longer password"}
    changed = await admin.post("me/password", change | {"revoke_api_keys": revokes})
    assert changed.status_code == 204
    if revokes:
        await _eventually_refused(key)
    else:
        accepted(await key.get("products"))


async def test_a_password_reset_by_an_administrator_ends_the_users_keys_and_no_others(admin: Member) -> None:
    deputy = await factories.member(admin, "administrator")
    key, other = await key_of(deputy, "products:read"), await key_of(admin, "products:read")
    accepted(await admin.edit(f"users/{deputy.user_id}", password="an even longer password"))
    await _eventually_refused(key)
    accepted(await other.get("products"))
    events = await admin.read("analytics-events", event_type="api_key.revoked")
    assert [event["user_id"] for event in events["items"]] == [str(admin.user_id)]


async def _eventually_refused(key: httpx.AsyncClient) -> None:
    async def refused() -> bool:
        return (await key.get("products")).status_code == 401

    await eventually(refused)


async def test_a_password_set_by_the_operator_works_and_ends_all_else(
    database: TestDatabase, admin: Member
) -> None:
    key = await key_of(admin, "products:read")
    settings = Settings(bcrypt_cost=4)
    password = await replace_password(database.app_dsn, settings, admin.email.upper())
    await _eventually_refused(key)
    for tried, status in ((PASSWORD, 401), (password, 200)):
        account = {"email": admin.email, "password": tried}
        accepted(await visitor(admin.app).post("auth/token", json=account), status)
    with pytest.raises(OperatorError, match="nobody"):
        await replace_password(database.app_dsn, settings, new_email())
