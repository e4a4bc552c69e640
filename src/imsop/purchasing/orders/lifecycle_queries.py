"""SQL of the transitions of purchase orders."""

from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_one
from imsop.documents.lifecycle import Held
from imsop.purchasing.orders.models import NOT_TRADED


async def hold(connection: Connection, organization_id: UUID, order_id: UUID) -> Held | None:
    """The order, its row locked until the transaction ends; None if it does not exist."""
    return await fetch_one(
        connection,
        Held,
        """
        SELECT o.id, o.po_number AS name, s.name AS partner, o.status, o.updated_at
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
) -> bool:
    """Guarded change of status with a history entry; False if the order was not in `from_status`."""
    refused = await connection.fetchval(
        """
        SELECT count(*) FROM advance_purchase_orders(
            $1, ARRAY[ROW($2::uuid, $3::text, $4::text, NULL, $5::text, $6::uuid, NULL)::document_change])
        """,
        organization_id,
        order_id,
        from_status,
        to_status,
        note,
        changed_by,
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


async def promise_lines(connection: Connection, organization_id: UUID, order_id: UUID) -> None:
    """Fixes the promised date of each line that has none: its expected date, else the order's."""
    await connection.execute(
        """
        UPDATE purchase_order_items i
        SET promised_delivery_date = coalesce(i.expected_delivery_date, o.expected_delivery_date)
        FROM purchase_orders o
        WHERE i.organization_id = $1 AND i.purchase_order_id = $2 AND i.promised_delivery_date IS NULL
          AND o.organization_id = $1 AND o.id = $2
        """,
        organization_id,
        order_id,
    )


async def keep_names(connection: Connection, organization_id: UUID, order_id: UUID) -> None:
    """Copies the supplier's details into the order and the products' names into its lines, as of now."""
    await connection.execute(
        """
        WITH partner AS (
            UPDATE purchase_orders o
            SET partner = jsonb_build_object(
                'name', s.name, 'contact_person', s.contact_person, 'email', s.email, 'phone', s.phone,
                'address', s.address, 'postal_code', s.postal_code, 'city', s.city, 'country', s.country,
                'payment_terms', s.payment_terms)
            FROM suppliers s
            WHERE o.organization_id = $1 AND o.id = $2 AND s.organization_id = $1 AND s.id = o.supplier_id
        )
        UPDATE purchase_order_items i
        SET sku = p.sku, product_name = p.name, unit_of_measure = p.unit_of_measure,
            units_per_pack = p.units_per_pack
        FROM products p
        WHERE i.organization_id = $1 AND i.purchase_order_id = $2
          AND p.organization_id = $1 AND p.id = i.product_id
        """,
        organization_id,
        order_id,
    )
