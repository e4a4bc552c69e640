"""The sign-in page in a browser: on a phone and a desk, in the dark, in German, without JavaScript."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser

from imsop.web.pages.identity.signing_in import DemoAccount
from tests import browsing, factories
from tests.browsing import DESK, PHONE, visiting
from tests.conftest import TestDatabase
from tests.factories import PASSWORD

ROLES = ("admin", "planner", "buyer", "warehouse", "sales", "analyst", "viewer")
ACCOUNTS = [
    DemoAccount(f"{role}@{domain}.example", PASSWORD) for domain in ("foods", "tools") for role in ROLES
]


@pytest.fixture(scope="module")
async def address(database: TestDatabase, anyio_backend: object) -> AsyncIterator[str]:
    async with (
        factories.running(database.installation, ACCOUNTS) as app,
        browsing.served(app) as address,
    ):
        yield address


@pytest.fixture(scope="module")
async def browser(anyio_backend: object) -> AsyncIterator[Browser]:
    async with browsing.started() as browser:
        yield browser


@pytest.mark.parametrize("screen", [PHONE, DESK])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "de"])
async def test_it_fits_and_is_accessible(
    address: str, browser: Browser, screen: Any, scheme: Any, language: str
) -> None:
    wrong = {}
    async with visiting(
        browser, base_url=address, viewport=screen, color_scheme=scheme, locale=language
    ) as visit:
        for path in ("/sign-in", "/forgotten-password", "/reset-password"):
            await visit.page.goto(path)
            assert await visit.page.locator(f"html[lang={language}]").count() == 1
            wrong[path] = [*await visit.wider_than_the_screen(), *await visit.inaccessible()]
        visit.complaints = [said for said in visit.complaints if "status of 404" not in said]
    assert {path: what for path, what in wrong.items() if what} == {}


async def test_a_typed_password_can_be_looked_at(address: str, browser: Browser) -> None:
    async with visiting(browser, base_url=address) as visit:
        await visit.page.goto("/sign-in")
        await visit.page.locator("#field-password").fill("secret")
        toggle = visit.page.get_by_role("button", name="Show password")
        kinds = []
        for key in ("Enter", "Space"):
            await toggle.press(key)
            kinds.append(await visit.page.locator("#field-password").get_attribute("type"))
        assert kinds == ["text", "password"]
        await toggle.click()
        await visit.page.get_by_role("button", name="Sign in", exact=True).click()
        await visit.page.locator("#field-email-error").wait_for()
        visit.complaints = [said for said in visit.complaints if "status of 422" not in said]


async def test_without_javascript_it_works_and_shows_no_dead_button(address: str, browser: Browser) -> None:
    async with visiting(browser, base_url=address, java_script_enabled=False) as visit:
        await visit.page.goto("/sign-in?next=/products")
        assert await visit.page.get_by_role("button", name="Show password").count() == 0
        await visit.page.get_by_role("link", name="Deutsch").click()
        assert await visit.page.locator("html[lang=de]").count() == 1
        assert await visit.page.locator('input[name="next"]').first.get_attribute("value") == "/products"
        async with visit.page.expect_console_message(lambda said: "status of 401" in said.text):
            await visit.page.get_by_role("button", name="Vertrieb").first.click()
        visit.complaints = [said for said in visit.complaints if "status of 401" not in said]
