"""SQL of the transitions of sales orders."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from msgspec import Struct

from imsop.core.database import Connection, fetch_all, fetch_one
from imsop.documents.lifecycle import Changes, Held
from imsop.inventory.reservations.rules import Wanted
from imsop.sales.orders.models import NOT_TRADED


async def hold(connection: Connection, organization_id: UUID, order_id: UUID) -> Held | None:
    """The order, its row locked until the transaction ends; None if it does not exist."""
    return await fetch_one(
        connection,
        Held,
        """
        SELECT o.id, o.so_number AS name, c.name AS partner, o.status, o.updated_at,
               o.on_hold_reason IS NOT NULL AS is_on_hold
        FROM sales_orders o
        LEFT JOIN customers c ON c.organization_id = $1 AND c.id = o.customer_id
        WHERE o.organization_id = $1 AND o.id = $2
        FOR NO KEY UPDATE OF o
        """,
        organization_id,
        order_id,
    )


async def advance(
    connection: Connection,
    organization_id: UUID,
    order_id: UUID,
    from_status: str,
    to_status: str,
    note: str | None,
    changed_by: UUID,
    changes: Changes | None,
) -> bool:
    """Guarded change of status with a history entry; False if the order was not in `from_status`."""
    refused = await connection.fetchval(
        """
        SELECT count(*) FROM advance_sales_orders(
            $1, ARRAY[ROW($2::uuid, $3::text, $4::text, $7::jsonb, $5::text, $6::uuid,
                          NULL)::document_change])
        """,
        organization_id,
        order_id,
        from_status,
        to_status,
        note,
        changed_by,
        msgspec.to_builtins(changes),
    )
    return bool(refused == 0)


class Readiness(Struct, frozen=True):
    """Facts that prevent an order from being confirmed or cancelled."""

    lines: int
    shipped: int
    """Lines with any shipped quantity."""
    unpriced: int
    """Lines without a price."""
    not_traded: list[str]
    """SKUs of lines whose product is no longer traded."""
    customer_status: str | None
    """None for a counter sale."""


async def get_readiness(connection: Connection, organization_id: UUID, order_id: UUID) -> Readiness:
    readiness = await fetch_one(
        connection,
        Readiness,
        """
        SELECT count(i.id) AS lines, count(i.id) FILTER (WHERE i.quantity_shipped > 0) AS shipped,
               count(i.id) FILTER (WHERE i.unit_price IS NULL) AS unpriced,
               coalesce(array_agg(p.sku ORDER BY i.line_number)
                            FILTER (WHERE p.status = ANY ($3::text[])), '{}') AS not_traded,
               c.status AS customer_status
        FROM sales_orders o
        LEFT JOIN customers c ON c.organization_id = $1 AND c.id = o.customer_id
        LEFT JOIN sales_order_items i ON i.organization_id = $1 AND i.sales_order_id = o.id
        LEFT JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
        WHERE o.organization_id = $1 AND o.id = $2
        GROUP BY c.status
        """,
        organization_id,
        order_id,
        list(NOT_TRADED),
    )
    if readiness is None:
        raise RuntimeError("an order that is locked is not there")
    return readiness


class WantedLine(Wanted, frozen=True):
    """With the warehouse that the order is to be sent from; None for any."""

    warehouse_id: UUID | None


async def list_wanted(connection: Connection, organization_id: UUID, order_id: UUID) -> list[WantedLine]:
    """Quantities that the order's lines still need: ordered, and neither reserved, shipped nor closed."""
    return await fetch_all(
        connection,
        WantedLine,
        """
        SELECT i.id AS line_id, i.product_id,
               i.quantity_ordered - i.quantity_reserved - i.quantity_shipped - i.quantity_closed AS quantity,
               o.warehouse_id
        FROM sales_order_items i
        JOIN sales_orders o ON o.organization_id = $1 AND o.id = i.sales_order_id
        WHERE i.organization_id = $1 AND i.sales_order_id = $2
          AND i.quantity_ordered > i.quantity_reserved + i.quantity_shipped + i.quantity_closed
        ORDER BY i.line_number
        """,
        organization_id,
        order_id,
    )


async def keep_agreement(connection: Connection, organization_id: UUID, order_id: UUID) -> None:
    """Copies the customer's details into the order and the products' names into its lines, as of now.

    Also fixes the promised date of each line that has none: its expected date, else the order's.
    """
    await connection.execute(
        """
        WITH partner AS (
            UPDATE sales_orders o
            SET partner = jsonb_build_object(
                'name', s.name, 'contact_person', s.contact_person, 'email', s.email, 'phone', s.phone,
                'address', s.address, 'postal_code', s.postal_code, 'city', s.city, 'country', s.country,
                'payment_terms', s.payment_terms)
            FROM customers s
            WHERE o.organization_id = $1 AND o.id = $2 AND s.organization_id = $1 AND s.id = o.customer_id
        )
        UPDATE sales_order_items i
        SET sku = p.sku, product_name = p.name, unit_of_measure = p.unit_of_measure,
            units_per_pack = p.units_per_pack,
            promised_delivery_date = coalesce(
                i.promised_delivery_date, i.expected_delivery_date, o.expected_delivery_date)
        FROM products p, sales_orders o
        WHERE i.organization_id = $1 AND i.sales_order_id = $2
          AND o.organization_id = $1 AND o.id = $2
          AND p.organization_id = $1 AND p.id = i.product_id
        """,
        organization_id,
        order_id,
    )


class OpenLine(Struct, frozen=True):
    """A line of an order and what of it is still to be sent."""

    id: UUID
    line_number: int
    quantity_shipped: int
    quantity_closed: int
    quantity_open: int


async def list_open_lines(connection: Connection, organization_id: UUID, order_id: UUID) -> list[OpenLine]:
    """All lines of the order."""
    return await fetch_all(
        connection,
        OpenLine,
        """
        SELECT l.id, l.line_number, l.quantity_shipped, l.quantity_closed, l.quantity_open
        FROM sales_lines l
        WHERE l.organization_id = $1 AND l.sales_order_id = $2
        ORDER BY l.line_number
        """,
        organization_id,
        order_id,
    )


async def close_lines(connection: Connection, organization_id: UUID, line_ids: Sequence[UUID]) -> None:
    """Closes what is still to be sent of these lines; nothing may be reserved for them."""
    await connection.execute(
        """
        UPDATE sales_order_items i SET quantity_closed = i.quantity_closed + l.quantity_open
        FROM sales_lines l
        WHERE i.organization_id = $1 AND i.id = ANY ($2::uuid[]) AND l.organization_id = $1 AND l.id = i.id
        """,
        organization_id,
        list(line_ids),
    )


async def set_hold(
    connection: Connection, organization_id: UUID, order_id: UUID, reason: str | None
) -> str | None:
    """Puts an order on hold for a reason, or takes it off; returns the reason until now. It is locked."""
    before: str | None = await connection.fetchval(
        """
        UPDATE sales_orders o SET on_hold_reason = $3
        WHERE o.organization_id = $1 AND o.id = $2
        RETURNING old.on_hold_reason
        """,
        organization_id,
        order_id,
        reason,
    )
    return before


class Progress(Struct, frozen=True):
    """How far the lines of an order have come."""

    quantity_shipped: int
    lines_to_send: int
    lines_under_way: int
    """Lines of which something was shipped that has not arrived."""


async def get_progress(connection: Connection, organization_id: UUID, order_id: UUID) -> Progress:
    progress = await fetch_one(
        connection,
        Progress,
        """
        SELECT coalesce(sum(l.quantity_shipped), 0) AS quantity_shipped,
               count(*) FILTER (WHERE l.quantity_shipped + l.quantity_closed < l.quantity_ordered)
                   AS lines_to_send,
               count(*) FILTER (WHERE l.quantity_shipped > 0 AND l.actual_delivery_date IS NULL)
                   AS lines_under_way
        FROM sales_lines l
        WHERE l.organization_id = $1 AND l.sales_order_id = $2
        """,
        organization_id,
        order_id,
    )
    return progress or Progress(0, 0, 0)


async def date_delivery(connection: Connection, organization_id: UUID, order_id: UUID) -> None:
    """Dates the order's delivery: the day its last line arrived, none while a line has not."""
    await connection.execute(
        """
        UPDATE sales_orders o
        SET actual_delivery_date = (
            SELECT CASE WHEN bool_and(l.is_complete) THEN max(l.actual_delivery_date) END
            FROM sales_lines l
            WHERE l.organization_id = $1 AND l.sales_order_id = $2)
        WHERE o.organization_id = $1 AND o.id = $2
        """,
        organization_id,
        order_id,
    )
