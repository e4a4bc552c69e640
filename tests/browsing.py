"""Shared by browser tests: a browser, its pages, and checks for every page visited."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from litestar.types import ASGIApp
from playwright.async_api import Browser, Locator, Page, Request, async_playwright, expect

from tests import browser as browsers
from tests.rules.source import ROOT

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
_AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
# Requesting violations only takes a seventh of the time, as passing elements are not described.
_ASK_AXE = "(rules) => axe.run(document, {runOnly: rules, resultTypes: ['violations']})"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

expect.set_options(timeout=30_000)  # milliseconds; the default of 5,000 is too short on a busy machine


@asynccontextmanager
async def started() -> AsyncIterator[Browser]:
    path = browsers.found()
    assert path, browsers.LACKING
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=[*browsers.FLAGS])
        yield browser
        await browser.close()


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """Serves the application on a free port; yields its address."""
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    )  # type: ignore[arg-type]
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await running


class Visit:
    """One page in its own browser context; browser complaints are collected and fail the test at the end."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("requestfailed", self._miss)

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def _miss(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # requests of a page that was left are aborted
            self.complaints.append(f"failed: {request.url} {request.failure}")

    async def wider_than_the_screen(self) -> list[str]:
        """Elements that overflow the viewport to the right; scrolling inside a container is allowed."""
        # Not innerWidth: a phone zooms out for wider content, which increases it.
        found: list[str] = await self.page.evaluate(
            """(width) => document.documentElement.scrollWidth <= width ? [] :
            [...document.querySelectorAll("body *")]
              .filter((element) => element.getBoundingClientRect().right > width + 1)
              .map((element) => `${element.tagName}.${element.className}`)""",
            self.page.viewport_size["width"] if self.page.viewport_size else 0,
        )
        return found

    async def inaccessible(self) -> list[str]:
        """Violations found by axe-core, with the first element of each."""
        await self.page.evaluate(_AXE.read_text())
        result: Any = await self.page.evaluate(_ASK_AXE, _RULES)
        return [
            f"{broken['id']}: {broken['nodes'][0]['html'][:200]}: {broken['nodes'][0]['failureSummary']}"
            for broken in result["violations"]
        ]


@asynccontextmanager
async def visiting(browser: Browser, **options: Any) -> AsyncIterator[Visit]:
    """A separate browser context with these options of `Browser.new_context`, so no cookies are shared.

    Transitions are off, or a colour might be read while it changes.
    """
    context = await browser.new_context(**({"viewport": DESK, "reduced_motion": "reduce"} | options))
    visit = Visit(await context.new_page())
    try:
        yield visit
    finally:
        await context.close()
    assert visit.complaints == [], visit.complaints


async def redrawn(part: Locator, seen: bytes, within_seconds: float = 30.0) -> bytes:
    """A screenshot of an element once it differs from `seen`."""
    async with asyncio.timeout(within_seconds):
        while (now := await part.screenshot()) == seen:  # noqa: ASYNC110 - a canvas tells nobody
            await asyncio.sleep(0.05)
    return now
