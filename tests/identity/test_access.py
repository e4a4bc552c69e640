"""What tokens and keys permit, for how long, and how fast every process sees a change."""

import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from imsop.core import caches
from imsop.core.caches import LOOKUPS
from imsop.identity.credentials import queries
from imsop.identity.credentials.tokens import new_token, token_hash
from imsop.web.edge import csrf
from imsop.web.edge.csrf import SESSION_COOKIE, csrf_token
from imsop.web.edge.observe import Observed
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import PASSWORD, Member, accepted, eventually, visitor


async def test_a_changed_role_is_effective_in_every_process_within_a_second(
    app: Observed, admin: Member, database: TestDatabase
) -> None:
    clerk = await factories.member_with(admin, "products:read", "products:write")
    (role,) = [r for r in (await admin.read("roles"))["items"] if not r["is_system"]]
    async with factories.running(database.installation) as other:
        there = factories.elsewhere(clerk, other)

        async def may_write_there() -> bool:
            # An invalid body: 422 for those who may write, 403 for others.
            return (await there.post("products", {})).status_code == 422

        await eventually(may_write_there)
        accepted(await admin.edit(f"roles/{role['id']}", permissions=["products:read"]))

        async def may_no_longer() -> bool:
            return not await may_write_there()

        await eventually(may_no_longer, within_seconds=1)
        accepted(await there.get("products"))
        accepted(await admin.edit(f"roles/{role['id']}", permissions=["products:read", "products:write"]))
        await eventually(may_write_there, within_seconds=1)


async def test_assigned_and_revoked_roles_are_effective_in_every_process(
    admin: Member, database: TestDatabase
) -> None:
    clerk = await factories.member(admin, "viewer")
    roles = {role["name"]: role["id"] for role in (await admin.read("roles"))["items"]}
    async with factories.running(database.installation) as other:
        there = factories.elsewhere(clerk, other)
        accepted(await there.post("suppliers", {}), 403)
        accepted(await admin.edit(f"users/{clerk.user_id}", role_ids=[roles["viewer"], roles["buyer"]]))

        async def may_buy() -> bool:
            return (await there.post("suppliers", {})).status_code == 422

        await eventually(may_buy)


async def test_a_revoked_permission_is_gone_when_the_response_arrives(app: Observed, admin: Member) -> None:
    """In the process that responds; the next request may arrive before any notification."""
    wish = {"name": "k", "permissions": ["products:read"]}
    for _ in range(50):
        made = accepted(await admin.post("api-keys", wish), 201)
        integration = visitor(app, **{"X-API-Key": made["key"]})
        accepted(await integration.get("products"))
        await admin.delete(f"api-keys/{made['api_key']['id']}")
        accepted(await integration.get("products"), 401)


async def test_roles_sessions_and_accounts_are_revoked_at_once(admin: Member) -> None:
    clerk = await factories.member_with(admin, "products:read", "products:write")
    (role,) = [r for r in (await admin.read("roles"))["items"] if not r["is_system"]]
    for permissions, status in ((["products:read"], 403), (["products:read", "products:write"], 422)) * 10:
        accepted(await admin.edit(f"roles/{role['id']}", permissions=permissions))
        accepted(await clerk.post("products", {}), status)
    for suspended in (True, False) * 10:
        accepted(await admin.edit(f"users/{clerk.user_id}", status="active"))
        again = await factories.sign_in(
            admin.app, clerk.email, clerk.organization_id, {"id": str(clerk.user_id)}
        )
        accepted(await again.get("products"))
        ended = (
            admin.edit(f"users/{clerk.user_id}", status="suspended")
            if suspended
            else again.delete("auth/token")
        )
        assert (await ended).is_success
        accepted(await again.get("products"), 401)


async def test_a_process_without_notifications_caches_nothing(
    admin: Member, database: TestDatabase, superuser: Any
) -> None:
    """Its LISTEN connection dies; a change is still seen at once, as nothing is cached."""
    clerk = await factories.member(admin, "buyer")
    listening = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"
    before = {row["pid"] for row in await superuser.fetch(listening)}
    async with factories.running(database.installation) as other:
        there = factories.elsewhere(clerk, other)

        async def remembers() -> bool:
            accepted(await there.get("products"))
            return len(factories.litestar_of(other).state.access.cache) > 0

        await eventually(remembers)
        (pid,) = {row["pid"] for row in await superuser.fetch(listening)} - before
        await superuser.execute("SELECT pg_terminate_backend($1)", pid)

        async def forgot() -> bool:
            return len(factories.litestar_of(other).state.access.cache) == 0

        await eventually(forgot)
        accepted(await admin.edit(f"users/{clerk.user_id}", status="inactive"))
        assert (await there.get("products")).status_code == 401
        # It reconnects by itself.
        await eventually(lambda: _listens(other))


async def _listens(app: Observed) -> bool:
    return bool(factories.litestar_of(app).state.access.cache.is_listening)


async def test_a_change_during_the_lookup_is_not_overwritten_in_the_cache(
    admin: Member, app: Observed
) -> None:
    """An actor that was read before a notification and arrives after it must not be cached."""
    access = factories.litestar_of(app).state.access
    clerk = await factories.member(admin, "buyer")
    looked_up = access._look_up

    async def with_a_rival(token: object) -> object:
        actor = await looked_up(token)
        access.forget(admin.organization_id)  # the notification, at the worst moment
        return actor

    access._look_up = with_a_rival
    try:
        await access.authenticate(clerk.token, "bearer")
    finally:
        access._look_up = looked_up
    before = LOOKUPS.labels("permissions", "missed")._value.get()
    await access.authenticate(clerk.token, "bearer")
    assert LOOKUPS.labels("permissions", "missed")._value.get() == before + 1


async def test_a_token_ends_when_its_time_is_over(
    app: Observed, admin: Member, superuser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it is remembered: for as long as it had left when it was looked up, half a minute."""
    token = new_token("bearer", admin.organization_id)
    async with admin.transaction() as connection:
        await queries.insert_session(
            connection, admin.organization_id, admin.user_id, "bearer", token_hash(token), None, None, 30
        )
    signed_in = visitor(app, Authorization=f"Bearer {token}")
    accepted(await signed_in.get("products"))
    await superuser.execute(
        "UPDATE sessions SET expires_at = now() WHERE organization_id = $1 AND token_hash = $2",
        admin.organization_id,
        token_hash(token),
    )
    accepted(await signed_in.get("products"))
    monkeypatch.setattr(caches, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + 30))
    refused = accepted(await signed_in.get("products"), 401)
    assert "expired" in refused["detail"]


async def test_a_new_password_ends_every_session_of_the_user(app: Observed, admin: Member) -> None:
    buyer = await factories.member(admin, "buyer")
    accepted(await buyer.get("products"))
    accepted(await admin.edit(f"users/{buyer.user_id}", password="another long password"))

    async def signed_out() -> bool:
        return (await buyer.get("products")).status_code == 401

    await eventually(signed_out)
    accepted(await visitor(app).post("auth/token", json={"email": buyer.email, "password": PASSWORD}), 401)
    await factories.sign_in(
        app, buyer.email, buyer.organization_id, {"id": str(buyer.user_id)}, password="another long password"
    )


async def test_only_the_hash_of_a_token_is_stored(admin: Member, superuser: Any) -> None:
    created = accepted(await admin.post("api-keys", {"name": "k", "permissions": ["products:read"]}), 201)
    rows = await superuser.fetch(
        "SELECT s::text FROM sessions s WHERE organization_id = $1"
        " UNION ALL SELECT k::text FROM api_keys k WHERE organization_id = $1",
        admin.organization_id,
    )
    text = " ".join(row[0] for row in rows)
    for secret in (admin.token, created["key"]):
        assert secret not in text
        assert secret[40:] not in text
        assert secret.encode().hex() not in text
        assert token_hash(secret).hex() in text


# API keys


async def test_a_key_grants_its_permissions_and_shows_its_last_use(app: Observed, admin: Member) -> None:
    made = await admin.post("api-keys", {"name": "shop", "permissions": ["products:read", "products:read"]})
    created = accepted(made, 201)
    assert created["api_key"]["permissions"] == ["products:read"]
    assert created["api_key"]["last_used_at"] is None
    assert made.headers["cache-control"] == "no-store"
    integration = visitor(app, **{"X-API-Key": created["key"]})
    accepted(await integration.get("products"))
    accepted(await integration.post("products", json={}), 403)
    accepted(await integration.get("suppliers"), 403)
    accepted(await integration.get("users"), 403)
    shown = await admin.read(f"api-keys/{created['api_key']['id']}")
    used = datetime.fromisoformat(shown["last_used_at"])
    assert timedelta(0) <= datetime.now(UTC) - used < timedelta(minutes=1)
    assert created["key"].startswith(shown["prefix"])
    assert len(created["key"]) - len(shown["prefix"]) > 40


async def test_a_key_is_shown_once(admin: Member) -> None:
    created = accepted(await admin.post("api-keys", {"name": "shop", "permissions": []}), 201)
    for path in ("api-keys", f"api-keys/{created['api_key']['id']}"):
        assert created["key"] not in (await admin.get(path)).text


async def test_a_key_also_works_as_bearer_token(app: Observed, admin: Member) -> None:
    created = accepted(await admin.post("api-keys", {"name": "k", "permissions": ["products:read"]}), 201)
    accepted(await visitor(app, Authorization=f"Bearer {created['key']}").get("products"))


async def test_a_revoked_key_is_refused_in_every_process(
    app: Observed, admin: Member, database: TestDatabase
) -> None:
    created = accepted(await admin.post("api-keys", {"name": "k", "permissions": ["products:read"]}), 201)
    async with factories.running(database.installation) as other:
        for where in (app, other):
            accepted(await visitor(where, **{"X-API-Key": created["key"]}).get("products"))
        accepted_nothing = await admin.delete(f"api-keys/{created['api_key']['id']}")
        assert accepted_nothing.status_code == 204
        for where in (app, other):
            integration = visitor(where, **{"X-API-Key": created["key"]})

            async def refused(integration: httpx.AsyncClient = integration) -> bool:
                return (await integration.get("products")).status_code == 401

            await eventually(refused)
    kept = await admin.read(f"api-keys/{created['api_key']['id']}")
    assert kept["revoked_at"] is not None


@pytest.mark.parametrize("permissions", [["products:fly"], ["users:write", "*"], "products:read"])
async def test_a_key_with_unknown_permissions_is_refused(admin: Member, permissions: object) -> None:
    refused = accepted(await admin.post("api-keys", {"name": "k", "permissions": permissions}), 422)
    assert refused["errors"][0]["field"].startswith("permissions")


async def test_a_key_cannot_create_a_key_with_more_permissions(app: Observed, admin: Member) -> None:
    created = accepted(await admin.post("api-keys", {"name": "k", "permissions": ["api_keys:write"]}), 201)
    integration = visitor(app, **{"X-API-Key": created["key"]})
    wish = {"name": "more", "permissions": ["api_keys:write", "products:read"]}
    accepted(await integration.post("api-keys", json=wish), 403)


# Browser sessions


async def test_writes_by_cookie_need_the_csrf_token(app: Observed, admin: Member) -> None:
    token = new_token("browser", admin.organization_id)
    async with admin.transaction() as connection:
        await queries.insert_session(
            connection, admin.organization_id, admin.user_id, "browser", token_hash(token), None, None, 60
        )
    browser = visitor(app, Cookie=f"{SESSION_COOKIE}={token}")
    accepted(await browser.get("products"))
    product = {"sku": "A", "name": "A"}
    accepted(await browser.post("products", json=product), 403)
    for wrong in ("", "0" * 64, token, csrf_token(admin.token)):
        accepted(await browser.post("products", json=product, headers={csrf.HEADER: wrong}), 403)
    accepted(await browser.post("products", json=product, headers={csrf.HEADER: csrf_token(token)}), 201)
    form = {"locale": "de", "version": "*"}
    assert (await browser.post("/profile", data=form)).status_code == 403
    assert (
        await browser.post("/profile", data=form | {csrf.FIELD: csrf_token(admin.token)})
    ).status_code == 403
    assert (await browser.post("/profile", data=form | {csrf.FIELD: csrf_token(token)})).status_code == 303


async def test_a_route_accepts_one_content_type(app: Observed, admin: Member) -> None:
    """Refused by its content type, whether or not it could be parsed: no part of it is read."""
    multipart = {"sku": (None, "A"), "name": (None, "A")}
    accepted(await admin.http.post("products", data={"sku": "A", "name": "A"}), 415)
    accepted(await admin.http.post("products", files=multipart), 415)
    for path in ("/profile", "/sign-in", "/sign-out"):
        assert (await admin.http.post(path, files=multipart)).status_code == 415, path
        assert (await admin.http.post(path, json={"sku": "A"})).status_code == 415, path
