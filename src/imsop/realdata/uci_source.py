"""Reads and validates the retailer's three files into the typed tables `buyers`, `goods` and `lines`.

A row of `lines` has a `product_id` if it is about stock.
"""

from pathlib import Path

from imsop.core.bulk import require_valid, stage_file
from imsop.core.database import Connection


async def stage_sources(connection: Connection, directory: Path) -> int:
    """Creates temporary tables `buyers`, `goods` and `lines`; returns the number of lines.

    Raises InvalidInput with all faults of the first faulty file: first of its format, then of its values,
    then of contradictions between rows.
    """
    await _stage_customers(connection, directory / "customers.csv")
    await _stage_products(connection, directory / "products.csv")
    rows = await _stage_sales_lines(connection, directory / "sales_lines.csv.gz")
    await connection.execute(
        """
        CREATE TEMPORARY TABLE buyers (customer_id uuid, customer_number text, country text) ON COMMIT DROP
        """
    )
    await connection.execute(
        """
        INSERT INTO buyers (customer_id, customer_number, country)
        SELECT uuidv7(), s.customer_id, s.country FROM staged_customers s ORDER BY s.row_number
        """
    )
    await connection.execute("ANALYZE buyers")
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
            occurred_at timestamptz, item_id uuid DEFAULT uuidv7()
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
    await connection.execute(
        "CREATE TEMPORARY TABLE faulty_values (field text, value text, reason text) ON COMMIT DROP"
    )
    await connection.execute(_FAULTY_VALUES)
    await connection.execute("ANALYZE faulty_values")
    await require_valid(connection, path, _ROWS_WITH_FAULTY_VALUES)
    await require_valid(connection, path, _CONTRADICTIONS)
    return rows


# Half a million rows have few distinct values: these are validated, and rows read only for faulty ones. Six
# digits each for units and pounds keep every line's total within numeric(14, 2). A missing value is ''.
_FAULTY_VALUES = r"""
    INSERT INTO faulty_values (field, value, reason)
    SELECT g.field, coalesce(g.value, ''), CASE WHEN g.value IS NULL THEN 'is missing' ELSE k.reason END
    FROM (
        SELECT DISTINCT 'invoice_no' AS field, 'text' AS kind, true AS required, d.invoice_no AS value
        FROM staged_sales_lines d
        UNION ALL SELECT DISTINCT 'line_no', 'number', true, d.line_no FROM staged_sales_lines d
        UNION ALL SELECT DISTINCT 'line_kind', 'kind', true, d.line_kind FROM staged_sales_lines d
        UNION ALL SELECT DISTINCT 'stock_code', 'text', true, d.stock_code FROM staged_sales_lines d
        UNION ALL SELECT DISTINCT 'description', 'long text', false, d.description FROM staged_sales_lines d
        UNION ALL SELECT DISTINCT 'quantity', 'quantity', true, d.quantity FROM staged_sales_lines d
        UNION ALL SELECT DISTINCT 'unit_price_gbp', 'price', true, d.unit_price_gbp FROM staged_sales_lines d
        UNION ALL SELECT DISTINCT 'invoice_at', 'instant', true, d.invoice_at FROM staged_sales_lines d
    ) g
    JOIN (VALUES
        ('text', '^.{1,100}$', 'text', 'is longer than 100 characters'),
        ('long text', '^.{1,255}$', 'text', 'is longer than 255 characters'),
        ('number', '^[1-9]\d{0,5}$', 'int4', 'is not a whole number from 1 to 999999'),
        ('kind', '^(sale|cancel|stock_adjust|fee|bad_debt)$', 'text',
         'is none of sale, cancel, stock_adjust, fee, bad_debt'),
        ('quantity', '^-?[1-9]\d{0,5}$', 'int4',
         'is not a whole number of up to 6 digits, other than zero'),
        ('price', '^-?\d{1,6}(\.\d{1,4})?$', 'numeric',
         'is not a price of up to 6 digits and 4 decimal places'),
        ('instant', '^2[01]\d\d-\d\d-\d\dT\d\d:\d\d:\d\d$', 'timestamp',
         'is not a date and time from 2000 to 2199 that exists, as 2010-12-01T08:26:00')
    ) AS k (kind, form, type, reason) USING (kind)
    WHERE CASE WHEN g.value IS NULL THEN g.required
               ELSE g.value !~ k.form OR NOT pg_input_is_valid(g.value, k.type) END
"""

_ROWS_WITH_FAULTY_VALUES = """
    SELECT s.row_number, f.field, nullif(f.value, '') AS value, f.reason
    FROM staged_sales_lines s
    CROSS JOIN LATERAL (VALUES
        ('invoice_no', s.invoice_no), ('line_no', s.line_no), ('line_kind', s.line_kind),
        ('stock_code', s.stock_code), ('description', s.description), ('quantity', s.quantity),
        ('unit_price_gbp', s.unit_price_gbp), ('invoice_at', s.invoice_at)
    ) AS c (field, value)
    JOIN faulty_values f ON f.field = c.field AND f.value = coalesce(c.value, '')
    ORDER BY s.row_number, f.field
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
    UNION ALL
    SELECT s.row_number, 'quantity', s.quantity,
           'a sale has a positive quantity, a cancellation a negative one'
    FROM staged_sales_lines s
    WHERE s.line_kind = 'sale' AND s.quantity ^@ '-' OR s.line_kind = 'cancel' AND NOT s.quantity ^@ '-'
    UNION ALL
    SELECT s.row_number, 'unit_price_gbp', s.unit_price_gbp, 'only a bad debt has a negative price'
    FROM staged_sales_lines s
    WHERE s.line_kind <> 'bad_debt' AND s.unit_price_gbp ^@ '-'
    ORDER BY 1, 2
"""

# What products.csv lacks comes from the lines, by its own method: the most frequent description, the median
# price. Descriptions of adjustments are remarks. These codes are charges such as postage and discounts: their
# lines move no stock.
_GOODS = """
    INSERT INTO goods (product_id, stock_code, name, price, is_charge)
    SELECT uuidv7(), g.stock_code, coalesce(g.description, g.stock_code), g.price,
           g.stock_code IN ('AMAZONFEE', 'B', 'BANK CHARGES', 'C2', 'CRUK', 'D', 'DOT', 'M', 'PADS', 'POST',
                            'S')
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

# Timestamps of the source are in its country's timezone.
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
