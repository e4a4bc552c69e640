"""Reads and validates the file of deliveries into the typed table `deliveries`."""

from pathlib import Path

from imsop.core.bulk import require_valid, stage_file
from imsop.core.database import Connection


async def stage_deliveries(connection: Connection, path: Path) -> int:
    """Creates the temporary table `deliveries`: a row per line of the file, with the ids that its records
    will get; returns their number.

    Checks format, then values, then contradictions between rows; raises InvalidInput with all faults of the
    first check that fails.
    """
    await connection.execute(
        """
        CREATE TEMPORARY TABLE staged_deliveries (
            row_number int, id text, project_code text, pq text, po_so text, asn_dn text, country text,
            managed_by text, fulfill_via text, vendor_inco_term text, shipment_mode text,
            pq_first_sent_to_client_date text, po_sent_to_vendor_date text, scheduled_delivery_date text,
            delivered_to_client_date text, delivery_recorded_date text, product_group text,
            sub_classification text, vendor text, item_description text, molecule_test_type text, brand text,
            dosage text, dosage_form text, unit_of_measure_per_pack text, line_item_quantity text,
            line_item_value text, pack_price text, unit_price text, manufacturing_site text,
            first_line_designation text, weight_kilograms text, freight_cost_usd text,
            line_item_insurance_usd text, weight_note text, freight_note text, po_date_note text,
            pq_date_note text
        ) ON COMMIT DROP
        """
    )
    rows = await stage_file(connection, "staged_deliveries", path)
    await require_valid(connection, path, _FAULTY_VALUES)
    await require_valid(connection, path, _CONTRADICTIONS)
    await connection.execute(_DELIVERIES)
    await connection.execute("ANALYZE deliveries")
    return rows


_FAULTY_VALUES = r"""
    SELECT s.row_number, c.field, c.value,
           CASE WHEN c.value IS NULL THEN 'is missing' ELSE k.reason END AS reason
    FROM staged_deliveries s
    CROSS JOIN LATERAL (VALUES
        ('id', s.id, true, 'whole number'),
        ('project_code', s.project_code, false, 'text'),
        ('pq', s.pq, false, 'text'),
        ('po_so', s.po_so, true, 'order'),
        ('asn_dn', s.asn_dn, true, 'shipment'),
        ('country', s.country, true, 'text'),
        ('vendor_inco_term', s.vendor_inco_term, false, 'text'),
        ('shipment_mode', s.shipment_mode, false, 'mode'),
        ('pq_first_sent_to_client_date', s.pq_first_sent_to_client_date, false, 'date'),
        ('po_sent_to_vendor_date', s.po_sent_to_vendor_date, false, 'date'),
        ('scheduled_delivery_date', s.scheduled_delivery_date, true, 'date'),
        ('delivered_to_client_date', s.delivered_to_client_date, true, 'date'),
        ('delivery_recorded_date', s.delivery_recorded_date, false, 'date'),
        ('product_group', s.product_group, true, 'word'),
        ('sub_classification', s.sub_classification, false, 'word'),
        ('vendor', s.vendor, true, 'text'),
        ('item_description', s.item_description, true, 'long text'),
        ('line_item_quantity', s.line_item_quantity, true, 'whole number'),
        ('line_item_value', s.line_item_value, true, 'amount'),
        ('pack_price', s.pack_price, true, 'price'),
        ('weight_kilograms', s.weight_kilograms, false, 'weight'),
        ('freight_cost_usd', s.freight_cost_usd, false, 'amount'),
        ('line_item_insurance_usd', s.line_item_insurance_usd, false, 'amount')
    ) AS c (field, value, required, kind)
    JOIN (VALUES
        ('word', 40, NULL, NULL, 'is longer than 40 characters'),
        ('text', 100, NULL, NULL, 'is longer than 100 characters'),
        ('long text', 255, NULL, NULL, 'is longer than 255 characters'),
        ('order', NULL, '^(SCMS|DSCM|SO)-\d{1,9}$', NULL, 'is not an order''s number, as SCMS-4 or SO-533'),
        ('shipment', NULL, '^(ASN|DN)-\d{1,9}$', NULL, 'is not a shipment''s number, as ASN-8 or DN-1382'),
        ('mode', NULL, '^(Air|Air Charter|Ocean|Truck)$', NULL, 'is none of Air, Air Charter, Ocean, Truck'),
        ('date', NULL, '^\d{4}-\d\d-\d\d$', 'date', 'is not a date, as 2006-06-02'),
        ('whole number', NULL, '^[1-9]\d*$', 'int4', 'is not a whole number from 1 to 2147483647'),
        ('amount', NULL, '^\d{1,12}(\.\d{1,2})?$', NULL, 'is not an amount with up to 2 decimal places'),
        ('price', NULL, '^\d{1,8}(\.\d{1,4})?$', NULL, 'is not a price with up to 4 decimal places'),
        ('weight', NULL, '^\d{1,9}(\.\d{1,3})?$', NULL, 'is not a weight with up to 3 decimal places')
    ) AS k (kind, characters, form, type, reason) ON k.kind = c.kind
    WHERE CASE WHEN c.value IS NULL THEN c.required
               ELSE length(c.value) > k.characters OR c.value !~ k.form
                    OR NOT pg_input_is_valid(c.value, k.type) END
    ORDER BY s.row_number, c.field
"""

# Values of an order, a shipment or an item are repeated on each of its lines: the first line counts.
_CONTRADICTIONS = """
    SELECT s.row_number, c.field, c.value, c.reason
    FROM (
        SELECT d.*, count(*) OVER same_id AS id_seen, first_value(d.vendor) OVER same_order AS order_vendor,
               first_value(d.country) OVER same_order AS order_country,
               first_value(d.po_sent_to_vendor_date) OVER same_order AS order_sent,
               first_value(d.pq_first_sent_to_client_date) OVER same_order AS order_quoted,
               first_value(d.po_so) OVER same_shipment AS shipment_order,
               first_value(d.shipment_mode) OVER same_shipment AS shipment_shipment_mode,
               first_value(d.delivered_to_client_date) OVER same_shipment AS shipment_delivered,
               first_value(d.product_group) OVER same_item AS item_product_group
        FROM staged_deliveries d
        WINDOW same_id AS (PARTITION BY d.id ORDER BY d.row_number),
               same_order AS (PARTITION BY d.po_so ORDER BY d.row_number),
               same_shipment AS (PARTITION BY d.asn_dn ORDER BY d.row_number),
               same_item AS (PARTITION BY d.item_description ORDER BY d.row_number)
    ) s
    CROSS JOIN LATERAL (VALUES
        ('id', s.id, s.id_seen = 1, 'is the id of a row above'),
        ('asn_dn', s.asn_dn, (s.po_so ^@ 'SO-') = (s.asn_dn ^@ 'DN-'),
         'sales orders (SO) go out on a DN, purchase orders come in on an ASN'),
        ('vendor', s.vendor, (s.po_so ^@ 'SO-') = (s.vendor = 'SCMS from RDC'),
         'sales orders (SO), and no others, are delivered by SCMS from RDC'),
        ('vendor', s.vendor, s.vendor = s.order_vendor, 'the order has another above'),
        ('country', s.country, s.country = s.order_country, 'the order has another above'),
        ('po_sent_to_vendor_date', s.po_sent_to_vendor_date,
         s.po_sent_to_vendor_date IS NOT DISTINCT FROM s.order_sent, 'the order has another above'),
        ('pq_first_sent_to_client_date', s.pq_first_sent_to_client_date,
         s.pq_first_sent_to_client_date IS NOT DISTINCT FROM s.order_quoted, 'the order has another above'),
        ('po_so', s.po_so, s.po_so = s.shipment_order, 'the shipment has another above'),
        ('shipment_mode', s.shipment_mode, s.shipment_mode IS NOT DISTINCT FROM s.shipment_shipment_mode,
         'the shipment has another above'),
        ('delivered_to_client_date', s.delivered_to_client_date,
         s.delivered_to_client_date = s.shipment_delivered, 'the shipment has another above'),
        ('product_group', s.product_group, s.product_group = s.item_product_group,
         'the item has another above')
    ) AS c (field, value, passes, reason)
    WHERE NOT c.passes
    ORDER BY s.row_number, c.field
"""

# Sales lines and some purchase lines have no sent date: then the quotation's counts, then the schedule. The
# source has dates only. Noon UTC is the same date in all countries it delivers to.
_DELIVERIES = """
    CREATE TEMPORARY TABLE deliveries ON COMMIT DROP AS
    WITH line AS (
        SELECT s.*, s.po_so ^@ 'SO-' AS is_sale, s.line_item_quantity::int AS packs,
               s.line_item_value::numeric AS line_total, s.scheduled_delivery_date::date AS scheduled_on,
               s.delivered_to_client_date::date AS delivered_on,
               (s.delivered_to_client_date::date + time '12:00') AT TIME ZONE 'UTC' AS delivered_at
        FROM staged_deliveries s
    ), orders AS MATERIALIZED (
        SELECT po_so, uuidv7() AS order_id, sum(line_total) AS total_amount,
               coalesce(min(po_sent_to_vendor_date), min(pq_first_sent_to_client_date),
                        min(scheduled_delivery_date))::date AS ordered_on,
               max(scheduled_on) AS order_scheduled_on, max(delivered_on) AS order_delivered_on
        FROM line GROUP BY po_so
    ), shipment AS MATERIALIZED (
        SELECT asn_dn, uuidv7() AS shipment_id FROM line GROUP BY asn_dn
    ), product AS MATERIALIZED (
        SELECT item_description, uuidv7() AS product_id FROM line GROUP BY item_description
    ), supplier AS MATERIALIZED (
        SELECT vendor, uuidv7() AS supplier_id FROM line WHERE NOT is_sale GROUP BY vendor
    ), customer AS MATERIALIZED (
        SELECT country, uuidv7() AS customer_id FROM line GROUP BY country
    )
    SELECT line.*, uuidv7() AS item_id, order_id, ordered_on, order_scheduled_on, order_delivered_on,
           total_amount, shipment_id, product_id, supplier_id, customer_id,
           row_number() OVER (PARTITION BY po_so ORDER BY id::int)::int AS line_number
    FROM line
    JOIN orders USING (po_so)
    JOIN shipment USING (asn_dn)
    JOIN product USING (item_description)
    JOIN customer USING (country)
    LEFT JOIN supplier USING (vendor)
"""
