"""Readers of exported files."""

import csv
import io
from typing import Any

import python_calamine

from tests.pages.browsing import Browser


async def csv_of(here: Browser, path: str, *, delimiter: str = ",", **asked: str) -> list[dict[str, str]]:
    """Rows as dicts by header. The file starts with a byte order mark, by which spreadsheets detect UTF-8."""
    reply = await here.get(f"{path}.csv", params=asked)
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"].startswith("text/csv")
    assert reply.content.startswith(b"\xef\xbb\xbf")
    return list(
        csv.DictReader(io.StringIO(reply.content.decode("utf-8-sig"), newline=""), delimiter=delimiter)
    )


async def xlsx_of(here: Browser, path: str, **asked: str) -> list[dict[str, Any]]:
    reply = await here.get(f"{path}.xlsx", params=asked)
    assert reply.status_code == 200, reply.text
    assert reply.content.startswith(b"PK")
    header, *rows = python_calamine.load_workbook(io.BytesIO(reply.content)).get_sheet_by_index(0).to_python()
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]
