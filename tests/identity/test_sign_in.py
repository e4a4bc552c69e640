"""Sign-in by email address and password: success, failure, rate limits, inactive accounts."""

import asyncio
import base64
import threading
from typing import Any

import bcrypt
import httpx
import pytest

from imsop.identity.organizations import queries
from imsop.web.edge.observe import Observed
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import PASSWORD, SOON, Member, accepted, eventually, new_address, new_email, visitor


async def try_to_sign_in(
    app: Observed, email: str, password: str = PASSWORD, *, address: str | None = None
) -> httpx.Response:
    return await visitor(app, address=address).post("auth/token", json={"email": email, "password": password})


async def test_the_right_password_gets_a_token_for_an_hour(app: Observed, admin: Member) -> None:
    reply = await try_to_sign_in(app, admin.email)
    token = accepted(reply)
    assert token["token_type"] == "Bearer"
    assert token["expires_in"] == 3600
    assert reply.headers["cache-control"] == "no-store"
    signed_in = visitor(app, Authorization=f"Bearer {token['access_token']}")
    assert (await signed_in.get("products")).status_code == 200


async def test_email_addresses_are_case_insensitive(app: Observed, admin: Member) -> None:
    assert (await try_to_sign_in(app, admin.email.upper())).status_code == 200


async def test_wrong_password_and_unknown_address_get_the_same_error(app: Observed, admin: Member) -> None:
    wrong = accepted(await try_to_sign_in(app, admin.email, "not the password"), 401)
    unknown = accepted(await try_to_sign_in(app, new_email("nobody")), 401)
    assert wrong | {"request_id": ""} == unknown | {"request_id": ""}


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("", ""),
        ("x\x00y", "p"),
        ("%", "%"),
        ("' OR true --", "x"),
        ("{known}", "x\x00y"),
        ("{known}", "z" * 999),
    ],
)
async def test_unusual_credentials_are_wrong_and_not_an_error(
    app: Observed, admin: Member, email: str, password: str
) -> None:
    reply = await try_to_sign_in(app, email.format(known=admin.email), password)
    assert reply.status_code == 401, reply.text


async def test_an_unknown_address_costs_the_same_work(
    app: Observed, admin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs: list[int] = []
    check = bcrypt.checkpw

    def counted(password: bytes, hashed: bytes) -> bool:
        costs.append(int(hashed.split(b"$")[2]))
        return check(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", counted)
    for email, password in ((admin.email, "wrong"), (new_email("nobody"), "wrong"), (admin.email, "x" * 100)):
        await try_to_sign_in(app, email, password)
    assert costs == [4, 4, 4]


async def test_password_checks_do_not_block_the_event_loop(
    app: Observed, admin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event loop stays responsive while bcrypt runs in a thread."""
    begun, answered = threading.Event(), threading.Event()
    check = bcrypt.checkpw

    def slow(password: bytes, hashed: bytes) -> bool:
        begun.set()
        assert answered.wait(SOON)
        return check(password, hashed)

    async def checking() -> bool:
        return begun.is_set()

    monkeypatch.setattr(bcrypt, "checkpw", slow)
    signing_in = asyncio.create_task(try_to_sign_in(app, admin.email))
    await eventually(checking)
    accepted(await visitor(app).get("/health/live"))
    answered.set()
    accepted(await signing_in)


async def test_after_ten_wrong_passwords_the_account_is_limited(app: Observed, admin: Member) -> None:
    for _ in range(10):
        assert (await try_to_sign_in(app, admin.email, "wrong")).status_code == 401
    refused = await try_to_sign_in(app, admin.email)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 15 * 60
    assert (await admin.get("products")).status_code == 200, "who is signed in works on"


async def test_parallel_attempts_cannot_exceed_the_limit(app: Observed, admin: Member) -> None:
    replies = await asyncio.gather(*(try_to_sign_in(app, admin.email, "wrong") for _ in range(25)))
    statuses = [reply.status_code for reply in replies]
    assert (statuses.count(401), statuses.count(429)) == (10, 15)


async def test_an_unknown_address_is_limited_too(app: Observed) -> None:
    email = new_email("nobody")
    statuses = [(await try_to_sign_in(app, email)).status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]


async def test_a_successful_sign_in_resets_the_count(app: Observed, admin: Member) -> None:
    for _ in range(9):
        await try_to_sign_in(app, admin.email, "wrong")
    assert (await try_to_sign_in(app, admin.email)).status_code == 200
    for _ in range(9):
        assert (await try_to_sign_in(app, admin.email, "wrong")).status_code == 401


async def test_a_network_address_is_limited_over_all_accounts(database: TestDatabase) -> None:
    async with factories.running(database.installation, sign_in_attempts_per_address=5) as app:
        admin = await factories.sign_up(app)
        address = new_address()
        statuses = [
            (await try_to_sign_in(app, new_email("x"), address=address)).status_code for _ in range(6)
        ]
        assert statuses == [401] * 5 + [429]
        assert (await try_to_sign_in(app, admin.email, address=address)).status_code == 429
        assert (await try_to_sign_in(app, admin.email)).status_code == 200


async def test_the_limit_ends_with_its_window(app: Observed, admin: Member, superuser: Any) -> None:
    for _ in range(11):
        await try_to_sign_in(app, admin.email, "wrong")
    await superuser.execute(
        "UPDATE sign_in_attempts SET window_started_at = now() - interval '16 minutes'"
        " WHERE subject_hash = sha256(convert_to('account:' || $1, 'UTF8'))",
        admin.email,
    )
    assert (await try_to_sign_in(app, admin.email)).status_code == 200


async def test_the_attempts_table_contains_no_addresses(superuser: Any, app: Observed) -> None:
    email = new_email("private")
    await try_to_sign_in(app, email)
    kept = await superuser.fetch("SELECT s::text FROM sign_in_attempts s")
    assert kept
    assert not [row for row in kept if email in row[0] or email.encode().hex() in row[0]]


async def set_standing(database: TestDatabase, organization: Member, status: str) -> None:
    """Sets the status as `imsop organization` does, as the operator."""
    async with factories.connected(database.operator_dsn) as connection, connection.transaction():
        await queries.set_organization_status(connection, str(organization.organization_id), status, None)
        await queries.notify_access_changed(connection, organization.organization_id)


async def test_a_suspended_organization_is_locked_out_until_reactivated(
    app: Observed, admin: Member, database: TestDatabase
) -> None:
    key = accepted(await admin.post("api-keys", {"name": "k", "permissions": ["products:read"]}), 201)["key"]
    integration = visitor(app, **{"X-API-Key": key})
    accepted(await integration.get("products"))
    await set_standing(database, admin, "suspended")

    async def shut_out() -> bool:
        return all([(await http.get("products")).status_code == 401 for http in (integration, admin.http)])

    await eventually(shut_out)
    refused = accepted(await try_to_sign_in(app, admin.email), 403)
    assert "suspended" in refused["detail"]
    assert (await try_to_sign_in(app, admin.email, "wrong")).status_code == 401, "only who knows the password"
    await set_standing(database, admin, "active")
    assert (await try_to_sign_in(app, admin.email)).status_code == 200


@pytest.mark.parametrize("status", ["inactive", "suspended"])
async def test_an_inactive_user_is_locked_out(app: Observed, admin: Member, status: str) -> None:
    buyer = await factories.member(admin, "buyer")
    accepted(await buyer.get("products"))
    accepted(await admin.edit(f"users/{buyer.user_id}", status=status))

    async def shut_out() -> bool:
        return (await buyer.get("products")).status_code == 401

    await eventually(shut_out)
    refused = accepted(await try_to_sign_in(app, buyer.email), 403)
    assert status in refused["detail"]


async def test_a_tokens_organization_cannot_be_changed(
    app: Observed, admin: Member, stranger: Member
) -> None:
    """Replacing the organization in a token makes it unknown; it does not give access to the other's rows."""
    mark, packed = admin.token[:9], base64.urlsafe_b64decode(admin.token[9:])
    assert packed[-16:] == admin.organization_id.bytes
    forged = mark + base64.urlsafe_b64encode(packed[:-16] + stranger.organization_id.bytes).decode()
    reply = await visitor(app, Authorization=f"Bearer {forged}").get("products")
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("scheme", ["Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "bearer x", "Token x", ""])
async def test_other_authorization_schemes_are_refused(app: Observed, scheme: str) -> None:
    accepted(await visitor(app, Authorization=scheme).get("products"), 401)


async def test_a_hash_of_another_cost_is_rehashed_at_sign_in(app: Observed, admin: Member) -> None:
    async def stored() -> str:
        async with admin.transaction() as connection:
            hashed: str = await connection.fetchval(
                "SELECT password_hash FROM users WHERE organization_id = $1 AND id = $2",
                admin.organization_id,
                admin.user_id,
            )
        return hashed

    async with admin.transaction() as connection:
        await connection.execute(
            "UPDATE users SET password_hash = $3 WHERE organization_id = $1 AND id = $2",
            admin.organization_id,
            admin.user_id,
            bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(5)).decode(),
        )
    accepted(await try_to_sign_in(app, admin.email, "wrong"), 401)
    assert (await stored()).startswith("$2b$05$")
    for _ in range(2):
        accepted(await try_to_sign_in(app, admin.email))
        assert (await stored()).startswith("$2b$04$")
