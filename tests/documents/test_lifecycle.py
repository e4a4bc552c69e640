"""Transitions of documents: over the API, on pages, and under concurrency."""

import asyncio
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from imsop.documents.lifecycle import Transition, diagram
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import Member, accepted, elsewhere
from tests.inventory import stock
from tests.pages.browsing import csrf_token_of, signed_in
from tests.printed import sheets
from tests.rules.operations import LIFECYCLES, OTHERS
from tests.rules.source import modules

LINES = 2
DIAGRAMS = Path(__file__).parents[2] / "docs" / "lifecycles.md"


async def draft(admin: Member, noun: str, product_id: str, *quantities: int) -> dict[str, Any]:
    return await admin.create(
        noun,
        {"order_date": "2026-03-02", "expected_delivery_date": "2026-03-20"}
        | ({"supplier_id": (await factories.supplier(admin))["id"]} if noun == "purchase-orders" else {})
        | {
            "items": [
                {"product_id": product_id, "quantity_ordered": each, "unit_price": "1.00"}
                for each in quantities
            ]
        },
    )


async def done(admin: Member, noun: str, order_id: str, verb: str, **headers: str) -> httpx.Response:
    needs_reason = LIFECYCLES[noun].of(verb).needs_reason
    return await admin.post(
        f"{noun}/{order_id}/{verb}", {"reason": "a test"} if needs_reason else {}, **headers
    )


def way_to(noun: str, status: str) -> list[str]:
    """The transitions from draft to this status."""
    ways: dict[str, list[str]] = {"draft": []}
    for transition in LIFECYCLES[noun].transitions:
        source = next(source for source in transition.sources if source in ways)
        if transition.target is not None:
            ways.setdefault(transition.target, [*ways[source], transition.verb])
    return ways[status]


EVERYTHING = [
    (noun, status)
    for noun, lifecycle in LIFECYCLES.items()
    for status in ["draft", *dict.fromkeys(one.target for one in lifecycle.transitions if one.target)]
]


@pytest.mark.parametrize(("noun", "status"), EVERYTHING)
async def test_each_state_allows_exactly_its_transitions_and_names_them(
    admin: Member, noun: str, status: str
) -> None:
    product, _, _ = await stock.shelf(admin, 50)

    async def there() -> dict[str, Any]:
        order = await draft(admin, noun, str(product), 3, 4)
        for verb in way_to(noun, status):
            accepted(await done(admin, noun, order["id"], verb))
        return await admin.read(f"{noun}/{order['id']}")

    for transition in LIFECYCLES[noun].transitions:
        if transition.target is None and status in transition.sources:
            continue  # changes lines: tests of its own
        order = await there()
        assert order["status"] == status
        reply = await done(admin, noun, order["id"], transition.verb)
        if status in transition.sources:
            moved = accepted(reply)
            assert moved["status"] == transition.target
            assert moved["updated_at"] > order["updated_at"]
            newest = (await admin.read(f"{noun}/{order['id']}/history"))["items"][0]
            assert (newest["from_status"], newest["to_status"]) == (status, transition.target)
            assert newest["changed_by"] == str(admin.user_id)
            assert newest["note"] == ("a test" if transition.needs_reason else None)
        else:
            refused = accepted(reply, 409)
            assert [error["field"] for error in refused["errors"]] == ["status"]
            for possible in LIFECYCLES[noun].possible(status):
                assert possible.label in refused["detail"]
            assert await admin.read(f"{noun}/{order['id']}") == order


@pytest.mark.parametrize("noun", LIFECYCLES)
async def test_an_outdated_version_changes_nothing(admin: Member, noun: str) -> None:
    product, _, _ = await stock.shelf(admin, 5)
    order = await draft(admin, noun, str(product), 1)
    seen = (await admin.get(f"{noun}/{order['id']}")).headers["etag"]
    accepted(await admin.edit(f"{noun}/{order['id']}", notes="changed meanwhile"))
    verb = LIFECYCLES[noun].transitions[0].verb
    assert (await done(admin, noun, order["id"], verb, if_match=seen)).status_code == 412
    assert (await admin.read(f"{noun}/{order['id']}"))["status"] == "draft"
    newer = (await admin.get(f"{noun}/{order['id']}")).headers["etag"]
    assert (await done(admin, noun, order["id"], verb, if_match=newer)).status_code == 200


@pytest.mark.parametrize("noun", LIFECYCLES)
async def test_an_order_without_lines_stays_a_draft(admin: Member, noun: str) -> None:
    product, _, _ = await stock.shelf(admin, 5)
    order = await draft(admin, noun, str(product))
    refused = accepted(await done(admin, noun, order["id"], LIFECYCLES[noun].transitions[0].verb), 409)
    assert [error["field"] for error in refused["errors"]] == ["items"]


@pytest.mark.parametrize("noun", LIFECYCLES)
async def test_cancelling_requires_a_reason(admin: Member, noun: str) -> None:
    product, _, _ = await stock.shelf(admin, 5)
    order = await draft(admin, noun, str(product), 1)
    for body in ({}, {"reason": ""}, {"reason": "x" * 256}):
        reply = await admin.post(f"{noun}/{order['id']}/cancel", body)
        assert [error["field"] for error in accepted(reply, 422)["errors"]] == ["reason"]


async def test_the_first_promised_date_is_fixed(admin: Member) -> None:
    product, _, _ = await stock.shelf(admin, 5)
    order = await draft(admin, "purchase-orders", str(product), 1)
    for verb in ("submit", "confirm"):
        order = accepted(await done(admin, "purchase-orders", order["id"], verb))
    assert [line["promised_delivery_date"] for line in order["items"]] == ["2026-03-20"]


async def test_an_order_keeps_the_names_it_was_agreed_with(admin: Member) -> None:
    """On its page, in print and over the API; a draft follows the master data."""
    product = await factories.product(admin, sku=f"OLD-{uuid4().hex[:6]}", name="Old bolt")
    supplier = await factories.supplier(admin, name="Old supplier", city="Kiel")
    orders = [
        await admin.create(
            "purchase-orders",
            {
                "supplier_id": supplier["id"],
                "order_date": "2026-03-02",
                "items": [{"product_id": product["id"], "quantity_ordered": 1, "unit_price": "1.00"}],
            },
        )
        for _ in range(2)
    ]
    agreed, drafted = (f"purchase-orders/{order['id']}" for order in orders)
    accepted(await done(admin, "purchase-orders", orders[0]["id"], "submit"))
    accepted(await admin.edit(f"products/{product['id']}", sku=f"NEW-{uuid4().hex[:6]}", name="New bolt"))
    accepted(await admin.edit(f"suppliers/{supplier['id']}", name="New supplier", city="Rome"))
    order = await admin.read(agreed)
    assert (order["partner"]["name"], order["partner"]["city"]) == ("Old supplier", "Kiel")
    assert [(line["sku"], line["product_name"]) for line in order["items"]] == [(product["sku"], "Old bolt")]
    order = await admin.read(drafted)
    assert order["partner"] is None
    assert [line["product_name"] for line in order["items"]] == ["New bolt"]
    here = await signed_in(admin)
    for path, shown, hidden in ((agreed, "Old", "New"), (drafted, "New", "Old")):
        page = (await here.get(f"/{path}")).text
        paper = " ".join(sheet.text for sheet in sheets(await here.get(f"/{path}/order.pdf")))
        for text in (page, paper):
            assert f"{shown} supplier" in text
            assert f"{shown} bolt" in text
            assert f"{hidden} supplier" not in text
            assert f"{hidden} bolt" not in text


async def test_concurrent_transitions_run_once(admin: Member, database: TestDatabase) -> None:
    product, _, _ = await stock.shelf(admin, 100)
    for noun, lifecycle in LIFECYCLES.items():
        verb = lifecycle.transitions[0].verb
        order = await draft(admin, noun, str(product), 3)
        async with factories.running(database.installation) as other:
            members = [admin, elsewhere(admin, other)] * 8
            replies = await asyncio.gather(*(done(member, noun, order["id"], verb) for member in members))
        assert sorted(reply.status_code for reply in replies) == [200] + [409] * 15
        history = (await admin.read(f"{noun}/{order['id']}/history"))["items"]
        assert [entry["to_status"] for entry in history] == [lifecycle.transitions[0].target, "draft"]


async def test_two_hundred_orders_reserve_exactly_the_available_stock(
    admin: Member, database: TestDatabase
) -> None:
    """Stock for half of them, in two warehouses; then all are cancelled, and all stock is available again."""
    product, _, first = await stock.shelf(admin, 120)
    other = await factories.warehouse(admin)
    async with admin.transaction() as connection:
        (opened,) = await stock.post(connection, admin, stock.receipt(product, other["id"], 80))
    orders = [await draft(admin, "sales-orders", str(product), 1, 1) for _ in range(200)]
    async with factories.running(database.installation) as other_process:
        members = [admin, elsewhere(admin, other_process)]

        async def each(verb: str) -> list[httpx.Response]:
            limit = asyncio.Semaphore(16)

            async def one(place: int) -> httpx.Response:
                async with limit:
                    return await done(members[place % 2], "sales-orders", orders[place]["id"], verb)

            return await asyncio.gather(*(one(place) for place in range(len(orders))))

        confirmed = [accepted(reply) for reply in await each("confirm")]
        held = [line["quantity_reserved"] for order in confirmed for line in order["items"]]
        assert sum(held) == 200
        async with admin.transaction() as connection:
            for balance, quantity in ((first, 120), (opened.inventory_id, 80)):
                assert await stock.quantities(connection, admin, balance) == (quantity, quantity)
            assert await stock.findings(connection) == []
        assert {reply.status_code for reply in await each("cancel")} == {200}
    async with admin.transaction() as connection:
        for balance, quantity in ((first, 120), (opened.inventory_id, 80)):
            assert await stock.quantities(connection, admin, balance) == (quantity, 0)
        assert await stock.findings(connection) == []


# Pages


def offered(page: httpx.Response) -> set[str]:
    return set(re.findall(r'<form[^>]* action="/[a-z-]+/[0-9a-f-]{36}/([a-z]+)"', page.text))


@pytest.mark.parametrize("noun", LIFECYCLES)
async def test_a_page_offers_transitions_by_state_and_permission(admin: Member, noun: str) -> None:
    product, _, _ = await stock.shelf(admin, 5)
    order = await draft(admin, noun, str(product), 1)
    here, viewer = await signed_in(admin), await signed_in(await factories.member(admin, "viewer"))
    path = f"/{noun}/{order['id']}"
    transition: Transition = LIFECYCLES[noun].transitions[0]
    page = await here.get(path)
    assert offered(page) == {
        one.verb for one in LIFECYCLES[noun].possible("draft") if one.permission is None
    }  # nothing waits for an approval
    assert offered(await viewer.get(path)) == set()

    reply = await here.fill(page, f"{path}/{transition.verb}")
    assert (reply.status_code, reply.headers["location"]) == (303, f"{path}?done={transition.verb}")
    assert (await admin.read(path[1:]))["status"] == transition.target
    assert offered(await here.get(path)) == {one.verb for one in LIFECYCLES[noun].possible(transition.target)}

    again = await here.fill(page, f"{path}/{transition.verb}")  # double click
    assert (again.status_code, again.headers["location"]) == (303, f"{path}?done={transition.verb}")
    stale = await here.fill(page, f"{path}/cancel", reason="of an older page")
    assert stale.status_code == 412
    assert (await admin.read(path[1:]))["status"] == transition.target
    unsaid = await here.fill(await here.get(path), f"{path}/cancel", reason="")
    assert unsaid.status_code == 422
    assert 'id="field-reason-error"' in unsaid.text
    cancelled = await here.fill(unsaid, f"{path}/cancel", reason="no longer wanted")
    assert cancelled.status_code == 303
    ended = await here.get(path)
    assert offered(ended) == set()
    assert "no longer wanted" in ended.text


@pytest.mark.parametrize("noun", LIFECYCLES)
async def test_another_organization_cannot_run_transitions(
    admin: Member, stranger: Member, noun: str
) -> None:
    product, _, _ = await stock.shelf(admin, 5)
    order = await draft(admin, noun, str(product), 1)
    page = await (await signed_in(admin)).get(f"/{noun}/{order['id']}")
    there = await signed_in(stranger)
    token = await csrf_token_of(there)
    for verb in offered(page):
        form = {"csrf_token": token, "version": "*", "reason": "a test"}
        assert (await there.post(f"/{noun}/{order['id']}/{verb}", data=form)).status_code == 404
    assert await admin.read(f"{noun}/{order['id']}") == order


async def test_a_refused_transition_keeps_the_page(admin: Member) -> None:
    product, _, _ = await stock.shelf(admin, 5)
    order = await draft(admin, "purchase-orders", str(product))
    here = await signed_in(admin)
    path = f"/purchase-orders/{order['id']}"
    refused = await here.fill(await here.get(path), f"{path}/submit")
    assert refused.status_code == 409
    assert offered(refused) == {"submit", "cancel"}
    assert await admin.read(path[1:]) == order


def test_every_lifecycle_is_tried() -> None:
    tried = len(LIFECYCLES | OTHERS)  # the others: tests/sales/test_shipping.py, test_returns.py
    assert len([module for module in modules() if "LIFECYCLE" in module.constants]) == tried


def test_the_diagrams_in_the_docs_are_the_tables() -> None:
    told = DIAGRAMS.read_text()
    for noun, lifecycle in LIFECYCLES.items():
        assert f"```mermaid\n{diagram(lifecycle, 'draft')}\n```" in told, noun
    for noun, first in (("shipments", "pending"), ("customer-returns", "authorized")):
        assert f"```mermaid\n{diagram(OTHERS[noun], first)}\n```" in told, noun
