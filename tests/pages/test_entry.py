"""Signing in and out, and protection against cross-site requests."""

import json
import re
from html import unescape

import pytest

from imsop.web.edge.csrf import FIELD, SESSION_COOKIE, csrf_token
from imsop.web.pages.identity.signing_in import DemoAccount
from tests import factories
from tests.factories import HOST, PASSWORD, Member, eventually, visitor
from tests.pages.browsing import browser, signed_in


async def test_anonymous_readers_are_redirected_to_sign_in_and_back(admin: Member) -> None:
    here = browser(admin)
    sent = await here.get("/products?status=active")
    assert (sent.status_code, sent.headers["location"]) == (
        303,
        "/sign-in?next=%2Fproducts%3Fstatus%3Dactive",
    )
    form = await here.get(sent.headers["location"])
    entered = await here.fill(form, "/sign-in", email=admin.email, password=PASSWORD)
    assert (entered.status_code, entered.headers["location"]) == (303, "/products?status=active")
    assert (await here.get("/products")).status_code == 200


async def test_the_cookie_is_httponly_and_samesite(admin: Member) -> None:
    here = browser(admin)
    entered = await here.fill(await here.get("/sign-in"), "/sign-in", email=admin.email, password=PASSWORD)
    (cookie,) = [c for c in entered.headers.get_list("set-cookie") if c.startswith(SESSION_COOKIE)]
    assert {"httponly", "samesite=lax", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}
    encrypted = browser(admin)
    encrypted.base_url = "https://imsop.test"
    entered = await encrypted.fill(
        await encrypted.get("/sign-in"), "/sign-in", email=admin.email, password=PASSWORD
    )
    assert "secure" in entered.headers["set-cookie"].lower()


async def test_a_wrong_password_is_reported_and_the_email_kept(admin: Member) -> None:
    here = browser(admin)
    refused = await here.fill(await here.get("/sign-in"), "/sign-in", email=admin.email, password="wrong")
    assert refused.status_code == 401
    assert "is wrong" in refused.text
    assert f'value="{admin.email}"' in refused.text
    assert SESSION_COOKIE not in here.cookies


async def test_too_many_attempts_get_a_retry_after(admin: Member) -> None:
    installation = factories.litestar_of(admin.app).state.installation
    async with factories.running(installation, sign_in_attempts_per_account=1) as strict:
        here = browser(factories.replace(admin, app=strict))
        form = await here.get("/sign-in")
        await here.fill(form, "/sign-in", email=admin.email, password="wrong")
        limited = await here.fill(form, "/sign-in", email=admin.email, password=PASSWORD)
    assert limited.status_code == 429
    assert int(limited.headers["retry-after"]) > 0
    assert "Too many attempts" in limited.text


@pytest.mark.parametrize(
    "onward", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x"]
)
async def test_sign_in_never_redirects_to_another_host(admin: Member, onward: str) -> None:
    here = browser(admin)
    form = await here.get("/sign-in", params={"next": onward})
    entered = await here.fill(form, "/sign-in", email=admin.email, password=PASSWORD)
    assert entered.headers["location"] == "/"


async def test_forms_without_a_csrf_token_are_refused(admin: Member) -> None:
    """CSRF: another site can make a browser submit a form, but does not know our token."""
    here = browser(admin)
    await here.get("/sign-in")
    account = {"email": admin.email, "password": PASSWORD, "next": "/"}
    assert (await here.post("/sign-in", data=account)).status_code == 403
    assert (await here.post("/sign-in", data=account | {FIELD: "0" * 64})).status_code == 403
    elsewhere = await signed_in(admin)
    for action in ("/sign-out", "/profile", "/profile/password"):
        refused = await elsewhere.post(action, data={FIELD: "0" * 64})
        assert refused.status_code == 403, action
    assert (await elsewhere.get("/profile")).status_code == 200


async def test_another_site_cannot_sign_a_user_in(admin: Member) -> None:
    """Login CSRF: a cross-site form arrives without our cookie, or the browser sends its Origin."""
    theirs = browser(admin)
    account = {"email": admin.email, "password": PASSWORD, "next": "/products"}
    refused = await theirs.post("/sign-in", data=account | {FIELD: csrf_token("")})
    assert (refused.status_code, SESSION_COOKIE in theirs.cookies) == (403, False)
    assert "blocks our cookies" in refused.text
    # The response is a fresh form, so a user who had lost the cookie can continue there.
    entered = await theirs.fill(refused, "/sign-in", email=admin.email, password=PASSWORD)
    assert (entered.status_code, entered.headers["location"]) == (303, "/products")


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": HOST}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://before-the-proxy.example"}, 303),
    ],
)
async def test_the_browsers_origin_decides_between_same_site_and_cross_site(
    admin: Member, said: dict[str, str], status: int
) -> None:
    here = browser(admin)
    form = await here.get("/sign-in")
    here.headers.update(said)
    assert (await here.fill(form, "/sign-in", email=admin.email, password=PASSWORD)).status_code == status
    known = await signed_in(admin)
    form = await known.get("/profile")
    known.headers.update(said)
    assert (await known.fill(form, "/sign-out")).status_code == status


@pytest.mark.parametrize("path", ["auth/token", "organizations"])
async def test_the_api_takes_no_content_type_that_a_cross_site_form_can_send(
    admin: Member, path: str
) -> None:
    """A cross-site JSON request needs a CORS preflight, which we grant to nobody."""
    body = {"email": admin.email, "password": PASSWORD, "name": "x"}
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        reply = await visitor(admin.app).post(path, content=json.dumps(body), headers={"Content-Type": kind})
        assert reply.status_code == 415


async def test_signing_out_ends_the_session(admin: Member) -> None:
    here = await signed_in(admin)
    cookie = here.cookies[SESSION_COOKIE]
    left = await here.fill(await here.get("/profile"), "/sign-out")
    assert (left.status_code, left.headers["location"]) == (303, "/sign-in")
    assert left.headers["clear-site-data"] == '"cache"'
    assert SESSION_COOKIE not in here.cookies

    async def ended() -> bool:
        reply = await browser(admin).get("/profile", headers={"Cookie": f"{SESSION_COOKIE}={cookie}"})
        return reply.status_code == 303

    await eventually(ended)


async def test_the_profile_sets_the_language_of_pages(admin: Member) -> None:
    here = await signed_in(admin)
    saved = await here.fill(
        await here.get("/profile"), "/profile", first_name="Ada", last_name="Okafor", phone="", locale="de"
    )
    assert saved.status_code == 303

    async def speaks_german() -> bool:
        page = await here.get("/profile")
        return '<html lang="de"' in page.text and "Ada Okafor" in page.text

    await eventually(speaks_german)


async def test_a_profile_changed_elsewhere_meanwhile_is_not_overwritten(admin: Member) -> None:
    here = await signed_in(admin)
    form = await here.get("/profile")
    await admin.edit("me", first_name="Grace")
    stale = await here.fill(form, "/profile", first_name="Ada", locale="en")
    assert stale.status_code == 412
    assert (await admin.read("me"))["first_name"] == "Grace"
    assert "changed elsewhere, so" in stale.text
    assert 'value="Ada"' in stale.text
    again = await here.fill(stale, "/profile", first_name="Ada", locale="en")
    assert again.status_code == 303
    assert (await admin.read("me"))["first_name"] == "Ada"
    refused = await here.fill(form, "/profile", first_name="Ada", phone="0" * 51, locale="en")
    assert (refused.status_code, f'value="{"0" * 51}"' in refused.text) == (422, True)


async def test_a_new_password_is_refused_beside_its_field(admin: Member) -> None:
    here = await signed_in(admin)
    form = await here.get("/profile")
    short = await here.fill(form, "/profile/password", current_password=PASSWORD, new_password="short")
    assert short.status_code == 422
    assert 'id="field-new_password-error"' in short.text
    wrong = await here.fill(form, "/profile/password", current_password="no", new_password="long enough")
    assert wrong.status_code == 422
    assert 'id="field-current_password-error"' in wrong.text
    done = await here.fill(form, "/profile/password", current_password=PASSWORD, new_password="long enough")
    assert done.status_code == 303


async def test_sessions_are_shown_and_ended(admin: Member) -> None:
    here = await signed_in(admin)
    page = await here.get("/profile/sessions")
    assert "This session" in page.text
    others = [
        session for session in (await admin.read("me/sessions"))["items"] if session["kind"] == "bearer"
    ]
    ended = await here.fill(page, f"/profile/sessions/{others[0]['id']}/end")
    assert ended.status_code == 303
    assert others[0]["id"] not in (await here.get("/profile/sessions")).text


async def test_a_missing_page_keeps_the_navigation_for_signed_in_users(admin: Member) -> None:
    here = await signed_in(admin)
    for path in ("/nowhere", "/products/7", "/products/nowhere/else"):
        lost = await here.get(path)
        assert lost.status_code == 404, path
        assert 'href="/products"' in lost.text, path
        stranger = await browser(admin).get(path)
        assert (stranger.status_code, 'href="/products"' in stranger.text) == (404, False), path
    refused = await here.post("/nowhere")
    assert (refused.status_code, 'href="/products"' in refused.text) == (404, True)
    left = await here.fill(await here.get("/nowhere"), "/sign-out")
    assert (left.status_code, left.headers["location"]) == (303, "/sign-in")
    forged = await browser(admin).get("/nowhere", headers={"Cookie": f"{SESSION_COOKIE}=imsop_session_x"})
    assert (forged.status_code, 'href="/products"' in forged.text) == (404, False)


async def test_errors_are_pages_if_html_was_requested(admin: Member) -> None:
    here = await signed_in(admin)
    for path, status in (("/nowhere", 404), ("/products?sort=colour", 422), ("/products?cursor=x", 422)):
        reply = await here.get(path)
        assert reply.status_code == status
        assert reply.headers["content-type"].startswith("text/html"), path
        assert reply.headers["x-request-id"] in reply.text


@pytest.mark.parametrize(
    ("email", "password", "wrong"),
    [
        ("", "", ["email", "password"]),
        ("", "secret", ["email"]),
        ("ada@works.example", "", ["password"]),
        ("ada", "secret", ["email"]),
        ("ada@works.example", "x" * 1001, ["password"]),
    ],
)
async def test_wrong_fields_are_named_where_they_are_and_what_was_typed_is_kept(
    admin: Member, email: str, password: str, wrong: list[str]
) -> None:
    here = browser(admin)
    form = await here.get("/sign-in", params={"next": "/products?status=active"})
    refused = await here.fill(form, "/sign-in", email=email, password=password)
    assert refused.status_code == 422
    assert re.findall(r'id="field-(\w+)-error"', refused.text) == wrong
    assert f'value="{email}"' in refused.text
    entered = await here.fill(refused, "/sign-in", email=admin.email, password=PASSWORD)
    assert (entered.status_code, entered.headers["location"]) == (303, "/products?status=active")


async def test_the_language_chosen_on_the_sign_in_page_is_that_of_public_pages(admin: Member) -> None:
    here = browser(admin)
    here.headers["Accept-Language"] = "en"
    page = await here.get("/sign-in", params={"next": "/products?q=a"})
    (german,) = [unescape(link) for link in re.findall(r'href="(/sign-in\?[^"]*language=de)"', page.text)]
    chosen = await here.get(german)
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/sign-in?next=%2Fproducts%3Fq%3Da")
    for path in (chosen.headers["location"], "/forgotten-password", "/reset-password", "/nowhere"):
        assert (await here.get(path)).headers["content-language"] == "de", path
    assert (await here.get("/sign-in?language=xx")).status_code == 422
    here.cookies.set("imsop_language", "xx")
    assert (await here.get("/forgotten-password")).headers["content-language"] == "en"


async def test_only_a_demo_offers_its_accounts(admin: Member) -> None:
    plain = await browser(admin).get("/sign-in")
    assert "demo-accounts" not in plain.text
    installation = factories.litestar_of(admin.app).state.installation
    account = DemoAccount(admin.email, PASSWORD)
    named = DemoAccount("buyer@works.example", PASSWORD)
    async with factories.running(installation, [named, account._replace(email="admin@a.example")]) as demo:
        here = browser(factories.replace(admin, app=demo))
        page = await here.get("/sign-in", params={"next": "/products"})
        offered = re.findall(r'<button[^>]* name="email" value="([^"]+)"', page.text)
        assert offered == ["buyer@works.example", "admin@a.example"]
        _, form = page.text.split('class="demo-accounts"')
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
        entered = await here.post("/sign-in", data=hidden | {"email": admin.email})
    assert (entered.status_code, entered.headers["location"]) == (303, "/products")


async def test_a_profile_asks_whether_a_new_password_ends_api_keys(admin: Member) -> None:
    here = await signed_in(admin)
    assert 'name="revoke_api_keys"' not in (await here.get("/profile")).text
    await admin.create("api-keys", {"name": "k", "permissions": ["products:read"]})
    old, new = PASSWORD, f"{PASSWORD} 2"
    for revokes in (False, True):
        form = await here.get("/profile")
        assert 'name="revoke_api_keys"' in form.text
        chosen = {"revoke_api_keys": "true"} if revokes else {}
        changed = await here.fill(form, "/profile/password", current_password=old, new_password=new, **chosen)
        assert changed.status_code == 303
        old, new = new, f"{PASSWORD} 3"
    assert 'name="revoke_api_keys"' not in (await here.get("/profile")).text
