"""Keyboard use: shortcuts, search fields, and forms that keep typed values."""

from playwright.async_api import Browser, Dialog, Page, expect

from tests.application.conftest import FOODS
from tests.application.site import Site
from tests.browsing import visiting


async def test_shortcuts_open_row_and_form_and_go_back(site: Site, browser: Browser) -> None:
    async with visiting(browser, **await site.signed_in(FOODS)) as visit:
        page = visit.page
        await page.goto("/")
        await page.keyboard.type("gp")
        await page.wait_for_url("**/products")
        await page.keyboard.press("j")
        await page.keyboard.press("j")
        await page.keyboard.press("k")
        first = page.locator("main tbody tr").first.get_by_role("link").first
        await expect(first).to_be_focused()
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/products/*")
        at = page.url
        await page.keyboard.press("e")
        await page.wait_for_url("**/edit")
        await page.keyboard.press("Escape")
        await page.wait_for_url(at)
        await page.keyboard.press("Escape")
        await page.wait_for_url("**/products")
        await page.keyboard.press("c")
        await page.wait_for_url("**/products/new")
        await page.get_by_label("Name").focus()
        await page.keyboard.type("egc?")
        await expect(page.get_by_label("Name")).to_have_value("egc?")


async def test_a_row_opens_wherever_it_is_clicked(site: Site, browser: Browser) -> None:
    async with visiting(browser, **await site.signed_in(FOODS)) as visit:
        page = visit.page
        await page.goto("/purchase-orders")
        row = page.locator(".list tbody tr").nth(1)
        address = await row.locator("td.first a").get_attribute("href")
        ordered = row.locator("td.date").first
        for pressed in ({"modifiers": ["ControlOrMeta"]}, {"modifiers": ["Shift"]}, {"button": "middle"}):
            async with page.context.expect_page() as tab:
                await ordered.click(**pressed)
            assert (await tab.value).url.endswith(str(address))
        supplier = await row.locator("td a").nth(1).get_attribute("href")
        await row.locator("td a").nth(1).click()
        await page.wait_for_url(f"**{supplier}")
        await page.go_back()
        box = await ordered.bounding_box()
        assert box
        await page.mouse.move(box["x"] + 15, box["y"] + box["height"] / 2)
        await page.mouse.down()
        await page.mouse.move(box["x"] + box["width"] - 20, box["y"] + box["height"] / 2)
        await page.mouse.up()
        assert await page.evaluate("getSelection().toString()")
        assert page.url.endswith("/purchase-orders")
        await ordered.click()
        await page.wait_for_url(f"**{address}")


async def test_shortcuts_are_listed_announced_and_can_be_turned_off(site: Site, browser: Browser) -> None:
    async with visiting(browser, **await site.signed_in(FOODS)) as visit:
        page = visit.page
        await page.goto("/products")
        assert await page.get_by_role("link", name="New product").get_attribute("title") == "New product (c)"
        folded = page.locator("html[data-frame=folded]")
        await page.keyboard.press("[")
        await expect(folded).to_have_count(1)
        assert await visit.inaccessible() == []
        await page.reload()
        await expect(folded).to_have_count(1)
        await page.keyboard.press("[")
        await expect(folded).to_have_count(0)
        await page.keyboard.press("?")
        keys = page.get_by_role("dialog", name="Keyboard shortcuts")
        await expect(keys).to_be_visible()
        assert await visit.inaccessible() == []
        await keys.get_by_role("button", name="Off").click()
        await page.keyboard.press("Escape")
        await expect(keys).to_be_hidden()
        await page.reload()
        await page.keyboard.type("gic[?")
        await expect(keys).to_be_hidden()
        assert page.url.endswith("/products")


async def test_a_row_is_selected_by_typing_part_of_its_name(site: Site, browser: Browser) -> None:
    async with visiting(browser, **await site.signed_in(FOODS)) as visit:
        page = visit.page
        await page.goto("/warehouses/new")
        await page.get_by_label("Name").fill("Bonded store")
        manager = page.get_by_role("combobox", name="Manager")
        await manager.focus()
        options = page.get_by_role("listbox", name="Manager").get_by_role("option")
        await expect(options).not_to_have_count(0)
        name = await options.nth(1).inner_text()
        await page.keyboard.type(name[1:-1].upper())
        await expect(options).to_have_text([name])
        assert await visit.inaccessible() == []
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        await expect(manager).to_have_value(name)
        await expect(options).to_have_count(0)
        await page.keyboard.press("Control+s")
        await page.wait_for_url("**/warehouses/*?saved=true")
        await page.keyboard.press("e")
        await expect(manager).to_have_value(name)


async def test_without_a_response_a_form_keeps_its_values(site: Site, browser: Browser) -> None:
    async with visiting(browser, **await site.signed_in(FOODS)) as visit:
        page = visit.page
        await page.goto("/suppliers/new")
        await page.get_by_label("Name").fill("Quay Traders")
        await page.route("**/health/live", lambda route: route.abort())
        await page.keyboard.press("Control+Enter")
        await expect(page.locator(".no-answer")).to_be_visible()
        await expect(page.get_by_label("Name")).to_have_value("Quay Traders")
        await page.unroute("**/health/live")
        await page.keyboard.press("Control+Enter")
        await page.wait_for_url("**/suppliers/*?saved=true")
        visit.complaints.clear()  # of the withheld response


async def test_leaving_a_page_with_unsaved_input_asks_first(site: Site, browser: Browser) -> None:
    async with visiting(browser, **await site.signed_in(FOODS)) as visit:
        page = visit.page
        asked: list[str] = []

        async def stay(dialog: Dialog) -> None:
            asked.append(dialog.type)
            await dialog.dismiss()

        page.on("dialog", stay)
        await page.goto("/customers/new")
        await _leave(page)
        assert asked == []
        assert page.url.endswith("/customers")
        await page.goto("/customers/new")
        await page.get_by_label("Name").fill("Quay Traders")
        await _leave(page)
        assert asked == ["beforeunload"]
        assert page.url.endswith("/customers/new")
        await expect(page.get_by_label("Name")).to_have_value("Quay Traders")
        page.remove_listener("dialog", stay)


async def _leave(page: Page) -> None:
    await page.get_by_role("link", name="Cancel").click()
    await page.wait_for_load_state("networkidle")


async def test_a_list_is_filtered_by_a_name_chosen_with_the_arrows(site: Site, browser: Browser) -> None:
    async with visiting(browser, **await site.signed_in(FOODS)) as visit:
        page = visit.page
        await page.goto("/purchase-orders?open=true")
        supplier = page.get_by_role("combobox", name="Supplier")
        await supplier.focus()
        options = page.get_by_role("listbox", name="Supplier").get_by_role("option")
        await expect(options).not_to_have_count(0)
        name = await options.first.inner_text()
        await page.keyboard.type(name[:-1].lower())
        await expect(options).to_have_text([name])
        assert await visit.inaccessible() == []
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        chip = page.locator("a.chip", has_text=f"Supplier: {name}")
        await expect(chip).to_be_visible()
        await expect(page.get_by_role("combobox", name="Open")).to_have_value("true")
        await chip.click()
        await expect(chip).to_have_count(0)
        assert page.url.endswith("/purchase-orders?open=true")
