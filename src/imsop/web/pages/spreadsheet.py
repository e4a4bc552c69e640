"""Streaming writer of spreadsheets (XLSX, ECMA-376): nothing on disk, little in memory.

Libraries write to disk, a gigabyte for a million rows, send nothing before the end, and took four times the
CPU time. This implements the part of the format that lists need: text, numbers and dates, on sheets.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from zipfile import ZIP_DEFLATED, ZipFile

SHEET_ROWS = 2**20
"""The format's limit of rows per sheet; further rows go to the next sheet."""
_SHEET_BYTES = 2**30  # of XML: the ZIP format without extensions, which every reader supports, ends at 2 GB
_CELL_CHARACTERS = 32_767
_BUFFER_ROWS = 64
_WIDTH = 20  # characters: in a narrower column, a timestamp is shown as a row of #
_COMPRESS_LEVEL = 1  # 6 is a fifth smaller and takes three times as long

_EPOCH = date(1899, 12, 30).toordinal()
_DAY_SECONDS = 86_400
_FIRST_DAY = date(1900, 3, 1)  # before it, spreadsheets count a day that did not exist (29 February 1900)
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "_x000D_"}
_TO_ESCAPE = re.compile(r"[&<>\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def _xf(number_format: int) -> str:
    return f'<xf numFmtId="{number_format}" fontId="0" fillId="0" borderId="0" applyNumberFormat="1"/>'


_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    f'<cellStyleXfs count="1">{_xf(0)}</cellStyleXfs>'
    f'<cellXfs count="3">{_xf(0)}{_xf(164)}{_xf(165)}</cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


class Spreadsheet:
    """Write rows with `add`, read bytes with `take`; `end` returns the last bytes."""

    def __init__(self, header: Sequence[str], *, sheet_rows: int = SHEET_ROWS) -> None:
        self._sink = _Sink()
        self._zip = ZipFile(self._sink, "w", ZIP_DEFLATED, compresslevel=_COMPRESS_LEVEL)  # type: ignore[call-overload]
        self._header = header
        self._sheet_rows = sheet_rows
        self._columns = [_column(number) for number in range(len(header))]
        self._widths = f'<cols><col min="1" max="{len(header)}" width="{_WIDTH}" customWidth="1"/></cols>'
        self._sheets = 0
        self._begin_sheet()

    def add(self, row: Iterable[object]) -> None:
        if self._rows == self._sheet_rows or self._bytes > _SHEET_BYTES:
            self._end_sheet()
            self._begin_sheet()
        self._write(row)

    def take(self) -> bytes:
        """The bytes that can be sent so far."""
        taken = bytes(self._sink.written)
        self._sink.written.clear()
        return taken

    @property
    def ready_bytes(self) -> int:
        return len(self._sink.written)

    def end(self) -> bytes:
        """The remaining bytes. Without them a reader reports a damaged file, not a short one."""
        self._end_sheet()
        for name, text in _parts(self._sheets):
            self._zip.writestr(name, text)
        self._zip.close()
        return self.take()

    def close(self) -> None:
        """Releases resources, whether the file is complete or not."""
        self._part.close()
        self._zip.close()

    def _begin_sheet(self) -> None:
        self._sheets += 1
        self._part = self._zip.open(f"xl/worksheets/sheet{self._sheets}.xml", "w")
        self._buffer = [f'{_HEAD}<worksheet xmlns="{_MAIN}">{self._widths}<sheetData>']
        self._rows = self._bytes = 0
        self._write(self._header)

    def _write(self, row: Iterable[object]) -> None:
        self._rows += 1
        number = self._rows
        cells = [
            _cell(f"{column}{number}", value)
            for column, value in zip(self._columns, row, strict=True)
            if value is not None
        ]
        self._buffer.append(f'<row r="{number}">{"".join(cells)}</row>')
        if len(self._buffer) >= _BUFFER_ROWS:
            self._flush()

    def _flush(self) -> None:
        content = "".join(self._buffer).encode()
        self._bytes += len(content)
        self._part.write(content)
        self._buffer.clear()

    def _end_sheet(self) -> None:
        self._buffer.append("</sheetData></worksheet>")
        self._flush()
        self._part.close()


class _Sink:
    """The output of the ZIP writer: not seekable, so the size of each part follows it."""

    def __init__(self) -> None:
        self.written = bytearray()

    def write(self, content: bytes) -> int:
        self.written += content
        return len(content)

    def flush(self) -> None:
        """Nothing to flush."""


def _cell(place: str, value: object) -> str:
    match value:
        case str():
            return _text(place, value)
        case bool():
            return f'<c r="{place}" t="b"><v>{value:d}</v></c>'
        case int() | float() | Decimal():
            return f'<c r="{place}"><v>{value}</v></c>'
        case datetime() if value.date() >= _FIRST_DAY:
            seconds = value.hour * 3600 + value.minute * 60 + value.second
            return f'<c r="{place}" s="2"><v>{value.toordinal() - _EPOCH + seconds / _DAY_SECONDS}</v></c>'
        case date() if value >= _FIRST_DAY:
            return f'<c r="{place}" s="1"><v>{value.toordinal() - _EPOCH}</v></c>'
        case list():
            return _text(place, "; ".join(map(str, value)))
    return _text(place, str(value))


def _text(place: str, text: str) -> str:
    """An inline string cell, which is never a formula."""
    if len(text) > _CELL_CHARACTERS:
        text = text[: _CELL_CHARACTERS - 1] + "…"
    if _TO_ESCAPE.search(text):
        text = _TO_ESCAPE.sub(lambda found: _ESCAPED.get(found[0]) or f"_x{ord(found[0]):04X}_", text)
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _column(number: int) -> str:
    """The name of a column: A to Z, AA to ZZ."""
    first, last = divmod(number, 26)
    return (chr(64 + first) if first else "") + chr(65 + last)


def _parts(sheets: int) -> Iterable[tuple[str, str]]:
    """The parts of the package other than sheets: content types, relations, workbook, styles."""
    numbers = range(1, sheets + 1)
    yield (
        "xl/workbook.xml",
        f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATED}"><sheets>'
        + "".join(f'<sheet name="Sheet{n}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
        + "</sheets></workbook>",
    )
    yield "xl/styles.xml", _STYLES
    yield (
        "xl/_rels/workbook.xml.rels",
        _relations(
            *(("worksheet", f"worksheets/sheet{n}.xml") for n in numbers),
            ("styles", "styles.xml"),
        ),
    )
    yield "_rels/.rels", _relations(("officeDocument", "xl/workbook.xml"))
    yield (
        "[Content_Types].xml",
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/>'
        + "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPES}.worksheet+xml"/>'
            for n in numbers
        )
        + "</Types>",
    )


def _relations(*parts: tuple[str, str]) -> str:
    return (
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
        + "".join(
            f'<Relationship Id="rId{n}" Type="{_RELATED}/{kind}" Target="{target}"/>'
            for n, (kind, target) in enumerate(parts, 1)
        )
        + "</Relationships>"
    )
