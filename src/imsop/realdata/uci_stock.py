"""Turns `lines` into stock: the warehouse, returns matched with purchases, and movements."""

from collections.abc import Callable, Iterable
from uuid import UUID

from msgspec import Struct

from imsop.core.bulk import stage_records
from imsop.core.database import Connection, fetch_all
from imsop.inventory.ledger.bulk import post_staged_movements, stage_movements
from imsop.realdata.loading import Loading
from imsop.realdata.uci_documents import stage_sales_order_items

WAREHOUSE = "Main warehouse"


class Trade(Struct, frozen=True):
    """A customer's purchase of a product, or its return if the quantity is negative."""

    row_number: int
    customer_number: str
    product_id: UUID
    quantity: int


def match_returns(trades: Iterable[Trade]) -> dict[int, int]:
    """Maps rows of returns to rows of purchases. Trades are in chronological order.

    A return matches the latest earlier purchase of the product by the customer that covers all of it, as no
    more can come back than went out. Unmatched returns are left out.
    """
    units_left: dict[tuple[str, UUID], dict[int, int]] = {}
    matched = {}
    for trade in trades:
        purchases = units_left.setdefault((trade.customer_number, trade.product_id), {})
        if trade.quantity > 0:
            purchases[trade.row_number] = trade.quantity
            continue
        roomy = (row for row, units in reversed(purchases.items()) if units >= -trade.quantity)
        if (purchase := next(roomy, None)) is not None:
            purchases[purchase] += trade.quantity
            matched[trade.row_number] = purchase
    return matched


async def stage_matched_returns(connection: Connection) -> int:
    """Creates `matched_returns`, a row for each return with a purchase; returns their number."""
    trades = await fetch_all(
        connection,
        Trade,
        """
        SELECT l.row_number, l.customer_number, l.product_id, l.quantity
        FROM lines l
        JOIN (
            SELECT DISTINCT r.customer_number, r.product_id FROM lines r
            WHERE r.kind = 'cancel' AND r.product_id IS NOT NULL AND r.customer_number IS NOT NULL
        ) returned USING (customer_number, product_id)
        WHERE l.kind IN ('sale', 'cancel')
        ORDER BY l.occurred_at, l.row_number
        """,
    )
    matched = match_returns(trades)
    await connection.execute(
        """
        CREATE TEMPORARY TABLE matched_returns (row_number int, sale_row_number int, quantity int)
        ON COMMIT DROP
        """
    )
    return await stage_records(
        connection,
        "matched_returns",
        [(t.row_number, matched[t.row_number], -t.quantity) for t in trades if t.row_number in matched],
    )


async def make_warehouse(loading: Loading) -> int:
    return await loading.insert(
        """
        INSERT INTO warehouses (organization_id, name, location, country)
        VALUES ($1, $2, 'Where the source ships everything from', 'United Kingdom')
        """,
        loading.organization_id,
        WAREHOUSE,
    )


async def stage_lines_and_movements(loading: Loading) -> int:
    """Stages the stock movements, then the order lines. Movements: opening balances, then every line with a
    product, in chronological order.

    As the source has no purchases, a product's opening balance is the least that keeps stock from falling
    below zero. A return refers to its order if matched, else to its credit note.
    """
    await stage_movements(loading.connection)
    await loading.connection.execute(
        """
        INSERT INTO staged_movements
            (product_id, warehouse_id, quantity, transaction_type, movement_kind, sales_order_item_id,
             reference_id, reason, notes, occurred_at)
        WITH moving AS MATERIALIZED (
            SELECT l.row_number, l.product_id, l.kind, l.invoice_no, l.description, l.occurred_at, l.item_id,
                   CASE l.kind WHEN 'stock_adjust' THEN l.quantity ELSE -l.quantity END AS quantity
            FROM lines l WHERE l.product_id IS NOT NULL
        ), opening AS (
            SELECT r.product_id, -min(r.units)::int AS quantity
            FROM (
                SELECT m.product_id, sum(m.quantity) OVER (
                           PARTITION BY m.product_id ORDER BY m.occurred_at, m.row_number
                           ROWS UNBOUNDED PRECEDING) AS units
                FROM moving m
            ) r
            GROUP BY r.product_id HAVING min(r.units) < 0
        )
        SELECT m.product_id, w.id, m.quantity, m.transaction_type, m.movement_kind, m.item_id,
               m.reference_id,
               CASE WHEN m.item_id IS NULL THEN coalesce(left(m.notes, 255), 'None in the source')
               END,
               m.notes, m.occurred_at
        FROM (
            SELECT 0 AS row_number, o.product_id, o.quantity, 'adjustment' AS transaction_type,
                   'opening_balance' AS movement_kind, NULL::uuid AS item_id, NULL AS reference_id,
                   'Opening balance: the least with which stock never falls below zero' AS notes,
                   (SELECT min(l.occurred_at) FROM lines l) - interval '1 day' AS occurred_at
            FROM opening o
            UNION ALL
            SELECT m.row_number, m.product_id, m.quantity,
                   CASE m.kind WHEN 'sale' THEN 'shipment' WHEN 'cancel' THEN 'return' ELSE 'adjustment' END,
                   CASE m.kind WHEN 'sale' THEN 'sale' WHEN 'cancel' THEN 'customer_return'
                               ELSE 'correction' END,
                   CASE m.kind WHEN 'sale' THEN m.item_id WHEN 'cancel' THEN s.item_id END,
                   coalesce(s.invoice_no, m.invoice_no),
                   CASE WHEN m.kind <> 'cancel' THEN m.description
                        WHEN s.invoice_no IS NULL THEN 'Return without an order'
                        ELSE 'Credit note ' || m.invoice_no END,
                   m.occurred_at
            FROM moving m
            LEFT JOIN (
                SELECT r.row_number, l.invoice_no, l.item_id
                FROM matched_returns r JOIN lines l ON l.row_number = r.sale_row_number
            ) s USING (row_number)
        ) m
        JOIN warehouses w ON w.organization_id = $1 AND w.name = $2
        ORDER BY m.occurred_at, m.row_number, m.product_id
        """,
        loading.organization_id,
        WAREHOUSE,
    )
    return await stage_sales_order_items(loading)


async def post_movements(loading: Loading, progress: Callable[[int, int], None]) -> int:
    """Posts the staged movements, without a user: the source names nobody."""
    return await post_staged_movements(loading.connection, loading.organization_id, None, progress)
