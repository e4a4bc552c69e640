"""All operations of the API from its OpenAPI document, with a sample of each request.

A new route is included automatically; data that the document cannot provide (a request body) is below.
"""

import re
from typing import Any, NamedTuple
from uuid import uuid4

from imsop.documents.lifecycle import Lifecycle
from imsop.purchasing.orders import lifecycle as purchase_orders
from imsop.sales.orders import lifecycle as sales_orders
from imsop.sales.returns import lifecycle as customer_returns
from imsop.shipping.shipments import lifecycle as shipments
from imsop.web.edge.observe import Observed
from tests import factories
from tests.factories import Member
from tests.rules import rows
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
    "GET /forgotten-password",
    "POST /forgotten-password",
    "GET /reset-password",
    "POST /reset-password",
}
"""Exceptions; may only shrink: pages for everybody are added in review, by name."""

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
"""The caller's own account, without permissions: tested by tests/identity/test_account.py, tests/pages."""

STREAMS = {"GET /api/v1/stream"}
"""Endless responses; tested in tests/web/test_stream.py."""

# Bodies accepted from a member of the organization whose ids they contain; {table} stands for the id of its
# row there, {unsold} for a product that no supplier sells. Every id is also tried with another
# organization's.
BODIES: dict[str, Any] = {
    "POST /users": {"email": "{new}@example.test", "password": "long enough", "role_ids": ["{roles}"]},
    "PATCH /users/{}": {"role_ids": ["{roles}"], "last_name": "{new}"},
    "POST /roles": {"name": "{new}", "permissions": ["products:read"]},
    "PATCH /roles/{}": {"permissions": ["products:read"], "name": "{new}"},
    "POST /api-keys": {"name": "{new}", "permissions": ["products:read"]},
    "POST /products": {"sku": "{new}", "name": "Bolt", "reorder_level": 5},
    "POST /suppliers": {"name": "Acme"},
    "POST /customers": {"name": "Acme"},
    "POST /warehouses": {"name": "North", "manager_id": "{users}"},
    "PATCH /warehouses/{}": {"manager_id": "{users}", "name": "{new}"},
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
        "warehouse_id": "{warehouses}",
        "order_date": "2026-03-01",
        "items": [{"product_id": "{products}", "quantity_ordered": 2, "unit_price": "1.50"}],
    },
    "PATCH /purchase-orders/{}": {
        "notes": "{new}",
        "supplier_id": "{suppliers}",
        "items": [{"product_id": "{products}", "quantity_ordered": 2, "unit_price": "1.00"}],
    },
    "POST /sales-orders": {
        "customer_id": "{customers}",
        "so_number": "{new}",
        "order_date": "2026-03-01",
        "items": [{"product_id": "{products}", "quantity_ordered": 2, "unit_price": "1.50"}],
    },
    "PATCH /sales-orders/{}": {
        "notes": "{new}",
        "customer_id": "{customers}",
        "items": [{"product_id": "{products}", "quantity_ordered": 2, "unit_price": "1.00"}],
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
    "POST /shipments/{}/dispatch": {"origin_warehouse_id": "{warehouses}"},
    "POST /shipments/{}/deliver": {},
    "POST /shipments/{}/cancel": {"reason": "{new}"},
    "PATCH /products/{}": {"name": "{new}"},
    "PATCH /suppliers/{}": {"name": "{new}"},
    "PATCH /customers/{}": {"name": "{new}"},
    "PATCH /warehouse-zones/{}": {"name": "{new}"},
    "PATCH /organizations/{}": {"description": "{new}"},
    "PATCH /shipments/{}": {"carrier": "{new}"},
    "POST /shipments/{}/tracking": {"timestamp": "{now}", "location": "Kiel"},
    "POST /shipments/{}/tracking-batches": {"positions": [{"timestamp": "{now}", "location": "Kiel"}]},
    "POST /tracking": {
        "positions": [{"shipment_id": "{shipments}", "timestamp": "{now}", "location": "Kiel"}]
    },
    "POST /shipments/{}/events": {"event_type": "departed", "occurred_at": "{now}"},
    "POST /purchase-orders/{}/mails": {"recipient": "a@b.example", "subject": "S", "body": "B"},
    "POST /purchase-orders/{}/submit": {},
    "POST /purchase-orders/{}/confirm": {},
    "POST /purchase-orders/{}/ship": {},
    "POST /purchase-orders/{}/cancel": {"reason": "{new}"},
    "POST /purchase-orders/{}/approve": {},
    "POST /purchase-orders/{}/reject": {"reason": "{new}"},
    "POST /approval-rules": {
        "kind": "new_supplier",
        "approver_role_id": "{roles}",
        "deputy_user_id": "{users}",
        "status": "inactive",
    },
    "PATCH /approval-rules/{}": {"position": 7, "deputy_user_id": "{users}"},
    "POST /purchase-orders/{}/close": {"reason": "{new}", "lines": ["{purchase_order_items}"]},
    "POST /goods-receipts": {
        "purchase_order_id": "{purchase_orders}",
        "warehouse_id": "{warehouses}",
        "lines": [{"purchase_order_item_id": "{purchase_order_items}", "quantity_accepted": 5}],
    },
    "POST /goods-receipts/{}/reverse": {"reason": "{new}"},
    "POST /supplier-returns": {
        "purchase_order_id": "{purchase_orders}",
        "warehouse_id": "{warehouses}",
        "lines": [
            {"purchase_order_item_id": "{purchase_order_items}", "quantity": 1, "reason": "{new}"},
        ],
    },
    "POST /supplier-returns/{}/reverse": {"reason": "{new}"},
    "POST /supplier-products": {
        "supplier_id": "{suppliers}",
        "product_id": "{unsold}",
        "is_preferred": True,
        "prices": [{"unit_price": "1.50", "valid_from": "2026-01-01", "from_quantity": "{count}"}],
    },
    "PATCH /supplier-products/{}": {
        "note": "{new}",
        "prices": [{"unit_price": "1.25", "valid_from": "2026-02-01", "from_quantity": "{count}"}],
    },
    "POST /sales-orders/{}/confirm": {"warehouse_id": "{warehouses}"},
    "POST /sales-orders/{}/hold": {"reason": "{new}"},
    "POST /sales-orders/{}/release": {},
    "POST /sales-orders/{}/close": {"reason": "{new}", "lines": ["{sales_order_items}"]},
    "POST /sales-orders/{}/cancel": {"reason": "{new}"},
    "POST /customer-returns": {
        "customer_id": "{customers}",
        "warehouse_id": "{warehouses}",
        "lines": [{"product_id": "{products}", "quantity": 1, "reason": "{new}"}],
    },
    "POST /customer-returns/{}/receive": {},
    "POST /customer-returns/{}/dispose": {"lines": [{"id": "{customer_return_items}", "restock": 1}]},
    "POST /customer-returns/{}/cancel": {"reason": "{new}"},
    "POST /jobs/{}/retry": {},
    "POST /analytics-events": {"event_type": "page.seen"},
}

# Required query parameters; all texts of sample rows have the same prefix.
QUERIES: dict[str, dict[str, str]] = {
    "GET /search": {"q": "sample"},
    "GET /availability": {"quantity": "1", "sku": rows.SKU},
}


LIFECYCLES: dict[str, Lifecycle] = {
    "purchase-orders": purchase_orders.LIFECYCLE,
    "sales-orders": sales_orders.LIFECYCLE,
}
"""Lifecycles of orders by noun in the URL; each table lists a state before the transitions from it."""


OTHERS: dict[str, Lifecycle] = {
    "shipments": shipments.LIFECYCLE,
    "customer-returns": customer_returns.LIFECYCLE,
}
"""Those of documents that are no orders."""


class Operation(NamedTuple):
    """A method of a path. `queries`: its parameters; `rows`: True if it returns a list."""

    method: str
    path: str
    queries: list[dict[str, Any]]
    rows: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def table(self) -> str | None:
        """The table of the row in the path, by the noun before the id."""
        named = re.search(r"/([a-z-]+)/\{\w+\}", self.path)
        return named[1].replace("-", "_") if named else None

    def of(self, tenant: Rows) -> str:
        """The path with the id of that tenant's row."""
        return re.sub(r"\{\w+\}", str(tenant.ids[self.table]) if self.table else "", self.path)

    @property
    def _key(self) -> str:
        return re.sub(r"\{\w+\}", "{}", str(self).replace("/api/v1", ""))

    @property
    def body(self) -> Any:
        assert self._key in BODIES or self.method != "POST", f"{self._key} needs a sample body here"
        return BODIES.get(self._key, {})

    @property
    def query(self) -> dict[str, str]:
        needed = {query["name"] for query in self.queries if query.get("required")}
        assert needed == set(QUERIES.get(self._key, {})), f"{self._key} needs a sample query here"
        return QUERIES.get(self._key, {})


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
            if name == "count":
                return uuid4().int % 1_000_000 + 1
            if name == "unsold":
                return str(tenant.unsold.pop())
            return str(tenant.ids[name])
    return body


async def send(member: Member, operation: Operation, path: str, body: Any = None) -> Any:
    headers = {"If-Match": "*"} if operation.method == "PATCH" else {}
    content = {"json": body} if operation.method in ("POST", "PATCH") else {}
    return await member.http.request(
        operation.method, path, headers=headers, params=operation.query, **content
    )


async def row_of_its_own(
    operations: dict[str, Operation], operation: Operation, admin: Member, ours: Rows
) -> str:
    """The path of an unreferenced row, created if the operation changes it.

    A document is in a state that allows the transition at the end of the path.
    """
    if operation.path.endswith(("/approve", "/reject")):
        verb = operation.path.rpartition("/")[2]
        return f"{await _waiting_order(operations, admin, ours)}/{verb}"
    noun = re.sub("/{.*", "", operation.path)
    is_sent = operation.method == "POST" and operation.path.endswith("}/mails")
    verbs = ["submit"] if is_sent else verbs_before(noun.rpartition("/")[2], operation)
    collection = operations.get(f"POST {noun}")
    if (operation.method not in ("PATCH", "DELETE") and verbs is None) or collection is None:
        return operation.of(ours)
    made = await send(admin, collection, collection.path, filled_in(collection.body, ours))
    assert made.status_code == 201, f"{collection}: {made.text}"
    row = str(made.headers.get("location", operation.of(ours)))
    if verbs is None:
        return row
    for verb in verbs:
        before = operations[f"POST {noun}/{{document_id}}/{verb}"]
        factories.accepted(await send(admin, before, f"{row}/{verb}", filled_in(before.body, ours)))
    return f"{row}/{operation.path.rpartition('/')[2]}"


async def _waiting_order(operations: dict[str, Operation], admin: Member, ours: Rows) -> str:
    """The path of a draft that waits for the administrator; the rule asks no more after that."""
    asks = await admin.create(
        "approval-rules", {"kind": "total", "threshold": "0", "approver_user_id": str(admin.user_id)}
    )
    colleague = await factories.member(admin, "administrator")
    collection = operations["POST /api/v1/purchase-orders"]
    made = await send(colleague, collection, collection.path, filled_in(collection.body, ours))
    path = str(made.headers["location"])
    factories.accepted(await colleague.http.post(f"{path}/submit"))
    factories.accepted(await admin.edit(f"approval-rules/{asks['id']}", status="inactive"))
    return path


def verbs_before(noun: str, operation: Operation) -> list[str] | None:
    """Transitions that lead a draft to a state that allows this one; None if it is no transition."""
    lifecycle = (LIFECYCLES | OTHERS).get(noun)
    ways: dict[str, list[str]] = {"draft": [], "pending": [], "authorized": []}
    for transition in lifecycle.transitions if lifecycle else ():
        way = next((ways[source] for source in transition.sources if source in ways), None)
        if transition.target is None:
            continue  # of lines: tried on the sample order, in which something came in
        if operation.method == "POST" and operation.path.endswith(f"}}/{transition.verb}"):
            return way
        if way is not None:
            ways.setdefault(transition.target, [*way, transition.verb])
    return None


def turn(name: str) -> tuple[bool, str]:
    """Sort key of operations that are tried in turn on the same sample rows: those that end an order last."""
    return name.endswith("/close"), name


async def documented(app: Observed) -> list[Operation]:
    document = factories.accepted(await factories.visitor(app).get("/api/openapi.json"))
    found = [
        Operation(
            method.upper(),
            path,
            [parameter for parameter in operation.get("parameters", []) if parameter["in"] == "query"],
            method == "get" and "items" in _shape(document, operation),
        )
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]
    return sorted(found, key=lambda operation: turn(str(operation)))


def _shape(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    """Properties of the successful response."""
    schema = (
        operation["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
    )
    named = schema.get("$ref", "").rpartition("/")[2]
    properties: dict[str, Any] = document["components"]["schemas"].get(named, schema).get("properties", {})
    return properties
