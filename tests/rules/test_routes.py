"""Every route of the OpenAPI document, tried by nobody, by the viewer, and by somebody from elsewhere.

A new route is tried by existing; what it needs that the document cannot say (a body to send) stands below.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from litestar.routes import HTTPRoute

from imsop.identity.permissions import Permission
from imsop.web.observe import Observed
from tests import factories
from tests.factories import Member, litestar_of
from tests.rules import rows
from tests.rules.catalogue import Catalogue
from tests.rules.rows import Rows

PUBLIC = {
    "POST /api/v1/auth/token",
    "POST /api/v1/organizations",
    "GET /api/docs",
    "GET /api/docs/assets/{name}",
    "GET /api/openapi.json",
    "GET /health/live",
    "GET /health/ready",
    "GET /metrics",
    "GET /sign-in",
    "POST /sign-in",
}
"""May only shrink: pages that anybody may see are added in review, by name."""

OWN = {
    "DELETE /api/v1/auth/token",
    "GET /api/v1/me",
    "PATCH /api/v1/me",
    "POST /api/v1/me/password",
    "GET /api/v1/me/sessions",
    "DELETE /api/v1/me/sessions/{session_id}",
    "POST /sign-out",
    "GET /profile",
    "POST /profile",
    "POST /profile/password",
    "GET /profile/sessions",
    "POST /profile/sessions/{session_id}/end",
}
"""About whoever asks, who needs no permission: tests/identity/test_account.py and tests/pages try them."""

# Bodies that are accepted from a member of the organization whose ids they hold; {table} stands for the id of
# its row there. Every id in them is tried with another organization's.
BODIES: dict[str, Any] = {
    "POST /users": {"email": "{new}@example.test", "password": "long enough", "role_ids": ["{roles}"]},
    "PATCH /users/{}": {"role_ids": ["{roles}"]},
    "POST /roles": {"name": "{new}", "permissions": ["products:read"]},
    "PATCH /roles/{}": {"permissions": ["products:read"]},
    "POST /api-keys": {"name": "{new}", "permissions": ["products:read"]},
    "POST /products": {"sku": "{new}", "name": "Bolt"},
    "POST /suppliers": {"name": "Acme"},
    "POST /customers": {"name": "Acme"},
    "POST /warehouses": {"name": "North", "manager_id": "{users}"},
    "PATCH /warehouses/{}": {"manager_id": "{users}"},
    "POST /warehouse-zones": {
        "warehouse_id": "{warehouses}",
        "code": "{new}",
        "name": "A",
        "zone_type": "storage",
    },
    "POST /inventory-transactions": {
        "product_id": "{products}",
        "warehouse_id": "{warehouses}",
        "transaction_type": "receipt",
        "quantity": 5,
    },
    "POST /purchase-orders": {
        "supplier_id": "{suppliers}",
        "po_number": "{new}",
        "order_date": "2026-03-01",
        "items": [{"product_id": "{products}", "quantity_ordered": 2, "unit_price": "1.50"}],
    },
    "PATCH /purchase-orders/{}": {
        "supplier_id": "{suppliers}",
        "items": [{"product_id": "{products}", "quantity_ordered": 2}],
    },
    "POST /sales-orders": {
        "customer_id": "{customers}",
        "so_number": "{new}",
        "order_date": "2026-03-01",
        "items": [{"product_id": "{products}", "quantity_ordered": 2, "unit_price": "1.50"}],
    },
    "PATCH /sales-orders/{}": {
        "customer_id": "{customers}",
        "items": [{"product_id": "{products}", "quantity_ordered": 2}],
    },
    "POST /shipments": {
        "shipment_type": "inbound",
        "purchase_order_id": "{purchase_orders}",
        "supplier_id": "{suppliers}",
        "destination_warehouse_id": "{warehouses}",
        "items": [
            {
                "product_id": "{products}",
                "quantity": 1,
                "purchase_order_item_id": "{purchase_order_items}",
            }
        ],
    },
    "POST /shipments/{}/tracking": {"timestamp": "{now}", "location": "Kiel"},
    "POST /shipments/{}/tracking-batches": {"positions": [{"timestamp": "{now}", "location": "Kiel"}]},
    "POST /shipments/{}/events": {"event_type": "departed", "occurred_at": "{now}"},
    "POST /analytics-events": {"event_type": "page.seen"},
}


class Operation(NamedTuple):
    method: str
    path: str
    queries: list[dict[str, Any]]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def table(self) -> str | None:
        """The table of the row that the path names, by the noun before the id."""
        named = re.search(r"/([a-z-]+)/\{\w+\}", self.path)
        return named[1].replace("-", "_") if named else None

    def of(self, tenant: Rows) -> str:
        """The path to that tenant's row."""
        return re.sub(r"\{\w+\}", str(tenant.ids[self.table]) if self.table else "", self.path)

    @property
    def body(self) -> Any:
        key = re.sub(r"\{\w+\}", "{}", str(self).replace("/api/v1", ""))
        assert key in BODIES or self.method != "POST", f"{key} needs a sample body here"
        return BODIES.get(key, {})


def filled_in(body: Any, tenant: Rows) -> Any:
    """The body with ids of this tenant's rows."""
    match body:
        case dict():
            return {key: filled_in(value, tenant) for key, value in body.items()}
        case list():
            return [filled_in(value, tenant) for value in body]
        case str() if body.startswith("{"):
            name, rest = body[1:].split("}", 1)
            if name == "new":
                return uuid4().hex + rest
            if name == "now":
                return rows.now().isoformat()
            return str(tenant.ids[name])
    return body


def with_one_of(body: Any, ours: Rows, theirs: Rows) -> Iterator[tuple[str, Any]]:
    """The body once for each id in it, with that one id theirs; and the name of its field."""
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
    document = factories.accepted(await factories.visitor(app).get("/api/openapi.json"))
    found = [
        Operation(method.upper(), path, [p for p in operation.get("parameters", []) if p["in"] == "query"])
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]
    return [operation for operation in found if str(operation) not in PUBLIC | OWN]


async def send(member: Member, operation: Operation, path: str, body: Any = None) -> Any:
    headers = {"If-Match": "*"} if operation.method == "PATCH" else {}
    content = {"json": body} if operation.method in ("POST", "PATCH") else {}
    return await member.http.request(operation.method, path, headers=headers, **content)


async def test_every_route_names_a_permission_or_is_known_to_be_public(app: Observed) -> None:
    public, own = set(), set()
    for route in litestar_of(app).routes:
        if not isinstance(route, HTTPRoute):
            continue
        if route.path.startswith("/api/litestar-schema"):  # Litestar insists on it; it is shut
            assert (await factories.visitor(app).get(route.path)).status_code == 404, route.path
            continue
        for method, (handler, _) in route.route_handler_map.items():
            if handler.opt.get("public"):
                public.add(f"{method} {route.path_format}")
            elif handler.opt.get("own"):
                own.add(f"{method} {route.path_format}")
            elif method != "OPTIONS":
                assert handler.opt.get("permission") in list(Permission), f"{method} {route.path}"
                needed = ":read" if method in ("GET", "HEAD") else ":write"
                assert handler.opt["permission"].endswith(needed), f"{method} {route.path}"
    assert {name for name in public if not name.startswith("HEAD")} == PUBLIC
    assert {name for name in own if not name.startswith("HEAD")} == OWN


async def test_nobody_is_told_to_sign_in(app: Observed, two: Two, operations: list[Operation]) -> None:
    assert len(operations) >= 70
    for operation in operations:
        reply = await factories.visitor(app).request(operation.method, operation.of(two.theirs))
        assert reply.status_code == 401, operation
        assert reply.headers["www-authenticate"] == "Bearer", operation


async def test_a_token_of_nobodys_is_no_key(app: Observed, two: Two, operations: list[Operation]) -> None:
    for token in (two.them.token[:-4] + "AAAA", "imsop_at_", "x", two.them.token.replace("_at_", "_key_")):
        http = factories.visitor(app, Authorization=f"Bearer {token}")
        assert (await http.get("products")).status_code == 401, token


async def test_whoever_holds_no_permission_may_do_nothing(two: Two, operations: list[Operation]) -> None:
    nobody = await factories.member_with(two.them)
    for operation in operations:
        reply = await send(nobody, operation, operation.of(two.theirs), {})
        assert reply.status_code == 403, f"{operation}: {reply.status_code}"


async def test_the_viewer_looks_and_changes_nothing(two: Two, operations: list[Operation]) -> None:
    viewer = await factories.member(two.them, "viewer")
    for operation in operations:
        reply = await send(viewer, operation, operation.of(two.theirs), {})
        if operation.method == "GET":
            hidden = operation.path.split("/")[3] in {"users", "roles", "permissions", "api-keys"}
            assert reply.status_code == (403 if hidden else 200), f"{operation}: {reply.status_code}"
        else:
            assert reply.status_code == 403, f"{operation}: {reply.status_code}"


async def test_to_a_stranger_our_rows_do_not_exist(two: Two, operations: list[Operation]) -> None:
    for operation in operations:
        if operation.table is None:
            continue
        body = filled_in(operation.body, two.ours) if operation.method in ("POST", "PATCH") else None
        reply = await send(two.us, operation, operation.of(two.theirs), body)
        assert reply.status_code == 404, f"{operation}: {reply.status_code} {reply.text}"
        missing = re.sub(r"\{\w+\}", str(uuid4()), operation.path)
        never = await send(two.us, operation, missing, body)
        assert (never.status_code, never.json()["detail"]) == (404, reply.json()["detail"]), operation


async def test_a_list_shows_our_rows_and_none_of_theirs(two: Two, operations: list[Operation]) -> None:
    everywhere = {"/api/v1/permissions"}
    for operation in operations:
        if operation.method != "GET" or operation.path.endswith("}") or operation.path in everywhere:
            continue
        shown = (await two.us.read(operation.of(two.ours), limit=500) if operation.queries
                 else await two.us.read(operation.of(two.ours)))["items"]  # fmt: skip
        assert shown, f"{operation} shows nothing of its own"
        text = repr(shown)
        assert not [row for row in two.theirs.ids.values() if str(row) in text], operation


async def test_filtering_by_their_ids_finds_nothing(two: Two, operations: list[Operation]) -> None:
    for operation in operations:
        for query in operation.queries:
            if query["schema"].get("format") == "uuid":
                table = query["name"].removesuffix("_id") + "s"
                table = {"inventorys": "inventory"}.get(table, table)
                theirs = await two.us.read(operation.of(two.ours), **{query["name"]: two.theirs.ids[table]})
                assert theirs["items"] == [], f"{operation}?{query['name']}"


async def test_our_row_cannot_be_made_to_refer_to_theirs(two: Two, operations: list[Operation]) -> None:
    for operation in operations:
        if operation.method not in ("POST", "PATCH"):
            continue
        path = operation.of(two.ours)
        for field, body in with_one_of(operation.body, two.ours, two.theirs):
            reply = await send(two.us, operation, path, body)
            assert reply.status_code == 422, f"{operation} {field}: {reply.status_code} {reply.text}"
            named = " ".join(error["field"] for error in reply.json()["errors"])
            assert field in named, f"{operation} {field}: {reply.text}"
        reply = await send(two.us, operation, path, filled_in(operation.body, two.ours))
        in_use = operation.method == "PATCH" and "still in use" in reply.text
        assert reply.status_code < 300 or in_use, f"{operation}: {reply.status_code} {reply.text}"
