"""What limits of attempts count: networks, wrong passwords, and guesses at what other organizations have."""

import asyncio
from ipaddress import IPv6Network
from uuid import uuid4

import pytest

from imsop.identity.signing_in.actions import GUESSES_AT_ONCE
from imsop.web.edge import middleware
from imsop.web.edge.observe import Observed
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import PASSWORD, Member, accepted, new_address, new_email, visitor


async def wrong_sign_ins(app: Observed, addresses: list[str]) -> list[int]:
    wrong = {"email": "", "password": "wrong"}
    return [
        (
            await visitor(app, address=address).post("auth/token", json=wrong | {"email": new_email()})
        ).status_code
        for address in addresses
    ]


async def test_addresses_of_one_ipv6_network_share_a_limit(database: TestDatabase) -> None:
    network = IPv6Network((new_address(), 64))
    neighbour = IPv6Network((int(network.network_address) + 2**64, 64))
    async with factories.running(database.installation, sign_in_attempts_per_address=3) as app:
        assert await wrong_sign_ins(app, [str(network[n * 7 + 1]) for n in range(4)]) == [401] * 3 + [429]
        assert await wrong_sign_ins(app, [str(neighbour[1])]) == [401]


async def test_an_ipv4_address_has_one_limit_however_it_is_written(database: TestDatabase) -> None:
    host = f"192.0.2.{uuid4().int % 256}"
    async with factories.running(database.installation, sign_in_attempts_per_address=3) as app:
        same = [host, f"::ffff:{host}", host, f"::ffff:{host}"]
        assert await wrong_sign_ins(app, same) == [401] * 3 + [429]
        assert await wrong_sign_ins(app, ["::ffff:198.51.100.7"]) == [401]


@pytest.mark.parametrize("by", ["account", "address"])
async def test_correct_sign_ins_at_once_all_succeed(database: TestDatabase, by: str) -> None:
    """They wait for each other, and leave the limits as they were."""
    async with factories.running(
        database.installation, sign_in_attempts_per_account=2, sign_in_attempts_per_address=12
    ) as app:
        members = [await factories.sign_up(app) for _ in range(1 if by == "account" else 24)]
        address = new_address()

        async def sign_in(email: str, password: str) -> int:
            sent = {"email": email, "password": password}
            return (await visitor(app, address=address).post("auth/token", json=sent)).status_code

        accounts = [member.email for member in members] * (24 // len(members))
        assert await asyncio.gather(*(sign_in(email, PASSWORD) for email in accounts)) == [200] * 24
        assert [await sign_in(new_email(), "wrong") for _ in range(13)] == [401] * 12 + [429]


async def test_accounts_of_others_cannot_be_guessed_without_limit(
    app: Observed, admin: Member, stranger: Member
) -> None:
    """Free addresses and those of one's own organization are not counted."""
    colleague = await factories.member(admin, "viewer")
    victim = await factories.member(admin, "viewer")
    path = f"users/{victim.user_id}"
    for _ in range(11):
        accepted(await admin.edit(path, email=colleague.email), 409)
        accepted(await admin.edit(path, email=new_email()))
    guesses = [await factories.member(stranger, "viewer") for _ in range(24)]
    replies = await asyncio.gather(*(admin.edit(path, email=guess.email) for guess in guesses))
    statuses = [reply.status_code for reply in replies]
    assert statuses.count(409) < 10 + GUESSES_AT_ONCE
    assert statuses.count(409) + statuses.count(429) == 24
    for email in (guesses[0].email, new_email()):
        accepted(await admin.edit(path, email=email), 429)
        new = {"email": email, "password": PASSWORD, "role_ids": []}
        accepted(await admin.post("users", new), 429)
    accepted(await admin.edit(f"organizations/{admin.organization_id}", name=f"Free {uuid4().hex}"), 429)
    accepted(await stranger.edit(f"users/{guesses[0].user_id}", email=new_email()))


async def test_names_of_others_cannot_be_guessed_without_limit(
    app: Observed, admin: Member, stranger: Member
) -> None:
    (theirs,) = (await stranger.read("organizations"))["items"]
    path = f"organizations/{admin.organization_id}"
    statuses = [(await admin.edit(path, name=theirs["name"])).status_code for _ in range(11)]
    assert statuses == [409] * 10 + [429]


@pytest.mark.parametrize(
    ("headers", "is_told"),
    [
        ({}, False),
        ({"host": "127.0.0.1:8000"}, False),
        ({"host": "[::1]:8000"}, False),
        ({"host": "stock.example"}, True),
        ({"host": "stock.example:443"}, True),
        ({"x-real-ip": "192.0.2.1"}, True),
        ({"host": "stock.example", "x-forwarded-for": "192.0.2.1"}, False),
    ],
)
async def test_a_proxy_that_names_no_clients_is_told_of(
    app: Observed, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], is_told: bool
) -> None:
    """All clients would share the limits of its address."""
    warned: list[str] = []
    monkeypatch.setattr(middleware, "_warn_of_silent_proxy", lambda: warned.append("told"))
    sent = {"email": new_email(), "password": "wrong"}
    usual = {"host": "localhost"}
    for address in ("127.0.0.1", "192.0.2.77"):
        await visitor(app, address=address).post("auth/token", json=sent, headers=usual | headers)
    assert bool(warned) == is_told
