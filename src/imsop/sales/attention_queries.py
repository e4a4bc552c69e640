"""SQL of sales orders by their states, and of those that stock does not suffice for."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_all


async def count_by_status(
    connection: Connection, organization_id: UUID, statuses: Sequence[str], most: int
) -> dict[str, int]:
    """How many orders are in each state, counted no further than `most`."""
    records = await connection.fetch(
        """
        SELECT asked.status, (SELECT count(*) FROM (
                   SELECT FROM sales_orders o
                   WHERE o.organization_id = $1 AND o.status = asked.status
                   LIMIT $3) AS counted) AS orders
        FROM unnest($2::text[]) AS asked (status)
        """,
        organization_id,
        statuses,
        most,
    )
    return {record["status"]: record["orders"] for record in records}


class StatusChanges(Struct, frozen=True):
    """How many orders went from a state to another after the end with this number, counted from 1."""

    after: int
    from_status: str | None
    to_status: str
    orders: int


async def list_status_changes(
    connection: Connection, organization_id: UUID, ends: Sequence[datetime]
) -> list[StatusChanges]:
    """Between these instants, the oldest first, and since the last of them."""
    return await fetch_all(
        connection,
        StatusChanges,
        """
        SELECT width_bucket(h.occurred_at, $2::timestamptz[]) AS after, h.from_status, h.to_status,
               count(*) AS orders
        FROM sales_order_history h
        WHERE h.organization_id = $1 AND h.occurred_at >= ($2::timestamptz[])[1]
        GROUP BY 1, h.from_status, h.to_status
        """,
        organization_id,
        ends,
    )


class ShortOrder(Struct, frozen=True):
    """A confirmed order with units that are neither shipped nor held for it."""

    id: UUID
    so_number: str
    customer_name: str | None
    missing: int
    lines: int


async def list_short(connection: Connection, organization_id: UUID, limit: int) -> list[ShortOrder]:
    """Those ordered first in front."""
    return await fetch_all(
        connection,
        ShortOrder,
        """
        SELECT o.id, o.so_number, c.name AS customer_name, short.missing, short.lines
        FROM sales_orders o
        CROSS JOIN LATERAL (
            SELECT sum(i.quantity_ordered - i.quantity_reserved - i.quantity_shipped)::bigint AS missing,
                   count(*) AS lines
            FROM sales_order_items i
            WHERE i.organization_id = $1 AND i.sales_order_id = o.id
              AND i.quantity_ordered > i.quantity_reserved + i.quantity_shipped
        ) AS short
        LEFT JOIN customers c ON c.organization_id = $1 AND c.id = o.customer_id
        WHERE o.organization_id = $1 AND o.status = 'confirmed' AND short.lines > 0
        ORDER BY o.order_date, o.id
        LIMIT $2
        """,
        organization_id,
        limit,
    )
