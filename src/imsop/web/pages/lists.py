"""Lists on pages: paging, counting, and export."""

import asyncio
import csv
import io
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing, closing
from datetime import date, datetime
from decimal import Decimal
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from imsop.core.cells import written
from imsop.core.database import Connection
from imsop.core.instants import today
from imsop.core.listing import Listing, PageRequest
from imsop.identity.actor import Actor
from imsop.identity.request import TenantRequest
from imsop.ui.language import DecimalMark, get_language
from imsop.ui.parts import Column
from imsop.web.edge.streamed import Streamed
from imsop.web.pages.spreadsheet import Spreadsheet

Row = TypeVar("Row", bound=msgspec.Struct)
COUNTED = 10_000
"""Counting stops here, and the page says "more than": counting all could cost more than showing a page."""
ROWS = 50
CHUNK_BYTES = 64 * 1024
SLICE_SECONDS = 0.001
"""CPU time on an export before yielding to other requests, each of which needs several turns."""
INSTANTS = {
    "at", "created_at", "decided_at", "due_at", "ended_at", "last_counted", "last_login", "last_used_at",
    "occurred_at", "received_at", "recorded_at", "requested_at", "returned_at", "revoked_at", "started_at",
}  # fmt: skip
"""Exported columns of timestamps."""
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Shown(NamedTuple, Generic[Row]):
    """The parameters of a list's template."""

    rows: list[Row]
    before: str | None
    after: str | None
    total: int
    """Of all pages, at most COUNTED."""
    is_more: bool
    columns: Sequence[Column]
    sort: str


async def show(
    connection: Connection,
    actor: Actor,
    listing: Listing[Row],
    columns: Sequence[Column],
    *,
    sort: str,
    cursor: str | None,
    before: str | None,
    fixed: Sequence[object] = (),
    **filters: object,
) -> Shown[Row]:
    """The requested page of the list, and the number of rows.

    `fixed` are the fixed arguments of the listing's statement.
    """
    window = await listing.window(
        connection, actor.organization_id, PageRequest(sort, ROWS, cursor), *fixed, before=before, **filters
    )
    total = await listing.count(connection, actor.organization_id, *fixed, most=COUNTED + 1, **filters)
    return Shown(
        window.rows, window.before, window.after, min(total, COUNTED), total > COUNTED, columns, sort
    )


# Exports: rows come from a server-side cursor and are sent as they are read; no side holds them all.


async def export(
    request: TenantRequest,
    listing: Listing[Row],
    cells: Mapping[str, Callable[[Row], object]],
    *,
    sort: str,
    decimal: DecimalMark | None,
    fixed: Sequence[object] = (),
    **filters: object,
) -> Streamed:
    """The filtered list as CSV or XLSX, by the extension in the URL. `cells`: headers and value functions.

    Times are the organization's, which the headers of their columns say. `decimal` is the mark in CSV, by
    default that of the reader's language.

    It holds a connection and one of its organization's slots until it is sent or the client disconnects.
    Raises TooManyRequests or Unavailable if no slot becomes free.
    """
    slot = await request.app.state.exports.take(request.actor.organization_id)
    request.when_over(slot.release)
    request.keep_open()
    name, _, kind = request.scope["path"].rpartition("/")[2].rpartition(".")
    actor = request.actor
    header = [f"{name} ({actor.timezone})" if name in INSTANTS else name for name in cells]
    rows = _rows(request, listing, cells, sort, fixed, filters)
    mark = decimal or get_language(actor.locale, actor.timezone).decimal_mark
    content = _as_csv(header, rows, mark) if kind == "csv" else _as_xlsx(header, rows)
    stamp = today(actor.timezone)
    return Streamed(
        content,
        media_type="text/csv" if kind == "csv" else XLSX,
        headers={"Content-Disposition": f'attachment; filename="{name}-{stamp}.{kind}"'},
    )


async def _rows(
    request: TenantRequest,
    listing: Listing[Row],
    cells: Mapping[str, Callable[[Row], object]],
    sort: str,
    fixed: Sequence[object],
    filters: Mapping[str, object],
) -> AsyncGenerator[list[object], None]:
    connection, actor = await request.begin()
    zone = ZoneInfo(actor.timezone)
    until = time.perf_counter() + SLICE_SECONDS
    async with aclosing(listing.stream(connection, actor.organization_id, sort, *fixed, **filters)) as found:
        async for row in found:
            yield [_local(cell(row), zone) for cell in cells.values()]
            if time.perf_counter() > until:
                await asyncio.sleep(0)
                until = time.perf_counter() + SLICE_SECONDS


def _local(value: object, zone: ZoneInfo) -> object:
    """A timestamp as the clock on the wall showed it, as files cannot say a zone with each."""
    return value.astimezone(zone).replace(tzinfo=None) if isinstance(value, datetime) else value


async def _as_csv(
    header: list[str], rows: AsyncGenerator[list[object], None], mark: DecimalMark
) -> AsyncGenerator[bytes, None]:
    """RFC 4180, with a byte order mark, by which spreadsheets detect UTF-8.

    Where numbers have a decimal comma, spreadsheets split at semicolons.
    """
    text = io.StringIO("\ufeff")
    text.seek(0, io.SEEK_END)
    writer = csv.writer(text, delimiter=";" if mark == "comma" else ",")
    writer.writerow(header)
    async with aclosing(rows):
        async for row in rows:
            writer.writerow([_plain(value, mark) for value in row])
            if text.tell() > CHUNK_BYTES:
                yield text.getvalue().encode()
                text.seek(0)
                text.truncate()
    yield text.getvalue().encode()


async def _as_xlsx(
    header: list[str], rows: AsyncGenerator[list[object], None]
) -> AsyncGenerator[bytes, None]:
    with closing(Spreadsheet(header)) as sheet:
        async with aclosing(rows):
            async for row in rows:
                sheet.add(row)
                if sheet.ready_bytes > CHUNK_BYTES:
                    yield sheet.take()
        yield sheet.end()


def _plain(value: object, mark: DecimalMark) -> object:
    match value:
        case None:
            return ""
        case str():
            return written(value)
        case float() | Decimal():
            plain = format(value, "f") if isinstance(value, Decimal) else str(value)
            return plain.replace(".", ",") if mark == "comma" else plain
        case datetime():
            return value.isoformat(" ", "seconds")
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
        case list():
            return written("; ".join(str(part) for part in value))
    return value
