"""Loading the deliveries file, with made-up rows in the layout of the real one.

If IMSOP_REAL_DATA names the data sets, the real one is loaded too and must yield the known figures.
"""

import csv
import os
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from imsop.core.database import Pool
from imsop.core.embedded import OperatorError
from imsop.core.errors import InvalidInput
from imsop.core.installation import silent
from imsop.demo.people import is_founded, load_organizations
from imsop.realdata import usaid
from tests.conftest import TestDatabase
from tests.inventory import stock
from tests.realdata.loaded import SETTINGS, load, organization, rows

# A purchase of two lines in one shipment, weighed on its first line; another, dated after its delivery, with
# neither a sent nor a quoted date; and a sale from the distribution centre.
PURCHASE: dict[str, Any] = {
    "id": "1",
    "project_code": "900-XX-T01",
    "pq": "FPQ-1",
    "po_so": "SCMS-70001",
    "asn_dn": "ASN-80001",
    "country": "Curaçao",
    "managed_by": "Invented Office",
    "fulfill_via": "Direct Drop",
    "vendor_inco_term": "EXW",
    "shipment_mode": "Air",
    "pq_first_sent_to_client_date": "2009-01-04",
    "po_sent_to_vendor_date": "2009-02-01",
    "scheduled_delivery_date": "2009-03-02",
    "delivered_to_client_date": "2009-03-05",
    "delivery_recorded_date": "2009-03-06",
    "product_group": "HRDT",
    "sub_classification": "HIV test",
    "vendor": "Invented Diagnostics",
    "item_description": "Test kit, 30 Tests",
    "molecule_test_type": "Test kit",
    "brand": "Invented",
    "dosage": "",
    "dosage_form": "Test kit",
    "unit_of_measure_per_pack": "30",
    "line_item_quantity": "23",
    "line_item_value": "161.5",
    "pack_price": "7.0",
    "unit_price": "0.23",
    "manufacturing_site": "Invented Site",
    "first_line_designation": "true",
    "weight_kilograms": "17.0",
    "freight_cost_usd": "55.5",
    "line_item_insurance_usd": "1.5",
    "weight_note": "",
    "freight_note": "",
    "po_date_note": "",
    "pq_date_note": "",
}
SECOND_LINE = PURCHASE | {
    "id": "2",
    "scheduled_delivery_date": "2009-03-09",
    "item_description": "Lancets, 100 Pcs",
    "line_item_quantity": "5",
    "line_item_value": "50",
    "pack_price": "10",
    "weight_kilograms": "",
    "weight_note": "See ASN-80001 (ID#:1)",
    "freight_cost_usd": "",
    "line_item_insurance_usd": "0.25",
}
LATE_PAPER = PURCHASE | {
    "id": "3",
    "po_so": "SCMS-70002",
    "asn_dn": "ASN-80002",
    "shipment_mode": "",
    "pq_first_sent_to_client_date": "",
    "po_sent_to_vendor_date": "",
    "scheduled_delivery_date": "2009-04-20",
    "delivered_to_client_date": "2009-04-10",
    "weight_kilograms": "",
    "weight_note": "Weight Captured Separately",
}
SALE = PURCHASE | {
    "id": "4",
    "po_so": "SO-70003",
    "asn_dn": "DN-80003",
    "country": "Haiti",
    "fulfill_via": "From RDC",
    "vendor": "SCMS from RDC",
    "vendor_inco_term": "N/A - From RDC",
    "shipment_mode": "Truck",
    "po_sent_to_vendor_date": "",
    "delivered_to_client_date": "2009-02-20",
    "line_item_quantity": "7",
}
LINES = [PURCHASE, SECOND_LINE, LATE_PAPER, SALE]


def deliveries(directory: Path, *lines: dict[str, Any]) -> Path:
    """A directory of data sets with these lines."""
    path = directory / usaid.SOURCE
    path.parent.mkdir(parents=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(PURCHASE))
        writer.writeheader()
        writer.writerows(lines)
    return directory


async def test_every_line_becomes_one_order_line(pool: Pool, tmp_path: Path) -> None:
    report = await load(usaid, pool, deliveries(tmp_path, *LINES))
    assert report.rows_read == 4
    assert report.outcomes == {"became purchase order lines": 3, "became sales order lines": 1}
    assert report.made == {
        "warehouses": 2,
        "suppliers": 1,
        "customers": 2,
        "products": 2,
        "purchase orders": 2,
        "purchase order lines": 3,
        "sales orders": 1,
        "sales order lines": 1,
        "purchase order changes": 4,
        "sales order changes": 2,
        "shipments": 3,
        "shipment lines": 4,
        "shipment events": 3,
        "stock movements": 8,
    }


async def test_the_distribution_centre_is_a_warehouse_and_no_supplier(pool: Pool, tmp_path: Path) -> None:
    await load(usaid, pool, deliveries(tmp_path, *LINES))
    async with organization(usaid, pool) as connection:
        assert await rows(connection, "SELECT name FROM suppliers") == [("Invented Diagnostics",)]
        assert await rows(connection, "SELECT name FROM warehouses ORDER BY name") == [
            ("Direct drop",),
            ("Distribution centre (SCMS from RDC)",),
        ]


async def test_lines_keep_their_dates_and_the_sources_value(pool: Pool, tmp_path: Path) -> None:
    await load(usaid, pool, deliveries(tmp_path, *LINES))
    async with organization(usaid, pool) as connection:
        assert await rows(
            connection,
            """
            SELECT i.line_number, i.expected_delivery_date, i.actual_delivery_date, i.quantity_received,
                   i.unit_price, i.line_total, o.expected_delivery_date, o.actual_delivery_date,
                   o.total_amount, o.status
            FROM purchase_order_items i JOIN purchase_orders o ON o.id = i.purchase_order_id
            WHERE o.po_number = 'SCMS-70001' ORDER BY i.line_number
            """,
        ) == [
            (number, expected, date(2009, 3, 5), quantity, price, value, date(2009, 3, 9), date(2009, 3, 5),
             Decimal("211.50"), "received")
            for number, expected, quantity, price, value in (
                (1, date(2009, 3, 2), 23, Decimal("7.0000"), Decimal("161.50")),
                (2, date(2009, 3, 9), 5, Decimal("10.0000"), Decimal("50.00")),
            )
        ]  # fmt: skip


async def test_an_order_is_dated_when_sent_else_when_quoted_else_as_scheduled(
    pool: Pool, tmp_path: Path
) -> None:
    await load(usaid, pool, deliveries(tmp_path, *LINES))
    async with organization(usaid, pool) as connection:
        dated = await rows(
            connection,
            """
            SELECT po_number, order_date FROM purchase_orders
            UNION ALL SELECT so_number, order_date FROM sales_orders ORDER BY 1
            """,
        )
    assert dated == [
        ("SCMS-70001", date(2009, 2, 1)),
        ("SCMS-70002", date(2009, 4, 20)),
        ("SO-70003", date(2009, 1, 4)),
    ]


async def test_a_history_is_chronological_even_if_the_source_is_not(pool: Pool, tmp_path: Path) -> None:
    await load(usaid, pool, deliveries(tmp_path, *LINES))
    async with organization(usaid, pool) as connection:
        changes = await rows(
            connection,
            """
            SELECT h.from_status, h.to_status, h.occurred_at::date,
                   h.note LIKE '%2009-04-20, after its delivery'
            FROM purchase_order_history h JOIN purchase_orders o ON o.id = h.purchase_order_id
            WHERE o.po_number = 'SCMS-70002' ORDER BY h.occurred_at, h.id
            """,
        )
    assert changes == [
        (None, "submitted", date(2009, 4, 10), True),
        ("submitted", "received", date(2009, 4, 10), False),
    ]


async def test_a_shipment_has_lines_of_one_order_and_the_weight_of_one_line(
    pool: Pool, tmp_path: Path
) -> None:
    await load(usaid, pool, deliveries(tmp_path, *LINES))
    async with organization(usaid, pool) as connection:
        shipments = await rows(
            connection,
            """
            SELECT s.reference_id, s.shipment_type, s.weight_kg, s.origin_location, count(*),
                   coalesce(o.po_number, so.so_number), e.payload ->> 'insurance_usd'
            FROM shipments s
            JOIN shipment_items i ON i.shipment_id = s.id
            JOIN shipment_events e ON e.shipment_id = s.id
            LEFT JOIN purchase_orders o ON o.id = s.purchase_order_id
            LEFT JOIN sales_orders so ON so.id = s.sales_order_id
            GROUP BY s.id, s.organization_id, o.po_number, so.so_number, e.payload ORDER BY s.reference_id
            """,
        )
    assert shipments == [
        ("ASN-80001", "inbound", Decimal(17), "Invented Site", 2, "SCMS-70001", "1.75"),
        ("ASN-80002", "inbound", None, "Invented Site", 1, "SCMS-70002", "1.5"),
        ("DN-80003", "outbound", Decimal(17), None, 1, "SO-70003", "1.5"),
    ]


async def test_a_shipment_has_its_mode_and_the_latest_schedule_of_its_lines(
    pool: Pool, tmp_path: Path
) -> None:
    await load(usaid, pool, deliveries(tmp_path, *LINES))
    async with organization(usaid, pool) as connection:
        shipments = await rows(
            connection,
            """
            SELECT transport_mode, expected_delivery_date, actual_delivery_date FROM shipments
            ORDER BY reference_id
            """,
        )
    assert shipments == [
        ("air", date(2009, 3, 9), date(2009, 3, 5)),
        (None, date(2009, 4, 20), date(2009, 4, 10)),
        ("road", date(2009, 3, 2), date(2009, 2, 20)),
    ]


async def test_purchases_pass_through_and_sales_use_a_marked_opening_balance(
    pool: Pool, tmp_path: Path
) -> None:
    await load(usaid, pool, deliveries(tmp_path, *LINES))
    async with organization(usaid, pool) as connection:
        ledger = await rows(
            connection,
            """
            SELECT w.name, t.movement_kind, t.quantity, t.balance_after, t.occurred_at::date, t.reference_id
            FROM inventory_transactions t
            JOIN inventory i ON i.id = t.inventory_id
            JOIN warehouses w ON w.id = i.warehouse_id
            JOIN products p ON p.id = i.product_id
            WHERE p.name = 'Test kit, 30 Tests' ORDER BY w.name, t.balance_version
            """,
        )
        [(note,)] = await rows(
            connection, "SELECT notes FROM inventory_transactions WHERE movement_kind = 'opening_balance'"
        )
        assert await stock.findings(connection) == []
    centre = "Distribution centre (SCMS from RDC)"
    assert ledger == [
        ("Direct drop", "goods_receipt", 23, 23, date(2009, 3, 5), "SCMS-70001"),
        ("Direct drop", "sale", -23, 0, date(2009, 3, 5), "SCMS-70001"),
        ("Direct drop", "goods_receipt", 23, 23, date(2009, 4, 10), "SCMS-70002"),
        ("Direct drop", "sale", -23, 0, date(2009, 4, 10), "SCMS-70002"),
        (centre, "opening_balance", 7, 7, date(2009, 2, 19), None),
        (centre, "sale", -7, 0, date(2009, 2, 20), "SO-70003"),
    ]
    assert note.startswith("Opening balance")


async def test_an_item_keeps_its_sku_whatever_else_is_in_the_file(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit = "SELECT sku FROM products WHERE name = 'Test kit, 30 Tests'"
    await load(usaid, pool, deliveries(tmp_path / "all", *LINES))
    async with organization(usaid, pool) as connection:
        before = await rows(connection, kit)
    monkeypatch.setattr(usaid, "DOMAIN", f"again.{usaid.DOMAIN}")
    monkeypatch.setattr(usaid, "NAME", f"Again {usaid.NAME}")
    await load(usaid, pool, deliveries(tmp_path / "one", SALE))
    async with organization(usaid, pool) as connection:
        assert await rows(connection, kit) == before == [("HRDT-6BD123",)]


FAULTY = {
    "id": "1.5",
    "po_so": "4711",
    "asn_dn": "",
    "country": "x" * 101,
    "shipment_mode": "Donkey",
    "po_sent_to_vendor_date": "today",
    "scheduled_delivery_date": "2009-02-30",
    "delivered_to_client_date": "03/05/2009",
    "line_item_quantity": "2147483648",
    "line_item_value": "-1",
    "pack_price": "1e3",
    "weight_kilograms": "NaN",
}


async def test_every_faulty_value_is_named_and_nothing_is_loaded(pool: Pool, tmp_path: Path) -> None:
    directory = deliveries(tmp_path, PURCHASE, PURCHASE | FAULTY, SALE | {"id": "9", "pack_price": "free"})
    with pytest.raises(InvalidInput) as refused:
        await load(usaid, pool, directory)
    assert "13 faults, nothing was loaded" in refused.value.detail
    assert {fault.field for fault in refused.value.errors} == {
        *(f"row 3: {field}" for field in FAULTY),
        "row 4: pack_price",
    }
    assert not await is_founded(pool, usaid.DOMAIN)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (PURCHASE, "id"),
        (SECOND_LINE | {"vendor": "Another"}, "vendor"),
        (SECOND_LINE | {"vendor": "SCMS from RDC"}, "vendor"),
        (SECOND_LINE | {"country": "Mali"}, "country"),
        (SECOND_LINE | {"po_sent_to_vendor_date": ""}, "po_sent_to_vendor_date"),
        (SECOND_LINE | {"pq_first_sent_to_client_date": "2009-01-05"}, "pq_first_sent_to_client_date"),
        (SECOND_LINE | {"po_so": "SCMS-77"}, "po_so"),
        (SECOND_LINE | {"shipment_mode": "Ocean"}, "shipment_mode"),
        (SECOND_LINE | {"delivered_to_client_date": "2009-03-06"}, "delivered_to_client_date"),
        (SECOND_LINE | {"asn_dn": "DN-80008"}, "asn_dn"),
        (SECOND_LINE | {"item_description": "Test kit, 30 Tests", "product_group": "ARV"}, "product_group"),
    ],
)
async def test_rows_that_contradict_each_other_are_named(
    pool: Pool, tmp_path: Path, line: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await load(usaid, pool, deliveries(tmp_path, PURCHASE, line))
    assert f"row 3: {field}" in {fault.field for fault in refused.value.errors}


def test_quantities_beyond_a_balances_range_are_reported(database: TestDatabase, tmp_path: Path) -> None:
    huge = SALE | {"line_item_quantity": "2147483647"}
    directory = deliveries(tmp_path, huge, huge | {"id": "5"})
    loads = {usaid.DOMAIN: partial(usaid.load, settings=SETTINGS, directory=directory, progress=silent)}
    with pytest.raises(OperatorError, match="quantity: the result is out of range"):
        load_organizations(database.installation, loads)


if REAL_DATA := os.environ.get("IMSOP_REAL_DATA"):

    async def test_the_real_deliveries_yield_the_known_figures(pool: Pool) -> None:
        report = await load(usaid, pool, Path(REAL_DATA or ""))
        assert (report.rows_read, report.outcomes) == (
            10_324,
            {"became purchase order lines": 4_920, "became sales order lines": 5_404},
        )
        async with organization(usaid, pool) as connection:
            assert await rows(
                connection,
                """
                SELECT count(*), count(*) FILTER (WHERE on_time), round(100 * avg(on_time::int), 2),
                       sum(line_total), count(*) FILTER (WHERE line_total <> quantity_ordered * unit_price)
                FROM (SELECT *, actual_delivery_date <= expected_delivery_date AS on_time
                      FROM purchase_order_items)
                """,
            ) == [(4_920, 4_661, Decimal("94.74"), Decimal("542212022.34"), 719)]
            assert await rows(
                connection,
                """
                SELECT (SELECT count(*) FROM suppliers), (SELECT count(*) FROM products),
                       (SELECT count(DISTINCT sku) FROM products), (SELECT count(*) FROM customers),
                       (SELECT count(*) FROM purchase_orders), (SELECT count(*) FROM sales_orders),
                       (SELECT count(*) FROM sales_order_items),
                       (SELECT count(*) FROM shipments WHERE shipment_type = 'inbound'),
                       (SELECT count(*) FROM shipments WHERE shipment_type = 'outbound'),
                       (SELECT count(*) FROM shipment_items), (SELECT sum(quantity_on_hand) FROM inventory)
                """,
            ) == [(72, 184, 184, 43, 2_816, 3_417, 5_404, 3_590, 3_440, 10_324, 0)]
            assert await stock.findings(connection) == []
