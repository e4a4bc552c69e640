"""Every error has one format: it names the field, says what to do, and repeats the request's id."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from imsop.web.edge.observe import Observed
from tests import factories
from tests.factories import Member, visitor
from tests.golden import require_golden

GOLDEN = Path(__file__).with_name("problems.json")
NOBODYS_ID = UUID("01a20000-0000-7000-8000-000000000000")
JSON = {"content-type": "application/json"}
BOLT = {"sku": "BOLT", "name": "Bolt"}

Ask = Callable[[Member, dict[str, Any]], Awaitable[httpx.Response]]


def sent(method: str, path: str, **parts: Any) -> Ask:
    return lambda admin, product: admin.http.request(method, path.format(id=product["id"]), **parts)


def edited(body: Any, if_match: str = "*") -> Ask:
    return sent("PATCH", "products/{id}", json=body, headers={"If-Match": if_match})


def posted(body: Any, **headers: str) -> Ask:
    return sent("POST", "products", json=body, headers=factories.named(headers))


REFUSALS: dict[str, Ask] = {
    "no such path": sent("GET", "unicorns"),
    "no such row": sent("GET", f"products/{NOBODYS_ID}"),
    "an id that is none": sent("GET", "products/7"),
    "no such method": sent("PUT", "products"),
    "no body": sent("POST", "products", headers=JSON),
    "a body that is no JSON": sent("POST", "products", content=b'{"sku": ', headers=JSON),
    "a body that is no UTF-8": sent("POST", "products", content=b'{"sku": "\xff"}', headers=JSON),
    "a body that is too deep": sent("POST", "products", content=b"[" * 100_000, headers=JSON),
    "a body that is a list": posted([]),
    "a body of another type": sent("POST", "products", content=b"sku=1"),
    "a body that is XML": sent("POST", "products", content=b"<p/>", headers={"content-type": "text/xml"}),
    "a field that is missing": posted({"sku": "A"}),
    "a field that is unknown": posted(BOLT | {"colour": "red"}),
    "a field of the wrong type": posted(BOLT | {"reorder_level": "many"}),
    "a field with a fraction": posted(BOLT | {"reorder_level": 1.5}),
    "a field that may not be null": posted(BOLT | {"name": None}),
    "a number beyond range": posted(BOLT | {"reorder_level": 2**31}),
    "a number beyond all ranges": posted(BOLT | {"reorder_level": 10**40}),
    "a negative count": posted(BOLT | {"reorder_level": -1}),
    "money as a number": posted(BOLT | {"unit_cost": 1.10}),
    "money with too many places": posted(BOLT | {"unit_cost": "1.2345678"}),
    "money that is none": posted(BOLT | {"unit_cost": "1,50 €"}),
    "a text with a NUL": posted(BOLT | {"name": "a\0b"}),
    "a text that is blank": posted(BOLT | {"name": " \t"}),
    "a text that is too long": posted(BOLT | {"name": "x" * 256}),
    "a word that is none of the words": posted(BOLT | {"status": "sold out"}),
    "a check digit that is wrong": posted(BOLT | {"gtin": "4006381333932"}),
    "a key that is taken": posted({"sku": "TAKEN", "name": "Bolt"}),
    "a parameter that is unknown": sent("GET", "products", params={"colour": "red"}),
    "a parameter twice": sent("GET", "products?sku=a&sku=b"),
    "a parameter with a NUL": sent("GET", "products", params={"sku": "a\0b"}),
    "a parameter that is no UTF-8": sent("GET", "products?sku=%ff"),
    "a parameter that is empty": sent("GET", "products?sku="),
    "a limit of none": sent("GET", "products", params={"limit": 0}),
    "a limit beyond the limit": sent("GET", "products", params={"limit": 501}),
    "a limit that is no number": sent("GET", "products", params={"limit": "5.0"}),
    "a sort that there is not": sent("GET", "products", params={"sort": "price"}),
    "a cursor that is none": sent("GET", "products", params={"cursor": "abcd"}),
    "a cursor with odd characters": sent("GET", "products", params={"cursor": "ab/cd"}),
    "several fields at once": posted({"name": 7, "colour": "red", "status": "lost", "reorder_level": 5}),
    "several parameters at once": sent(
        "GET", "products", params={"limit": 0, "colour": "red", "status": "lost"}
    ),
    "an edit without a version": sent("PATCH", "products/{id}", json={"name": "Nut"}),
    "an edit of an old version": edited({"name": "Nut"}, '"2020-01-01T00:00:00+00:00"'),
    "an edit of an unknown field": edited({"colour": "red"}),
    "an edit to nothing": edited({"sku": None}),
    "an idempotency key that is none": posted(BOLT, idempotency_key="a b"),
}


async def ask(admin: Member, request: Ask) -> httpx.Response:
    product = await factories.product(admin)
    await admin.post("products", {"sku": "TAKEN", "name": "Bolt"})
    reply = await request(admin, product)
    assert reply.headers["content-type"] == "application/problem+json"
    problem = reply.json()
    assert problem["request_id"] == reply.headers["x-request-id"]
    assert problem["status"] == reply.status_code
    assert problem["instance"].startswith("/api/v1/")
    assert 400 <= reply.status_code < 500
    return reply


async def test_every_problem_equals_its_golden_file(admin: Member) -> None:
    problems = {}
    for name, request in REFUSALS.items():
        problem = (await ask(admin, request)).json()
        problems[name] = {key: problem[key] for key in ("status", "title", "detail", "errors")}
    require_golden(GOLDEN, problems)


async def test_a_refused_request_changes_nothing(admin: Member) -> None:
    for request in REFUSALS.values():
        await ask(admin, request)
    names = {product["name"] for product in (await admin.read("products", limit=500))["items"]}
    assert not names & {"Nut", "a\0b", "\x20\t"}
    assert len([name for name in names if name == "Bolt"]) == 1


async def test_a_wrong_method_names_the_allowed_ones(admin: Member) -> None:
    reply = await admin.http.request("PUT", "products")
    assert reply.status_code == 405
    assert set(reply.headers["allow"].split(", ")) >= {"GET", "POST"}
    asked = await admin.http.request("OPTIONS", "products")
    assert asked.status_code == 204
    assert set(asked.headers["allow"].split(", ")) >= {"GET", "POST"}


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
async def test_a_body_of_another_content_type_is_refused(admin: Member, headers: dict[str, str]) -> None:
    reply = await admin.http.post("products", content=b'{"sku": "A", "name": "A"}', headers=headers)
    assert reply.status_code == 415


@pytest.mark.parametrize(
    ("method", "path", "body", "named"),
    [
        ("GET", "shipments?sort=colour", None, "sort"),
        ("POST", "sales-orders", {"order_date": "1800-01-01"}, "order_date"),
        ("POST", "sales-orders", {"order_date": "9999-12-31"}, "order_date"),
        ("PATCH", "products/{id}", {"status": "sold out"}, "status"),
        ("POST", "roles", {"name": "x", "permissions": ["products:fly"]}, "permissions[0]"),
    ],
)
async def test_an_error_names_the_allowed_values(
    admin: Member, method: str, path: str, body: Any, named: str
) -> None:
    product = await factories.product(admin)
    reply = await admin.http.request(
        method, path.format(id=product["id"]), json=body, headers={"If-Match": "*"}
    )
    (error,) = reply.json()["errors"]
    assert (reply.status_code, error["field"]) == (422, named)
    assert re.search("allowed: [a-z-]+|1900 to 2199", error["message"]), error


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
async def test_extreme_timestamps_are_refused_in_rows_but_allowed_in_filters(
    admin: Member, instant: str
) -> None:
    stock = {
        "product_id": (await factories.product(admin))["id"],
        "warehouse_id": (await factories.warehouse(admin))["id"],
    }
    moved = {"transaction_type": "receipt", "quantity": 1}
    # On separate connections: those of this process may have been switched to binary for COPY, which is
    # stricter.
    async with factories.running(factories.litestar_of(admin.app).state.installation) as other:
        asked = factories.elsewhere(admin, other)
        refused = await asked.post("inventory-transactions", stock | moved | {"occurred_at": instant})
        assert [error["field"] for error in factories.accepted(refused, 422)["errors"]] == ["occurred_at"]
        stood = await asked.get("inventory", as_of=instant)
        if instant.startswith("0001"):
            assert factories.accepted(stood)["items"] == []
        else:
            assert [error["field"] for error in factories.accepted(stood, 422)["errors"]] == ["as_of"]
        assert (await asked.read("inventory-transactions", occurred_from=instant))["items"] == []


@pytest.mark.parametrize(
    "path", ["//api/v1/unicorns", "//api/v1/products", "/%61pi/v1/unicorns", "/assets/x.js"]
)
async def test_api_errors_are_json_however_the_path_is_spelled(app: Observed, path: str) -> None:
    transport = httpx.ASGITransport(app, client=(factories.new_address(), 4711))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport) as http:
        reply = await http.get(factories.HOST + path)
    assert reply.status_code in (401, 404)
    assert reply.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
async def test_json_is_accepted_in_every_spelling_of_its_type(admin: Member, content_type: str) -> None:
    content = b'{"sku": "%s", "name": "Bolt"}' % uuid4().hex.encode()
    reply = await admin.http.post("products", content=content, headers={"content-type": content_type})
    assert reply.status_code == 201, reply.text


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "large"}])
async def test_an_oversized_body_is_not_read(admin: Member, headers: dict[str, str]) -> None:
    """With a declared length, and with an endless body."""
    large = b'{"sku": "A", "name": "' + b"x" * (2 * 1024 * 1024) + b'"}'
    announced = await admin.http.post("products", content=large, headers=JSON | headers)
    assert announced.status_code == 413, announced.text
    given = 0

    async def endless() -> Any:
        nonlocal given
        while given < 64:
            given += 1
            yield b"x" * 1024 * 1024

    streamed = await admin.http.post("products", content=endless(), headers=JSON | headers)
    assert streamed.status_code == 413, streamed.text
    assert given <= 64


async def test_an_internal_error_reveals_only_its_id(app: Observed, admin: Member) -> None:
    state = factories.litestar_of(app).state
    pool, state.pool = state.pool, None
    try:
        reply = await admin.get("products")
    finally:
        state.pool = pool
    assert reply.status_code == 500
    problem = reply.json()
    assert problem["title"] == "Internal server error"
    assert problem["detail"] == "the server failed; the request id identifies it in the logs"
    assert problem["request_id"] == reply.headers["x-request-id"]
    assert "NoneType" not in reply.text
    assert (await admin.get("products")).status_code == 200


async def test_unauthenticated_clients_get_the_same_format(app: Observed) -> None:
    reply = await visitor(app).get("products")
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["title"] == "Not signed in"
    outside = await visitor(app).get("/api/nowhere")
    assert outside.status_code == 404
    assert outside.json()["instance"] == "/api/nowhere"


async def test_a_head_request_has_no_body(admin: Member) -> None:
    for path, status in (("products", 405), (f"products/{NOBODYS_ID}", 405)):
        reply = await admin.http.head(path)
        assert reply.status_code in (status, 200, 404)
        assert reply.content == b""
