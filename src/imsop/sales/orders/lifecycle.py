"""The state machine of sales orders."""

from imsop.core.database import Connection
from imsop.core.errors import Conflict, FieldError
from imsop.core.said import Said
from imsop.documents.drafts import require_tradable
from imsop.documents.lifecycle import Held, Lifecycle, Transition, WithReason
from imsop.identity.actor import Actor
from imsop.identity.roles.permissions import Permission
from imsop.inventory.reservations import actions as reservations
from imsop.sales.orders import lifecycle_queries as queries
from imsop.sales.orders.events import SALES_ORDER_CANCELLED, SALES_ORDER_CONFIRMED
from imsop.ui.language import N_


async def _require_ready(connection: Connection, actor: Actor, order: Held, _: object) -> None:
    found = await queries.get_readiness(connection, actor.organization_id, order.id)
    if found.lines == 0:
        raise Conflict(
            "an order without lines cannot be confirmed; add what is to be sold",
            errors=[FieldError("items", "is empty")],
        )
    if found.customer_status not in (None, "active"):
        status = Said(found.customer_status)
        raise Conflict(
            Said("this customer is %(status)s; choose another", status=status),
            errors=[FieldError("customer_id", Said("is %(status)s", status=status))],
        )
    require_tradable(found.not_traded, found.unpriced)


async def _promise_and_reserve(connection: Connection, actor: Actor, order: Held, _: object) -> None:
    """Reserves what is available; the shortage is accepted, and shown on the order."""
    await queries.keep_agreement(connection, actor.organization_id, order.id)
    wanted = await queries.list_wanted(connection, actor.organization_id, order.id)
    await reservations.reserve_for_lines(connection, actor, wanted)


async def _require_nothing_shipped(connection: Connection, actor: Actor, order: Held, _: object) -> None:
    found = await queries.get_readiness(connection, actor.organization_id, order.id)
    if found.shipped:
        raise Conflict(
            "something was shipped for this order, so it cannot be cancelled; close what is still open",
            errors=[FieldError("status", "is partly shipped")],
        )


async def _release(connection: Connection, actor: Actor, order: Held, _: object) -> None:
    await reservations.release_of_order(connection, actor, order.id)


LIFECYCLE = Lifecycle(
    queries,
    what=N_("sales order"),
    permission=Permission.SALES_ORDERS_WRITE,
    transitions=(
        Transition(
            "confirm",
            N_("Confirm"),
            ("draft",),
            "confirmed",
            SALES_ORDER_CONFIRMED,
            (_require_ready, _promise_and_reserve),
        ),
        Transition(
            "cancel",
            N_("Cancel the order"),
            ("draft", "confirmed"),
            "cancelled",
            SALES_ORDER_CANCELLED,
            (_require_nothing_shipped, _release),
            body=WithReason,
        ),
    ),
)
