"""SQL of the transitions of purchase orders."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

import msgspec
from msgspec import Struct

from imsop.core.database import Connection, fetch_all, fetch_one
from imsop.documents.lifecycle import Changes, Held
from imsop.purchasing.orders.models import NOT_TRADED


async def hold(connection: Connection, organization_id: UUID, order_id: UUID) -> Held | None:
    """The order, its row locked until the transaction ends; None if it does not exist."""
    return await fetch_one(
        connection,
        Held,
        """
        SELECT o.id, o.po_number AS name, s.name AS partner, o.status, o.updated_at, false AS is_on_hold
        FROM purchase_orders o
        JOIN suppliers s ON s.organization_id = $1 AND s.id = o.supplier_id
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
        SELECT count(*) FROM advance_purchase_orders(
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
    """Facts that prevent an order from being sent or cancelled."""

    lines: int
    received: int
    """Lines with any received quantity."""
    unpriced: int
    """Lines without a price."""
    not_traded: list[str]
    """SKUs of lines whose product is no longer traded."""
    supplier_status: str


async def get_readiness(connection: Connection, organization_id: UUID, order_id: UUID) -> Readiness:
    readiness = await fetch_one(
        connection,
        Readiness,
        """
        SELECT count(i.id) AS lines, count(i.id) FILTER (WHERE i.quantity_received > 0) AS received,
               count(i.id) FILTER (WHERE i.unit_price IS NULL) AS unpriced,
               coalesce(array_agg(p.sku ORDER BY i.line_number)
                            FILTER (WHERE p.status = ANY ($3::text[])), '{}') AS not_traded,
               s.status AS supplier_status
        FROM purchase_orders o
        JOIN suppliers s ON s.organization_id = $1 AND s.id = o.supplier_id
        LEFT JOIN purchase_order_items i ON i.organization_id = $1 AND i.purchase_order_id = o.id
        LEFT JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
        WHERE o.organization_id = $1 AND o.id = $2
        GROUP BY s.status
        """,
        organization_id,
        order_id,
        list(NOT_TRADED),
    )
    if readiness is None:
        raise RuntimeError("an order that is locked is not there")
    return readiness


async def promise_lines(
    connection: Connection, organization_id: UUID, order_id: UUID, promised: Mapping[UUID, date]
) -> None:
    """Fixes the promised date of each line that has none: the one given, else its expected date, else the
    order's.
    """
    await connection.execute(
        """
        UPDATE purchase_order_items i
        SET promised_delivery_date = coalesce(
            (SELECT p.day FROM unnest($3::uuid[], $4::date[]) AS p (id, day) WHERE p.id = i.id),
            i.expected_delivery_date, o.expected_delivery_date)
        FROM purchase_orders o
        WHERE i.organization_id = $1 AND i.purchase_order_id = $2 AND i.promised_delivery_date IS NULL
          AND o.organization_id = $1 AND o.id = $2
        """,
        organization_id,
        order_id,
        list(promised),
        list(promised.values()),
    )


class OpenLine(Struct, frozen=True):
    """A line of an order past draft; quantities in base units."""

    id: UUID
    line_number: int
    quantity_ordered: int
    quantity_received: int
    quantity_closed: int
    quantity_open: int
    unit_price: Decimal | None
    currency: str


async def list_open_lines(connection: Connection, organization_id: UUID, order_id: UUID) -> list[OpenLine]:
    """All lines, with what is open of each."""
    return await fetch_all(
        connection,
        OpenLine,
        """
        SELECT l.id, l.line_number, l.quantity_ordered, l.quantity_received, l.quantity_closed,
        l.quantity_open,
               l.unit_price, l.currency
        FROM purchase_lines l
        WHERE l.organization_id = $1 AND l.purchase_order_id = $2
        ORDER BY l.line_number
        """,
        organization_id,
        order_id,
    )


class ConfirmedTerms(Struct, frozen=True):
    """Quantity and price of a line that the supplier confirmed other than ordered, and what it comes to."""

    id: UUID
    quantity: int
    unit_price: Decimal | None
    line_total: Decimal | None


async def keep_confirmed_terms(
    connection: Connection, organization_id: UUID, order_id: UUID, terms: Sequence[ConfirmedTerms]
) -> None:
    """Keeps the confirmed terms beside the ordered ones; the order's total is then the sum of its lines'."""
    await connection.execute(
        """
        WITH confirmed AS (
            UPDATE purchase_order_items i
            SET quantity_confirmed = nullif(c.quantity, i.quantity_ordered),
                confirmed_unit_price = nullif(c.unit_price, i.unit_price), line_total = c.line_total
            FROM unnest($3::uuid[], $4::int[], $5::numeric[], $6::numeric[])
                 AS c (id, quantity, unit_price, line_total)
            WHERE i.organization_id = $1 AND i.id = c.id AND i.purchase_order_id = $2
            RETURNING i.id, i.line_total
        )
        UPDATE purchase_orders o
        SET total_amount = (
            SELECT coalesce(sum(CASE WHEN c.id IS NULL THEN i.line_total ELSE c.line_total END), 0)
            FROM purchase_order_items i LEFT JOIN confirmed c ON c.id = i.id
            WHERE i.organization_id = $1 AND i.purchase_order_id = $2)
        WHERE o.organization_id = $1 AND o.id = $2
        """,
        organization_id,
        order_id,
        [line.id for line in terms],
        [line.quantity for line in terms],
        [line.unit_price for line in terms],
        [line.line_total for line in terms],
    )


async def close_lines(connection: Connection, organization_id: UUID, line_ids: Sequence[UUID]) -> None:
    """Closes what is open of these lines."""
    await connection.execute(
        """
        UPDATE purchase_order_items i SET quantity_closed = i.quantity_closed + l.quantity_open
        FROM purchase_lines l
        WHERE i.organization_id = $1 AND i.id = ANY ($2::uuid[]) AND l.organization_id = $1 AND l.id = i.id
        """,
        organization_id,
        list(line_ids),
    )


async def date_receipt(connection: Connection, organization_id: UUID, order_id: UUID) -> None:
    """Dates the order's delivery: the day of its last receipt once no line is open, else none."""
    await connection.execute(
        """
        UPDATE purchase_orders o
        SET actual_delivery_date = (
            SELECT CASE WHEN count(*) FILTER (WHERE l.quantity_open > 0) = 0 THEN (
                SELECT (max(r.received_at) AT TIME ZONE z.timezone)::date
                FROM goods_receipts r
                WHERE r.organization_id = $1 AND r.purchase_order_id = $2 AND r.reverses_id IS NULL) END
            FROM purchase_lines l
            WHERE l.organization_id = $1 AND l.purchase_order_id = $2)
        FROM organizations z
        WHERE o.organization_id = $1 AND o.id = $2 AND z.id = $1
        """,
        organization_id,
        order_id,
    )


async def get_status_before_receipt(connection: Connection, organization_id: UUID, order_id: UUID) -> str:
    """The state in which the order was before it became received, for the last time."""
    status: str | None = await connection.fetchval(
        """
        SELECT h.from_status FROM purchase_order_history h
        WHERE h.organization_id = $1 AND h.purchase_order_id = $2 AND h.to_status = 'received'
          AND h.from_status <> 'received'
        ORDER BY h.occurred_at DESC, h.id DESC
        LIMIT 1
        """,
        organization_id,
        order_id,
    )
    return status or "confirmed"


async def keep_names(connection: Connection, organization_id: UUID, order_id: UUID) -> None:
    """Copies the supplier's details into the order and the products' names into its lines, as of now, where
    none are kept yet.
    """
    await connection.execute(
        """
        WITH partner AS (
            UPDATE purchase_orders o
            SET partner = jsonb_build_object(
                'name', s.name, 'contact_person', s.contact_person, 'email', s.email, 'phone', s.phone,
                'address', s.address, 'postal_code', s.postal_code, 'city', s.city, 'country', s.country,
                'payment_terms', s.payment_terms)
            FROM suppliers s
            WHERE o.organization_id = $1 AND o.id = $2 AND o.partner IS NULL AND s.organization_id = $1
              AND s.id = o.supplier_id
        )
        UPDATE purchase_order_items i
        SET sku = p.sku, product_name = p.name, unit_of_measure = p.unit_of_measure,
            units_per_pack = p.units_per_pack,
            supplier_sku = (
                SELECT t.supplier_sku FROM purchase_orders o
                JOIN supplier_products t ON t.organization_id = $1 AND t.supplier_id = o.supplier_id
                    AND t.product_id = i.product_id
                WHERE o.organization_id = $1 AND o.id = $2)
        FROM products p
        WHERE i.organization_id = $1 AND i.purchase_order_id = $2 AND i.sku IS NULL
          AND p.organization_id = $1 AND p.id = i.product_id
        """,
        organization_id,
        order_id,
    )
