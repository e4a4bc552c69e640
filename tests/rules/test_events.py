"""Every write emits the events that its route declares."""

import re
from typing import Any

import msgspec
import pytest
from litestar.routes import HTTPRoute

from imsop.core.events import CATALOGUE, Changed, EventType, declare
from imsop.identity.credentials.events import API_KEY_REVOKED
from imsop.identity.guard import Declared, declared_by
from imsop.web.edge.observe import Observed
from imsop.web.pages.analytics.events import EVENT_WORDS
from tests import factories
from tests.factories import PASSWORD, litestar_of
from tests.rules import rows
from tests.rules.catalogue import Catalogue
from tests.rules.operations import PUBLIC, STREAMS, documented, filled_in, row_of_its_own, send, turn

# Bodies of the routes of the caller's own account.
OWN_BODIES: dict[str, Any] = {
    "POST /api/v1/goods-receipts": {  # the rest of the sample order
        "purchase_order_id": "{purchase_orders}",
        "warehouse_id": "{warehouses}",
        "lines": [{"purchase_order_item_id": "{purchase_order_items}", "quantity_accepted": 895}],
    },
    "PATCH /api/v1/me": {"first_name": "{new}"},
    "POST /api/v1/me/password": {"current_password": PASSWORD, "new_password": "another long one"},
}
TELLS_NOTHING = {
    "DELETE /api/v1/auth/token",  # sessions are no business events
    "DELETE /api/v1/me/sessions/{session_id}",
    "POST /api/v1/analytics-events",  # is an event itself, of the caller's own type
    "POST /api/v1/auth/token",
    "POST /api/v1/inventory-transactions",  # recorded in the ledger: who, when, what and why
    "POST /api/v1/shipments/{shipment_id}/tracking",  # an event itself, which is streamed
    "POST /api/v1/shipments/{shipment_id}/tracking-batches",
    "POST /api/v1/tracking",
    "POST /forgotten-password",  # tells nobody who has an account
    "POST /profile/sessions/{session_id}/end",
    "POST /sign-in",
    "POST /sign-out",
}
"""Exceptions; may only shrink."""
_EVENTS, _SHIPMENT = "POST /api/v1/shipments/{shipment_id}/events", "POST /api/v1/shipments/{document_id}"
SOMETIMES = {
    ("PATCH /api/v1/purchase-orders/{order_id}", "purchase_order.received"),
    ("PATCH /api/v1/purchase-orders/{order_id}", "purchase_order.approval_withdrawn"),
    ("POST /api/v1/purchase-orders/{document_id}/submit", "purchase_order.approval_requested"),
    ("POST /api/v1/supplier-products", "supplier_product.changed"),
    ("POST /api/v1/sales-orders/{document_id}/close", "sales_order.delivered"),
    (f"{_SHIPMENT}/dispatch", "sales_order.shipped"),
    (f"{_SHIPMENT}/deliver", "sales_order.delivered"),
    (f"{_SHIPMENT}/cancel", "sales_order.reopened"),
    (_EVENTS, "shipment.delivered"),
    (_EVENTS, "sales_order.delivered"),
}
"""Where nothing is open any more, or again, another supplier was preferred, or an approval is needed:
tests/purchasing/, tests/sales/test_shipping.py.
"""
OF_JOBS = {"sales_order.allocated"}
"""Emitted by jobs: tests/sales/test_promises.py."""
ONLY_OF_KEYS = {
    "DELETE /api/v1/users/{user_id}", "PATCH /api/v1/users/{user_id}", "POST /api/v1/me/password",
}  # fmt: skip
"""These end API keys only if there are any, with a password, or if asked: tested in tests/identity/."""


def writing_routes(app: Observed) -> dict[str, Declared]:
    return {
        f"{method} {route.path_format}": declared_by(handler)
        for route in litestar_of(app).routes
        if isinstance(route, HTTPRoute)
        for method, (handler, _) in route.route_handler_map.items()
        if method not in ("GET", "HEAD", "OPTIONS")
    }


RECORDED_READS = {"audit.read"}
"""Events of GETs."""


def test_every_writing_route_declares_its_events(app: Observed) -> None:
    silent = {name for name, declared in writing_routes(app).items() if not declared.emits}
    assert silent == TELLS_NOTHING


def test_every_declared_event_has_a_label(app: Observed) -> None:
    declared = {event.name for route in writing_routes(app).values() for event in route.emits}
    declared |= OF_JOBS | RECORDED_READS
    assert declared == CATALOGUE.keys()
    assert declared <= EVENT_WORDS.keys()
    with pytest.raises(ValueError, match=r"product\.created"):
        declare("product.created", Changed)


async def test_every_write_emits_the_declared_events(app: Observed, catalogue: Catalogue) -> None:
    declared = writing_routes(app)
    admin = await factories.sign_up(app)
    ours = rows.fill(catalogue, admin.organization_id, admin.user_id)
    operations = {
        str(operation): operation for operation in await documented(app) if str(operation) not in PUBLIC
    }
    tried = declared.keys() & operations.keys() - STREAMS - TELLS_NOTHING
    assert len(tried) > 35
    for name in sorted(tried, key=lambda name: (name == "POST /api/v1/me/password", *turn(name))):
        operation = operations[name]
        body = OWN_BODIES.get(name) or operation.body
        path = await row_of_its_own(operations, operation, admin, ours)
        known = set(told(catalogue, ours.organization_id))
        reply = await send(admin, operation, path, filled_in(body, ours))
        assert reply.status_code < 300, f"{name}: {reply.text}"
        new = {id_: event for id_, event in told(catalogue, ours.organization_id).items() if id_ not in known}
        assert [event_type for event_type, _, _, _ in new.values()] == [
            event.name
            for event in declared[name].emits
            if (event != API_KEY_REVOKED or name not in ONLY_OF_KEYS) and (name, event.name) not in SOMETIMES
        ], f"{name}: {new}"
        for event_type, kind, entity_id, payload in new.values():
            event: EventType[Any] = CATALOGUE[event_type]
            msgspec.convert(payload, event.payload)
            assert kind == event.kind
            shown = reply.content.decode() + path + str(admin.user_id)
            assert re.search(entity_id, shown), f"{name} tells of {entity_id}"


def told(catalogue: Catalogue, organization_id: Any) -> dict[Any, tuple[str, str, str, Any]]:
    """Type, entity kind, entity id and payload of every event of the organization, by event id."""
    return {
        id_: (event_type, kind, entity_id, payload)
        for id_, event_type, kind, entity_id, payload in catalogue.rows(
            "SELECT id, event_type, entity_type, entity_id, metadata FROM analytics_events"
            " WHERE organization_id = %s ORDER BY id",
            organization_id,
        )
    }
