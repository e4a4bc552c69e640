"""Reads printed documents: pages and words of a PDF, and its barcodes with a barcode reader."""

from typing import Any

import httpx
import pypdfium2
import zxingcpp

_DOTS_PER_MM = 300 / 25.4
_MM = 25.4 / 72


class Sheet:
    """A page of a PDF."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self.text: str = " ".join(page.get_textpage().get_text_range().split())
        self.size_mm = tuple(round(points * _MM) for points in page.get_size())

    @property
    def right_mm(self) -> float:
        """Right edge of the rightmost letter."""
        words = self._page.get_textpage()
        points: float = max(words.get_charbox(place)[2] for place in range(words.count_chars()))
        return points * _MM

    @property
    def barcodes(self) -> list[zxingcpp.Barcode]:
        """Barcodes from top to bottom."""
        drawn = self._page.render(scale=_DOTS_PER_MM * _MM, grayscale=True)
        grey = memoryview(bytes(drawn.buffer)).cast("B", (drawn.height, drawn.stride))
        found = zxingcpp.read_barcodes(grey, text_mode=zxingcpp.TextMode.Plain)
        return sorted(found, key=lambda barcode: barcode.position.top_left.y)

    @property
    def barcode(self) -> zxingcpp.Barcode:
        (only,) = self.barcodes
        return only


def scanned(barcode: zxingcpp.Barcode) -> str:
    """The text a scanner transmits: symbology identifier, then content."""
    return f"{barcode.symbology_identifier}{barcode.bytes.decode()}"


def sheets(reply: httpx.Response) -> list[Sheet]:
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/pdf"), reply.text
    return sheets_of(reply.content)


def sheets_of(document: bytes) -> list[Sheet]:
    return [Sheet(page) for page in pypdfium2.PdfDocument(document)]
