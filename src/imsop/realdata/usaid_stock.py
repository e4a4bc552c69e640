"""Turns the table `deliveries` into stock: warehouses, shipments, and ledger movements."""

from imsop.inventory.ledger.bulk import post_staged_movements, stage_movements
from imsop.realdata.loading import Loading

DIRECT_DROP = "Direct drop"
DISTRIBUTION_CENTRE = "Distribution centre (SCMS from RDC)"


async def make_warehouses(loading: Loading) -> int:
    """Two warehouses: one that purchases pass through unstored, and one that the source lists as a vendor."""
    return await loading.insert(
        """
        INSERT INTO warehouses (organization_id, name, location)
        VALUES ($1, $2, 'From the supplier straight to the customer'), ($1, $3, 'Regional stock')
        """,
        loading.organization_id,
        DIRECT_DROP,
        DISTRIBUTION_CENTRE,
    )


async def make_shipments(loading: Loading) -> int:
    """One shipment per ASN (inbound) and DN (outbound).

    The source gives a shipment's weight on one of its lines and a reference to it on the others, or none.
    """
    made = await loading.insert(
        """
        INSERT INTO shipments
            (id, organization_id, reference_id, shipment_type, purchase_order_id, sales_order_id,
             supplier_id, origin_warehouse_id, destination_warehouse_id, origin_location,
             destination_location, transport_mode, weight_kg, expected_delivery_date, actual_delivery_date)
        SELECT s.shipment_id, $1::uuid, s.asn_dn, CASE WHEN s.is_sale THEN 'outbound' ELSE 'inbound' END,
               CASE WHEN NOT s.is_sale THEN s.order_id END,
               CASE WHEN s.is_sale THEN s.order_id END, s.supplier_id,
               CASE WHEN s.is_sale THEN w.id END, CASE WHEN NOT s.is_sale THEN w.id END,
               CASE WHEN NOT s.is_sale THEN s.sites END, s.country,
               CASE s.shipment_mode WHEN 'Air' THEN 'air' WHEN 'Air Charter' THEN 'air_charter'
                                    WHEN 'Ocean' THEN 'ocean' WHEN 'Truck' THEN 'road' END,
               s.weight_kg, s.scheduled_on, s.delivered_on
        FROM (
            SELECT d.shipment_id, d.asn_dn, d.is_sale, d.order_id, d.supplier_id, d.country, d.shipment_mode,
                   d.delivered_on, max(d.scheduled_on) AS scheduled_on,
                   sum(d.weight_kilograms::numeric) AS weight_kg,
                   left(string_agg(DISTINCT d.manufacturing_site, '; '), 255) AS sites
            FROM deliveries d
            GROUP BY d.shipment_id, d.asn_dn, d.is_sale, d.order_id, d.supplier_id, d.country,
                     d.shipment_mode, d.delivered_on
        ) s
        JOIN warehouses w ON w.organization_id = $1 AND w.name = CASE WHEN s.is_sale THEN $3 ELSE $2 END
        ORDER BY s.delivered_on, s.asn_dn
        """,
        loading.organization_id,
        DIRECT_DROP,
        DISTRIBUTION_CENTRE,
    )
    await _deliver_shipments(loading)
    return made


async def _deliver_shipments(loading: Loading) -> None:
    """Marks all shipments as delivered: the source has no others, and nothing of their transit."""
    await loading.connection.execute(
        """
        SELECT count(*) FROM advance_shipments($1, array(
            SELECT ROW(s.id, 'pending', 'delivered', NULL, NULL, NULL, NULL)::document_change
            FROM shipments s WHERE s.organization_id = $1))
        """,
        loading.organization_id,
    )


async def make_shipment_items(loading: Loading) -> int:
    return await loading.insert(
        """
        INSERT INTO shipment_items
            (organization_id, shipment_id, product_id, quantity, purchase_order_item_id, sales_order_item_id)
        SELECT $1::uuid, d.shipment_id, d.product_id, d.packs, CASE WHEN NOT d.is_sale THEN d.item_id END,
               CASE WHEN d.is_sale THEN d.item_id END
        FROM deliveries d
        ORDER BY d.shipment_id, d.line_number
        """,
        loading.organization_id,
    )


async def make_shipment_events(loading: Loading) -> int:
    """The delivery event of each shipment, with its freight cost and the date the source recorded it."""
    return await loading.insert(
        """
        INSERT INTO shipment_events
            (organization_id, shipment_id, event_type, location, source, payload, occurred_at)
        SELECT $1::uuid, d.shipment_id, 'delivered', d.country, 'USAID SCMS delivery history',
               jsonb_strip_nulls(jsonb_build_object(
                   'recorded_on', max(d.delivery_recorded_date),
                   'freight_cost_usd', sum(d.freight_cost_usd::numeric)::text,
                   'insurance_usd', sum(d.line_item_insurance_usd::numeric)::text)),
               d.delivered_at
        FROM deliveries d
        GROUP BY d.shipment_id, d.country, d.delivered_at
        ORDER BY d.delivered_at, d.shipment_id
        """,
        loading.organization_id,
    )


async def post_movements(loading: Loading) -> int:
    """A purchase is received into "Direct drop" and issued at the same instant; a sale leaves the centre.

    The centre's opening balance is the least with which stock never falls below zero: the source has outgoing
    goods only.
    """
    await stage_movements(loading.connection)
    await loading.connection.execute(
        """
        INSERT INTO staged_movements
            (product_id, warehouse_id, quantity, transaction_type, movement_kind, purchase_order_item_id,
             sales_order_item_id, reference_id, reason, notes, occurred_at)
        SELECT m.product_id, w.id, m.quantity, m.transaction_type, m.movement_kind, m.purchase_order_item_id,
               m.sales_order_item_id, m.reference_id, m.reason, m.notes, m.occurred_at
        FROM (
            SELECT d.product_id, $3 AS warehouse, sum(d.packs)::int AS quantity,
                   'adjustment' AS transaction_type, 'opening_balance' AS movement_kind,
                   NULL::uuid AS purchase_order_item_id, NULL::uuid AS sales_order_item_id,
                   NULL AS reference_id, 'What was there before the source begins' AS reason,
                   'Opening balance: what the source shows leaving without having shown its arrival' AS notes,
                   (SELECT min(e.delivered_at) FROM deliveries e) - interval '1 day' AS occurred_at,
                   0 AS row_number, 0 AS step
            FROM deliveries d WHERE d.is_sale GROUP BY d.product_id
            UNION ALL
            SELECT d.product_id, $3, -d.packs, 'shipment', 'sale', NULL, d.item_id, d.po_so, NULL,
                   d.asn_dn || ' to ' || d.country, d.delivered_at, d.row_number, 1
            FROM deliveries d WHERE d.is_sale
            UNION ALL
            SELECT d.product_id, $2, d.packs, 'receipt', 'goods_receipt', d.item_id, NULL, d.po_so, NULL,
                   d.asn_dn || ' from ' || d.vendor, d.delivered_at, d.row_number, 1
            FROM deliveries d WHERE NOT d.is_sale
            UNION ALL
            SELECT d.product_id, $2, -d.packs, 'shipment', 'sale', NULL, NULL, d.po_so,
                   'Direct drop: the supplier sent it straight to the customer',
                   d.asn_dn || ', direct drop to ' || d.country, d.delivered_at, d.row_number, 2
            FROM deliveries d WHERE NOT d.is_sale
        ) m
        JOIN warehouses w ON w.organization_id = $1 AND w.name = m.warehouse
        ORDER BY m.occurred_at, m.row_number, m.step, m.product_id
        """,
        loading.organization_id,
        DIRECT_DROP,
        DISTRIBUTION_CENTRE,
    )
    return await post_staged_movements(
        loading.connection, loading.organization_id, loading.user_id, lambda _done, _total: None
    )
