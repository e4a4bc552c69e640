"""Barcodes for printed documents: a linear code where it fits and can encode the text, else a DataMatrix.

Without a GS1 company prefix, which our users need not have, most GS1 shipment identifiers are unavailable:
SSCC (00), consignment (401) and shipment number (402) all begin with one. The purchase order number (400) is
assigned by the consignee for incoming goods and must not leave its premises. So our own reference uses
application identifier 91, the first of those (91 to 99) that GS1 reserves for internal use.
"""

import re
from typing import NamedTuple

import zxingcpp
from stdnum import ean

GTIN, OWN_REFERENCE = "01", "91"
_DOT_MM = 0.125
"""Of a label printer with 203 dots to the inch: bars of whole dots are all as wide as they should be."""
_NARROWEST_MM, _WIDEST_MM = 2 * _DOT_MM, 4 * _DOT_MM
"""A narrow bar: hand-held readers see no less, and need no more."""
_ASCII = re.compile(r"[ -~]+")
_OF_GS1 = re.compile(r"[!\"%&'*+,\-./0-9:;<=>?A-Z_a-z]{1,90}")
"""GS1's character set 82 without the parentheses, which what draws takes for those of an identifier."""


class Barcode(NamedTuple):
    """A drawn barcode; `text` is the human-readable line under it.

    The SVG and its size exclude the quiet zone: the caller keeps the margin that `bars` and `matrix` name
    blank.
    """

    svg: str
    text: str
    width_mm: float
    height_mm: float


def bars(text: str, width_mm: float, height_mm: float, identifier: str = "") -> Barcode:
    """Code 128, or GS1-128 with an application identifier; a DataMatrix if that does not fit or encode it.

    `width_mm` includes the quiet zones, which are not drawn: ten narrow bars, at most 5 mm, on each side.
    """
    if _ASCII.fullmatch(text):
        content = _content(text, identifier)
        made = zxingcpp.create_barcode(content, zxingcpp.Code128, gs1=content != text)
        bar = width_mm / _modules(made, white=True)
        if bar >= _NARROWEST_MM:
            return _drawn(made, content, min(bar, _WIDEST_MM), height_mm)
    return matrix(text, min(width_mm, height_mm), identifier)


def matrix(text: str, side_mm: float, identifier: str = "") -> Barcode:
    """A DataMatrix, or GS1 DataMatrix, of any text. `side_mm` includes the quiet zone of one module."""
    content = _content(text, identifier)
    made = zxingcpp.create_barcode(content, zxingcpp.DataMatrix, gs1=content != text, force_square=True)
    return _drawn(made, content, side_mm / _modules(made, white=True))


def gtin_14(gtin: str | None) -> str | None:
    """A valid GTIN zero-padded to 14 digits, as GS1 trade items require; None if it is not valid."""
    return gtin.zfill(14) if gtin and ean.is_valid(gtin) else None


def _content(text: str, identifier: str) -> str:
    """The text with its application identifier if GS1's character set can encode it, else the text alone."""
    return f"({identifier}){text}" if identifier and _OF_GS1.fullmatch(text) else text


def _drawn(made: zxingcpp.Barcode, content: str, room_mm: float, height_mm: float | None = None) -> Barcode:
    """Draws the modules at a whole number of printer dots each, unless the space is too small for that."""
    dots = room_mm // _DOT_MM * _DOT_MM
    width = _modules(made, white=False) * (dots if dots >= _NARROWEST_MM else room_mm)
    return Barcode(made.to_svg(add_quiet_zones=False), content, width, height_mm or width)


def _modules(made: zxingcpp.Barcode, *, white: bool) -> int:
    width: int = made.to_image(add_quiet_zones=white).shape[1]
    return width
