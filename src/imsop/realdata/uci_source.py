"""The three files of the retailer: read, checked, and typed as the tables `goods` and `lines`.

All else is made of these. A line of `lines` is on stock where it has a `product_id`.
"""

from pathlib import Path

from imsop.core.bulk import require_valid, stage_file
from imsop.core.database import Connection


async def stage_sources(connection: Connection, directory: Path) -> int:
    """Makes `staged_customers`, `goods` and `lines`; returns the number of lines.

    Raises InvalidInput with every fault of the first file that has any: first of its form, then of its
    values, then of what its rows say together.
    """
    await _stage_customers(connection, directory / "customers.csv")
    await _stage_products(connection, directory / "products.csv")
    rows = await _stage_sales_lines(connection, directory / "sales_lines.csv.gz")
    await connection.execute(
        """
        CREATE TEMPORARY TABLE goods (
            product_id uuid, stock_code text, name text, price numeric(12, 4), is_charge bool
        ) ON COMMIT DROP
        """
    )
    await connection.execute(_GOODS)
    await connection.execute("ANALYZE goods")
    await connection.execute(
        """
        CREATE TEMPORARY TABLE lines (
            row_number int, kind text, invoice_no text, line_number int, product_id uuid,
            customer_number text, description text, quantity int, unit_price numeric(12, 4), sold_on date,
            occurred_at timestamptz
        ) ON COMMIT DROP
        """
    )
    await connection.execute(_LINES)
    await connection.execute("CREATE UNIQUE INDEX ON lines (row_number)")
    await connection.execute("ANALYZE lines")
    return rows


async def _stage_customers(connection: Connection, path: Path) -> None:
    await connection.execute(
        """
        CREATE TEMPORARY TABLE staged_customers (
            row_number int, customer_id text, country text, invoices text, net_gbp text
        ) ON COMMIT DROP
        """
    )
    await stage_file(connection, "staged_customers", path)
    await require_valid(
        connection,
        path,
        """
        SELECT s.row_number, c.field, c.value,
               CASE WHEN c.value IS NULL THEN 'is missing' ELSE c.reason END AS reason
        FROM (
            SELECT d.*, row_number() OVER (PARTITION BY d.customer_id ORDER BY d.row_number) AS seen
            FROM staged_customers d
        ) s
        CROSS JOIN LATERAL (VALUES
            ('customer_id', s.customer_id, length(s.customer_id) <= 100, 'is longer than 100 characters'),
            ('customer_id', s.customer_id, s.customer_id IS NULL OR s.seen = 1, 'is the id of a row above'),
            ('country', s.country, length(s.country) <= 100, 'is longer than 100 characters')
        ) AS c (field, value, passes, reason)
        WHERE c.passes IS NOT TRUE
        ORDER BY s.row_number, c.field
        """,
    )


async def _stage_products(connection: Connection, path: Path) -> None:
    await connection.execute(
        """
        CREATE TEMPORARY TABLE staged_products (
            row_number int, stock_code text, description text, median_price_gbp text, lines text, units text,
            first_sold text, last_sold text, days_sold text
        ) ON COMMIT DROP
        """
    )
    await stage_file(connection, "staged_products", path)
    await require_valid(
        connection,
        path,
        r"""
        SELECT s.row_number, c.field, c.value,
               CASE WHEN c.value IS NULL THEN 'is missing' ELSE c.reason END AS reason
        FROM (
            SELECT d.*, row_number() OVER (PARTITION BY d.stock_code ORDER BY d.row_number) AS seen
            FROM staged_products d
        ) s
        CROSS JOIN LATERAL (VALUES
            ('stock_code', s.stock_code, length(s.stock_code) <= 100, 'is longer than 100 characters'),
            ('stock_code', s.stock_code, s.stock_code IS NULL OR s.seen = 1, 'is the code of a row above'),
            ('description', s.description, coalesce(length(s.description) <= 255, true),
             'is longer than 255 characters'),
            ('median_price_gbp', s.median_price_gbp,
             coalesce(s.median_price_gbp ~ '^\d{1,6}(\.\d{1,20})?$', true), 'is not a price')
        ) AS c (field, value, passes, reason)
        WHERE c.passes IS NOT TRUE
        ORDER BY s.row_number, c.field
        """,
    )


async def _stage_sales_lines(connection: Connection, path: Path) -> int:
    await connection.execute(
        """
        CREATE TEMPORARY TABLE staged_sales_lines (
            row_number int, invoice_no text, line_no text, line_kind text, stock_code text, description text,
            quantity text, unit_price_gbp text, invoice_at text, customer_id text, country text
        ) ON COMMIT DROP
        """
    )
    rows = await stage_file(connection, "staged_sales_lines", path)
    await require_valid(connection, path, _FAULTY_VALUES)
    await require_valid(connection, path, _CONTRADICTIONS)
    return rows


# Half a million rows: a row is looked at check by check only where not all of them pass. Six digits each for
# units and pounds keep every line's total within numeric(14, 2).
_FAULTY_VALUES = r"""
    SELECT s.row_number, c.field, c.value,
           CASE WHEN c.value IS NULL THEN 'is missing' ELSE c.reason END AS reason
    FROM (
        SELECT d.*, length(d.invoice_no) <= 100 AS invoice_no_passes,
               d.line_no ~ '^[1-9]\d{0,5}$' AS line_no_passes,
               d.line_kind IN ('sale', 'cancel', 'stock_adjust', 'fee', 'bad_debt') AS line_kind_passes,
               length(d.stock_code) <= 100 AS stock_code_passes,
               coalesce(length(d.description) <= 255, true) AS description_passes,
               d.quantity ~ '^-?[1-9]\d{0,5}$' AS quantity_passes,
               d.unit_price_gbp ~ '^-?\d{1,6}(\.\d{1,4})?$' AS unit_price_passes,
               d.invoice_at ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$'
                   AND pg_input_is_valid(d.invoice_at, 'timestamp') AS invoice_at_passes,
               CASE d.line_kind WHEN 'sale' THEN NOT d.quantity ^@ '-'
                                WHEN 'cancel' THEN d.quantity ^@ '-' ELSE true END AS sign_passes,
               NOT (d.line_kind = 'sale' AND d.unit_price_gbp ^@ '-') AS sale_price_passes
        FROM staged_sales_lines d
    ) s
    CROSS JOIN LATERAL (VALUES
        ('invoice_no', s.invoice_no, s.invoice_no_passes, 'is longer than 100 characters'),
        ('line_no', s.line_no, s.line_no_passes, 'is not a whole number from 1 to 999999'),
        ('line_kind', s.line_kind, s.line_kind_passes,
         'is none of sale, cancel, stock_adjust, fee, bad_debt'),
        ('stock_code', s.stock_code, s.stock_code_passes, 'is longer than 100 characters'),
        ('description', s.description, s.description_passes, 'is longer than 255 characters'),
        ('quantity', s.quantity, s.quantity_passes,
         'is not a whole number of up to 6 digits, other than zero'),
        ('quantity', s.quantity, s.sign_passes OR s.quantity_passes IS NOT TRUE,
         'a sale has a positive quantity, a cancellation a negative one'),
        ('unit_price_gbp', s.unit_price_gbp, s.unit_price_passes,
         'is not a price of up to 6 digits and 4 decimal places'),
        ('unit_price_gbp', s.unit_price_gbp, s.sale_price_passes OR s.unit_price_passes IS NOT TRUE,
         'a sale has no negative price'),
        ('invoice_at', s.invoice_at, s.invoice_at_passes,
         'is not a date and time that exists, as 2010-12-01T08:26:00')
    ) AS c (field, value, passes, reason)
    WHERE (s.invoice_no_passes AND s.line_no_passes AND s.line_kind_passes AND s.stock_code_passes
           AND s.description_passes AND s.quantity_passes AND s.unit_price_passes AND s.invoice_at_passes
           AND s.sign_passes AND s.sale_price_passes) IS NOT TRUE
        AND c.passes IS NOT TRUE
    ORDER BY s.row_number, c.field
"""

_CONTRADICTIONS = """
    SELECT s.row_number, 'line_no' AS field, s.line_no AS value,
           'the invoice has this line more than once' AS reason
    FROM staged_sales_lines s
    JOIN (SELECT d.invoice_no, d.line_no FROM staged_sales_lines d
          GROUP BY d.invoice_no, d.line_no HAVING count(*) > 1) again USING (invoice_no, line_no)
    UNION ALL
    SELECT s.row_number, 'customer_id', s.customer_id, 'the invoice has more than one customer'
    FROM staged_sales_lines s
    JOIN (SELECT d.invoice_no FROM staged_sales_lines d GROUP BY d.invoice_no
          HAVING min(coalesce(d.customer_id, '')) <> max(coalesce(d.customer_id, ''))) several
        USING (invoice_no)
    UNION ALL
    SELECT s.row_number, 'customer_id', s.customer_id, 'is not in customers.csv'
    FROM staged_sales_lines s
    LEFT JOIN staged_customers k USING (customer_id)
    WHERE s.customer_id IS NOT NULL AND k.customer_id IS NULL
    ORDER BY 1, 2
"""

# What products.csv lacks is taken from the lines, as it takes its own: the most frequent description, the
# median price. Descriptions of adjustments are remarks on the adjustment. These codes are charges for
# postage, discounts and the like: their lines move no stock.
_GOODS = """
    INSERT INTO goods (product_id, stock_code, name, price, is_charge)
    SELECT uuidv7(), g.stock_code, coalesce(g.description, g.stock_code), g.price,
           g.stock_code IN ('AMAZONFEE', 'B', 'BANK CHARGES', 'C2', 'CRUK', 'D', 'DOT', 'M', 'PADS', 'POST', 'S')
    FROM (
        SELECT p.stock_code, p.description, p.median_price_gbp::numeric AS price FROM staged_products p
        UNION ALL
        SELECT s.stock_code,
               mode() WITHIN GROUP (ORDER BY s.description) FILTER (WHERE s.line_kind <> 'stock_adjust'),
               percentile_disc(0.5) WITHIN GROUP (ORDER BY s.unit_price_gbp::numeric)
                   FILTER (WHERE s.line_kind <> 'stock_adjust')
        FROM staged_sales_lines s
        WHERE s.line_kind IN ('sale', 'cancel', 'stock_adjust')
            AND NOT EXISTS (SELECT FROM staged_products p WHERE p.stock_code = s.stock_code)
        GROUP BY s.stock_code
    ) g
    ORDER BY g.stock_code
"""

# The source's clock is that of its country.
_LINES = """
    INSERT INTO lines (row_number, kind, invoice_no, line_number, product_id, customer_number, description,
                       quantity, unit_price, sold_on, occurred_at)
    SELECT s.row_number, s.line_kind, s.invoice_no, s.line_no::int,
           CASE WHEN s.line_kind IN ('sale', 'stock_adjust') OR s.line_kind = 'cancel' AND NOT g.is_charge
                THEN g.product_id END,
           s.customer_id, CASE WHEN s.line_kind = 'stock_adjust' THEN s.description END,
           s.quantity::int, s.unit_price_gbp::numeric, s.invoice_at::date,
           s.invoice_at::timestamp AT TIME ZONE 'Europe/London'
    FROM staged_sales_lines s
    LEFT JOIN goods g USING (stock_code)
"""
