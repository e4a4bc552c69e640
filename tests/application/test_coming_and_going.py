"""Signing in and out, rate limits, and sessions."""

import re

from playwright.async_api import Browser, Page, expect

from imsop.demo.people import PASSWORD
from tests import factories
from tests.application.conftest import FOODS
from tests.application.site import Site
from tests.browsing import Visit, visiting
from tests.web import listening

PLANNER = "planner@foods.example"


async def sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    await page.get_by_label("E-mail address").fill(email)
    await page.get_by_role("textbox", name="Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()


def meant(visit: Visit, status: int) -> None:
    """Removes the browser's complaint about an error response that the test expects."""
    visit.complaints = [said for said in visit.complaints if f"status of {status}" not in said]


async def test_sign_in_redirects_to_the_requested_page(site: Site, browser: Browser) -> None:
    async with visiting(browser, base_url=site.address) as visit:
        await visit.page.goto("/suppliers?q=oil")
        await sign_in(visit.page, PLANNER)
        await visit.page.wait_for_url("**/suppliers?q=oil")
        await expect(visit.page.locator("summary", has_text="Account:")).to_contain_text("Planner")


async def test_a_wrong_password_is_reported_at_its_field(site: Site, browser: Browser) -> None:
    async with visiting(browser, base_url=site.address) as visit:
        await visit.page.goto("/sign-in")
        await sign_in(visit.page, PLANNER, "not the password")
        password = visit.page.get_by_role("textbox", name="Password")
        await expect(password).to_have_attribute("aria-invalid", "true")
        await expect(password).to_have_accessible_description("The e-mail address or the password is wrong.")
        await expect(password).to_be_focused()
        await expect(visit.page.get_by_label("E-mail address")).to_have_value(PLANNER)
        assert await visit.inaccessible() == []
        meant(visit, 401)


async def test_too_many_attempts_show_when_to_try_again(site: Site, browser: Browser) -> None:
    strict = factories.running(
        factories.litestar_of(site.app).state.installation, sign_in_attempts_per_account=1
    )
    async with (
        strict as app,
        listening.served(app) as address,
        visiting(browser, base_url=address, locale="de-DE") as visit,
    ):
        await visit.page.goto("/sign-in")
        for said in ("ist falsch", r"Versuchen Sie es in \d+ Minuten wieder"):
            await visit.page.get_by_label("E-Mail-Adresse").fill("nobody@foods.example")
            await visit.page.get_by_role("textbox", name="Passwort").fill("wrong")
            await visit.page.get_by_role("button", name="Anmelden").click()
            await expect(visit.page.get_by_role("main")).to_contain_text(re.compile(said))
        assert await visit.inaccessible() == []
        meant(visit, 401)
        meant(visit, 429)


async def test_another_session_can_be_ended(site: Site, browser: Browser) -> None:
    async with (
        visiting(browser, base_url=site.address, user_agent="A browser left open") as there,
        visiting(browser, **await site.signed_in("sales@foods.example")) as here,
    ):
        await there.page.goto("/sign-in")
        await sign_in(there.page, "sales@foods.example")
        await there.page.wait_for_url(f"{site.address}/")
        await here.page.goto("/profile/sessions")
        left_open = here.page.get_by_role("row").filter(has_text="A browser left open")
        await left_open.get_by_role("button", name="End").click()
        await expect(left_open).to_have_count(0)
        await there.page.goto("/products")
        await there.page.wait_for_url("**/sign-in?next=%2Fproducts")
        there.complaints.clear()  # its live stream was refused, as expected
        await here.page.reload()
        await expect(here.page.get_by_role("heading", name="Sessions")).to_be_visible()


async def test_signing_out_clears_cached_pages(site: Site, browser: Browser) -> None:
    async with visiting(browser, base_url=site.address) as visit:
        await visit.page.goto("/products")
        await sign_in(visit.page, FOODS)
        await visit.page.wait_for_url("**/products")
        await visit.page.locator("summary", has_text="Account:").click()
        await visit.page.get_by_role("button", name="Sign out").click()
        await visit.page.wait_for_url("**/sign-in")
        await visit.page.go_back()
        await visit.page.wait_for_url("**/sign-in*")
        await expect(visit.page.get_by_role("table")).to_have_count(0)
