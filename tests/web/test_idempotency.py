"""A POST repeated with its Idempotency-Key is executed once and gets the first response."""

import asyncio
import hashlib
import hmac
from typing import Any

import pytest

from imsop.web.edge.observe import Observed
from tests import factories
from tests.factories import Member, accepted, visitor
from tests.rivals import somebody_waits_for

BOLT = {"sku": "BOLT", "name": "Bolt"}


async def kept_keys(admin: Member) -> list[Any]:
    async with admin.transaction() as connection:
        return await connection.fetch(
            "SELECT key, response_status FROM idempotency_keys WHERE organization_id = $1",
            admin.organization_id,
        )


async def products(admin: Member) -> list[Any]:
    found: list[Any] = (await admin.read("products", limit=500))["items"]
    return found


async def test_a_repeated_post_gets_the_first_response(admin: Member) -> None:
    first = await admin.post("products", BOLT, idempotency_key="order-1")
    again = await admin.post("products", BOLT, idempotency_key="order-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    for header in ("etag", "location", "content-type"):
        assert again.headers[header] == first.headers[header]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert len(await products(admin)) == 1


async def test_the_first_response_is_replayed_after_later_changes(admin: Member) -> None:
    first = accepted(await admin.post("products", BOLT, idempotency_key="k"), 201)
    accepted(await admin.edit(f"products/{first['id']}", name="Nut"))
    assert accepted(await admin.post("products", BOLT, idempotency_key="k"), 201) == first


async def test_a_key_is_for_one_request_only(admin: Member) -> None:
    accepted(await admin.post("products", BOLT, idempotency_key="k"), 201)
    for path, body in (("products", BOLT | {"name": "Nut"}), ("suppliers", BOLT), ("products?x=1", BOLT)):
        refused = accepted(await admin.post(path, body, idempotency_key="k"), 422)
        assert refused["errors"], path
    assert [row["name"] for row in await products(admin)] == ["Bolt"]


async def test_concurrent_requests_with_one_key_execute_once(admin: Member) -> None:
    replies = await asyncio.gather(*(admin.post("products", BOLT, idempotency_key="k") for _ in range(10)))
    assert {reply.status_code for reply in replies} == {201}
    assert len({reply.content for reply in replies}) == 1
    assert sum("idempotency-replayed" in reply.headers for reply in replies) == 9
    assert len(await products(admin)) == 1


async def test_of_concurrent_different_requests_with_one_key_one_executes(admin: Member) -> None:
    replies = await asyncio.gather(
        *(admin.post("products", BOLT | {"sku": f"S{n}"}, idempotency_key="k") for n in range(6))
    )
    assert sorted(reply.status_code for reply in replies) == [201] + [422] * 5
    assert len(await products(admin)) == 1


async def test_an_error_is_not_stored(admin: Member) -> None:
    """The error can be fixed and the request sent again with the same key."""
    accepted(await admin.post("products", {"sku": "A"}, idempotency_key="k"), 422)
    accepted(await admin.post("products", BOLT | {"gtin": "12345678"}, idempotency_key="k"), 422)
    assert await kept_keys(admin) == []
    accepted(await admin.post("products", BOLT, idempotency_key="k"), 201)


async def test_a_conflict_is_not_stored(admin: Member) -> None:
    taken = await factories.product(admin, sku="BOLT")
    accepted(await admin.post("products", BOLT, idempotency_key="k"), 409)
    assert (await admin.delete(f"products/{taken['id']}")).status_code == 204
    accepted(await admin.post("products", BOLT, idempotency_key="k"), 201)


async def test_a_key_belongs_to_its_user_and_organization(admin: Member, stranger: Member) -> None:
    buyer = await factories.member(admin, "buyer")
    accepted(await admin.post("products", BOLT, idempotency_key="k"), 201)
    accepted(await buyer.post("products", BOLT | {"sku": "B"}, idempotency_key="k"), 201)
    accepted(await stranger.post("products", BOLT, idempotency_key="k"), 201)


async def test_responses_with_secrets_are_not_stored(admin: Member) -> None:
    wish = {"name": "k", "permissions": ["products:read"]}
    first = accepted(await admin.post("api-keys", wish, idempotency_key="k"), 201)
    second = accepted(await admin.post("api-keys", wish, idempotency_key="k"), 201)
    assert first["key"] != second["key"]
    assert await kept_keys(admin) == []


async def test_a_password_cannot_be_guessed_from_stored_hashes(admin: Member, superuser: Any) -> None:
    """Even by an attacker who knows the rest of the request: the hash is keyed, and the key is not stored."""
    body = {"email": factories.new_email(), "password": factories.PASSWORD}
    reply = await admin.post("users", body, idempotency_key="only-the-caller-knows")
    accepted(reply, 201)
    (row,) = await superuser.fetch(
        "SELECT key, request_hash, response_body FROM idempotency_keys WHERE organization_id = $1",
        admin.organization_id,
    )
    sent = reply.request.url.raw_path + b"?\0" + reply.request.content
    assert row["request_hash"] == hmac.digest(b"only-the-caller-knows", sent, "sha256")
    assert row["key"] == hashlib.sha256(b"only-the-caller-knows").hexdigest()
    assert factories.PASSWORD.encode() not in row["response_body"]


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "ä", "tab\there"])
async def test_an_invalid_key_is_refused(admin: Member, key: str) -> None:
    headers = {b"Idempotency-Key": key.encode()}
    reply = await admin.http.post("products", json=BOLT, headers=headers)
    problem = accepted(reply, 422)
    assert [error["field"] for error in problem["errors"]] == ["Idempotency-Key"]


async def test_a_crash_before_the_commit_leaves_no_key(app: Observed, admin: Member, superuser: Any) -> None:
    """The server dies after inserting row and key and before the commit; the retry executes once."""
    async with admin.transaction() as rival:
        # An uncommitted transaction holds the same SKU, so the request waits inside its transaction.
        await rival.execute(
            "INSERT INTO products (organization_id, sku, name) VALUES ($1, 'BOLT', 'rival')",
            admin.organization_id,
        )
        posted = asyncio.create_task(admin.post("products", BOLT, idempotency_key="k"))
        await somebody_waits_for(rival)
        await superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks"
            " WHERE NOT granted AND $1::int = ANY (pg_blocking_pids(pid))",
            rival.get_server_pid(),
        )
        reply = await posted
        await rival.execute(
            "DELETE FROM products WHERE organization_id = $1 AND name = 'rival'", admin.organization_id
        )
    assert reply.status_code == 503, reply.text
    assert int(reply.headers["retry-after"]) > 0
    assert await kept_keys(admin) == []
    accepted(await admin.post("products", BOLT, idempotency_key="k"), 201)
    assert [row["name"] for row in await products(admin)] == ["Bolt"]


async def test_without_the_permission_nothing_is_replayed(app: Observed, admin: Member) -> None:
    buyer = await factories.member(admin, "buyer")
    accepted(await buyer.post("products", BOLT, idempotency_key="k"), 201)
    accepted(await admin.edit(f"users/{buyer.user_id}", role_ids=[]))

    async def refused() -> bool:
        return (await buyer.post("products", BOLT, idempotency_key="k")).status_code == 403

    await factories.eventually(refused)


async def test_keys_are_ignored_for_other_methods(admin: Member) -> None:
    product = await factories.product(admin)
    headers = {"Idempotency-Key": "k"}
    accepted(await admin.http.get("products", headers=headers))
    for name in ("Nut", "Washer"):
        reply = await admin.http.patch(
            f"products/{product['id']}", json={"name": name}, headers=headers | {"If-Match": "*"}
        )
        assert accepted(reply)["name"] == name
    assert await kept_keys(admin) == []


async def test_keys_of_unauthenticated_requests_are_not_stored(app: Observed) -> None:
    reply = await visitor(app).post(
        "auth/token", json={"email": "x", "password": "y"}, headers={"Idempotency-Key": "k"}
    )
    assert reply.status_code == 401
