"""A forgotten password: the link by e-mail, what it ends, and what it tells strangers."""

import re
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from imsop.core.jobs import run_now
from imsop.identity.password_resets.actions import ANSWER_SECONDS
from imsop.identity.password_resets.jobs import SEND_PASSWORD_RESET
from imsop.web.edge.observe import Observed
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import HOST, PASSWORD, Member, accepted, eventually, new_email, visitor
from tests.mail_server import MailServer
from tests.pages.browsing import Browser, browser, signed_in

NEW_PASSWORD = "an even longer password"
SITE = "https://imsop.example"
_LINK = re.compile(rf"{re.escape(SITE)}(/reset-password\?token=\S+)")


@pytest.fixture
async def reachable(database: TestDatabase) -> AsyncIterator[Observed]:
    """The application with an address for the links of mails."""
    async with factories.running(database.installation, public_url=f"{SITE}/") as app:
        yield app


async def ask(here: Browser, email: str) -> httpx.Response:
    return await here.fill(await here.get("/forgotten-password"), "/forgotten-password", email=email)


async def waiting(superuser: Any, owner: Member) -> list[dict[str, str]]:
    """Arguments of the jobs that send links to the organization's users."""
    jobs = await superuser.fetch(
        "SELECT args ->> 'user_id' AS user_id, args ->> 'site' AS site FROM queue.procrastinate_jobs"
        " WHERE organization_id = $1 AND task_name = $2",
        owner.organization_id,
        SEND_PASSWORD_RESET.name,
    )
    return [dict(job) for job in jobs]


async def send_link(database: TestDatabase, superuser: Any, owner: Member, mail_server: MailServer) -> str:
    """Runs the waiting job as a worker would; the path in the newest mail."""
    (job,) = await waiting(superuser, owner)
    await run_now(database.installation, SEND_PASSWORD_RESET, owner.organization_id, job)
    body = mail_server.messages[-1].get_body()
    assert body is not None
    found = _LINK.search(body.get_content())
    assert found
    return found[1]


async def sign_in(app: Observed, email: str, password: str) -> int:
    reply = await visitor(app).post("auth/token", json={"email": email, "password": password})
    return reply.status_code


async def test_a_link_sets_a_new_password_once_and_ends_all_sessions(
    database: TestDatabase, superuser: Any, admin: Member, reachable: Observed, mail_server: MailServer
) -> None:
    accepted(await admin.edit("me", locale="de"))
    there = await signed_in(admin)
    here = browser(factories.replace(admin, app=reachable))
    asked = await ask(here, admin.email.upper())
    assert asked.headers["location"] == "/forgotten-password?is_sent=true"
    link = await send_link(database, superuser, admin, mail_server)
    assert mail_server.recipients == [admin.email]
    assert mail_server.messages[0]["Subject"] == "Neues Passwort festlegen"
    form = await here.get(link)
    assert (form.status_code, form.headers["cache-control"]) == (200, "no-store")
    assert (await here.get(link)).status_code == 200  # following it changes nothing
    done = await here.fill(form, "/reset-password", new_password=NEW_PASSWORD)
    assert done.headers["location"] == "/sign-in?is_reset=true"
    assert await sign_in(admin.app, admin.email, PASSWORD) == 401
    assert await sign_in(admin.app, admin.email, NEW_PASSWORD) == 200

    async def is_over() -> bool:
        return (await there.get("/profile")).status_code == 303 and (await admin.get("me")).status_code == 401

    await eventually(is_over)
    again = await here.fill(form, "/reset-password", new_password="yet another password")
    assert again.status_code == 404
    assert await sign_in(admin.app, admin.email, NEW_PASSWORD) == 200


async def test_the_token_is_nowhere_but_in_the_mail(
    database: TestDatabase, superuser: Any, admin: Member, reachable: Observed, mail_server: MailServer
) -> None:
    await ask(browser(factories.replace(admin, app=reachable)), admin.email)
    link = await send_link(database, superuser, admin, mail_server)
    token = link.partition("=")[2]
    stored = await superuser.fetch(
        "SELECT p::text AS row FROM password_resets p WHERE organization_id = $1"
        " UNION ALL SELECT j::text FROM queue.procrastinate_jobs j WHERE organization_id = $1",
        admin.organization_id,
    )
    assert len(stored) >= 2
    assert not [row for row in stored if token[:40] in row["row"]]


@pytest.mark.parametrize("revokes", [True, False])
async def test_the_owner_chooses_whether_api_keys_end(
    database: TestDatabase,
    superuser: Any,
    admin: Member,
    reachable: Observed,
    mail_server: MailServer,
    revokes: bool,
) -> None:
    await admin.create("api-keys", {"name": "k", "permissions": ["products:read"]})
    here = browser(factories.replace(admin, app=reachable))
    await ask(here, admin.email)
    form = await here.get(await send_link(database, superuser, admin, mail_server))
    assert 'name="revoke_api_keys"' in form.text
    chosen = {"revoke_api_keys": "true"} if revokes else {}
    await here.fill(form, "/reset-password", new_password=NEW_PASSWORD, **chosen)
    left = await superuser.fetchval(
        "SELECT count(*) FROM api_keys WHERE organization_id = $1 AND revoked_at IS NULL",
        admin.organization_id,
    )
    assert left == (0 if revokes else 1)


@pytest.mark.parametrize("change", ["password", "email", "status", "expiry", "newer link"])
async def test_a_link_ends_with_what_it_was_sent_for(
    database: TestDatabase,
    superuser: Any,
    admin: Member,
    reachable: Observed,
    mail_server: MailServer,
    change: str,
) -> None:
    clerk = await factories.member(admin, "viewer")
    here = browser(factories.replace(clerk, app=reachable))
    await ask(here, clerk.email)
    link = await send_link(database, superuser, admin, mail_server)
    assert "new_password" in (await here.get(link)).text
    match change:
        case "expiry":
            await superuser.execute(
                "UPDATE password_resets SET expires_at = now() WHERE user_id = $1", clerk.user_id
            )
        case "newer link":
            await send_link(database, superuser, admin, mail_server)
        case _:
            value = {"password": NEW_PASSWORD, "email": new_email(), "status": "suspended"}[change]
            accepted(await admin.edit(f"users/{clerk.user_id}", **{change: value}))
    assert (await here.get(link)).status_code == 404


async def test_unknown_addresses_get_the_same_answer_after_the_same_time(
    superuser: Any, admin: Member, reachable: Observed
) -> None:
    clerk = await factories.member(admin, "viewer")
    accepted(await admin.edit(f"users/{clerk.user_id}", status="suspended"))
    here = browser(factories.replace(admin, app=reachable))
    answers, seconds = [], []
    for email in (admin.email, new_email("nobody"), clerk.email):
        form = await here.get("/forgotten-password")
        began = time.perf_counter()
        answer = await here.fill(form, "/forgotten-password", email=email)
        seconds.append(time.perf_counter() - began)
        answers.append((answer.status_code, answer.headers["location"], answer.text))
    assert answers[0] == answers[1] == answers[2]
    assert min(seconds) >= ANSWER_SECONDS
    assert [job["user_id"] for job in await waiting(superuser, admin)] == [str(admin.user_id)]


async def test_requests_are_limited_like_sign_ins_but_lock_nobody_out(
    database: TestDatabase, admin: Member
) -> None:
    async with factories.running(
        database.installation, public_url=SITE, sign_in_attempts_per_account=2
    ) as app:
        for email in (admin.email, new_email("nobody")):
            codes = [
                (await ask(browser(factories.replace(admin, app=app)), email)).status_code for _ in range(3)
            ]
            assert codes == [303, 303, 429]
        assert await sign_in(app, admin.email, PASSWORD) == 200


@pytest.mark.parametrize("email", ["", "nobody", "a@b"])
async def test_a_malformed_address_is_an_error_at_its_field(reachable: Observed, email: str) -> None:
    here = Browser(transport=httpx.ASGITransport(reachable), base_url=HOST)  # type: ignore[arg-type]
    refused = await ask(here, email)
    assert refused.status_code == 422
    assert 'id="field-email-error"' in refused.text
    assert f'value="{email}"' in refused.text


@pytest.mark.parametrize(
    ("client", "host", "offered"),
    [
        ("127.0.0.1", "127.0.0.1:8000", True),
        ("127.0.0.1", "[::1]:8000", True),
        ("127.0.0.1", "evil.example", False),
        ("127.0.0.1", "127.0.0.1:8000@evil.example", False),
        ("fd00::1", "127.0.0.1:8000", False),
    ],
)
async def test_a_link_never_begins_with_a_host_that_its_requester_chooses(
    app: Observed, client: str, host: str, offered: bool
) -> None:
    transport = httpx.ASGITransport(app, client=(client, 1))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=HOST) as here:
        page = await here.get("/forgotten-password", headers={"Host": host})
    assert ('name="email"' in page.text) == offered


async def test_without_a_mail_server_the_page_names_the_operators_command(
    database: TestDatabase, admin: Member
) -> None:
    async with factories.running(database.installation, public_url=SITE, smtp_url=None) as app:
        here = browser(factories.replace(admin, app=app))
        page = await here.get("/forgotten-password")
    assert "imsop reset-password" in page.text
    assert 'name="email"' not in page.text


@pytest.mark.parametrize(
    "token", ["", "x", "imsop_pr_", "imsop_at_" + "A" * 54, "imsop_pr_" + "A" * 54 + "=="]
)
async def test_a_wrong_token_is_not_found(admin: Member, token: str) -> None:
    assert (await browser(admin).get("/reset-password", params={"token": token})).status_code == 404


async def test_a_weak_new_password_is_an_error_at_its_field_and_keeps_the_link(
    database: TestDatabase, superuser: Any, admin: Member, reachable: Observed, mail_server: MailServer
) -> None:
    here = browser(factories.replace(admin, app=reachable))
    await ask(here, admin.email)
    form = await here.get(await send_link(database, superuser, admin, mail_server))
    for weak in ("", "short", "é" * 37):
        form = await here.fill(form, "/reset-password", new_password=weak)
        assert form.status_code == 422, weak
        assert 'id="field-new_password-error"' in form.text, weak
    done = await here.fill(form, "/reset-password", new_password=NEW_PASSWORD)
    assert done.status_code == 303
