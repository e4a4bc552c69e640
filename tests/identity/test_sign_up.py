"""Signing up an organization with its first administrator."""

import asyncio
from uuid import uuid4

import pytest

from imsop.web.edge.observe import Observed
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import PASSWORD, Member, accepted, new_email, visitor


def form(**given: str) -> dict[str, str]:
    return {"name": f"Works {uuid4().hex}", "email": new_email(), "password": PASSWORD} | given


async def test_the_first_user_administers_the_new_organization(app: Observed) -> None:
    admin = await factories.sign_up(app, timezone="Europe/Berlin", country="Germany")
    (organization,) = (await admin.read("organizations"))["items"]
    assert organization["timezone"] == "Europe/Berlin"
    assert organization["status"] == "active"
    assert organization["subscription_tier"] == "starter"
    (user,) = (await admin.read("users"))["items"]
    (role,) = (await admin.read("roles", name="administrator"))["items"]
    assert user["role_ids"] == [role["id"]]
    assert user["last_login"] is not None
    actor = await admin.actor()
    assert actor.permissions == set(role["permissions"])
    assert actor.timezone == "Europe/Berlin"


async def test_no_response_contains_a_password_or_its_hash(app: Observed) -> None:
    reply = await visitor(app).post("organizations", json=form())
    assert reply.status_code == 201
    assert "password" not in reply.text
    assert "$2b$" not in reply.text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "nobody"),
        ("email", "a b@c.example"),
        ("email", f"{'a' * 250}@c.example"),
        ("password", "short"),
        ("password", "x" * 73),
        ("password", "é" * 37),  # 74 bytes: bcrypt would truncate it
        ("password", "with\x00zero"),
        ("name", ""),
        ("name", "  "),
        ("name", "x" * 256),
        ("timezone", "Mars/Olympus"),
        ("timezone", "'; DROP TABLE users; --"),
        ("website", "javascript:alert(1)"),
        ("tier", "enterprise"),
    ],
)
async def test_invalid_values_name_their_field(app: Observed, field: str, value: str) -> None:
    reply = await visitor(app).post("organizations", json=form(**{field: value}))
    problem = accepted(reply, 422)
    assert [error["field"] for error in problem["errors"]] == [field]
    assert value not in reply.text or field != "password"


async def test_all_72_bytes_of_a_password_count(app: Observed) -> None:
    password = "é" * 36
    account = form(password=password)
    accepted(await visitor(app).post("organizations", json=account), 201)
    for attempt, status in ((password, 200), (password[:-1] + "e", 401), (password + "x", 401)):
        reply = await visitor(app).post("auth/token", json={"email": account["email"], "password": attempt})
        assert reply.status_code == status, attempt


async def test_an_organizations_name_is_unique(app: Observed, database: TestDatabase) -> None:
    account = form()
    accepted(await visitor(app).post("organizations", json=account), 201)
    again = accepted(await visitor(app).post("organizations", json=form(name=account["name"])), 409)
    assert [error["field"] for error in again["errors"]] == ["name"]


async def test_names_are_unique_regardless_of_case(app: Observed, admin: Member, stranger: Member) -> None:
    name = f"Hafen Öl {uuid4().hex}"
    accepted(await visitor(app).post("organizations", json=form(name=name)), 201)
    again = accepted(await visitor(app).post("organizations", json=form(name=name.upper())), 409)
    assert [error["field"] for error in again["errors"]] == ["name"]
    path = f"organizations/{admin.organization_id}"
    assert accepted(await admin.edit(path, name=name.lower()), 409)["errors"][0]["field"] == "name"
    accepted(await admin.edit(path, name=f"{name} 2"))
    accepted(await admin.edit(path, name=f"{name} 2".upper()))


async def test_names_that_look_alike_are_one_name(app: Observed, admin: Member) -> None:
    mark = uuid4().hex.replace("1", "2")
    accepted(await visitor(app).post("organizations", json=form(name=f"Acme Ionic Co {mark}")), 201)
    alike = (
        f"\u0410cme Ionic Co {mark}",  # Cyrillic A
        f"Acme Ioni\u0441 \u0421\u043e {mark}",  # Cyrillic es, o
        f"Acme \u0399onic Co {mark}",  # Greek Iota
        f"Acme lonic Co {mark}",  # a small l for the capital I
        f"Acme Ionic Co {mark}.",
        f"Acme Ionic Co. {mark} .",
        f"Acme  Ionic   Co\u00a0{mark}",
        f"\uff21cme Ionic Co {mark}",  # full width
        f"ACME Ionic C0 {mark}",
    )
    path = f"organizations/{admin.organization_id}"
    for name in alike:
        problem = accepted(await visitor(app).post("organizations", json=form(name=name)), 409)
        assert [error["field"] for error in problem["errors"]] == ["name"], name
    assert accepted(await admin.edit(path, name=alike[0]), 409)["errors"][0]["field"] == "name"
    for other in (f"Acme Tonic Co {mark}", f"\u0410\u043a\u043c\u0435 {mark}"):
        accepted(await visitor(app).post("organizations", json=form(name=other)), 201)


async def test_addresses_are_unique_regardless_of_case(app: Observed, admin: Member) -> None:
    again = accepted(await visitor(app).post("organizations", json=form(email=admin.email.upper())), 409)
    assert [error["field"] for error in again["errors"]] == ["email"]


async def test_of_concurrent_sign_ups_with_one_address_one_succeeds(app: Observed) -> None:
    email = new_email()
    replies = await asyncio.gather(
        *(visitor(app).post("organizations", json=form(email=email)) for _ in range(4))
    )
    assert sorted(reply.status_code for reply in replies) == [201, 409, 409, 409]


async def test_a_failed_sign_up_leaves_nothing(app: Observed, admin: Member) -> None:
    name = f"Works {uuid4().hex}"
    accepted(await visitor(app).post("organizations", json=form(name=name, email=admin.email)), 409)
    accepted(await visitor(app).post("organizations", json=form(name=name)), 201)


async def test_a_repeated_sign_up_returns_the_first_result(app: Observed) -> None:
    sent = form()
    replies = await asyncio.gather(*(visitor(app).post("organizations", json=sent) for _ in range(4)))
    assert [reply.status_code for reply in replies] == [201] * 4
    assert len({reply.content for reply in replies}) == 1


async def test_only_the_same_sign_up_is_repeated(app: Observed) -> None:
    name = f"Works {uuid4().hex}"
    admin = await factories.sign_up(app, name=name)
    clerk = await factories.member(admin, "viewer")
    sent = {"name": name, "email": admin.email, "password": PASSWORD}
    accepted(await visitor(app).post("organizations", json=sent), 201)
    for other in ({"password": "another password"}, {"name": "Another name"}, {"email": clerk.email}):
        accepted(await visitor(app).post("organizations", json=sent | other), 409)


async def test_guessing_a_password_by_signing_up_is_limited(database: TestDatabase) -> None:
    async with factories.running(database.installation, sign_in_attempts_per_account=2) as app:
        sent = form()
        accepted(await visitor(app).post("organizations", json=sent), 201)
        statuses = [
            (await visitor(app).post("organizations", json=sent | {"password": guess})).status_code
            for guess in ("first guess", "second guess", PASSWORD)
        ]
    assert statuses == [409, 409, 429]


async def test_sign_ups_per_address_are_limited(database: TestDatabase) -> None:
    async with factories.running(database.installation, sign_in_attempts_per_address=3) as app:
        address = factories.new_address()
        statuses = [
            (await visitor(app, address=address).post("organizations", json=form())).status_code
            for _ in range(5)
        ]
    assert statuses == [201, 201, 201, 429, 429]


async def test_sign_up_can_be_closed(database: TestDatabase) -> None:
    async with factories.running(database.installation, sign_up=False) as app:
        accepted(await visitor(app).post("organizations", json=form()), 403)


async def test_an_organization_is_edited_by_its_own_administrator(admin: Member, stranger: Member) -> None:
    path = f"organizations/{admin.organization_id}"
    edited = accepted(await admin.edit(path, industry="Tools", timezone="America/Lima"))
    assert (edited["industry"], edited["timezone"]) == ("Tools", "America/Lima")
    accepted(await stranger.http.patch(path, json={"industry": "x"}, headers={"If-Match": "*"}), 404)
    refused = accepted(await admin.edit(path, timezone="Nowhere/Land"), 422)
    assert [error["field"] for error in refused["errors"]] == ["timezone"]
    accepted(await admin.edit(path, subscription_tier="enterprise"), 422)
    accepted(await admin.edit(path, status="active"), 422)
