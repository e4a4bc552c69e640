"""Writes purchase and sales orders with their lines and histories."""

from imsop.core.bulk import stage_records
from imsop.demo.loading import Loading, require_none_refused, rows_written


async def write_purchase_orders(loading: Loading) -> int:
    await loading.connection.execute(
        """
        CREATE TEMPORARY TABLE staged_purchase_orders (
            id uuid, supplier_id uuid, po_number text, order_date date,
            expected_delivery_date date, actual_delivery_date date, total_amount numeric
        ) ON COMMIT DROP
        """
    )
    staged = await stage_records(
        loading.connection,
        "staged_purchase_orders",
        (
            (
                order.id, loading.supplier_ids[order.supplier], order.number, order.ordered_on,
                order.expected_on, order.received_on, order.total,
            )
            for order in loading.books.purchase_orders
        ),
    )  # fmt: skip
    status = await loading.connection.execute(
        """
        INSERT INTO purchase_orders (id, organization_id, supplier_id, po_number, order_date,
                                     expected_delivery_date, actual_delivery_date, total_amount, currency,
                                     created_by)
        SELECT s.id, $1::uuid, s.supplier_id, s.po_number, s.order_date, s.expected_delivery_date,
               s.actual_delivery_date, s.total_amount, $2, $3::uuid
        FROM staged_purchase_orders s
        """,
        loading.organization_id,
        loading.company.currency,
        loading.user_ids["buyer"],
    )
    return rows_written(staged, status)


async def write_purchase_lines(loading: Loading) -> int:
    await loading.connection.execute(
        """
        CREATE TEMPORARY TABLE staged_purchase_lines (
            id uuid, purchase_order_id uuid, line_number int, product_id uuid, quantity_ordered int,
            unit_price numeric, line_total numeric, expected_delivery_date date,
            promised_delivery_date date, actual_delivery_date date, quantity_closed int
        ) ON COMMIT DROP
        """
    )
    staged = await stage_records(
        loading.connection,
        "staged_purchase_lines",
        (
            (
                line.id, order.id, number, loading.product_ids[line.product], line.ordered,
                line.unit_price, line.total, line.expected_on, line.promised_on, line.received_on,
                line.closed,
            )
            for order in loading.books.purchase_orders
            for number, line in enumerate(order.lines, 1)
        ),
    )  # fmt: skip
    status = await loading.connection.execute(
        """
        INSERT INTO purchase_order_items
            (id, organization_id, purchase_order_id, line_number, product_id, quantity_ordered,
             unit_price, line_total, expected_delivery_date, promised_delivery_date,
             actual_delivery_date, quantity_closed)
        SELECT s.id, $1::uuid, s.purchase_order_id, s.line_number, s.product_id, s.quantity_ordered,
               s.unit_price, s.line_total, s.expected_delivery_date,
               s.promised_delivery_date, s.actual_delivery_date, s.quantity_closed
        FROM staged_purchase_lines s
        """,
        loading.organization_id,
    )
    return rows_written(staged, status)


async def write_purchase_history(loading: Loading) -> int:
    await loading.connection.execute(
        """
        CREATE TEMPORARY TABLE staged_purchase_history (
            line int, order_id uuid, from_status text, to_status text, changed_by uuid,
            occurred_at timestamptz, note text
        ) ON COMMIT DROP
        """
    )
    staged = await stage_records(
        loading.connection,
        "staged_purchase_history",
        (
            (line, order.id, from_status, to_status, loading.user_ids[by], occurred_at, note)
            for order in loading.books.purchase_orders
            for line, (from_status, to_status, by, occurred_at, note) in enumerate(order.history)
        ),
    )
    refused: int = await loading.connection.fetchval(
        """
        SELECT count(*) FROM advance_purchase_orders($1, array(
            SELECT ROW(s.order_id, s.from_status, s.to_status, NULL, s.note, s.changed_by,
                       s.occurred_at)::document_change
            FROM staged_purchase_history s ORDER BY s.line))
        """,
        loading.organization_id,
    )
    return require_none_refused(staged, refused)


async def write_sales_orders(loading: Loading) -> int:
    await loading.connection.execute(
        """
        CREATE TEMPORARY TABLE staged_sales_orders (
            id uuid, customer_id uuid, so_number text, order_date date,
            expected_delivery_date date, actual_delivery_date date, total_amount numeric, notes text
        ) ON COMMIT DROP
        """
    )
    staged = await stage_records(
        loading.connection,
        "staged_sales_orders",
        (
            (
                order.id, None if order.customer is None else loading.customer_ids[order.customer],
                order.number, order.ordered_on, order.expected_on, order.delivered_on,
                order.total, order.note,
            )
            for order in loading.books.sales_orders
        ),
    )  # fmt: skip
    status = await loading.connection.execute(
        """
        INSERT INTO sales_orders (id, organization_id, customer_id, so_number, order_date,
                                  expected_delivery_date, actual_delivery_date, total_amount, currency, notes,
                                  created_by)
        SELECT s.id, $1::uuid, s.customer_id, s.so_number, s.order_date, s.expected_delivery_date,
               s.actual_delivery_date, s.total_amount, $2, s.notes, $3::uuid
        FROM staged_sales_orders s
        """,
        loading.organization_id,
        loading.company.currency,
        loading.user_ids["sales"],
    )
    return rows_written(staged, status)


async def write_sales_lines(loading: Loading) -> int:
    """Writes lines without progress, which movements and reservations add (imsop.demo.stock)."""
    await loading.connection.execute(
        """
        CREATE TEMPORARY TABLE staged_sales_lines (
            id uuid, sales_order_id uuid, line_number int, product_id uuid, quantity_ordered int,
            unit_price numeric, line_total numeric, expected_delivery_date date, actual_delivery_date date
        ) ON COMMIT DROP
        """
    )
    staged = await stage_records(
        loading.connection,
        "staged_sales_lines",
        (
            (
                line.id, order.id, number, loading.product_ids[line.product], line.ordered, line.unit_price,
                line.total, order.expected_on, line.delivered_on,
            )
            for order in loading.books.sales_orders
            for number, line in enumerate(order.lines, 1)
        ),
    )  # fmt: skip
    status = await loading.connection.execute(
        """
        INSERT INTO sales_order_items
            (id, organization_id, sales_order_id, line_number, product_id, quantity_ordered,
             unit_price, line_total, expected_delivery_date, promised_delivery_date, actual_delivery_date)
        SELECT s.id, $1::uuid, s.sales_order_id, s.line_number, s.product_id, s.quantity_ordered,
               s.unit_price, s.line_total, s.expected_delivery_date, s.expected_delivery_date,
               s.actual_delivery_date
        FROM staged_sales_lines s
        """,
        loading.organization_id,
    )
    return rows_written(staged, status)


async def write_sales_history(loading: Loading) -> int:
    await loading.connection.execute(
        """
        CREATE TEMPORARY TABLE staged_sales_history (
            line int, order_id uuid, from_status text, to_status text, changed_by uuid,
            occurred_at timestamptz, note text
        ) ON COMMIT DROP
        """
    )
    staged = await stage_records(
        loading.connection,
        "staged_sales_history",
        (
            (line, order.id, from_status, to_status, loading.user_ids[by], occurred_at, note)
            for order in loading.books.sales_orders
            for line, (from_status, to_status, by, occurred_at, note) in enumerate(order.history)
        ),
    )
    refused: int = await loading.connection.fetchval(
        """
        SELECT count(*) FROM advance_sales_orders($1, array(
            SELECT ROW(s.order_id, s.from_status, s.to_status, NULL, s.note, s.changed_by,
                       s.occurred_at)::document_change
            FROM staged_sales_history s ORDER BY s.line))
        """,
        loading.organization_id,
    )
    return require_none_refused(staged, refused)
