"""SQL of supplier products, their prices, and what they propose for an order."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from uuid import UUID

from imsop.core.database import Connection, fetch_all, fetch_one
from imsop.core.listing import Listing, Sort
from imsop.purchasing.supplier_products.models import (
    Candidate,
    CurrentPrice,
    NewSupplierProduct,
    SupplierProduct,
    SupplierProductPrice,
)

_SUPPLIER_PRODUCTS = """
    SELECT t.id, t.supplier_id, s.name AS supplier_name, t.product_id, p.sku, p.name AS product_name,
           t.supplier_sku, t.supplier_product_name, t.units_per_pack, t.minimum_quantity, t.lead_time_days,
           t.is_preferred, t.note, t.created_at, t.updated_at
    FROM supplier_products t
    JOIN suppliers s ON s.organization_id = $1 AND s.id = t.supplier_id
    JOIN products p ON p.organization_id = $1 AND p.id = t.product_id
    WHERE t.organization_id = $1
"""


SUPPLIER_PRODUCTS = Listing(
    SupplierProduct,
    _SUPPLIER_PRODUCTS,
    filters={
        "supplier_id": "t.supplier_id = {}",
        "product_id": "t.product_id = {}",
        "supplier_sku": "t.supplier_sku_order = '1' || folded({})",
        "q": "t.product_id = ANY (ARRAY(SELECT search_ids($1, 'product', {})))",
    },
    sorts={
        "supplier_sku": Sort(
            "t.supplier_sku_order",
            "supplier_sku",
            str,
            "CASE WHEN {0} IS NULL THEN '2' ELSE '1' || folded({0}) END",  # coalesce() is not leakproof
            is_optional=True,
        ),
    },
    tiebreak="t.id",
)


async def get_supplier_product(
    connection: Connection, organization_id: UUID, supplier_product_id: UUID
) -> SupplierProduct | None:
    return await fetch_one(
        connection,
        SupplierProduct,
        _SUPPLIER_PRODUCTS + " AND t.id = $2",
        organization_id,
        supplier_product_id,
    )


async def list_prices(
    connection: Connection, organization_id: UUID, supplier_product_id: UUID
) -> list[SupplierProductPrice]:
    """All prices, by currency and quantity, the oldest first."""
    return await fetch_all(
        connection,
        SupplierProductPrice,
        """
        SELECT c.from_quantity, c.unit_price, c.currency, c.valid_from, c.valid_to
        FROM supplier_product_prices c
        WHERE c.organization_id = $1 AND c.supplier_product_id = $2
        ORDER BY c.currency, c.from_quantity, c.valid_from
        """,
        organization_id,
        supplier_product_id,
    )


async def current_prices(
    connection: Connection, organization_id: UUID, supplier_product_ids: Collection[UUID], day: date
) -> Mapping[UUID, CurrentPrice]:
    """The price of the smallest quantity that is valid on the day, by supplier product."""
    rows = await fetch_all(
        connection,
        CurrentPrice,
        """
        SELECT DISTINCT ON (c.supplier_product_id) c.supplier_product_id, c.from_quantity, c.unit_price,
               c.currency
        FROM supplier_product_prices c
        WHERE c.organization_id = $1 AND c.supplier_product_id = ANY ($2::uuid[]) AND c.valid_from <= $3
          AND (c.valid_to >= $3 OR c.valid_to IS NULL)
        ORDER BY c.supplier_product_id, c.from_quantity, c.currency
        """,
        organization_id,
        list(supplier_product_ids),
        day,
    )
    return {row.supplier_product_id: row for row in rows}


async def insert_supplier_product(
    connection: Connection, organization_id: UUID, new: NewSupplierProduct
) -> UUID:
    supplier_product_id: UUID = await connection.fetchval(
        """
        INSERT INTO supplier_products (organization_id, supplier_id, product_id, supplier_sku,
                                       supplier_product_name, units_per_pack, minimum_quantity,
                                       lead_time_days, is_preferred, note)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        RETURNING id
        """,
        organization_id,
        new.supplier_id,
        new.product_id,
        new.supplier_sku,
        new.supplier_product_name,
        new.units_per_pack,
        new.minimum_quantity,
        new.lead_time_days,
        new.is_preferred,
        new.note,
    )
    return supplier_product_id


async def update_supplier_product(
    connection: Connection, organization_id: UUID, row: SupplierProduct
) -> UUID | None:
    """Writes the row, and locks it, if its `updated_at` still matches; None otherwise."""
    updated: UUID | None = await connection.fetchval(
        """
        UPDATE supplier_products
        SET supplier_sku = $4, supplier_product_name = $5, units_per_pack = $6, minimum_quantity = $7,
            lead_time_days = $8, is_preferred = $9, note = $10
        WHERE organization_id = $1 AND id = $2 AND updated_at = $3
        RETURNING id
        """,
        organization_id,
        row.id,
        row.updated_at,
        row.supplier_sku,
        row.supplier_product_name,
        row.units_per_pack,
        row.minimum_quantity,
        row.lead_time_days,
        row.is_preferred,
        row.note,
    )
    return updated


async def delete_supplier_product(
    connection: Connection, organization_id: UUID, supplier_product_id: UUID
) -> bool:
    """Deletes a supplier product with its prices; False if there is none."""
    deleted = await connection.fetchval(
        "DELETE FROM supplier_products WHERE organization_id = $1 AND id = $2 RETURNING true",
        organization_id,
        supplier_product_id,
    )
    return bool(deleted)


async def insert_prices(
    connection: Connection,
    organization_id: UUID,
    supplier_product_id: UUID,
    prices: Sequence[SupplierProductPrice],
) -> None:
    await connection.execute(
        """
        INSERT INTO supplier_product_prices (organization_id, supplier_product_id, from_quantity, unit_price,
                                             currency, valid_from, valid_to)
        SELECT $1, $2, n.from_quantity, n.unit_price, n.currency, n.valid_from, n.valid_to
        FROM unnest($3::int[], $4::numeric[], $5::text[], $6::date[], $7::date[])
             AS n (from_quantity, unit_price, currency, valid_from, valid_to)
        """,
        organization_id,
        supplier_product_id,
        [price.from_quantity for price in prices],
        [price.unit_price for price in prices],
        [price.currency for price in prices],
        [price.valid_from for price in prices],
        [price.valid_to for price in prices],
    )


async def delete_prices(connection: Connection, organization_id: UUID, supplier_product_id: UUID) -> None:
    await connection.execute(
        "DELETE FROM supplier_product_prices WHERE organization_id = $1 AND supplier_product_id = $2",
        organization_id,
        supplier_product_id,
    )


async def clear_preferred(
    connection: Connection, organization_id: UUID, product_id: UUID, but: UUID | None
) -> UUID | None:
    """Clears the preferred supplier of a product unless it is `but`; returns the id of what it cleared.

    Locks the product first: two that set a preferred one wait for each other, even where there is none yet.
    """
    await connection.execute(
        "SELECT FROM products p WHERE p.organization_id = $1 AND p.id = $2 FOR NO KEY UPDATE",
        organization_id,
        product_id,
    )
    cleared: UUID | None = await connection.fetchval(
        """
        UPDATE supplier_products SET is_preferred = false
        WHERE organization_id = $1 AND product_id = $2 AND is_preferred AND id IS DISTINCT FROM $3
        RETURNING id
        """,
        organization_id,
        product_id,
        but,
    )
    return cleared


async def list_candidates(
    connection: Connection,
    organization_id: UUID,
    supplier_id: UUID,
    wanted: Sequence[tuple[UUID, int]],
    day: date,
    currency: str,
) -> list[Candidate]:
    """What is known of ordering these quantities of products on that day, in their order.

    The last price is looked up only where none is agreed. The measured lead time is the median of the
    supplier's latest period in which lines arrived, in whole days, rounded up.
    """
    return await fetch_all(
        connection,
        Candidate,
        """
        SELECT w.product_id, w.quantity, $6 AS currency, t.id AS supplier_product_id, t.supplier_sku,
               terms.minimum_quantity, terms.units_per_pack,
               orderable_quantity(w.quantity, terms.minimum_quantity, terms.units_per_pack) AS order_quantity,
               agreed.unit_price AS agreed_price, agreed.from_quantity AS agreed_from_quantity,
               agreed.valid_from AS agreed_from, agreed.valid_to AS agreed_to,
               latest.unit_price AS last_price, latest.order_date AS last_ordered_on,
               latest.id AS last_order_id, latest.po_number AS last_order_number,
               t.lead_time_days AS days_for_product,
               nullif(s.lead_time_days, 0) AS days_with_supplier,
               (SELECT ceil(m.lead_time_p50_days)::int FROM supplier_metrics m
                WHERE m.organization_id = $1 AND m.supplier_id = $2 AND m.lead_time_p50_days IS NOT NULL
                ORDER BY m.period_start DESC LIMIT 1) AS days_measured
        FROM unnest($3::uuid[], $4::int[]) WITH ORDINALITY AS w (product_id, quantity, number)
        JOIN products p ON p.organization_id = $1 AND p.id = w.product_id
        JOIN suppliers s ON s.organization_id = $1 AND s.id = $2
        LEFT JOIN supplier_products t ON t.organization_id = $1 AND t.supplier_id = $2
            AND t.product_id = w.product_id
        CROSS JOIN LATERAL (SELECT coalesce(t.minimum_quantity, 1),
                                   coalesce(t.units_per_pack, p.units_per_pack))
            AS terms (minimum_quantity, units_per_pack)
        LEFT JOIN LATERAL (
            SELECT c.unit_price, c.from_quantity, c.valid_from, c.valid_to
            FROM supplier_product_prices c
            WHERE c.organization_id = $1 AND c.supplier_product_id = t.id AND c.currency = $6
              AND c.from_quantity <= w.quantity AND c.valid_from <= $5
              AND (c.valid_to >= $5 OR c.valid_to IS NULL)
            ORDER BY c.from_quantity DESC LIMIT 1) AS agreed ON true
        LEFT JOIN LATERAL (
            SELECT coalesce(i.confirmed_unit_price, i.unit_price) AS unit_price, o.order_date, o.id,
                   o.po_number
            FROM purchase_order_items i
            JOIN purchase_orders o ON o.organization_id = $1 AND o.id = i.purchase_order_id
            WHERE agreed.unit_price IS NULL AND i.organization_id = $1 AND i.product_id = w.product_id
              AND o.supplier_id = $2 AND o.currency = $6 AND o.status NOT IN ('draft', 'cancelled')
              AND coalesce(i.confirmed_unit_price, i.unit_price) IS NOT NULL
            ORDER BY o.order_date DESC, o.id DESC, i.line_number DESC LIMIT 1) AS latest ON true
        ORDER BY w.number
        """,
        organization_id,
        supplier_id,
        [product_id for product_id, _ in wanted],
        [quantity for _, quantity in wanted],
        day,
        currency,
    )
