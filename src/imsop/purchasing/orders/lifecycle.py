"""The state machine of purchase orders."""

from imsop.core.database import Connection
from imsop.core.errors import Conflict, FieldError
from imsop.core.said import Said
from imsop.documents.drafts import require_tradable
from imsop.documents.lifecycle import Held, Lifecycle, Transition
from imsop.identity.actor import Actor
from imsop.identity.roles.permissions import Permission
from imsop.purchasing.orders import lifecycle_queries as queries
from imsop.purchasing.orders.events import (
    PURCHASE_ORDER_CANCELLED,
    PURCHASE_ORDER_CONFIRMED,
    PURCHASE_ORDER_SHIPPED,
    PURCHASE_ORDER_SUBMITTED,
)
from imsop.ui.language import N_


async def _require_ready(connection: Connection, actor: Actor, order: Held) -> None:
    found = await queries.get_readiness(connection, actor.organization_id, order.id)
    if found.lines == 0:
        raise Conflict(
            "an order without lines cannot be sent; add what is to be bought",
            errors=[FieldError("items", "is empty")],
        )
    if found.supplier_status not in ("active"):
        status = Said(found.supplier_status)
        raise Conflict(
            Said("this supplier is %(status)s; choose another", status=status),
            errors=[FieldError("supplier_id", Said("is %(status)s", status=status))],
        )
    require_tradable(found.not_traded, found.unpriced)


async def _keep_names(connection: Connection, actor: Actor, order: Held) -> None:
    await queries.keep_names(connection, actor.organization_id, order.id)


async def _require_nothing_received(connection: Connection, actor: Actor, order: Held) -> None:
    found = await queries.get_readiness(connection, actor.organization_id, order.id)
    if found.received:
        raise Conflict(
            "something was received for this order, so it cannot be cancelled; close what is still open",
            errors=[FieldError("status", "is partly received")],
        )


async def _promise_lines(connection: Connection, actor: Actor, order: Held) -> None:
    await queries.promise_lines(connection, actor.organization_id, order.id)


LIFECYCLE = Lifecycle(
    queries,
    what=N_("purchase order"),
    permission=Permission.PURCHASE_ORDERS_WRITE,
    transitions=(
        Transition(
            "submit",
            N_("Submit"),
            ("draft",),
            "submitted",
            PURCHASE_ORDER_SUBMITTED,
            (_require_ready, _keep_names),
        ),
        Transition(
            "confirm", N_("Confirm"), ("submitted",), "confirmed", PURCHASE_ORDER_CONFIRMED, (_promise_lines,)
        ),
        Transition("ship", N_("Mark as shipped"), ("confirmed",), "shipped", PURCHASE_ORDER_SHIPPED),
        Transition(
            "cancel",
            N_("Cancel the order"),
            ("draft", "submitted", "confirmed", "shipped"),
            "cancelled",
            PURCHASE_ORDER_CANCELLED,
            (_require_nothing_received,),
            needs_reason=True,
        ),
    ),
)
