"""The gallery in a real browser: layout, accessibility, keyboard, phone."""

from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.browsing import DESK, PHONE, redrawn, visiting

SHIFTS = """new Promise((resolve) => new PerformanceObserver((list) => resolve(
  list.getEntries().reduce((sum, entry) => sum + entry.value, 0)))
  .observe({type: "layout-shift", buffered: true}) || setTimeout(() => resolve(0), 300))"""
WEIGHT = """performance.getEntries().filter((entry) => entry.encodedBodySize)
  .reduce((sum, entry) => sum + entry.encodedBodySize, 0)"""
COLOURS = """(canvas) => new Set(new Uint32Array(
  canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size"""


@pytest.mark.parametrize(
    ("path", "scheme", "screen"),
    [
        ("/?toast=1", "light", DESK),
        ("/?toast=1", "dark", DESK),
        ("/?toast=1&locale=de", "light", PHONE),
        ("/?toast=1&locale=de", "dark", PHONE),
        ("/errors/404?signed-in", "light", PHONE),
        ("/errors/429", "dark", DESK),
    ],
)
async def test_it_is_accessible_on_every_screen(
    browser: Browser, gallery: str, path: str, scheme: Any, screen: Any
) -> None:
    async with visiting(browser, color_scheme=scheme, viewport=screen, is_mobile=screen is PHONE) as visit:
        await visit.page.goto(gallery + path, wait_until="networkidle")
        assert await visit.wider_than_the_screen() == []
        assert await visit.inaccessible() == []
        visit.complaints = [
            said for said in visit.complaints if "status of" not in said
        ]  # 404 and 429, expected


async def test_loading_causes_no_layout_shift(browser: Browser, gallery: str) -> None:
    for screen in (DESK, PHONE):
        async with visiting(browser, viewport=screen) as visit:
            await visit.page.goto(gallery, wait_until="networkidle")
            assert await visit.page.evaluate(SHIFTS) == 0


async def test_compact_rows_persist_without_layout_shift(browser: Browser, gallery: str) -> None:
    async with visiting(browser) as visit:
        await visit.page.goto(gallery, wait_until="networkidle")
        rows = visit.page.locator(".list tbody tr")
        height = "(rows) => rows.reduce((sum, row) => sum + row.getBoundingClientRect().height, 0)"
        high = await rows.evaluate_all(height)
        await visit.page.get_by_label("Appearance").click()
        await visit.page.get_by_role("button", name="Compact").click()
        low = await rows.evaluate_all(height)
        assert low < 0.9 * high
        await visit.page.reload(wait_until="networkidle")
        assert await rows.evaluate_all(height) == low
        assert await visit.page.evaluate(SHIFTS) == 0


async def test_a_first_view_is_small_and_loads_charts_only_if_needed(browser: Browser, gallery: str) -> None:
    async with visiting(browser) as visit:
        await visit.page.goto(f"{gallery}/plain", wait_until="networkidle")
        loaded = await visit.page.evaluate(
            "performance.getEntriesByType('resource').map((entry) => entry.name)"
        )
        assert not [name for name in loaded if "charts" in name or "world" in name]
        assert await visit.page.evaluate(WEIGHT) < 150_000
        await visit.page.goto(gallery, wait_until="networkidle")
        loaded = await visit.page.evaluate(
            "performance.getEntriesByType('resource').map((entry) => entry.name)"
        )
        assert len([name for name in loaded if "charts" in name or "world" in name]) == 2


async def test_charts_are_drawn_from_their_tables_and_follow_them(browser: Browser, gallery: str) -> None:
    async with visiting(browser) as visit:
        await visit.page.goto(gallery, wait_until="networkidle")
        drawn = visit.page.locator(".chart-canvas:has(canvas)")
        await expect(drawn).to_have_count(4)
        for number in range(4):
            assert await drawn.nth(number).locator("canvas").first.evaluate(COLOURS) > 5
        seen = await drawn.first.screenshot()
        await visit.page.locator("#marker-2").evaluate("(row) => (row.dataset.longitude = '40')")
        await redrawn(drawn.first, seen)
        await visit.page.get_by_text("As a table").first.click()
        await expect(visit.page.get_by_role("link", name="SHP-20412").first).to_be_visible()


async def test_a_position_event_moves_its_marker(browser: Browser, gallery: str) -> None:
    async with visiting(browser) as visit:
        await visit.page.goto(gallery)
        await expect(visit.page.locator(".chart-map canvas").first).to_be_visible()
        row = visit.page.locator("#marker-2")
        before = await row.get_attribute("data-longitude")
        await expect(visit.page.get_by_text("Live", exact=True)).to_be_visible()
        seen = await visit.page.locator(".chart-map").screenshot()
        await expect(row).to_contain_text("At sea")
        await visit.page.wait_for_function(
            "(was) => document.querySelector('#marker-2').dataset.longitude < was - 0.2", arg=before
        )
        await redrawn(visit.page.locator(".chart-map"), seen)


async def test_the_map_zooms_in_and_out(browser: Browser, gallery: str) -> None:
    async with visiting(browser) as visit:
        await visit.page.goto(gallery, wait_until="networkidle")
        canvas = visit.page.locator("[data-map] .chart-canvas")
        seen = await canvas.screenshot()
        await visit.page.get_by_role("button", name="Zoom in").click()
        await visit.page.mouse.move(0, 0)
        closer = await redrawn(canvas, seen)
        await visit.page.get_by_role("button", name="Whole map").click()
        await visit.page.mouse.move(0, 0)
        await redrawn(canvas, closer)


async def test_dark_mode_is_applied_at_once_and_persists(browser: Browser, gallery: str) -> None:
    async with visiting(browser, color_scheme="light") as visit:
        await visit.page.goto(gallery)
        background = "getComputedStyle(document.body).backgroundColor"
        light = await visit.page.evaluate(background)
        await visit.page.get_by_label("Appearance").click()
        await visit.page.get_by_role("button", name="Dark").click()
        dark = await visit.page.evaluate(background)
        assert dark != light
        reply = await visit.page.reload()
        assert reply is not None
        assert 'data-theme="dark"' in await reply.text()
        assert await visit.page.evaluate(background) == dark
        await visit.page.get_by_label("Appearance").click()
        await visit.page.get_by_role("button", name="Follow the system").click()
        assert await visit.page.evaluate(background) == light
        assert await visit.page.context.cookies() == []


async def test_search_works_by_keyboard_alone(browser: Browser, gallery: str) -> None:
    async with visiting(browser) as visit:
        await visit.page.goto(gallery, wait_until="networkidle")
        await visit.page.keyboard.press("/")
        await visit.page.keyboard.type("pop")
        first = visit.page.get_by_role("option", name="Popcorn holder")
        await expect(first).to_have_attribute("data-found-for", "pop")  # and not for the letters before
        await expect(first).to_have_attribute("aria-selected", "true")
        await visit.page.keyboard.press("ArrowDown")
        await expect(visit.page.get_by_role("option", name="SHP-20412")).to_have_attribute(
            "aria-selected", "true"
        )
        await visit.page.keyboard.press("ArrowUp")
        await visit.page.keyboard.press("Enter")
        await visit.page.wait_for_url("**/products/22197")
        await visit.page.go_back()
        await visit.page.keyboard.press("/")
        await visit.page.keyboard.press("Escape")
        await expect(visit.page.get_by_label("Search", exact=True)).not_to_be_focused()
        visit.complaints = [
            said for said in visit.complaints if "status of 404" not in said
        ]  # no such page here


async def test_the_palette_opens_from_a_field_and_gives_the_focus_back(
    browser: Browser, gallery: str
) -> None:
    async with visiting(browser) as visit:
        await visit.page.goto(gallery, wait_until="networkidle")
        field = visit.page.get_by_role("search", name="Filters").get_by_role("searchbox").first
        await field.focus()
        await visit.page.keyboard.press("/")
        await expect(field).to_have_value("/")
        await visit.page.keyboard.press("Control+k")
        box = visit.page.get_by_label("Search", exact=True)
        await expect(box).to_be_focused()
        await expect(visit.page.get_by_role("option").first).to_be_visible()
        await visit.page.keyboard.press("Escape")
        await expect(field).to_be_focused()
        await expect(visit.page.get_by_role("option").first).to_be_hidden()


_BOXES = """() => [...document.querySelectorAll('#search-results [role=option]')].map(option => {
    const [line, icon, text] = [option, option.querySelector('.icon'), option.querySelector('span')]
        .map(element => element.getBoundingClientRect());
    return [line, icon, text].map(({top, bottom, left, right}) => ({top, bottom, left, right}));
})"""


@pytest.mark.parametrize("size", [DESK, {"width": 1024, "height": 768}, PHONE])
async def test_what_the_palette_offers_is_laid_out_line_by_line(
    browser: Browser, gallery: str, size: dict[str, int]
) -> None:
    """Each icon before its text in its own line, no line over another, all within the window."""
    async with visiting(browser, viewport=size) as visit:
        await visit.page.goto(gallery, wait_until="networkidle")
        await visit.page.keyboard.press("/")
        await visit.page.keyboard.type("pop")
        await expect(visit.page.get_by_role("option", name="All results")).to_be_visible()
        bottom = 0
        for line, icon, text in await visit.page.evaluate(_BOXES):
            assert line["top"] >= bottom
            assert line["top"] <= icon["top"] < icon["bottom"] <= line["bottom"]
            assert line["left"] <= icon["left"] < icon["right"] <= text["left"] < text["right"]
            assert text["right"] <= line["right"] <= size["width"]
            bottom = line["bottom"]
        assert line["right"] - line["left"] >= min(size["width"] - 40, 600)


async def test_menus_open_and_close_by_keyboard(browser: Browser, gallery: str) -> None:
    async with visiting(browser) as visit:
        await visit.page.goto(gallery)
        await visit.page.keyboard.press("Tab")
        await expect(visit.page.get_by_role("link", name="Skip to content")).to_be_focused()
        account = visit.page.get_by_text("Account: Ada Okafor")
        await account.focus()
        await visit.page.keyboard.press("Enter")
        await expect(visit.page.get_by_role("button", name="Sign out")).to_be_visible()
        await visit.page.keyboard.press("Tab")
        await visit.page.keyboard.press("Escape")
        await expect(visit.page.get_by_role("button", name="Sign out")).to_be_hidden()
        await expect(account).to_be_focused()
        await account.click()
        await visit.page.get_by_role("heading", name="Gallery").click()
        await expect(visit.page.get_by_role("button", name="Sign out")).to_be_hidden()


async def test_selected_columns_persist(browser: Browser, gallery: str) -> None:
    async with visiting(browser) as visit:
        await visit.page.goto(gallery)
        value = visit.page.get_by_role("columnheader", name="Value")
        await expect(value).to_have_count(0)
        await visit.page.get_by_text("Columns", exact=True).click()
        await visit.page.get_by_label("Value", exact=True).check()
        await visit.page.get_by_label("Warehouse", exact=True).first.uncheck()
        await visit.page.get_by_role("button", name="Apply").click()
        await expect(value).to_be_visible()
        await visit.page.reload()
        await expect(value).to_be_visible()
        await expect(visit.page.get_by_role("columnheader", name="Warehouse")).to_have_count(0)
        await expect(visit.page.get_by_role("columnheader", name="Product")).to_be_visible()


async def test_a_filters_url_contains_only_its_values(browser: Browser, gallery: str) -> None:
    async with visiting(browser) as visit:
        await visit.page.goto(f"{gallery}/?sort=-name")
        filters = visit.page.get_by_role("search", name="Filters")
        await filters.get_by_label("Status").select_option("Out of stock")
        await visit.page.wait_for_url("**/?sort=-name&state=out")
        await filters.get_by_label("Product").fill("bag")
        await visit.page.keyboard.press("Enter")
        await visit.page.wait_for_url("**/?sort=-name&q=bag&state=out")
        await visit.page.go_back()
        await visit.page.wait_for_url("**/?sort=-name&state=out")
        await expect(filters.get_by_label("Status")).to_have_value("out")
        await expect(filters.get_by_label("Product")).to_have_value("")
        await visit.page.go_back()
        await visit.page.wait_for_url("**/?sort=-name")
        await expect(filters.get_by_label("Status")).to_have_value("")


async def test_it_can_be_read_without_javascript(browser: Browser, gallery: str) -> None:
    async with visiting(browser, java_script_enabled=False, viewport=PHONE, is_mobile=True) as visit:
        await visit.page.goto(gallery)
        await expect(visit.page.get_by_label("Appearance")).to_be_hidden()
        await expect(visit.page.locator(".chart-canvas").first).to_be_hidden()
        await visit.page.get_by_text("As a table").first.click()
        await expect(visit.page.get_by_role("link", name="SHP-20412").first).to_be_visible()
        products = visit.page.get_by_role("link", name="Products", exact=True)
        await expect(products).to_be_hidden()
        await visit.page.get_by_role("button", name="Menu").click()
        await expect(products).to_be_visible()
        await visit.page.keyboard.press("Escape")
        await expect(products).to_be_hidden()
