"""Turns `buyers`, `goods` and `lines` into customers, products, orders, order lines and history."""

from imsop.realdata.loading import Loading


async def make_customers(loading: Loading) -> int:
    """Customers with made-up names: the source has numbers only."""
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
        SELECT g.product_id, $1::uuid, one_spelling(g.stock_code), one_spelling(g.name),
               CASE WHEN g.is_charge THEN 'Charge' END, g.price
        FROM goods g ORDER BY g.stock_code
        """,
        loading.organization_id,
    )


async def make_sales_orders(loading: Loading) -> int:
    """One order per invoice with sales, sold and delivered at once: the source has one timestamp.

    Creates the table `invoices`, by which lines find their order.
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
            (id, organization_id, customer_id, so_number, order_date, expected_delivery_date,
             actual_delivery_date, total_amount, currency)
        SELECT i.order_id, $1::uuid, b.customer_id, i.invoice_no, i.sold_on, i.sold_on,
               i.sold_on, i.total, 'GBP'
        FROM invoices i LEFT JOIN buyers b USING (customer_number)
        ORDER BY i.order_id
        """,
        loading.organization_id,
    )


async def stage_sales_order_items(loading: Loading) -> int:
    """Stages one line per sale, numbered as in the source; inserted with the movement that ships it."""
    return await loading.insert(
        """
        INSERT INTO staged_sold_lines
            (id, sales_order_id, line_number, product_id, quantity_ordered, unit_price, line_total,
             expected_delivery_date, actual_delivery_date)
        SELECT l.item_id, i.order_id, l.line_number, l.product_id, l.quantity, l.unit_price,
               round(l.quantity * l.unit_price, 2), l.sold_on, l.sold_on
        FROM lines l
        JOIN invoices i USING (invoice_no)
        WHERE l.kind = 'sale'
        """
    )


async def make_sales_order_history(loading: Loading) -> int:
    made: int = await loading.connection.fetchval(
        """
        WITH change AS MATERIALIZED (
            SELECT array_agg(ROW(i.order_id, NULL, 'delivered', NULL,
                                 'The source has no moment but that of the invoice', NULL,
                                 i.occurred_at)::document_change ORDER BY i.order_id) AS changes
            FROM invoices i
        )
        SELECT cardinality(c.changes) - (SELECT count(*) FROM advance_sales_orders($1, c.changes))
        FROM change c
        """,
        loading.organization_id,
    )
    return made
