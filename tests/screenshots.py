"""The pictures in README and docs: `python -m tests.screenshots` starts the demo and retakes them.

With a URL, of the demo that runs there.
"""

import asyncio
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from PIL import Image
from playwright.async_api import Browser, Page, expect

from imsop.demo.people import PASSWORD
from tests import browsing
from tests.installation.processes import imsop_up, open_directory
from tests.rules.source import ROOT

FOLDER = ROOT / "docs" / "screenshots"
WHO = "admin@foods.example"
COLOURS = 256  # a palette: a third of the size without visible loss
MAX_BYTES = 200_000
GUTTER = 15  # width of the scrollbar, which pictures do not show
DESK = {"width": 1440 + GUTTER, "height": 1000}
PHONE = browsing.PHONE


class Picture(NamedTuple):
    """A page to show; for a list, optionally the document of its first row."""

    name: str
    path: str
    opens_first: bool = False
    scheme: Any = "light"
    screen: Any = DESK


PICTURES = (
    Picture("control-tower", "/"),
    Picture("control-tower-dark", "/", scheme="dark"),
    Picture("control-tower-phone", "/", screen=PHONE),
    Picture("inventory", "/inventory"),
    Picture("inventory-phone", "/inventory", scheme="dark", screen=PHONE),
    Picture("replenishment", "/replenishment?state=to_reorder"),
    Picture("product", "/products?q=FIS-0210", opens_first=True),
    Picture("purchase-order", "/purchase-orders?late=true", opens_first=True),
    Picture("shipment", "/shipments?status=in_transit&type=inbound&late=true", opens_first=True),
    Picture("supplier", "/suppliers?q=Glash", opens_first=True),
)


async def take(address: str) -> None:
    FOLDER.mkdir(exist_ok=True)
    async with browsing.started() as browser:
        context = await browser.new_context(base_url=address)
        await sign_in(await context.new_page())
        state = await context.storage_state()
        for picture in PICTURES:
            path = FOLDER / f"{picture.name}.png"
            path.write_bytes(
                in_few_colours(await seen(browser, picture, base_url=address, storage_state=state))
            )
            size = path.stat().st_size
            sys.stdout.write(f"{path.relative_to(ROOT)}: {size / 1000:.0f} KB\n")
            assert size < MAX_BYTES, f"{picture.name} is too large: make its screen smaller"


async def sign_in(page: Page) -> None:
    await page.goto("/sign-in")
    await page.get_by_label("E-mail address").fill(WHO)
    await page.get_by_role("textbox", name="Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/")


async def seen(browser: Browser, picture: Picture, **options: Any) -> bytes:
    width, height = picture.screen["width"], picture.screen["height"]
    is_phone = picture.screen is PHONE
    async with browsing.visiting(
        browser, viewport=picture.screen, color_scheme=picture.scheme, is_mobile=is_phone, **options
    ) as visit:
        page = visit.page
        await page.goto(picture.path)
        if picture.opens_first:
            await page.locator("td.first a").first.click()
            await page.wait_for_url("**/*-*-*-*-*")
        for drawing in await page.locator(".chart-canvas").all():
            await expect(drawing.locator("canvas").first).to_be_attached()
        await expect(page.locator("[data-live][data-state=off]")).to_have_count(0)
        await page.evaluate("document.fonts.ready")
        shown = width if is_phone else width - GUTTER
        return await page.screenshot(clip={"x": 0, "y": 0, "width": shown, "height": height})


def in_few_colours(png: bytes) -> bytes:
    made = io.BytesIO()
    seen = Image.open(io.BytesIO(png)).convert("RGB")
    few = seen.quantize(COLOURS, Image.Quantize.MEDIANCUT, kmeans=2, dither=Image.Dither.NONE)
    few.save(made, "PNG", optimize=True)
    return made.getvalue()


@contextmanager
def given_or_demonstrated() -> Iterator[str]:
    """The URL given to the command, else that of a demo started for it."""
    if sys.argv[1:]:
        yield sys.argv[1]
    else:
        with open_directory() as directory, imsop_up(directory, "--demo") as up:
            yield up.address


if __name__ == "__main__":
    with given_or_demonstrated() as address:
        asyncio.run(take(address))
