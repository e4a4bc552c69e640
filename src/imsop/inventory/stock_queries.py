"""SQL of stock as people look at it: with its value, how it stands, and as it stood at the end of a day.

As it stood is read from the daily balances (imsop.inventory.daily_queries), and exact without them, too.
"""

from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_all
from imsop.core.fields import Instant
from imsop.core.listing import Listing, Sort
from imsop.inventory.daily_queries import DayStock
from imsop.inventory.models import WarehouseStatus

StockState = Literal["out_of_stock", "below_reorder_level"]


class Stock(Struct, frozen=True):
    """A balance with its product and warehouse; `value` is at the product's cost of today.

    What is reserved is known as of now only, and so are what is available and when it was counted.
    """

    id: UUID
    product_id: UUID
    sku: str
    product_name: str
    warehouse_id: UUID
    warehouse_name: str
    on_hand: int
    reserved: int | None
    available: int | None
    reorder_level: int
    value: Decimal | None
    last_counted: Instant | None
    state: str


# How stock stands. Nothing is there: in this warehouse. To be reordered is the product, so what all of its
# warehouses hold counts. A product that is no longer active stands as it does itself.
_STOCK = """
    SELECT i.id, i.product_id, p.sku, p.name AS product_name, i.warehouse_id, w.name AS warehouse_name,
           i.quantity_on_hand AS on_hand, i.quantity_reserved AS reserved, i.quantity_available AS available,
           p.reorder_level, i.quantity_on_hand * p.unit_cost AS value, i.last_counted,
           CASE WHEN p.status <> 'active' THEN p.status
                WHEN i.quantity_on_hand = 0 THEN 'out_of_stock'
                WHEN i.quantity_on_hand < p.reorder_level AND p.reorder_level >
                     (SELECT sum(b.quantity_on_hand) FROM inventory b
                      WHERE b.organization_id = $1 AND b.product_id = i.product_id)
                THEN 'below_reorder_level'
                ELSE 'in_stock' END AS state
    FROM inventory i
    JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
    JOIN warehouses w ON w.organization_id = $1 AND w.id = i.warehouse_id
    WHERE i.organization_id = $1
"""
STOCK = Listing(
    Stock,
    _STOCK,
    filters={
        "product_ids": "i.product_id = ANY ({}::uuid[])",
        "product_id": "i.product_id = {}",
        "warehouse_id": "i.warehouse_id = {}",
        "is_out_of_stock": "p.status = 'active' AND (i.quantity_on_hand = 0) = {}",
        "is_below_reorder_level": """p.status = 'active' AND i.quantity_on_hand < p.reorder_level
            AND (p.reorder_level > (SELECT sum(b.quantity_on_hand) FROM inventory b
                                    WHERE b.organization_id = $1 AND b.product_id = i.product_id)) = {}""",
    },
    sorts={"sku": Sort("p.sku", "sku", str), "name": Sort("p.name", "product_name", str)},
    tiebreak="i.id",
)

# What a balance `i` held at the end of the day `asked.day` in `asked.timezone`; null where it had never held
# anything by then. What the daily balances do not account for yet is taken from the ledger, so it is exact.
_STOOD = """
    SELECT coalesce(kept.on_hand + since.quantity, kept.on_hand, since.quantity)::int AS on_hand
    FROM (VALUES (1)) AS once
    LEFT JOIN LATERAL (
        SELECT d.quantity_on_hand AS on_hand FROM inventory_daily_balances d
        WHERE d.organization_id = $1 AND d.inventory_id = i.id AND d.day <= asked.day
        ORDER BY d.day DESC LIMIT 1
    ) AS kept ON true
    LEFT JOIN LATERAL (
        SELECT d.through_version FROM inventory_daily_balances d
        WHERE d.organization_id = $1 AND d.inventory_id = i.id
        ORDER BY d.day DESC LIMIT 1
    ) AS known ON true
    LEFT JOIN LATERAL (
        SELECT sum(t.quantity) AS quantity FROM inventory_transactions t
        WHERE i.version > coalesce(known.through_version, 0)
          AND t.organization_id = $1 AND t.inventory_id = i.id
          AND t.balance_version > coalesce(known.through_version, 0)
          AND (t.occurred_at AT TIME ZONE asked.timezone)::date <= asked.day
    ) AS since ON true
"""
# Of each balance that had held anything by the end of the day $2 in the timezone $3. `stood` is what this one
# held; what all warehouses held of its product is looked at only where this one is below the reorder level.
_ALL_HELD = (
    """(SELECT sum(stood.on_hand) FROM inventory i CROSS JOIN LATERAL ("""
    + _STOOD
    + """) AS stood WHERE i.organization_id = $1 AND i.product_id = p.id)"""
)
_STOCK_AS_OF = (
    """
    SELECT i.id, i.product_id, p.sku, p.name AS product_name, i.warehouse_id, w.name AS warehouse_name,
           stood.on_hand, NULL::int AS reserved, NULL::int AS available,
           p.reorder_level, stood.on_hand * p.unit_cost AS value, NULL::timestamptz AS last_counted,
           CASE WHEN p.status <> 'active' THEN p.status
                WHEN stood.on_hand = 0 THEN 'out_of_stock'
                WHEN stood.on_hand < p.reorder_level AND p.reorder_level > """
    + _ALL_HELD
    + """
                THEN 'below_reorder_level'
                ELSE 'in_stock' END AS state
    FROM inventory i
    JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
    JOIN warehouses w ON w.organization_id = $1 AND w.id = i.warehouse_id
    CROSS JOIN (SELECT $2::date AS day, $3::text AS timezone) AS asked
    CROSS JOIN LATERAL ("""
    + _STOOD
    + """) AS stood
    WHERE i.organization_id = $1 AND stood.on_hand IS NOT NULL
    """
)
STOCK_AS_OF = Listing(
    Stock,
    _STOCK_AS_OF,
    filters={
        "product_ids": "i.product_id = ANY ({}::uuid[])",
        "product_id": "i.product_id = {}",
        "warehouse_id": "i.warehouse_id = {}",
        "is_out_of_stock": "p.status = 'active' AND (stood.on_hand = 0) = {}",
        "is_below_reorder_level": """p.status = 'active' AND p.reorder_level > 0
            AND stood.on_hand < p.reorder_level AND (p.reorder_level > """
        + _ALL_HELD
        + ") = {}",
    },
    sorts={"sku": Sort("p.sku", "sku", str), "name": Sort("p.name", "product_name", str)},
    tiebreak="i.id",
    fixed_arguments=2,
)


class AsOf(NamedTuple):
    """The end of a day in a timezone."""

    day: date
    timezone: str


async def list_stock_of_product(
    connection: Connection, organization_id: UUID, product_id: UUID, as_of: AsOf | None
) -> list[Stock]:
    """In each warehouse, by its name; as it is now, or stood at the end of a day."""
    if as_of is None:
        return await fetch_all(
            connection,
            Stock,
            _STOCK + " AND i.product_id = $2 ORDER BY w.name, i.id",
            organization_id,
            product_id,
        )
    return await fetch_all(
        connection,
        Stock,
        _STOCK_AS_OF + " AND i.product_id = $4 ORDER BY w.name, i.id",
        organization_id,
        *as_of,
        product_id,
    )


class WarehouseStock(Stock, frozen=True):
    """With the sums of all that the warehouse holds, as in WarehouseSummary; each row has them."""

    all_on_hand: int
    all_value: Decimal
    all_without_cost: int
    """Products of which there is some, and no cost is known."""
    all_products: int
    all_out_of_stock: int


# Whole and part in one look: what a balance held is worked out once for both.
_WITH_SUMS = """
    SELECT held.*, (sum(held.on_hand) OVER ())::bigint AS all_on_hand,
           coalesce(sum(held.value) OVER (), 0) AS all_value,
           count(*) FILTER (WHERE held.on_hand > 0 AND held.value IS NULL) OVER () AS all_without_cost,
           count(*) FILTER (WHERE held.on_hand > 0) OVER () AS all_products,
           count(*) FILTER (WHERE held.state = 'out_of_stock') OVER () AS all_out_of_stock
    FROM ("""


async def list_most_valuable_stock(
    connection: Connection, organization_id: UUID, warehouse_id: UUID, as_of: AsOf | None, limit: int
) -> list[WarehouseStock]:
    """What is worth most in a warehouse, and sums of all; as it is now, or stood at the end of a day."""
    if as_of is None:
        return await fetch_all(
            connection,
            WarehouseStock,
            _WITH_SUMS
            + _STOCK
            + " AND i.warehouse_id = $2) AS held ORDER BY held.value DESC NULLS LAST, held.sku LIMIT $3",
            organization_id,
            warehouse_id,
            limit,
        )
    return await fetch_all(
        connection,
        WarehouseStock,
        _WITH_SUMS
        + _STOCK_AS_OF
        + " AND i.warehouse_id = $4) AS held ORDER BY held.value DESC NULLS LAST, held.sku LIMIT $5",
        organization_id,
        *as_of,
        warehouse_id,
        limit,
    )


class WarehouseSummary(Struct, frozen=True):
    """A warehouse and what it holds: units of all products and their value at the products' cost of today.

    `products` are those of which it has some; active ones that it has had are `out_of_stock` there.
    """

    id: UUID
    name: str
    location: str | None
    city: str | None
    country: str | None
    capacity: int | None
    status: WarehouseStatus
    zones: int
    on_hand: int
    value: Decimal
    products: int
    out_of_stock: int


WAREHOUSE_SUMMARIES = Listing(
    WarehouseSummary,
    """
    SELECT w.id, w.name, w.location, w.city, w.country, w.capacity, w.status,
           (SELECT count(*) FROM warehouse_zones z
            WHERE z.organization_id = $1 AND z.warehouse_id = w.id) AS zones,
           held.on_hand, held.value, held.products, held.out_of_stock
    FROM warehouses w
    LEFT JOIN LATERAL (
        SELECT coalesce(sum(i.quantity_on_hand), 0) AS on_hand,
               coalesce(sum(i.quantity_on_hand * p.unit_cost), 0) AS value,
               count(*) FILTER (WHERE i.quantity_on_hand > 0) AS products,
               count(*) FILTER (WHERE i.quantity_on_hand = 0 AND p.status = 'active') AS out_of_stock
        FROM inventory i
        JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
        WHERE i.organization_id = $1 AND i.warehouse_id = w.id
    ) AS held ON true
    WHERE w.organization_id = $1
    """,
    filters={
        # An organization has few warehouses: all are looked at.
        "part": "strpos(lower(concat_ws(' ', w.name, w.location, w.city, w.country)), lower({})) > 0",
        "status": "w.status = {}",
    },
    sorts={"name": Sort("w.name", "name", str)},
    tiebreak="w.id",
)


async def list_product_days(
    connection: Connection, organization_id: UUID, product_id: UUID, first: date, last: date, timezone: str
) -> list[DayStock]:
    """Of a product in all warehouses, at the end of each day there."""
    return await fetch_all(
        connection,
        DayStock,
        """
        SELECT asked.day, coalesce(sum(stood.on_hand), 0)::bigint AS on_hand
        FROM (SELECT each.day::date AS day, $5::text AS timezone
              FROM generate_series($3::date, $4::date, interval '1 day') AS each (day)) AS asked
        LEFT JOIN inventory i ON i.organization_id = $1 AND i.product_id = $2
        LEFT JOIN LATERAL ("""
        + _STOOD
        + """) AS stood ON true
        GROUP BY asked.day
        ORDER BY asked.day
        """,
        organization_id,
        product_id,
        first,
        last,
        timezone,
    )
