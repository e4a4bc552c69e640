"""Printed pages: complete, in light colours, and a list starts on its heading's page."""

import pypdfium2
import pytest
from playwright.async_api import Browser

from tests.application.conftest import FOODS
from tests.application.site import Site
from tests.browsing import visiting

A4 = {"width": 718, "height": 1047}  # in pixels of 1/96 inch, less the margins
CUT_OFF = """[...document.querySelectorAll(".card")].flatMap((card) =>
  [...card.querySelectorAll("td, canvas")]
  .filter((part) => part.checkVisibility()
    && part.getBoundingClientRect().right > card.getBoundingClientRect().right + 1)
  .map((part) => `${card.querySelector("h2")?.textContent}: ${part.outerHTML.slice(0, 80)}`))"""
SHADE = "getComputedStyle(document.querySelector('h1')).color"


@pytest.mark.parametrize(
    "path", ["/", "/inventory", "/ledger", "/sales-orders/{order_id:uuid}", "/suppliers/{supplier_id:uuid}"]
)
async def test_a_page_is_printed_whole_and_dark_on_white(site: Site, browser: Browser, path: str) -> None:
    address = (await site.followed(FOODS)).richest(path)
    async with visiting(browser, **await site.signed_in(FOODS), color_scheme="dark") as visit:
        page = visit.page
        await page.goto(address)
        if await page.locator("[data-chart], [data-map]").count():
            await page.locator("canvas").first.wait_for()
        on_screen = await page.evaluate(SHADE)
        printed = pypdfium2.PdfDocument(await page.pdf(prefer_css_page_size=True, format="A4"))
        words = printed[0].get_textpage().get_text_range()
        assert len(words.splitlines()) > 10, f"little but a heading on the first page: {words}"
        await page.emulate_media(media="print")
        await page.set_viewport_size(A4)
        assert await page.evaluate(CUT_OFF) == []
        await page.emulate_media(media="print", color_scheme="light")
        on_paper = await page.evaluate(SHADE)
        await page.emulate_media(media="print", color_scheme="dark")
        assert on_paper == await page.evaluate(SHADE) != on_screen
