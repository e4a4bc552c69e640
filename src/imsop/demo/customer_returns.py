"""Authorizes returns that customers have asked for, through the product's own action."""

from uuid import UUID

from imsop.core.database import Connection
from imsop.demo.loading import Loading
from imsop.identity.actor import Actor
from imsop.sales.returns.actions import authorize_return
from imsop.sales.returns.models import NewCustomerReturn, NewCustomerReturnLine

RETURNS = 3
_REASONS = ("Dented in transit", "Wrong article delivered", "Best before date too short")


async def authorize_returns(loading: Loading) -> int:
    """One return for each of the newest delivered orders; returns their number."""
    sales = Actor(
        loading.organization_id,
        loading.user_ids["sales"],
        loading.user_ids["sales"],
        "browser",
        frozenset(),
        "",
        "en",
        loading.company.name,
        loading.company.timezone,
        loading.company.currency,
        None,
    )
    found = await _newest_delivered(loading.connection, loading.organization_id)
    for (order_id, line_id, quantity), reason in zip(found, _REASONS, strict=False):
        line = NewCustomerReturnLine(min(quantity, 12), reason, line_id)
        new = NewCustomerReturn(loading.warehouse_ids[0], [line], order_id)
        await authorize_return(loading.connection, sales, new)
    return len(found)


async def _newest_delivered(connection: Connection, organization_id: UUID) -> list[tuple[UUID, UUID, int]]:
    """Orders with a line of which something can come back: the order, the line, and how much."""
    records = await connection.fetch(
        """
        SELECT o.id AS order_id, l.id AS line_id, l.quantity_shipped - l.quantity_returned AS quantity
        FROM sales_orders o
        JOIN sales_lines l ON l.organization_id = $1 AND l.sales_order_id = o.id AND l.line_number = 1
        WHERE o.organization_id = $1 AND o.status = 'delivered' AND l.quantity_shipped > l.quantity_returned
        ORDER BY o.order_date DESC, o.id DESC
        LIMIT $2
        """,
        organization_id,
        RETURNS,
    )
    return [(record["order_id"], record["line_id"], record["quantity"]) for record in records]
