"""What `buyers`, `goods` and `lines` become: customers, products, orders, their lines and their history."""

from collections.abc import Callable

from imsop.core.bulk import FIRST_ROW
from imsop.realdata.loading import Loading

_CHUNK_LINES = 50_000
"""Order lines written by one statement: few enough for progress and for the time a statement is given."""


async def make_customers(loading: Loading) -> int:
    """The source numbers its customers and does not name them."""
    return await loading.insert(
        """
        INSERT INTO customers (id, organization_id, customer_number, name, country)
        SELECT b.customer_id, $1::uuid, b.customer_number, 'Customer ' || b.customer_number, b.country
        FROM buyers b ORDER BY b.customer_id
        """,
        loading.organization_id,
    )


async def make_products(loading: Loading) -> int:
    return await loading.insert(
        """
        INSERT INTO products (id, organization_id, sku, name, category, selling_price)
        SELECT g.product_id, $1::uuid, g.stock_code, g.name, CASE WHEN g.is_charge THEN 'Charge' END, g.price
        FROM goods g ORDER BY g.stock_code
        """,
        loading.organization_id,
    )


async def make_sales_orders(loading: Loading) -> int:
    """One per invoice that sells, as sold and handed over at once: the source has one moment for all of it.

    Makes `invoices`, by which lines find their order.
    """
    await loading.connection.execute(
        """
        CREATE TEMPORARY TABLE invoices (
            order_id uuid, invoice_no text, customer_number text, sold_on date, occurred_at timestamptz,
            total numeric(14, 2)
        ) ON COMMIT DROP
        """
    )
    await loading.connection.execute(
        """
        INSERT INTO invoices (order_id, invoice_no, customer_number, sold_on, occurred_at, total)
        SELECT uuidv7(), l.invoice_no, min(l.customer_number), min(l.sold_on), min(l.occurred_at),
               sum(round(l.quantity * l.unit_price, 2))
        FROM lines l WHERE l.kind = 'sale'
        GROUP BY l.invoice_no
        ORDER BY min(l.occurred_at), l.invoice_no
        """
    )
    await loading.connection.execute("ANALYZE invoices")
    return await loading.insert(
        """
        INSERT INTO sales_orders
            (id, organization_id, customer_id, so_number, status, order_date, expected_delivery_date,
             actual_delivery_date, total_amount, currency)
        SELECT i.order_id, $1::uuid, b.customer_id, i.invoice_no, 'delivered', i.sold_on, i.sold_on,
               i.sold_on, i.total, 'GBP'
        FROM invoices i LEFT JOIN buyers b USING (customer_number)
        ORDER BY i.order_id
        """,
        loading.organization_id,
    )


async def make_sales_order_items(loading: Loading, progress: Callable[[int, int], None]) -> int:
    """One per sale, numbered as in the source; what was returned against it is in `matched_returns`."""
    rows: int = await loading.connection.fetchval("SELECT count(*) FROM lines")
    made = 0
    for done in range(0, rows, _CHUNK_LINES):
        made += await loading.insert(
            """
            INSERT INTO sales_order_items
                (organization_id, sales_order_id, line_number, product_id, quantity_ordered,
                 quantity_shipped, quantity_returned, unit_price, line_total, expected_delivery_date,
                 actual_delivery_date)
            SELECT $1::uuid, i.order_id, l.line_number, l.product_id, l.quantity, l.quantity,
                   coalesce(r.quantity, 0), l.unit_price, round(l.quantity * l.unit_price, 2), l.sold_on,
                   l.sold_on
            FROM lines l
            JOIN invoices i USING (invoice_no)
            LEFT JOIN (
                SELECT m.sale_row_number AS row_number, sum(m.quantity)::int AS quantity
                FROM matched_returns m GROUP BY m.sale_row_number
            ) r USING (row_number)
            WHERE l.kind = 'sale' AND l.row_number >= $2 AND l.row_number < $3
            ORDER BY l.row_number
            """,
            loading.organization_id,
            FIRST_ROW + done,
            FIRST_ROW + done + _CHUNK_LINES,
        )
        progress(min(done + _CHUNK_LINES, rows), rows)
    return made


async def make_sales_order_history(loading: Loading) -> int:
    return await loading.insert(
        """
        INSERT INTO sales_order_history (organization_id, sales_order_id, to_status, note, occurred_at)
        SELECT $1::uuid, i.order_id, 'delivered', 'The source has no moment but that of the invoice',
               i.occurred_at
        FROM invoices i ORDER BY i.order_id
        """,
        loading.organization_id,
    )
