"""SQL of balances: current, as of an instant, and as of the end of a day."""

from collections.abc import Sequence
from uuid import UUID

from imsop.core.database import Connection, fetch_all, fetch_one
from imsop.core.listing import BY_CODE, BY_NAME, Listing, Sort
from imsop.inventory.days.queries import STOOD, AsOf
from imsop.inventory.stock.models import Balance, Stock, StockedOut, StockSum, StockTotals, WarehouseStock
from imsop.inventory.stock.states import STATE

_BALANCES = """
    SELECT i.id, i.product_id, p.sku, p.name AS product_name, i.warehouse_id, w.name AS warehouse_name,
           i.quantity_on_hand, i.quantity_reserved, i.quantity_available, i.last_counted, i.updated_at
    FROM inventory i
    JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
    JOIN warehouses w ON w.organization_id = $1 AND w.id = i.warehouse_id
    WHERE i.organization_id = $1
"""


_BALANCE_FILTERS = {
    "q": "i.product_id IN (SELECT f.id FROM search_ids($1, 'product', {}) AS f (id))",
    "sku": "p.sku_folded = folded({})",
    "product_id": "i.product_id = {}",
    "warehouse_id": "i.warehouse_id = {}",
}


_BALANCE_SORTS = {"warehouse_name": Sort("w.name_order", "warehouse_name", str, BY_NAME)}


BALANCES = Listing(Balance, _BALANCES, filters=_BALANCE_FILTERS, sorts=_BALANCE_SORTS, tiebreak="i.id")


# $2: as of this instant. $3: only entries recorded by then; NULL for all.
BALANCES_AS_OF = Listing(
    Balance,
    """
    SELECT i.id, i.product_id, p.sku, p.name AS product_name, i.warehouse_id, w.name AS warehouse_name,
           coalesce(moved.quantity, 0)::int AS quantity_on_hand, NULL::int AS quantity_reserved,
           NULL::int AS quantity_available, NULL::timestamptz AS last_counted, i.updated_at
    FROM inventory i
    JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
    JOIN warehouses w ON w.organization_id = $1 AND w.id = i.warehouse_id
    LEFT JOIN LATERAL (
        SELECT sum(t.quantity) AS quantity FROM inventory_transactions t
        WHERE t.organization_id = $1 AND t.inventory_id = i.id AND t.occurred_at <= $2::timestamptz
          AND t.created_at <= coalesce($3::timestamptz, 'infinity')
    ) AS moved ON true
    WHERE i.organization_id = $1
    """,
    filters=_BALANCE_FILTERS,
    sorts=_BALANCE_SORTS,
    tiebreak="i.id",
    fixed_arguments=2,
)


async def get_balance(connection: Connection, organization_id: UUID, inventory_id: UUID) -> Balance | None:
    return await fetch_one(connection, Balance, _BALANCES + " AND i.id = $2", organization_id, inventory_id)


async def sum_stock(
    connection: Connection, organization_id: UUID, product_ids: Sequence[UUID]
) -> dict[UUID, StockSum]:
    """Stock by product; zero for one without balances."""
    records = await connection.fetch(
        """
        SELECT i.product_id, sum(i.quantity_on_hand) AS on_hand,
               sum(i.quantity_on_hand - i.quantity_reserved) AS available
        FROM inventory i
        WHERE i.organization_id = $1 AND i.product_id = ANY ($2::uuid[])
        GROUP BY i.product_id
        """,
        organization_id,
        product_ids,
    )
    sums = {record["product_id"]: StockSum(record["on_hand"], record["available"]) for record in records}
    return {product_id: sums.get(product_id, StockSum(0, 0)) for product_id in product_ids}


_STOCK = (
    """
    SELECT i.id, i.product_id, p.sku, p.name AS product_name, i.warehouse_id, w.name AS warehouse_name,
           i.quantity_on_hand AS on_hand, i.quantity_reserved AS reserved, i.quantity_available AS available,
           i.quantity_on_hand * p.unit_cost AS value, i.last_counted,
           """
    + STATE
    + """ AS state
    FROM inventory i
    JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
    JOIN warehouses w ON w.organization_id = $1 AND w.id = i.warehouse_id
    WHERE i.organization_id = $1
"""
)


STOCK = Listing(
    Stock,
    _STOCK,
    filters={
        "q": "i.product_id = ANY (ARRAY(SELECT search_ids($1, 'product', {})))",
        "product_id": "i.product_id = {}",
        "warehouse_id": "i.warehouse_id = {}",
        "state": STATE + " = {}",
    },
    sorts={
        "sku": Sort("p.sku_folded", "sku", str, BY_CODE),
        "name": Sort("p.name_order", "product_name", str, BY_NAME),
    },
    tiebreak="i.id",
)


# Balances with any entry by the end of day $2 in timezone $3. `stood` is this balance's stock then; the
# product's total over all warehouses is computed only if this balance is empty.
_ALL_HELD = (
    """(SELECT sum(stood.on_hand) FROM inventory i CROSS JOIN LATERAL ("""
    + STOOD
    + """) AS stood WHERE i.organization_id = $1 AND i.product_id = p.id)"""
)


_STATE_AS_OF = (
    "stock_state_v2(p.status, stood.on_hand, "
    + _ALL_HELD
    + """, p.reorder_level,
        p.id IN (SELECT d.product_id FROM products_in_demand($1, $2::date, $2::date) AS d))"""
)


_STOCK_AS_OF = (
    """
    SELECT i.id, i.product_id, p.sku, p.name AS product_name, i.warehouse_id, w.name AS warehouse_name,
           stood.on_hand, NULL::int AS reserved, NULL::int AS available,
           stood.on_hand * p.unit_cost AS value, NULL::timestamptz AS last_counted,
           """
    + _STATE_AS_OF
    + """ AS state
    FROM inventory i
    JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
    JOIN warehouses w ON w.organization_id = $1 AND w.id = i.warehouse_id
    CROSS JOIN (SELECT $2::date AS day, $3::text AS timezone) AS asked
    CROSS JOIN LATERAL ("""
    + STOOD
    + """) AS stood
    WHERE i.organization_id = $1 AND stood.on_hand IS NOT NULL
    """
)


STOCK_AS_OF = Listing(
    Stock,
    _STOCK_AS_OF,
    filters={
        "q": "i.product_id = ANY (ARRAY(SELECT search_ids($1, 'product', {})))",
        "product_id": "i.product_id = {}",
        "warehouse_id": "i.warehouse_id = {}",
        "state": _STATE_AS_OF + " = {}",
    },
    sorts={
        "sku": Sort("p.sku_folded", "sku", str, BY_CODE),
        "name": Sort("p.name_order", "product_name", str, BY_NAME),
    },
    tiebreak="i.id",
    fixed_arguments=2,
)


async def list_stock_of_product(
    connection: Connection, organization_id: UUID, product_id: UUID, as_of: AsOf | None
) -> list[Stock]:
    """The product's stock by warehouse, ordered by name; current, or as of the end of a day."""
    if as_of is None:
        return await fetch_all(
            connection,
            Stock,
            _STOCK + " AND i.product_id = $2 ORDER BY w.name_order, i.id",
            organization_id,
            product_id,
        )
    return await fetch_all(
        connection,
        Stock,
        _STOCK_AS_OF + " AND i.product_id = $4 ORDER BY w.name_order, i.id",
        organization_id,
        *as_of,
        product_id,
    )


# Rows and warehouse totals in one statement, so each balance is computed once.
_WITH_SUMS = """
    SELECT held.*, (sum(held.on_hand) OVER ())::bigint AS all_on_hand,
           CASE WHEN sum(held.on_hand) OVER () > 0
                THEN sum(held.value) FILTER (WHERE held.on_hand > 0) OVER () ELSE 0 END AS all_value,
           count(*) FILTER (WHERE held.on_hand > 0 AND held.value IS NULL) OVER () AS all_without_cost,
           count(*) FILTER (WHERE held.on_hand > 0) OVER () AS all_products,
           count(*) FILTER (WHERE held.state = 'out_of_stock') OVER () AS all_out_of_stock
    FROM ("""


async def list_most_valuable_stock(
    connection: Connection, organization_id: UUID, warehouse_id: UUID, as_of: AsOf | None, limit: int
) -> list[WarehouseStock]:
    """The most valuable stock of a warehouse, with its totals; current, or as of the end of a day."""
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


async def sum_all_stock(connection: Connection, organization_id: UUID) -> StockTotals:
    totals = await fetch_one(
        connection,
        StockTotals,
        """
        SELECT coalesce(sum(i.quantity_on_hand), 0)::bigint AS on_hand,
               CASE WHEN sum(i.quantity_on_hand) > 0
                    THEN sum(i.quantity_on_hand * p.unit_cost) FILTER (WHERE i.quantity_on_hand > 0)
                    ELSE 0 END AS value,
               count(DISTINCT p.id) FILTER (WHERE i.quantity_on_hand > 0 AND p.unit_cost IS NULL)
                   AS without_cost
        FROM inventory i
        JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
        WHERE i.organization_id = $1
        """,
        organization_id,
    )
    return totals or StockTotals(0, None, 0)


async def count_stocked_out(connection: Connection, organization_id: UUID) -> int:
    counted: int = await connection.fetchval(
        "SELECT count(*) FROM products_out_of_stock p WHERE p.organization_id = $1", organization_id
    )
    return counted


async def is_stocked_out(connection: Connection, organization_id: UUID, product_id: UUID) -> bool:
    found: bool = await connection.fetchval(
        """
        SELECT EXISTS (SELECT FROM products_out_of_stock o
                       WHERE o.organization_id = $1 AND o.product_id = $2)
        """,
        organization_id,
        product_id,
    )
    return found


async def list_stocked_out(connection: Connection, organization_id: UUID, limit: int) -> list[StockedOut]:
    """Products out of stock; those that customers wait for most first."""
    return await fetch_all(
        connection,
        StockedOut,
        """
        SELECT p.id AS product_id, p.sku, p.name, p.reorder_level, coalesce(asked.to_send, 0) AS to_send
        FROM products_out_of_stock gone
        JOIN products p ON p.organization_id = $1 AND p.id = gone.product_id
        LEFT JOIN (SELECT l.product_id, sum(l.quantity_open) AS to_send
                   FROM sales_lines l WHERE l.organization_id = $1 AND l.is_to_send
                   GROUP BY l.product_id) AS asked ON asked.product_id = p.id
        WHERE gone.organization_id = $1
        ORDER BY to_send DESC, p.reorder_level DESC, p.sku_folded
        LIMIT $2
        """,
        organization_id,
        limit,
    )
