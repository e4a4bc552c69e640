"""Every page in a browser: desktop and phone, light and dark, both languages."""

from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.application.conftest import FOODS
from tests.application.site import WITHOUT_ACCOUNT, Site, whole_pages
from tests.browsing import DESK, PHONE, Visit, visiting

PAGES = [path for path in whole_pages() if path not in WITHOUT_ACCOUNT]
SHIFTED = """async () => {
  const seen = new PerformanceObserver(() => {});
  seen.observe({type: "layout-shift", buffered: true});
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return seen.takeRecords().flatMap((shift) => shift.sources.map(({node}) => node?.outerHTML?.slice(0, 200)));
}"""
NOT_CARDS = """[...document.querySelectorAll(".list")].filter((list) => list.checkVisibility() && (
  list.scrollWidth > list.clientWidth
  || [...list.querySelectorAll("td")].some((cell) => getComputedStyle(cell).display === "table-cell")
)).map((list) => list.ariaLabel)"""
CUT_OFF = """[...document.querySelectorAll(".list")].filter((list) =>
  list.checkVisibility() && list.scrollWidth > list.clientWidth).map((list) => list.ariaLabel)"""
DARK, LIGHT = "dark", "light"


async def opened(visit: Visit, address: str) -> None:
    """Opens a page and waits for its drawings; a live page never reaches network idle."""
    await visit.page.goto(address)
    for drawing in await visit.page.locator(".chart-canvas").all():
        await expect(drawing.locator("canvas").first).to_be_attached()


async def fits(visit: Visit, screen: Any) -> list[str]:
    """Layout and accessibility faults of the page on that screen."""
    await visit.page.set_viewport_size(screen)
    wide = [f"{element} is wider than the screen" for element in await visit.wider_than_the_screen()]
    asked = NOT_CARDS if screen is PHONE else CUT_OFF
    return wide + [f"{list_} does not fit" for list_ in await visit.page.evaluate(asked)]


@pytest.mark.parametrize("path", PAGES)
async def test_it_is_accessible_on_every_screen(site: Site, browser: Browser, path: str) -> None:
    """A page is loaded once in English and once in German; rotation and dark mode load nothing."""
    address = (await site.followed(FOODS)).richest(path)
    wrong = {}
    async with visiting(browser, color_scheme=LIGHT, **await site.signed_in(FOODS)) as visit:
        await opened(visit, address)
        wrong["moves while it loads"] = await visit.page.evaluate(SHIFTED)
        wrong["desk"] = await fits(visit, DESK)
        wrong["light"] = await visit.inaccessible()
        wrong["phone"] = await fits(visit, PHONE)
        await visit.page.emulate_media(color_scheme=DARK)
        wrong["dark phone"] = await visit.inaccessible()
    async with visiting(
        browser, color_scheme=DARK, viewport=PHONE, is_mobile=True, **await site.signed_in("german")
    ) as visit:
        await opened(visit, address)
        assert await visit.page.locator("html[lang=de]").count() == 1
        wrong["moves while it loads on a phone"] = await visit.page.evaluate(SHIFTED)
        wrong["German phone"] = await fits(visit, PHONE)
        wrong["German desk"] = await fits(visit, DESK)
        wrong["dark"] = await visit.inaccessible()
    assert {how: what for how, what in wrong.items() if what} == {}


@pytest.mark.parametrize("who", ["worst", "worst german", "empty", "empty german"])
async def test_longest_names_and_empty_lists_fit(site: Site, browser: Browser, who: str) -> None:
    followed = await site.followed(who)
    assert followed.broken == []
    assert len(followed.addresses) >= (len(PAGES) if "worst" in who else 15)
    wrong = {}
    async with visiting(browser, viewport=PHONE, is_mobile=True, **await site.signed_in(who)) as visit:
        for path in followed.addresses:
            await opened(visit, followed.richest(path))
            wrong[path] = await fits(visit, PHONE)
            if who == "empty":
                wrong[path] += await visit.inaccessible()
    assert {path: what for path, what in wrong.items() if what} == {}


ERRORS = {
    "/nothing-here": (FOODS, 404),
    "/products/00000000-0000-0000-0000-000000000000": (FOODS, 404),
    "/products?status=nothing": (FOODS, 422),
    "/users": ("viewer@foods.example", 403),
    "/sign-in": (FOODS, 200),
    "/forgotten-password": (FOODS, 200),
    "/reset-password": (FOODS, 404),
}


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
async def test_error_pages_are_accessible(site: Site, browser: Browser, scheme: Any) -> None:
    wrong = {}
    for address, (who, status) in ERRORS.items():
        async with visiting(
            browser, viewport=PHONE, is_mobile=True, color_scheme=scheme, **await site.signed_in(who)
        ) as visit:
            reply = await visit.page.goto(address)
            assert reply is not None
            assert reply.status == status, address
            wrong[address] = await fits(visit, PHONE) + await visit.inaccessible()
            visit.complaints = [said for said in visit.complaints if f"status of {status}" not in said]
    assert {address: what for address, what in wrong.items() if what} == {}
