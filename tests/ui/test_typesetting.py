"""Printed documents: escaping of values, and drawing of barcodes."""

import asyncio
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from types import SimpleNamespace

import psutil
import pytest
import typst
import zxingcpp
from hypothesis import example, given
from hypothesis import strategies as st
from litestar.testing import RequestFactory

from imsop.ui import typesetting
from imsop.ui.barcodes import OWN_REFERENCE, bars, gtin_14, matrix
from imsop.ui.fonts import fonts, unprintable
from imsop.ui.gallery import Reader, Visitor
from tests.printed import sheets_of

# Text that a PDF reader extracts unchanged: letters of the font, without spaces.
TEXTS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=22)


def written(template: str, **values: object) -> str:
    return typesetting._environment().from_string(template).render(values)


def set_in_type(template: str, **values: object) -> bytes:
    document = typst.compile(written(template, **values).encode(), font_paths=fonts())
    assert isinstance(document, bytes)
    return document


@given(TEXTS)
@example('#import"@preview/x:1"')
@example('"];#panic("no")')
@example("\\")
def test_values_are_always_text(text: str) -> None:
    (sheet,) = sheets_of(set_in_type("#set text(font: `Source Sans Pro`.text)\n[{{ value }}]", value=text))
    assert sheet.text == f"[{text}]"


@pytest.mark.parametrize("template", ["#let x = {{ value }}", "#({{ value }})", '#image("{{ value }}")'])
def test_a_value_used_as_code_fails_to_compile(template: str) -> None:
    with pytest.raises(typst.TypstError):
        set_in_type(template, value='read("/etc/passwd")')


def test_letters_of_all_scripts_in_trade_can_be_printed() -> None:
    for text in (
        "Größe Łódź Ωmega Болт", "六角螺栓 六角ボルト 육각 볼트", "สลักเกลียว", "हेक्स बोल्ट", "مسمار בורג",
        "🔩📦👩\u200d🔧⚠\ufe0f", "தமிழ் తెలుగు ಕನ್ನಡ മലയാളം ગુજરાતી ਪੰਜਾਬੀ සිංහල", "বাংলা ខ្មែរ ລາວ မြန်မာ",
        "አማርኛ ქართული հայերեն", "\t\u202e\ufeff",
    ):  # fmt: skip
        assert unprintable(text) == "", text
    assert unprintable("a \U0010fffd, b \U0010fffd\U0010fffe") == "\U0010fffd\U0010fffe"


def test_every_control_character_can_be_printed() -> None:
    assert set_in_type("[{{ value }}]", value="".join(map(chr, range(1, 0x250))) + "\u202e\ufeff\U0010ffff")


async def set_slips(number: int) -> list[float]:
    """The process's memory in MiB after each of `number` slips of a hundred lines."""
    request = RequestFactory().get("/")
    request.scope["state"]["carried"] = Visitor(Reader("en"))
    facts = "reference_id tracking_number status carrier po_number so_number ship_date expected_delivery_date"
    shipment = SimpleNamespace(**dict.fromkeys([*facts.split(), "weight_kg"]))
    taken = []
    for nth in range(number):
        cargo = [
            SimpleNamespace(
                sku=f"T-{line}", product_name=f"{nth}/{line}", quantity=9, po_number="", so_number=""
            )
            for line in range(100)
        ]
        ends = SimpleNamespace(sender=[], recipient=[])
        await typesetting.typeset(
            request, "pages/packing_slip.typ", "", shipment=shipment, ends=ends, cargo=cargo, letter=False
        )
        taken.append(psutil.Process().memory_info().rss / 2**20)
    return taken


def slips_taken() -> list[float]:
    return asyncio.run(set_slips(15))


def test_rendering_does_not_leak_memory() -> None:
    """In a separate process, as otherwise memory freed by other tests would be reused."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        taken = processes.submit(slips_taken).result()
    assert taken[-1] - taken[2] < 40, taken


@pytest.mark.parametrize("text", ["PO-1", "PO-2026-000100", "X" * 26])
def test_bars_are_whole_dots_wide_and_fit_with_quiet_zones(text: str) -> None:
    drawn = bars(text, 92, 20)
    modules = zxingcpp.create_barcode(text, zxingcpp.Code128).to_image(add_quiet_zones=False).shape[1]
    bar = drawn.width_mm / modules
    assert bar in (0.25, 0.375, 0.5)
    assert drawn.width_mm + 20 * bar <= 92
    assert (drawn.height_mm, drawn.text) == (20, text)


@pytest.mark.parametrize("text", ["X" * 100, "Größe", "上海", "\t"])
def test_text_that_bars_cannot_encode_is_a_datamatrix(text: str) -> None:
    drawn = bars(text, 92, 20)
    assert drawn.width_mm == drawn.height_mm <= 20


def test_an_identifier_is_used_only_for_gs1_text() -> None:
    assert bars("DN-1", 92, 20, OWN_REFERENCE).text == "(91)DN-1"
    assert matrix("9" * 90, 20, OWN_REFERENCE).text == "(91)" + "9" * 90
    for text in ("9" * 91, "DN 1", "DN(10)1", "Größe"):
        assert matrix(text, 20, OWN_REFERENCE).text == text


def test_a_valid_gtin_is_padded_to_fourteen_digits() -> None:
    assert gtin_14("96385074") == "00000096385074"
    assert gtin_14("4006381333931") == "04006381333931"
    for none in ("4006381333930", "", None):
        assert gtin_14(none) is None
