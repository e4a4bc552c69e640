"""Labels of products and shipments, decoded with a barcode reader."""

from typing import Any
from uuid import UUID

import biip
import pytest

from imsop.core.text import clean_line
from tests import factories
from tests.factories import Member
from tests.pages.browsing import Browser, signed_in
from tests.printed import Sheet, scanned, sheets

SMALL, LARGE = "62x29", "100x50"
SIZES = {SMALL: (62, 29), LARGE: (100, 50)}
ODD = [
    "Ä/ü 上海",
    "(01)04006381333931",
    '"quoted" \\ #let',
    "a b",
    "X" * 100,
    "Größe " * 16,
    "上" * 100,
    "]C1\t%",
]


async def labels(here: Browser, product: dict[str, Any], size: str, copies: int = 1) -> list[Sheet]:
    asked = {"size": size, "copies": str(copies)}
    return sheets(await here.get(f"/products/{product['id']}/label.pdf", params=asked))


@pytest.mark.parametrize(("size", "symbology"), [(SMALL, "]d2"), (LARGE, "]C1")])
@pytest.mark.parametrize("digits", ["9638507", "01234567890", "400638133393", "1400638133393"])
async def test_a_products_label_carries_its_gtin(
    admin: Member, digits: str, size: str, symbology: str
) -> None:
    product = await factories.product(admin, gtin=factories.gtin(digits), name="Tuna, 160 g")
    pages = await labels(await signed_in(admin), product, size, copies=3)
    assert len(pages) == 3
    for sheet in pages:
        assert sheet.size_mm == SIZES[size]
        assert scanned(sheet.barcode).startswith(symbology)
        read = biip.parse(scanned(sheet.barcode)).gtin
        assert read is not None
        assert read.as_gtin_14() == product["gtin"].zfill(14)
        for said in (product["sku"], "Tuna, 160 g", f"(01){product['gtin'].zfill(14)}"):
            assert said in sheet.text


async def test_a_gtin_with_a_wrong_check_digit_is_not_printed(admin: Member) -> None:
    product = await factories.product(admin)
    async with admin.transaction() as connection:
        await connection.execute(
            "UPDATE products SET gtin = '4006381333930' WHERE organization_id = $1 AND id = $2",
            admin.organization_id,
            UUID(product["id"]),
        )
    here = await signed_in(admin)
    for size, symbology in ((SMALL, "]d1"), (LARGE, "]C0")):
        (sheet,) = await labels(here, product, size)
        assert scanned(sheet.barcode) == symbology + product["sku"]


@pytest.mark.parametrize("sku", ODD)
async def test_any_sku_can_be_scanned(admin: Member, sku: str) -> None:
    product = await factories.product(admin, sku=sku, name="Long name " * 25)
    here = await signed_in(admin)
    for size in SIZES:
        (sheet,) = await labels(here, product, size)
        assert sheet.barcode.text == product["sku"]
        assert sheet.barcode.content_type != "GS1"


@pytest.mark.parametrize("asked", ["copies=0", "copies=501", "size=a4", "copies=one"])
async def test_label_size_and_number_of_copies_are_validated(admin: Member, asked: str) -> None:
    product = await factories.product(admin)
    here = await signed_in(admin)
    assert (await here.get(f"/products/{product['id']}/label.pdf?{asked}")).status_code == 422


async def label(admin: Member, **fields: Any) -> Sheet:
    shipment = await admin.create("shipments", {"shipment_type": "outbound"} | fields)
    here = await signed_in(admin)
    (sheet,) = sheets(await here.get(f"/shipments/{shipment['id']}/label.pdf"))
    assert sheet.size_mm == (100, 150)
    return sheet


async def test_a_shipments_label_has_its_destination_and_both_numbers(admin: Member) -> None:
    warehouse = await factories.warehouse(admin, name="Rotterdam Plant", country="Netherlands")
    organization = (await admin.read("organizations"))["items"][0]
    sheet = await label(
        admin, shipment_type="outbound", reference_id="DN-2026-002153", tracking_number="HS26329173269",
        carrier="Hansa Spedition", weight_kg="1163.112", origin_warehouse_id=warehouse["id"],
        destination_location="Kiel",
    )  # fmt: skip
    tracking, reference = sheet.barcodes
    assert scanned(tracking) == "]C0HS26329173269"
    assert scanned(reference).startswith("]C1")
    message = biip.parse(scanned(reference)).gs1_message
    assert message is not None
    (element,) = message.element_strings
    assert (element.ai.ai, element.value) == ("91", "DN-2026-002153")
    for said in (
        f"{organization['name']} Rotterdam Plant Netherlands", "Kiel", "Hansa Spedition 1,163.112 kg",
        "HS26329173269", "(91)DN-2026-002153",
    ):  # fmt: skip
        assert said in sheet.text, said


@pytest.mark.parametrize("number", ODD)
async def test_numbers_outside_the_gs1_character_set_can_still_be_scanned(admin: Member, number: str) -> None:
    """A scanner reads two adjacent equal codes as one, hence two different numbers."""
    sheet = await label(
        admin, reference_id=number, tracking_number=number[::-1], destination_location="Kiel " * 50
    )
    assert [barcode.text.removeprefix("91") for barcode in sheet.barcodes] == [
        clean_line(number[::-1]),
        clean_line(number),
    ]


async def test_a_shipment_without_numbers_carries_its_id(admin: Member) -> None:
    shipment = await admin.create("shipments", {"shipment_type": "inbound"})
    here = await signed_in(admin)
    (sheet,) = sheets(await here.get(f"/shipments/{shipment['id']}/label.pdf"))
    assert scanned(sheet.barcode) == f"]d291{shipment['id']}"
