"""Every link shown to a role works, and links to forbidden pages are not shown."""

import re

import pytest
from playwright.async_api import Browser, expect

from imsop.identity.roles.permissions import SYSTEM_ROLES, SystemRole
from imsop.web.pages import NAVIGATION
from tests.application.site import WITHOUT_ACCOUNT, Site, whole_pages
from tests.browsing import visiting

EMAILS = {role: f"{'admin' if role == 'administrator' else role}@foods.example" for role in SYSTEM_ROLES}


@pytest.mark.parametrize("role", SYSTEM_ROLES)
async def test_every_link_shown_to_a_role_works(site: Site, role: str) -> None:
    followed = await site.followed(EMAILS[role])
    assert followed.broken == []
    assert len(followed.addresses) > 10


async def test_every_page_is_reachable_by_links(site: Site) -> None:
    followed = await site.followed(EMAILS["administrator"])
    assert sorted(followed.addresses) == [path for path in whole_pages() if path not in WITHOUT_ACCOUNT]


@pytest.mark.parametrize("role", SYSTEM_ROLES)
async def test_the_navigation_shows_exactly_what_a_role_may_see(
    site: Site, browser: Browser, role: SystemRole
) -> None:
    _, held = SYSTEM_ROLES[role]
    mine = [entry for entry in NAVIGATION if entry.permission in held]
    async with visiting(browser, **await site.signed_in(EMAILS[role])) as visit:
        await visit.page.goto("/")
        frame = visit.page.get_by_role("navigation", name="Main")
        assert await frame.get_by_role("listitem").get_by_role("link").all_inner_texts() == [
            entry.label for entry in mine
        ]
        for entry in mine:
            await frame.get_by_role("link", name=entry.label, exact=True).click()
            await visit.page.wait_for_url(f"**{entry.href}")
            await expect(visit.page.get_by_role("heading", level=1)).to_have_text(
                re.compile(f"^{entry.label}")
            )
            await expect(frame.locator("[aria-current=page]")).to_have_text(entry.label)
        for entry in set(NAVIGATION) - set(mine):
            reply = await visit.page.goto(entry.href)
            assert reply is not None
            assert reply.status == 403, entry.href
            await expect(visit.page.get_by_role("heading", level=1)).to_have_text("You do not have access")
        visit.complaints = [said for said in visit.complaints if "status of 403" not in said]  # expected
