"""Turns the table `deliveries` into partners, products, orders and their histories.

Each function inserts one kind of row for all deliveries in one statement; returns the number of rows.
"""

from typing import Literal

from imsop.realdata.loading import Loading


async def make_suppliers(loading: Loading) -> int:
    return await loading.insert(
        """
        INSERT INTO suppliers (id, organization_id, name)
        SELECT DISTINCT d.supplier_id, $1::uuid, one_spelling(d.vendor) FROM deliveries d WHERE NOT d.is_sale
        """,
        loading.organization_id,
    )


async def make_customers(loading: Loading) -> int:
    """One customer per country: the source names no recipients."""
    return await loading.insert(
        """
        INSERT INTO customers (id, organization_id, name, country)
        SELECT DISTINCT d.customer_id, $1::uuid, one_spelling(d.country), d.country FROM deliveries d
        """,
        loading.organization_id,
    )


async def make_products(loading: Loading) -> int:
    """One product per description. The source has no SKU, so it is derived from the description's MD5."""
    return await loading.insert(
        """
        INSERT INTO products (id, organization_id, sku, name, description, category, unit_of_measure)
        SELECT DISTINCT ON (d.product_id)
               d.product_id, $1::uuid, d.product_group || '-' || upper(left(md5(d.item_description), 6)),
               one_spelling(d.item_description),
               concat_ws(', ', d.molecule_test_type, d.brand, d.dosage, d.dosage_form,
                         d.unit_of_measure_per_pack || ' per pack'),
               concat_ws(': ', d.product_group, d.sub_classification), 'pack'
        FROM deliveries d
        ORDER BY d.product_id, d.row_number
        """,
        loading.organization_id,
    )


async def make_purchase_orders(loading: Loading) -> int:
    return await loading.insert(
        """
        INSERT INTO purchase_orders
            (id, organization_id, supplier_id, po_number, order_date, expected_delivery_date,
             actual_delivery_date, total_amount, notes, created_by)
        SELECT DISTINCT ON (d.order_id)
               d.order_id, $1::uuid, d.supplier_id, d.po_so, d.ordered_on, d.order_scheduled_on,
               d.order_delivered_on, d.total_amount,
               concat_ws(', ', 'Direct drop to ' || d.country, 'project ' || d.project_code,
                         'quotation ' || d.pq, d.vendor_inco_term), $2::uuid
        FROM deliveries d
        WHERE NOT d.is_sale
        ORDER BY d.order_id, d.line_number
        """,
        loading.organization_id,
        loading.user_id,
    )


async def make_purchase_order_items(loading: Loading) -> int:
    """Inserts a line for each delivery that was bought. Its total is the source's, which is not always
    quantity times price.
    """
    return await loading.insert(
        """
        INSERT INTO purchase_order_items
            (id, organization_id, purchase_order_id, line_number, product_id, quantity_ordered,
             unit_price, line_total, expected_delivery_date, promised_delivery_date,
             actual_delivery_date)
        SELECT d.item_id, $1::uuid, d.order_id, d.line_number, d.product_id, d.packs,
               d.pack_price::numeric, d.line_total, d.scheduled_on, d.scheduled_on, d.delivered_on
        FROM deliveries d
        WHERE NOT d.is_sale
        ORDER BY d.order_id, d.line_number
        """,
        loading.organization_id,
    )


async def make_sales_orders(loading: Loading) -> int:
    return await loading.insert(
        """
        INSERT INTO sales_orders
            (id, organization_id, customer_id, so_number, order_date, expected_delivery_date,
             actual_delivery_date, total_amount, notes, created_by)
        SELECT DISTINCT ON (d.order_id)
               d.order_id, $1::uuid, d.customer_id, d.po_so, d.ordered_on, d.order_scheduled_on,
               d.order_delivered_on, d.total_amount,
               concat_ws(', ', 'project ' || d.project_code, 'quotation ' || d.pq), $2::uuid
        FROM deliveries d
        WHERE d.is_sale
        ORDER BY d.order_id, d.line_number
        """,
        loading.organization_id,
        loading.user_id,
    )


async def make_sales_order_items(loading: Loading) -> int:
    return await loading.insert(
        """
        INSERT INTO sales_order_items
            (id, organization_id, sales_order_id, line_number, product_id, quantity_ordered,
             unit_price, line_total, expected_delivery_date, promised_delivery_date,
             actual_delivery_date)
        SELECT d.item_id, $1::uuid, d.order_id, d.line_number, d.product_id, d.packs,
               d.pack_price::numeric, d.line_total, d.scheduled_on, d.scheduled_on, d.delivered_on
        FROM deliveries d
        WHERE d.is_sale
        ORDER BY d.order_id, d.line_number
        """,
        loading.organization_id,
    )


async def make_purchase_order_history(loading: Loading) -> int:
    """Two changes per order, the only ones the source has dates for: placed, and completely delivered.

    If the source dates an order after its delivery, it counts as placed on the delivery date, with a note.
    """
    refused: int = await loading.connection.fetchval(
        """
        SELECT count(*) FROM advance_purchase_orders($1, array(
            SELECT ROW(o.order_id, c.from_status, c.to_status, NULL, c.note, $2::uuid,
                       (c.happened_on + time '12:00') AT TIME ZONE 'UTC')::document_change
            FROM (SELECT DISTINCT d.order_id, d.ordered_on, d.order_delivered_on AS delivered_on
                  FROM deliveries d WHERE NOT d.is_sale) o
            CROSS JOIN LATERAL (VALUES
                (1, NULL, 'submitted', least(o.ordered_on, o.delivered_on),
                 CASE WHEN o.ordered_on > o.delivered_on
                      THEN 'The source dates the order ' || o.ordered_on || ', after its delivery' END),
                (2, 'submitted', 'received', o.delivered_on,
                 'The source has no dates of confirmation and dispatch')
            ) AS c (step, from_status, to_status, happened_on, note)
            ORDER BY o.order_id, c.step))
        """,
        loading.organization_id,
        loading.user_id,
    )
    return await _count_changes(loading, "purchase", refused)


async def make_sales_order_history(loading: Loading) -> int:
    """Two changes per sales order, as for purchase orders."""
    refused: int = await loading.connection.fetchval(
        """
        SELECT count(*) FROM advance_sales_orders($1, array(
            SELECT ROW(o.order_id, c.from_status, c.to_status, NULL, c.note, $2::uuid,
                       (c.happened_on + time '12:00') AT TIME ZONE 'UTC')::document_change
            FROM (SELECT DISTINCT d.order_id, d.ordered_on, d.order_delivered_on AS delivered_on
                  FROM deliveries d WHERE d.is_sale) o
            CROSS JOIN LATERAL (VALUES
                (1, NULL, 'confirmed', least(o.ordered_on, o.delivered_on),
                 CASE WHEN o.ordered_on > o.delivered_on
                      THEN 'The source dates the order ' || o.ordered_on || ', after its delivery' END),
                (2, 'confirmed', 'delivered', o.delivered_on, 'The source has no date of dispatch')
            ) AS c (step, from_status, to_status, happened_on, note)
            ORDER BY o.order_id, c.step))
        """,
        loading.organization_id,
        loading.user_id,
    )
    return await _count_changes(loading, "sales", refused)


async def _count_changes(loading: Loading, kind: Literal["purchase", "sales"], refused: int) -> int:
    """The number of history rows. Raises RuntimeError if an order was not in the expected state."""
    if refused:
        raise RuntimeError(f"{refused} {kind} orders are not in the state their history begins with")
    counted: int = await loading.connection.fetchval(
        "SELECT count(*) FROM purchase_order_history h WHERE h.organization_id = $1"
        if kind == "purchase"
        else "SELECT count(*) FROM sales_order_history h WHERE h.organization_id = $1",
        loading.organization_id,
    )
    return counted
