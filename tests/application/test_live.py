"""Live updates of open pages: positions move markers, events appear, failures are reported."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests import states
from tests.application.conftest import FOODS
from tests.application.site import Site
from tests.browsing import redrawn, visiting
from tests.factories import Member

TOOLS = "admin@tools.example"
FAILED = "Part of this page could not be updated"


async def under_way(member: Member) -> dict[str, Any]:
    """A shipment in transit."""
    shipment: dict[str, Any] = (await member.read("shipments", status="in_transit", limit=1))["items"][0]
    return shipment


async def moved(member: Member, shipment: dict[str, Any], longitude: str, minutes_ago: int = 0) -> None:
    then = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    seen = {"timestamp": f"{then}", "latitude": "44.5", "longitude": longitude}
    await member.create(f"shipments/{shipment['id']}/tracking", seen | {"location": f"At {longitude} east"})


async def listening(page: Page) -> None:
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    await expect(page.locator(".chart-map[data-drawn]")).to_have_count(1)


@pytest.mark.parametrize(
    ("page_of", "longitude"), [("the control tower", "-31.5"), ("its shipment", "-35.5")]
)
async def test_a_position_posted_through_the_api_moves_the_marker(
    site: Site, browser: Browser, page_of: str, longitude: str
) -> None:
    planner = await site.member("planner@foods.example")
    shipment = await under_way(planner)
    async with (
        visiting(browser, **await site.signed_in(FOODS)) as ours,
        visiting(browser, **await site.signed_in(TOOLS)) as theirs,
    ):
        await ours.page.goto("/" if page_of == "the control tower" else f"/shipments/{shipment['id']}")
        await theirs.page.goto("/")
        await listening(ours.page)
        await listening(theirs.page)
        told = await theirs.page.evaluate_handle(
            "() => { const told = []; document.body.addEventListener('imsop:position',"
            " ({detail}) => told.push(detail)); return told; }"
        )
        canvas = ours.page.locator(".chart-map")
        seen = await canvas.screenshot()
        await moved(planner, shipment, longitude)
        row = ours.page.locator(f"#marker-{shipment['id']}")
        await expect(row).to_have_attribute("data-longitude", re.compile(rf"^{longitude}0*$"))
        await redrawn(canvas, seen)
        await expect(row).to_contain_text(f"At {longitude} east")
        their_own = await site.member("planner@tools.example")
        await moved(their_own, await under_way(their_own), "-20.5")
        await theirs.page.wait_for_function("(told) => told.length > 0", arg=told)
        assert {float(one["longitude"]) for one in await told.json_value()} == {-20.5}


async def test_an_older_position_does_not_move_the_marker_back(site: Site, browser: Browser) -> None:
    planner = await site.member("planner@foods.example")
    shipment = await under_way(planner)
    async with visiting(browser, **await site.signed_in(FOODS)) as visit:
        await visit.page.goto("/")
        await listening(visit.page)
        heard = await visit.page.evaluate_handle(
            "() => { const heard = []; document.body.addEventListener('imsop:position',"
            " ({detail}) => heard.push(detail)); return heard; }"
        )
        row = visit.page.locator(f"#marker-{shipment['id']}")
        await moved(planner, shipment, "-41.5")
        await expect(row).to_contain_text("At -41.5 east")
        await expect(row).to_have_attribute("data-route", re.compile(r" -41\.50*,44\.50* $"))
        await moved(planner, shipment, "-12.5", minutes_ago=30)
        await visit.page.wait_for_function("(heard) => heard.length > 1", arg=heard)
        await expect(row).to_have_attribute("data-longitude", re.compile(r"^-41\.50*$"))
        await expect(row).to_contain_text("At -41.5 east")


async def test_the_first_position_of_a_shipment_adds_its_marker(site: Site, browser: Browser) -> None:
    planner = await site.member("planner@foods.example")
    shipment = await planner.create("shipments", {"shipment_type": "inbound", "reference_id": "ASN-UNSEEN"})
    async with planner.transaction() as connection:
        await states.advance(connection, planner, "shipments", shipment["id"], "in_transit")
    async with (
        visiting(browser, **await site.signed_in(FOODS)) as tower,
        visiting(browser, **await site.signed_in(FOODS)) as document,
    ):
        await tower.page.goto("/")
        await document.page.goto(f"/shipments/{shipment['id']}")
        await listening(tower.page)
        await expect(document.page.get_by_text("Live", exact=True)).to_be_visible()
        await expect(document.page.get_by_text("No position yet")).to_be_visible()
        await moved(planner, shipment, "-21.5")
        for page in (tower.page, document.page):
            await expect(page.locator(f"#marker-{shipment['id']}")).to_contain_text("At -21.5 east")


async def test_a_shipments_timeline_is_refetched_for_its_own_events_only(
    site: Site, browser: Browser
) -> None:
    planner = await site.member("planner@foods.example")
    mine, other = (await planner.read("shipments", status="in_transit", limit=2))["items"]
    async with visiting(browser, **await site.signed_in(FOODS)) as visit:
        fetched: list[str] = []
        visit.page.on("request", lambda request: fetched.append(request.url))
        await visit.page.goto(f"/shipments/{mine['id']}")
        await listening(visit.page)
        await moved(planner, other, "-51.5")
        await moved(planner, mine, "-52.5")
        await expect(visit.page.locator(".timeline")).to_contain_text("At -52.5 east")
        assert sum(url.endswith("/timeline") for url in fetched) == 1


async def test_a_recorded_event_appears_at_once(site: Site, browser: Browser) -> None:
    member = await site.member(FOODS)
    async with visiting(browser, **await site.signed_in(FOODS)) as visit:
        await visit.page.goto("/")
        await listening(visit.page)
        await member.create("analytics-events", {"event_type": "something nobody expected"})
        await expect(visit.page.get_by_role("main")).to_contain_text("something nobody expected")


@pytest.mark.parametrize("failure", ["the server is gone", "500", "429"])
async def test_a_failed_fragment_is_reported_and_the_old_one_stays(
    site: Site, browser: Browser, failure: str
) -> None:
    async def fail(route: Route) -> None:
        if failure == "the server is gone":
            await route.abort("connectionrefused")
        else:
            await route.fulfill(
                status=int(failure), content_type="text/html", body="<main>a whole page</main>"
            )

    member = await site.member(FOODS)
    async with visiting(browser, **await site.signed_in(FOODS)) as visit:
        page = visit.page
        await page.goto("/")
        await listening(page)
        await page.route("**/control-tower/news", fail)
        await page.route("**/search/found*", fail)
        before = await page.locator(".timeline").inner_text()
        await member.create("analytics-events", {"event_type": f"unheard of: {failure}"})
        await expect(page.get_by_text(FAILED)).to_be_visible()
        assert await page.locator(".timeline").inner_text() == before
        await page.get_by_role("button", name="Close", exact=True).click()
        await page.keyboard.press("/")
        await page.keyboard.type("anchovy")
        await expect(page.get_by_text(FAILED)).to_be_visible()
        await expect(page.get_by_text("a whole page")).to_have_count(0)
        await page.unroute_all()
        await page.keyboard.press("Backspace")
        await expect(page.get_by_role("option").first).to_be_visible()
        await expect(page.get_by_text(FAILED)).to_have_count(0)
        visit.complaints = [said for said in visit.complaints if not said.startswith(("error", "failed"))]


async def test_an_ended_session_redirects_to_sign_in_and_back(site: Site, browser: Browser) -> None:
    async with visiting(browser, **await site.signed_in(FOODS)) as visit:
        await visit.page.goto("/products?status=active", wait_until="networkidle")
        await visit.page.context.clear_cookies()
        await visit.page.keyboard.press("/")
        await visit.page.keyboard.type("anchovy")
        await visit.page.wait_for_url("**/sign-in?next=%2Fproducts%3Fstatus%3Dactive")
