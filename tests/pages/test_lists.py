"""Rules for every list page. Lists are discovered by URL, so a new one is covered without changes here."""

import re

import pytest

from imsop.web.edge.observe import Observed
from imsop.web.pages import lists
from tests import factories
from tests.factories import Member
from tests.pages.browsing import signed_in
from tests.pages.plenty import links, pages_of, plenty
from tests.pages.tables import link, table


async def test_every_link_of_a_list_works_on_every_page_of_it(
    app: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "ROWS", 1)
    admin, ids = await plenty(app)
    here = await signed_in(admin)
    here.cookies.set("imsop_density", "compact")
    followed: dict[str, tuple[str, int]] = {}
    leafed = [path for path, taken in pages_of(app, ids).items() if "before" in taken]
    assert len(leafed) >= 18
    for path in leafed:
        first = await here.get(path)
        assert 'data-density="compact"' in first.text, path
        second = await here.get(link(first, "Next"))
        for page in (second, await here.get(link(second, "Previous"))):
            assert page.status_code == 200, path
            for href, tag in links(page):
                if 'rel="next"' not in tag and 'rel="prev"' not in tag:
                    assert "cursor=" not in href, f"{page.url} leads into the middle of {href}"
                    assert "before=" not in href, f"{page.url} leads into the middle of {href}"
                if (kind := _ONE_OF_MANY.sub("…", href)) not in followed:
                    followed[kind] = href, (await here.get(href)).status_code
    assert [of for of in followed.values() if of[1] != 200] == []
    whole = {kind for path in leafed if not (kind := _ONE_OF_MANY.sub("…", path)).endswith("…")}
    endings = ("csv?decimal=comma", "csv?decimal=point", "xlsx")
    assert {f"{kind}.{ending}" for kind in whole for ending in endings} <= followed.keys()


async def test_what_has_no_day_is_last_in_either_order(
    admin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "ROWS", 1)
    days = {"PO-1": None, "PO-2": "2026-03-02", "PO-3": None, "PO-4": "2026-03-04"}
    supplier = (await factories.supplier(admin))["id"]
    for number, day in days.items():
        await admin.create(
            "purchase-orders",
            {
                "po_number": number,
                "order_date": "2026-03-01",
                "supplier_id": supplier,
                "expected_delivery_date": day,
                "items": [],
            },
        )
    here = await signed_in(admin)
    for sort, expected in (("", ["PO-2", "PO-4", "PO-1", "PO-3"]), ("-", ["PO-4", "PO-2", "PO-3", "PO-1"])):
        page = await here.get(f"/purchase-orders?sort={sort}expected_delivery_date")
        found = [page]
        while 'rel="next"' in found[-1].text:
            found.append(await here.get(link(found[-1], "Next")))
        assert [row["Number"] for page in found for row in table(page, "Purchase orders")] == expected
        while 'rel="prev"' in found[-1].text:
            found.append(await here.get(link(found[-1], "Previous")))
        back = [row["Number"] for page in found[len(days) :] for row in table(page, "Purchase orders")]
        assert back == expected[-2::-1]


_ONE_OF_MANY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<==)Wy\w+")
"""An id or a place in a list: one link of its kind is followed."""
