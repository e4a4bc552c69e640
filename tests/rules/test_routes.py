"""Every documented route, called without credentials, as viewer, and from another organization."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from litestar.routes import HTTPRoute

from imsop.identity.guard import declared_by
from imsop.web.edge.observe import Observed
from tests import factories
from tests.factories import Member, litestar_of
from tests.rules import rows
from tests.rules.catalogue import Catalogue
from tests.rules.operations import OWN, PUBLIC, Operation, documented, filled_in, row_of_its_own, send
from tests.rules.rows import Rows


def with_one_of(body: Any, ours: Rows, theirs: Rows) -> Iterator[tuple[str, Any]]:
    """The body once per id in it, with that id replaced by theirs; and the name of the field."""
    places = re.findall(r"\{(\w+)\}", repr(body))
    for nth in range(len([place for place in places if place in ours.ids])):
        left = nth
        changed = ""

        def replace(part: Any, field: str) -> Any:
            nonlocal left, changed
            match part:
                case dict():
                    return {key: replace(value, key) for key, value in part.items()}
                case list():
                    return [replace(value, field) for value in part]
                case str() if part.strip("{}") in ours.ids:
                    left -= 1
                    if left == -1:
                        changed = field
                        return str(theirs.ids[part.strip("{}")])
            return filled_in(part, ours)

        made = replace(body, "")
        yield changed, made


class Two(NamedTuple):
    ours: Rows
    theirs: Rows
    us: Member
    them: Member


@pytest.fixture(scope="module")
async def two(app: Observed, catalogue: Catalogue) -> Two:
    us, them = [await factories.sign_up(app) for _ in range(2)]
    buyers = [await factories.member(admin, "buyer") for admin in (us, them)]
    ours, theirs = [rows.fill(catalogue, buyer.organization_id, buyer.user_id) for buyer in buyers]
    return Two(ours, theirs, us, them)


@pytest.fixture(scope="module")
async def operations(app: Observed) -> list[Operation]:
    return [operation for operation in await documented(app) if str(operation) not in PUBLIC | OWN]


async def test_every_route_declares_a_permission_or_is_listed_as_public(app: Observed) -> None:
    public, own = set(), set()
    for route in litestar_of(app).routes:
        if not isinstance(route, HTTPRoute):
            continue
        if route.path.startswith("/api/litestar-schema"):  # Litestar requires this route; it responds 404
            assert (await factories.visitor(app).get(route.path)).status_code == 404, route.path
            continue
        for method, (handler, _) in route.route_handler_map.items():
            declared = declared_by(handler)
            if declared.access == "public":
                public.add(f"{method} {route.path_format}")
            elif declared.access == "own":
                own.add(f"{method} {route.path_format}")
            elif method != "OPTIONS":
                assert declared.permission is not None, f"{method} {route.path}"
                needed = (":read",) if method in ("GET", "HEAD") else (":write", ":approve")
                assert declared.permission.endswith(needed), f"{method} {route.path}"
    assert {name for name in public if not name.startswith("HEAD")} == PUBLIC
    assert {name for name in own if not name.startswith("HEAD")} == OWN


async def test_without_credentials_the_response_is_401(
    app: Observed, two: Two, operations: list[Operation]
) -> None:
    assert len(operations) >= 70
    for operation in operations:
        reply = await factories.visitor(app).request(operation.method, operation.of(two.theirs))
        assert reply.status_code == 401, operation
        assert reply.headers["www-authenticate"] == "Bearer", operation


async def test_an_unknown_token_is_refused(app: Observed, two: Two, operations: list[Operation]) -> None:
    for token in (two.them.token[:-4] + "AAAA", "imsop_at_", "x", two.them.token.replace("_at_", "_key_")):
        http = factories.visitor(app, Authorization=f"Bearer {token}")
        assert (await http.get("products")).status_code == 401, token


async def test_without_permissions_every_route_is_forbidden(two: Two, operations: list[Operation]) -> None:
    nobody = await factories.member_with(two.them)
    for operation in operations:
        reply = await send(nobody, operation, operation.of(two.theirs), {})
        assert reply.status_code == 403, f"{operation}: {reply.status_code}"


async def test_the_viewer_may_read_but_not_write(two: Two, operations: list[Operation]) -> None:
    viewer = await factories.member(two.them, "viewer")
    for operation in operations:
        reply = await send(viewer, operation, operation.of(two.theirs), {})
        if operation.method == "GET":
            hidden = operation.path.split("/")[3] in {
                "users",
                "roles",
                "permissions",
                "api-keys",
                "jobs",
                "audit-entries",
            }
            assert reply.status_code == (403 if hidden else 200), f"{operation}: {reply.status_code}"
        else:
            assert reply.status_code == 403, f"{operation}: {reply.status_code}"


async def test_our_rows_are_not_found_from_another_organization(
    two: Two, operations: list[Operation]
) -> None:
    for operation in operations:
        if operation.table is None:
            continue
        body = filled_in(operation.body, two.ours) if operation.method in ("POST", "PATCH") else None
        reply = await send(two.us, operation, operation.of(two.theirs), body)
        assert reply.status_code == 404, f"{operation}: {reply.status_code} {reply.text}"
        missing = re.sub(r"\{\w+\}", str(uuid4()), operation.path)
        never = await send(two.us, operation, missing, body)
        assert (never.status_code, never.json()["detail"]) == (404, reply.json()["detail"]), operation


async def test_what_can_be_edited_has_a_version(two: Two, operations: list[Operation]) -> None:
    """It is sent once, and edited by nobody who does not say which version they saw."""
    edited = [operation for operation in operations if operation.method == "PATCH"]
    assert len(edited) >= 10
    for operation in edited:
        path = operation.of(two.ours)
        version = (await two.us.get(path)).headers["etag"]
        again = await two.us.http.get(path, headers={"If-None-Match": version})
        assert (again.status_code, again.content) == (304, b""), operation
        assert (await two.us.http.patch(path, json={})).status_code == 428, operation


async def test_a_list_shows_our_rows_and_none_of_theirs(two: Two, operations: list[Operation]) -> None:
    everywhere = {"/api/v1/permissions"}
    listing = [operation for operation in operations if operation.rows and operation.path not in everywhere]
    assert len(listing) >= 24
    for operation in listing:
        most = [q["schema"]["maximum"] for q in operation.queries if q["name"] == "limit"]
        asked = operation.query | ({"limit": most[0]} if most else {})
        shown = (await two.us.read(operation.of(two.ours), **asked))["items"]
        assert shown, f"{operation} shows nothing of its own"
        # The event of a recorded read repeats the filters that we asked with, their ids among them.
        text = repr([row for row in shown if row.get("event_type") != "audit.read"])
        assert not [row for row in two.theirs.ids.values() if str(row) in text], operation


async def test_filtering_by_their_ids_finds_nothing(two: Two, operations: list[Operation]) -> None:
    for operation in operations:
        for query in operation.queries:
            if operation.rows and query["schema"].get("format") == "uuid":
                table = query["name"].removesuffix("_id") + "s"
                table = {"inventorys": "inventory", "records": "products"}.get(table, table)
                theirs = await two.us.read(operation.of(two.ours), **{query["name"]: two.theirs.ids[table]})
                assert theirs["items"] == [], f"{operation}?{query['name']}"


async def test_our_row_cannot_reference_theirs(two: Two, operations: list[Operation]) -> None:
    by_name = {str(operation): operation for operation in operations}
    for operation in operations:
        if operation.method not in ("POST", "PATCH"):
            continue
        path = await row_of_its_own(by_name, operation, two.us, two.ours)
        for field, body in with_one_of(operation.body, two.ours, two.theirs):
            reply = await send(two.us, operation, path, body)
            assert reply.status_code == 422, f"{operation} {field}: {reply.status_code} {reply.text}"
            named = " ".join(error["field"] for error in reply.json()["errors"])
            assert field in named, f"{operation} {field}: {reply.text}"
        reply = await send(two.us, operation, path, filled_in(operation.body, two.ours))
        in_use = operation.method == "PATCH" and "still in use" in reply.text
        assert reply.status_code < 300 or in_use, f"{operation}: {reply.status_code} {reply.text}"
