"""SQL of purchase orders that somebody should look at, and of how many there were."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_all


class LatePurchaseOrder(Struct, frozen=True):
    id: UUID
    po_number: str
    supplier_name: str
    expected_delivery_date: date


async def list_late(
    connection: Connection, organization_id: UUID, today: date, limit: int
) -> list[LatePurchaseOrder]:
    """Open orders whose expected day is over, the latest first."""
    return await fetch_all(
        connection,
        LatePurchaseOrder,
        """
        SELECT o.id, o.po_number, s.name AS supplier_name, o.expected_delivery_date
        FROM purchase_orders o
        JOIN suppliers s ON s.organization_id = $1 AND s.id = o.supplier_id
        WHERE o.organization_id = $1 AND o.status IN ('submitted', 'confirmed', 'shipped')
          AND o.expected_delivery_date < $2
        ORDER BY o.expected_delivery_date, o.id
        LIMIT $3
        """,
        organization_id,
        today,
        limit,
    )


class Unfinished(Struct, frozen=True):
    """How many orders were open at the end of a day, and late then."""

    open: int
    late: int


async def list_unfinished(
    connection: Connection, organization_id: UUID, days: Sequence[date], ends: Sequence[datetime]
) -> list[Unfinished]:
    """At the end of each of these days, the oldest first; `ends` are the first instants after them.

    Orders were open from their submission to their end, as their history tells.
    """
    return await fetch_all(
        connection,
        Unfinished,
        """
        WITH ended AS (
            SELECT h.purchase_order_id AS id, max(h.occurred_at) AS ended_at
            FROM purchase_order_history h
            WHERE h.organization_id = $1 AND h.occurred_at >= ($3::timestamptz[])[1]
              AND h.to_status IN ('received', 'cancelled')
            GROUP BY h.purchase_order_id
        ), unfinished AS (
            SELECT o.id, o.expected_delivery_date, NULL::timestamptz AS ended_at FROM purchase_orders o
            WHERE o.organization_id = $1 AND o.status IN ('submitted', 'confirmed', 'shipped')
            UNION ALL
            SELECT o.id, o.expected_delivery_date, e.ended_at FROM ended e
            JOIN purchase_orders o ON o.organization_id = $1 AND o.id = e.id
        ), lived AS (
            SELECT u.expected_delivery_date, u.ended_at,
                   (SELECT min(h.occurred_at) FROM purchase_order_history h
                    WHERE h.organization_id = $1 AND h.purchase_order_id = u.id
                      AND h.to_status IN ('submitted', 'confirmed', 'shipped')) AS opened_at
            FROM unfinished u
        )
        SELECT count(l.opened_at) AS open,
               count(l.opened_at) FILTER (WHERE l.expected_delivery_date < asked.day) AS late
        FROM unnest($2::date[], $3::timestamptz[]) AS asked (day, ended_at)
        LEFT JOIN lived l ON l.opened_at < asked.ended_at
            AND (l.ended_at IS NULL OR l.ended_at >= asked.ended_at)
        GROUP BY asked.day
        ORDER BY asked.day
        """,
        organization_id,
        days,
        ends,
    )
