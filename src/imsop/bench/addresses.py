"""Enumerates page URLs to measure: each page, each list with each filter and sort, for the largest rows."""

import base64
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Literal, NamedTuple, get_args, get_origin
from urllib.parse import urlencode
from uuid import UUID

import msgspec
import psycopg
from litestar import Litestar
from litestar.routes import HTTPRoute
from psycopg.rows import dict_row

from imsop.identity.guard import declared_by
from imsop.web.edge.routes import prepared

SEARCHED = ("1", "a", "100", "6365", "ing", "cUST", "ü", "HEART OF WICKER", "no such thing", "___")
"""Search terms: short and long; matching all, some or no rows; mixed case, an umlaut, wildcards."""
JSON_OF = {
    "/ledger": "/inventory-transactions",
    "/events": "/analytics-events",
    "/zones": "/warehouse-zones",
    "/profile": "/me",
    "/profile/sessions": "/me/sessions",
}
"""The JSON URL of a page, where it differs from the page's own."""
_NOT_PAGES = ("/api/", "/health/", "/metrics")

WORST = """
    SELECT
        (SELECT i.product_id
         FROM inventory_transactions t
         JOIN inventory i ON i.organization_id = t.organization_id AND i.id = t.inventory_id
         WHERE t.organization_id = %(of)s
         GROUP BY 1 ORDER BY count(*) DESC LIMIT 1) AS product_id,
        (SELECT i.warehouse_id FROM inventory i WHERE i.organization_id = %(of)s
         GROUP BY 1 ORDER BY count(*) DESC LIMIT 1) AS warehouse_id,
        (SELECT o.supplier_id
         FROM purchase_orders o
         JOIN purchase_order_items l ON l.organization_id = o.organization_id AND l.purchase_order_id = o.id
         WHERE o.organization_id = %(of)s
         GROUP BY 1 ORDER BY count(*) DESC LIMIT 1) AS supplier_id,
        (SELECT o.customer_id
         FROM sales_orders o
         JOIN sales_order_items l ON l.organization_id = o.organization_id AND l.sales_order_id = o.id
         WHERE o.organization_id = %(of)s AND o.customer_id IS NOT NULL
         GROUP BY 1 ORDER BY count(*) DESC LIMIT 1) AS customer_id,
        (SELECT l.purchase_order_id FROM purchase_order_items l WHERE l.organization_id = %(of)s
         GROUP BY 1 ORDER BY count(*) DESC LIMIT 1) AS purchase_order_id,
        (SELECT l.sales_order_id FROM sales_order_items l WHERE l.organization_id = %(of)s
         GROUP BY 1 ORDER BY count(*) DESC LIMIT 1) AS sales_order_id,
        (SELECT s.id
         FROM shipments s
         LEFT JOIN shipment_tracking t ON t.organization_id = s.organization_id AND t.shipment_id = s.id
         WHERE s.organization_id = %(of)s
         GROUP BY 1 ORDER BY count(*) DESC LIMIT 1) AS shipment_id,
        (SELECT u.id FROM users u WHERE u.organization_id = %(of)s LIMIT 1) AS user_id,
        (SELECT r.id FROM roles r WHERE r.organization_id = %(of)s AND r.name = 'administrator') AS role_id,
        (SELECT p.category FROM products p WHERE p.organization_id = %(of)s AND p.category IS NOT NULL
         GROUP BY 1 ORDER BY count(*) DESC LIMIT 1) AS category,
        (SELECT t.reference_id
         FROM inventory_transactions t
         WHERE t.organization_id = %(of)s AND t.reference_id IS NOT NULL
         GROUP BY 1 ORDER BY count(*) DESC LIMIT 1) AS reference,
        (SELECT e.event_type FROM analytics_events e WHERE e.organization_id = %(of)s
         GROUP BY 1 ORDER BY count(*) DESC LIMIT 1) AS type,
        (SELECT u.email FROM users u WHERE u.organization_id = %(of)s LIMIT 1) AS email,
        (SELECT (min(t.occurred_at) + (max(t.occurred_at) - min(t.occurred_at)) / 2)::date
         FROM inventory_transactions t WHERE t.organization_id = %(of)s) AS day
"""
"""For each URL parameter, the row with the most data behind it, and a day in the middle."""


class Asked(NamedTuple):
    """A page URL, and the URL of the same data as JSON, if any."""

    route: str
    address: str
    json: str | None


def worst_of(admin_dsn: str, organization_id: UUID) -> dict[str, str]:
    """A value for each parameter; those the organization has no rows for are left out."""
    with psycopg.connect(admin_dsn, row_factory=dict_row) as connection:
        row = connection.execute(WORST, {"of": organization_id}).fetchone() or {}
    return {name: str(value) for name, value in row.items() if value is not None}


def asked(app: Litestar, worst: Mapping[str, str]) -> Iterator[Asked]:
    """All URLs at which an organization with these rows has something to show."""
    gets = {
        route.path: route.route_handler_map["GET"][0]
        for route in app.routes
        if isinstance(route, HTTPRoute) and "GET" in route.route_handler_map
    }
    for route, handler in gets.items():
        if (
            declared_by(handler).access == "public"
            or route.startswith(_NOT_PAGES)
            or route.endswith((".csv", ".xlsx", ".pdf"))
        ):
            continue
        path = _filled(route, worst)
        if path is None:
            continue
        beside = gets.get(f"/api/v1{JSON_OF.get(route, route)}")
        types = {name: parameter.type for name, parameter in prepared(handler).parameters.items()}
        for query in _queries(types, worst):
            end = f"?{urlencode(query)}" if query else ""
            known = beside is not None and query.keys() <= prepared(beside).parameters.keys()
            json = f"/api/v1{JSON_OF.get(path, path)}{end}" if known else None
            yield Asked(route, f"{path}{end}", json)


def _filled(route: str, worst: Mapping[str, str]) -> str | None:
    """The route with the id of its first path part filled in: /sales-orders/{order_id} gets a sales order."""
    if "{" not in route:
        return route
    name = route.split("/")[1].removesuffix("s").replace("-", "_") + "_id"
    return re.sub(r"{[^}]+}", worst[name], route) if name in worst else None


def _queries(types: Mapping[str, Any], worst: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Query strings: empty, each sort, each value of each filter, and these in each sort."""
    sorts = [{"sort": sort} for sort in _literals(types.get("sort"))]
    filters = [
        {name: value}
        for name, type_ in types.items()
        if name not in ("sort", "cursor", "before", "saved", "done")
        for value in _values(name, type_, worst)
    ]
    yield {}
    yield from sorts
    for narrowed in filters:
        yield from [narrowed | sort for sort in sorts] or [narrowed]


def _values(name: str, type_: Any, worst: Mapping[str, str]) -> list[str]:
    if literals := _literals(type_):
        return literals
    inner = {type_, *_parts(type_)}
    if name == "q":
        return list(SEARCHED)
    if date in inner:
        return [worst["day"]] if "day" in worst else []
    if bool in inner:
        return ["true"]
    if int in inner:
        return ["10"]
    return [worst[name]] if name in worst else []


def _literals(type_: Any) -> list[str]:
    return [
        str(value)
        for part in (type_, *_parts(type_))
        if get_origin(part) is Literal
        for value in get_args(part)
    ]


def _parts(type_: Any) -> Iterator[Any]:
    """The types inside unions and annotations; values of a Literal are not types."""
    if get_origin(type_) is not Literal:
        for part in get_args(type_):
            yield part
            yield from _parts(part)


def last_page(address: str, backwards: str, page: str) -> str | None:
    """The URL of a list's last page: that of the reverse order's first page, with its cursor flipped."""
    found = re.search(r"[?&;]cursor=([\w-]+)", page)
    if found is None:
        return None
    packed = base64.urlsafe_b64decode(found[1] + "=" * (-len(found[1]) % 4))
    which, _, *place = msgspec.json.decode(packed)
    forwards = backwards.removeprefix("-") if backwards.startswith("-") else f"-{backwards}"
    cursor = base64.urlsafe_b64encode(msgspec.json.encode([which, forwards, *place])).rstrip(b"=").decode()
    return f"{address}?{urlencode({'sort': forwards, 'cursor': cursor})}"
