"""Printed orders and packing slips, compared with their database rows."""

import asyncio
import re
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from imsop.web.edge.observe import Observed
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import Member
from tests.pages.browsing import Browser, signed_in
from tests.pages.tables import link, texts
from tests.printed import Sheet, scanned, sheets
from tests.states import Line, ago, ahead, purchase_order, sales_order

A4, LETTER = (210, 297), (216, 279)
HOSTILE = (
    """<script>no()</script> <svg/onload=x> #panic("no") *bold* _it_ $x$ \\" @r // `raw` #"a"; {{ 7 }}"""
)


async def printed(here: Browser, order_id: UUID) -> list[Sheet]:
    return sheets(await here.get(f"/purchase-orders/{order_id}/order.pdf"))


async def rows_of(admin: Member, order_id: UUID) -> list[Any]:
    async with admin.transaction() as connection:
        return await connection.fetch(
            """
            SELECT i.line_number, p.sku, p.name, i.quantity_ordered, p.unit_of_measure, i.unit_price,
                   i.line_total
            FROM purchase_order_items i
            JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
            WHERE i.organization_id = $1 AND i.purchase_order_id = $2
            ORDER BY i.line_number
            """,
            admin.organization_id,
            order_id,
        )


async def test_a_printed_purchase_order_equals_the_database(admin: Member) -> None:
    supplier = await factories.supplier(
        admin, name="Dubois Frères", address="12 rue du Port\nBâtiment B", postal_code="13002",
        city="Marseille", country="France", contact_person="Léa Dubois", phone="+33 4 91 00 00 00",
        email="lea@dubois.example", payment_terms="Net 45",
    )  # fmt: skip
    screws = await factories.product(admin, name="Screws, brass", unit_of_measure="each")
    rope = await factories.product(admin, name="Rope", unit_of_measure="metre")
    order = await admin.create(
        "purchase-orders",
        {
            "supplier_id": supplier["id"], "po_number": "PO-2026-4711", "order_date": "2026-03-02",
            "expected_delivery_date": "2026-04-01", "currency": "EUR", "notes": "Before noon.\nGate 7.",
            "items": [
                {"product_id": screws["id"], "quantity_ordered": 125_000, "unit_price": "0.0108"},
                {"product_id": rope["id"], "quantity_ordered": 40, "unit_price": "2.5",
                 "expected_delivery_date": "2026-05-06"},
            ],
        },
    )  # fmt: skip
    here = await signed_in(admin)
    reply = await here.get(f"/purchase-orders/{order['id']}/order.pdf")
    assert reply.headers["content-disposition"] == 'inline; filename="PO-2026-4711.pdf"'
    (sheet,) = sheets(reply)
    rows = await rows_of(admin, UUID(order["id"]))
    for row, price in zip(rows, ("€0.0108", "€2.5000"), strict=True):
        assert row["unit_price"] == Decimal(price[1:])
        assert (
            f"{row['line_number']} {row['sku']} {row['name']} "
            f"{'Expected 6 May 2026 ' if row['name'] == 'Rope' else ''}"
            f"{row['quantity_ordered']:,} {row['unit_of_measure']} {price} €{row['line_total']:,}"
        ) in sheet.text
    assert f"Total €{sum(row['line_total'] for row in rows):,}" in sheet.text
    organization = (await admin.read("organizations"))["items"][0]
    for said in (
        organization["name"], "Purchase order", "PO-2026-4711", "Order date 2 Mar 2026",
        "Expected delivery 1 Apr 2026", "Payment terms Net 45", "Currency EUR",
        "Dubois Frères 12 rue du Port Bâtiment B 13002 Marseille France", "Léa Dubois",
        "+33 4 91 00 00 00", "lea@dubois.example",
        "Before noon. Gate 7.", "Page 1 / 1",
    ):  # fmt: skip
        assert said in sheet.text, said
    assert scanned(sheet.barcode) == "]C0PO-2026-4711"


async def test_a_long_order_repeats_its_header_and_no_line(admin: Member) -> None:
    supplier = await factories.supplier(admin)
    products = [await factories.product(admin, name="Long name " * 25) for _ in range(10)]
    order = await purchase_order(
        admin, supplier["id"], "submitted", *(Line(products[n % 10]["id"], n + 1) for n in range(300)),
        number="PO-LONG",
    )  # fmt: skip
    pages = await printed(await signed_in(admin), order)
    assert len(pages) > 10
    for number, sheet in enumerate(pages, 1):
        assert "Line SKU Product Quantity Unit Unit price Total" in sheet.text, number
        assert f"Page {number} / {len(pages)}" in sheet.text
        assert "PO-LONG" in sheet.text
    text = " ".join(sheet.text for sheet in pages)
    rows = await rows_of(admin, order)
    shown = [
        text.index(f" {row['line_number']} {row['sku']} {row['name'].strip()} {row['quantity_ordered']} ")
        for row in rows
    ]
    assert shown == sorted(shown)
    assert text.count("SKU-") == len(rows) == 300


async def test_words_without_a_space_stay_in_their_columns(admin: Member) -> None:
    supplier = await factories.supplier(admin, name="N" * 255, email="e" * 200 + "@example.test")
    product = await factories.product(admin, sku="S" * 100, name="W" * 255, unit_of_measure="each")
    order = await purchase_order(
        admin, supplier["id"], "confirmed", Line(product["id"], 77_777), number="P" * 40
    )
    shipment = await admin.create(
        "shipments",
        {
            "shipment_type": "outbound", "reference_id": "R" * 100, "carrier": "C" * 100,
            "tracking_number": "T" * 100, "destination_location": "D" * 255,
            "items": [{"product_id": product["id"], "quantity": 77_777}],
        },
    )  # fmt: skip
    here = await signed_in(admin)
    for path, word in (
        (f"/purchase-orders/{order}/order.pdf", "each"), (f"/shipments/{shipment['id']}/packing-slip.pdf", "")
    ):  # fmt: skip
        pages = sheets(await here.get(path))
        assert max(sheet.right_mm for sheet in pages) < 210 - 18 + 0.1
        text = " ".join(sheet.text for sheet in pages)
        for whole in ("S" * 100, "W" * 255):
            assert whole in text.replace(" ", "")
        assert f" 77,777 {word}" in text, path


async def test_drafts_and_cancelled_orders_are_marked(admin: Member) -> None:
    supplier, product = await factories.supplier(admin), await factories.product(admin)
    here = await signed_in(admin)
    for status, mark in (("draft", "DRAFT"), ("cancelled", "CANCELLED"), ("confirmed", None)):
        order = await purchase_order(admin, supplier["id"], status, Line(product["id"]))
        (sheet,) = await printed(here, order)
        assert re.findall(r"\b(DRAFT|CANCELLED)\b", sheet.text) == ([mark, mark] if mark else []), status


@pytest.mark.parametrize(
    ("country", "paper"),
    [(None, A4), ("Netherlands", A4), ("USA", LETTER), (" united states", LETTER), ("Kanada", LETTER),
     ("MX", LETTER)],
)  # fmt: skip
async def test_paper_size_depends_on_the_country(admin: Member, country: str, paper: Any) -> None:
    supplier, product = await factories.supplier(admin), await factories.product(admin)
    order = await purchase_order(admin, supplier["id"], "confirmed", Line(product["id"]))
    shipment = await admin.create("shipments", {"shipment_type": "outbound"})
    await admin.edit(f"organizations/{admin.organization_id}", country=country)
    here = await signed_in(admin)
    for path in (f"/purchase-orders/{order}/order.pdf", f"/shipments/{shipment['id']}/packing-slip.pdf"):
        assert sheets(await here.get(path))[0].size_mm == paper


async def test_a_german_reader_prints_in_german(admin: Member) -> None:
    await admin.edit("me", locale="de")
    supplier, product = await factories.supplier(admin), await factories.product(admin)
    order = await purchase_order(
        admin, supplier["id"], "draft", Line(product["id"], 1000, price=Decimal("1.25")),
        order_date=ago(0).replace(month=3, day=2),
    )  # fmt: skip
    (sheet,) = await printed(await signed_in(admin), order)
    for said in ("Bestellung", "Bestelldatum 02.03.", "1.000", "1,25 €", "Summe 1.250,00 €", "ENTWURF"):
        assert said in sheet.text, said


async def test_values_are_printed_as_text_whatever_they_contain(admin: Member) -> None:
    supplier = await factories.supplier(admin, name=HOSTILE, address=HOSTILE, contact_person=HOSTILE)
    product = await factories.product(admin, name=HOSTILE, sku=HOSTILE, unit_of_measure="#1 \\")
    order = await admin.create(
        "purchase-orders",
        {
            "supplier_id": supplier["id"], "po_number": HOSTILE, "order_date": "2026-03-02",
            "notes": HOSTILE, "items": [{"product_id": product["id"], "quantity_ordered": 1}],
        },
    )  # fmt: skip
    here = await signed_in(admin)
    reply = await here.get(f"/purchase-orders/{order['id']}/order.pdf")
    assert re.fullmatch(r'inline; filename="[A-Za-z0-9._-]+\.pdf"', reply.headers["content-disposition"])
    (sheet,) = sheets(reply)
    unbroken = sheet.text.replace(" ", "")
    # Number, contact and SKU; the supplier's name and address, the product's name and the notes.
    assert unbroken.count(HOSTILE.replace(" ", "")) == 3 + 4
    assert scanned(sheet.barcode).partition("<")[2] == HOSTILE[1:]


async def test_a_packing_slip_has_items_and_destination_but_no_price(admin: Member) -> None:
    customer = await factories.customer(
        admin, name="Kiosk Nord", address="Hafenstr. 1", postal_code="24103", city="Kiel", country="Germany"
    )
    warehouse = await factories.warehouse(admin, name="Rotterdam Plant", city="Rotterdam")
    products = [await factories.product(admin, sku=f"T-{n}", name=f"Tin {n}") for n in range(3)]
    lines = [Line(each["id"], 1300, price=Decimal("98.76")) for each in products]
    order = await sales_order(admin, customer["id"], "confirmed", *lines, number="SO-88")
    shipment = await admin.create(
        "shipments",
        {
            "shipment_type": "outbound", "reference_id": "DN-1", "sales_order_id": str(order),
            "origin_warehouse_id": warehouse["id"], "carrier": "Hansa", "tracking_number": "HS-26-11",
            "ship_date": "2026-03-02", "weight_kg": "12.5",
            "items": [
                {"product_id": each["id"], "quantity": 1200 + n} for n, each in enumerate(products)
            ],
        },
    )  # fmt: skip
    here = await signed_in(admin)
    (sheet,) = sheets(await here.get(f"/shipments/{shipment['id']}/packing-slip.pdf"))
    async with admin.transaction() as connection:
        rows = await connection.fetch(
            "SELECT p.sku, p.name, i.quantity FROM shipment_items i"
            " JOIN products p ON p.organization_id = $1 AND p.id = i.product_id"
            " WHERE i.organization_id = $1 AND i.shipment_id = $2 ORDER BY i.id",
            admin.organization_id,
            UUID(shipment["id"]),
        )
    assert len(rows) == 3
    for number, row in enumerate(rows, 1):
        assert f"{number} {row['sku']} {row['name']} SO-88 {row['quantity']:,}" in sheet.text
    assert f"Total units {sum(row['quantity'] for row in rows):,}" in sheet.text
    for said in (
        "DN-1", "Order SO-88", "Carrier Hansa", "Ship date 2 Mar 2026", "Weight in kg 12.5",
        "Rotterdam Plant Rotterdam",
        "Kiosk Nord Hafenstr. 1 24103 Kiel Germany", "Packed by", "Checked by", "Received by",
    ):  # fmt: skip
        assert said in sheet.text, said
    assert "98.76" not in sheet.text
    assert "€" not in sheet.text
    assert scanned(sheet.barcode) == "]C0HS-26-11"


PRINTS = {
    "/purchase-orders/{order_id}/order.pdf": "purchase_orders:read",
    "/shipments/{shipment_id}/packing-slip.pdf": "shipments:read",
    "/shipments/{shipment_id}/label.pdf": "shipments:read",
    "/products/{product_id}/label.pdf": "products:read",
}
"""What is printed, and the permission that it takes."""


async def test_prints_are_for_who_may_and_of_their_own(admin: Member, stranger: Member) -> None:
    supplier, product = await factories.supplier(admin), await factories.product(admin)
    order = await purchase_order(admin, supplier["id"], "confirmed", Line(product["id"]))
    shipment = await admin.create("shipments", {"shipment_type": "outbound"})
    outsider = await signed_in(stranger)
    clerk = await signed_in(await factories.member_with(admin, "organization:read"))
    nobody = factories.visitor(admin.app, Accept="text/html")
    ids = {"order_id": order, "shipment_id": shipment["id"], "product_id": product["id"]}
    for path, permission in ((path.format(**ids), needed) for path, needed in PRINTS.items()):
        assert (await outsider.get(path)).status_code == 404, path
        assert (await clerk.get(path)).status_code == 403, path
        sent = await nobody.get(path)
        assert (sent.status_code, sent.headers["location"].partition("?")[0]) == (303, "/sign-in"), path
        reader = await signed_in(await factories.member_with(admin, "organization:read", permission))
        assert sheets(await reader.get(path)), path


def test_every_print_is_tried(app: Observed) -> None:
    paths = {route.path_format for route in factories.litestar_of(app).routes if route.path.endswith(".pdf")}
    sent = {"/purchase-orders/{order_id}/mails/{mail_id}/document.pdf"}  # see documents/test_mails.py
    assert paths - sent == PRINTS.keys()


async def test_documents_lead_to_what_is_printed_of_them(admin: Member) -> None:
    supplier, product = await factories.supplier(admin), await factories.product(admin)
    order = await purchase_order(admin, supplier["id"], "confirmed", Line(product["id"]), expected=ahead(3))
    shipment = await admin.create("shipments", {"shipment_type": "outbound"})
    here = await signed_in(admin)
    for path, prints in (
        (f"/purchase-orders/{order}", 1),
        (f"/shipments/{shipment['id']}", 2),
        (f"/products/{product['id']}", 1),
    ):  # fmt: skip
        page = await here.get(path)
        found = re.findall(r'(?:href|action)="([^"]+\.pdf)" target="_blank"', page.text)
        assert len(found) == prints, path
        for print_ in found:
            assert sheets(await here.get(print_)), print_


async def test_rendering_a_document_blocks_no_other_request(database: TestDatabase) -> None:
    """With a pool of one connection: it is released before the document is rendered in a thread."""
    async with factories.running(database.installation, pool_max=1) as app:
        admin = await factories.sign_up(app)
        supplier, product = await factories.supplier(admin), await factories.product(admin)
        lines = [Line(product["id"])] * 300
        order = await purchase_order(admin, supplier["id"], "confirmed", *lines)
        here = await signed_in(admin)
        being_set = [asyncio.create_task(printed(here, order)) for _ in range(4)]
        await asyncio.sleep(0)
        assert (await here.get("/products")).status_code == 200
        assert not all(task.done() for task in being_set)
        assert all(len(pages) > 5 for pages in await asyncio.gather(*being_set))


UNPRINTABLE = "Bolt \U0010fffd"


async def test_a_document_with_letters_that_no_font_has_is_printed_only_after_a_warning(
    admin: Member,
) -> None:
    supplier = await factories.supplier(admin, name=UNPRINTABLE)
    product = await factories.product(admin)
    label = await factories.product(admin, sku=UNPRINTABLE)
    order = await purchase_order(admin, supplier["id"], "draft", Line(product["id"]))
    here = await signed_in(admin)
    for path in (
        f"/purchase-orders/{order}/order.pdf", f"/products/{label['id']}/label.pdf?size=100x50&copies=2",
    ):  # fmt: skip
        warned = await here.get(path)
        assert warned.headers["content-type"].startswith("text/html")
        assert {UNPRINTABLE, "\U0010fffd (U+10FFFD)"} <= texts(warned)
        anyway = sheets(await here.get(link(warned, "Print anyway")))
        assert len(anyway) == (2 if "copies" in path else 1)
    mail = await here.get(f"/purchase-orders/{order}/mail")
    assert UNPRINTABLE in texts(mail)


async def test_letters_of_other_scripts_are_printed_without_a_warning(admin: Member) -> None:
    name = "六角螺栓 สลักเกลียว"
    product = await factories.product(admin, name=name)
    supplier = await factories.supplier(admin, name="東京ボルト株式会社")
    order = await purchase_order(admin, supplier["id"], "draft", Line(product["id"]))
    here = await signed_in(admin)
    (sheet,) = await printed(here, order)
    assert name in sheet.text
    assert "東京ボルト株式会社" in sheet.text
    assert name not in texts(await here.get(f"/purchase-orders/{order}/mail"))
