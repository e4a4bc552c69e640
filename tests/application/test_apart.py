"""Two organizations in two browsers: neither sees rows of the other."""

import re

import pytest
from playwright.async_api import Browser, expect

from tests.application.conftest import FOODS
from tests.application.site import Followed, Site
from tests.browsing import visiting

TOOLS = "admin@tools.example"
_ROW = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}")


def rows_of(followed: Followed) -> set[str]:
    """The ids of all crawled rows."""
    return {row for ones in followed.addresses.values() for one in ones for row in _ROW.findall(one)}


@pytest.mark.parametrize(("who", "other"), [(FOODS, TOOLS), (TOOLS, FOODS)])
async def test_the_rows_of_the_other_organization_are_not_found(
    site: Site, browser: Browser, who: str, other: str
) -> None:
    ours, theirs = await site.followed(who), await site.followed(other)
    assert len(rows_of(theirs)) > 20
    assert not rows_of(ours) & rows_of(theirs)
    async with visiting(browser, **await site.signed_in(who)) as visit:
        for path, (address, *_) in theirs.addresses.items():
            if "{" in path:
                reply = await visit.page.goto(address)
                assert reply is not None
                assert reply.status == 404, address
                await expect(visit.page.get_by_role("heading", level=1)).to_have_text("Not found")
        visit.complaints = [said for said in visit.complaints if "status of 404" not in said]  # expected
        (product,) = (await (await site.member(other)).read("products", limit=1))["items"]
        await visit.page.goto("/products", wait_until="networkidle")
        await visit.page.keyboard.press("/")
        await visit.page.keyboard.type(product["sku"])
        await expect(visit.page.get_by_text("Nothing found.")).to_be_visible()
