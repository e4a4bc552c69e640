"""Everyday use by keyboard and on a phone: search, filters, paging, back button, display settings."""

import re
from typing import Any

import pytest
import python_calamine
from playwright.async_api import Browser, Page, expect

from tests.application.conftest import FOODS
from tests.application.site import Site
from tests.browsing import PHONE, visiting

ANCHOVIES = "Anchovy fillets in olive oil, 125 g"
WEIGHT = """(apart) => performance.getEntries()
  .filter((one) => one.transferSize && !(apart && one.name.match(apart)))
  .reduce((sum, one) => sum + one.transferSize, 0)"""


async def test_a_record_is_found_and_opened_by_keyboard_alone(site: Site, browser: Browser) -> None:
    async with visiting(browser, **await site.signed_in(FOODS)) as visit:
        page = visit.page
        await page.goto("/suppliers")
        await page.keyboard.press("/")
        await expect(page.get_by_role("combobox", name="Search")).to_be_focused()
        await page.keyboard.type("ancho")
        offered = page.get_by_role("option").filter(has_text=ANCHOVIES)
        await expect(offered).to_have_attribute("data-found-for", "ancho")  # and not for the letters before
        for _ in range(await page.get_by_role("option").count()):
            await page.keyboard.press("ArrowDown")
            if ANCHOVIES in await page.locator("[role=option][aria-selected=true]").inner_text():
                break
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/products/*")
        await expect(page.get_by_role("heading", level=1)).to_contain_text(ANCHOVIES)
        await page.keyboard.press("/")
        await page.keyboard.type("nothing is called so")
        await expect(page.get_by_text("Nothing found.")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("combobox", name="Search")).not_to_be_focused()
        await expect(page.get_by_text("Nothing found.")).to_be_hidden()


async def test_a_list_is_filtered_to_a_record_by_keyboard_alone(site: Site, browser: Browser) -> None:
    async with visiting(browser, **await site.signed_in(FOODS)) as visit:
        page = visit.page
        await page.goto("/products")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")  # the skip link
        field = page.get_by_role("search", name="Filters").get_by_label("Search")
        for _ in range(6):
            await page.keyboard.press("Tab")
            if await field.evaluate("(field) => field === document.activeElement"):
                break
        await page.keyboard.type("FIS-0210")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/products?q=FIS-0210")
        found = page.get_by_role("table", name="Products").get_by_role("link", name="FIS-0210")
        await expect(found).to_have_count(1)
        for _ in range(60):
            await page.keyboard.press("Tab")
            if await found.evaluate("(link) => link === document.activeElement"):
                break
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/products/*")
        await expect(page.get_by_role("heading", level=1)).to_contain_text(ANCHOVIES)


async def test_the_back_button_restores_the_list(site: Site, browser: Browser) -> None:
    async with visiting(browser, **await site.signed_in(FOODS)) as visit:
        page = visit.page
        await page.goto("/ledger")
        await page.get_by_role("search", name="Filters").get_by_label("Movement").select_option("Sale")
        await page.wait_for_url("**movement_kind=sale")
        await page.get_by_role("link", name="Next").click()
        await page.wait_for_url("**cursor=*")
        left, rows = page.url, await first_rows(page)
        await page.locator("td a[href^='/products/']").first.click()
        await page.wait_for_url("**/products/*")
        await page.go_back()
        await page.wait_for_url(left)
        assert await first_rows(page) == rows
        filtered = page.get_by_role("search", name="Filters").get_by_label("Movement")
        await expect(filtered).to_have_value("sale")
        await page.get_by_role("link", name="Previous").click()
        await page.wait_for_url("**before=*")
        assert await first_rows(page) != rows
    async with visiting(browser, **await site.signed_in(FOODS)) as elsewhere:
        await elsewhere.page.goto(left)
        assert await first_rows(elsewhere.page) == rows, "the address alone does not say what was seen"


async def first_rows(page: Page) -> list[str]:
    return await page.get_by_role("row").all_inner_texts()


async def test_everything_can_be_read_without_javascript(site: Site, browser: Browser) -> None:
    async with visiting(browser, java_script_enabled=False, base_url=site.address) as visit:
        page = visit.page
        await page.goto("/ledger")
        await page.get_by_label("E-mail address").fill(FOODS)
        await page.get_by_role("textbox", name="Password").fill("imsop-demo")
        await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_url("**/ledger")
        filters = page.get_by_role("search", name="Filters")
        await filters.get_by_label("Movement").select_option("Sale")
        await filters.get_by_role("button", name="Show").click()
        await expect(page.get_by_role("cell", name="Sale", exact=True)).to_have_count(50)
        first = await page.get_by_role("row").nth(1).inner_text()
        await page.get_by_role("link", name="Next").click()
        await expect(page.get_by_role("row").nth(1)).not_to_have_text(first)
        await page.locator("td a[href^='/products/']").first.click()
        await page.wait_for_url("**/products/*")
        await page.get_by_text("As a table").first.click()
        await expect(page.get_by_role("table", name="Stock at the end of each day")).to_be_visible()
        await page.locator("summary", has_text="Account:").click()
        await page.get_by_role("button", name="Sign out").click()
        await page.wait_for_url("**/sign-in")


async def test_a_downloaded_export_contains_the_filtered_rows(
    site: Site, browser: Browser, tmp_path: Any
) -> None:
    admin = await site.member(FOODS)
    async with visiting(browser, **await site.signed_in(FOODS)) as visit:
        await visit.page.goto("/inventory?q=anchovy")
        await visit.page.get_by_text("Export", exact=True).click()
        async with visit.page.expect_download() as coming:
            await visit.page.get_by_role("link", name="XLSX").click()
        download = await coming.value
        await download.save_as(tmp_path / download.suggested_filename)
    assert re.fullmatch(r"inventory-\d{4}-\d\d-\d\d\.xlsx", download.suggested_filename)
    sheet = python_calamine.load_workbook(tmp_path / download.suggested_filename).get_sheet_by_index(0)
    header, *rows = sheet.to_python()
    async with admin.transaction() as connection:
        kept = await connection.fetch(
            """
            SELECT p.sku, w.name, i.quantity_on_hand FROM inventory i
            JOIN products p ON p.id = i.product_id JOIN warehouses w ON w.id = i.warehouse_id
            WHERE i.organization_id = $1 AND p.name ILIKE '%anchovy%'
            """,
            admin.organization_id,
        )
    assert len(kept) > 2
    columns = [header.index(name) for name in ("sku", "warehouse_name", "on_hand")]
    assert sorted([row[column] for column in columns] for row in rows) == sorted(map(list, kept))


@pytest.mark.parametrize(("path", "apart"), [("/sign-in", ""), ("/inventory", ""), ("/", "/(charts|world)-")])
async def test_a_first_view_is_small_without_charts(
    site: Site, browser: Browser, path: str, apart: str
) -> None:
    async with visiting(browser, **await site.signed_in(FOODS)) as visit:
        await visit.page.goto(path)
        assert 10_000 < await visit.page.evaluate(WEIGHT, apart) < 150_000


async def test_a_phone_opens_and_closes_its_menu(site: Site, browser: Browser) -> None:
    async with visiting(browser, viewport=PHONE, is_mobile=True, **await site.signed_in(FOODS)) as visit:
        page = visit.page
        await page.goto("/")
        menu = page.get_by_role("button", name="Menu")
        main = page.get_by_role("navigation", name="Main")
        products = main.get_by_role("link", name="Products", exact=True)
        await expect(products).to_be_hidden()
        await menu.press("Enter")
        await expect(products).to_be_visible()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Escape")
        await expect(products).to_be_hidden()
        await expect(menu).to_be_focused()
        await menu.click()
        await products.click()
        await page.wait_for_url("**/products")
        await expect(products).to_be_hidden()


async def test_dark_mode_persists(site: Site, browser: Browser) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    async with visiting(browser, color_scheme="light", **await site.signed_in(FOODS)) as visit:
        page = visit.page
        await page.goto("/")
        light = await page.evaluate(background)
        await page.get_by_label("Appearance").click()
        await page.get_by_role("button", name="Dark").click()
        dark = await page.evaluate(background)
        assert dark != light
        await page.get_by_role("link", name="Products", exact=True).click()
        await page.wait_for_url("**/products")
        assert await page.evaluate(background) == dark
        kept = await page.context.storage_state()
    async with visiting(browser, color_scheme="light", base_url=site.address, storage_state=kept) as tomorrow:
        await tomorrow.page.goto("/inventory")
        assert await tomorrow.page.evaluate(background) == dark
