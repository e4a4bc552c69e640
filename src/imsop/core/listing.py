"""Lists: filters, a sort and a keyset cursor over one SELECT.

A statement is composed of literals in the room's `queries.py`; values are always bound parameters. Each
combination of filters and sort has its own text, so PostgreSQL plans it for what it is and an unused filter
costs nothing (the usual `$2 IS NULL OR …` would force one generic plan on all of them).
"""

import base64
import binascii
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Any, Generic, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Meta

from imsop.core.database import Connection, Row, fetch_all
from imsop.core.errors import InvalidInput
from imsop.core.fields import Instant
from imsop.core.said import Said

MAX_PAGE = 500
"""Maximal rows of a page: enough for a client, and a bound on the memory of one response."""
DEFAULT_PAGE = 50
CURSOR_BYTES = 1000
STREAMED_ROWS = 200
"""Rows fetched at a time when a list is streamed."""

PageLimit = Annotated[int, Meta(ge=1, le=MAX_PAGE, description="How many rows to return at most.")]
Cursor = Annotated[
    str,
    Meta(
        max_length=CURSOR_BYTES, pattern="^[A-Za-z0-9_-]+$", description="`next_cursor` of the page before."
    ),
]


class Page(msgspec.Struct, Generic[Row], frozen=True):
    """One page of a list, and the cursor of the next; null at the end."""

    items: list[Row]
    next_cursor: str | None


class PageRequest(NamedTuple):
    """The size, cursor and sort of a page. A sort that starts with `-` is descending."""

    sort: str
    limit: int = DEFAULT_PAGE
    cursor: str | None = None


class Window(NamedTuple, Generic[Row]):
    """One page of a list for a reader who pages in both directions, with the cursors of both neighbours."""

    rows: list[Row]
    before: str | None
    after: str | None


BY_NAME, BY_CODE = "reading_order({})", "folded({})"


UNDATED_LAST = ("'9999-12-31'::date", "'0001-01-01'::date")


class Sort(NamedTuple):
    """A sort column, not null unless `absent` is given.

    Its type's comparison is leakproof (otherwise no index can serve it).
    """

    column: str
    field: str
    type: type[str | date | datetime | int | UUID]
    form: str = "{}"
    """What the column holds of the field: BY_CODE, BY_NAME, or the field itself."""
    absent: tuple[str, str] | None = None
    """For a column that may be null: what stands for null when ascending and when descending, as in an index
    of each.
    """
    is_optional: bool = False
    """Whether the field may be null though the column is not: `form` gives what the column holds then."""

    def compared(self, value: str, *, descending: bool) -> str:
        """What is compared of the column or of a cursor's value. coalesce() would not be leakproof."""
        if self.absent is None:
            return value
        return f"CASE WHEN {value} IS NULL THEN {self.absent[descending]} ELSE {value} END"

    @property
    def sql_type(self) -> str:
        return {str: "text", date: "date", datetime: "timestamptz", int: "int", UUID: "uuid"}[self.type]


class Listing(Generic[Row]):
    """A list: `select` ends in `WHERE <alias>.organization_id = $1`; each filter is a condition on `{}`.

    `select` may use further arguments from $2 on; their number is `fixed_arguments`.

    `tiebreak` is the row's id, which makes the order total. A filter with the value None is not applied.
    """

    def __init__(
        self,
        row: type[Row],
        select: str,
        *,
        filters: Mapping[str, str],
        sorts: Mapping[str, Sort],
        tiebreak: str,
        fixed_arguments: int = 0,
    ) -> None:
        self.row = row
        self.select = select
        self.filters = filters
        self.sorts = sorts
        self.tiebreak = tiebreak
        self.fixed_arguments = fixed_arguments
        self.statement = lru_cache(maxsize=None)(self._statement)

    async def page(
        self,
        connection: Connection,
        organization_id: UUID,
        request: PageRequest,
        *fixed: object,
        **filters: object,
    ) -> Page[Row]:
        """One page. Raises InvalidInput for a cursor of another list or sort."""
        used = {name: value for name, value in filters.items() if value is not None}
        arguments: list[object] = [organization_id, *fixed, *used.values()]
        if request.cursor is not None:
            arguments += self._position(request.sort, request.cursor)
        sql = self.statement(tuple(used), request.sort, request.cursor is not None)
        rows = await fetch_all(connection, self.row, sql, *arguments, request.limit + 1)
        if len(rows) <= request.limit:
            return Page(rows, None)
        return Page(rows[:-1], self._cursor(request.sort, rows[-2]))

    async def window(
        self,
        connection: Connection,
        organization_id: UUID,
        request: PageRequest,
        *fixed: object,
        before: str | None = None,
        **filters: object,
    ) -> Window[Row]:
        """One page with both cursors: the rows after the request's cursor, or those just before `before`."""
        if before is None:
            page = await self.page(connection, organization_id, request, *fixed, **filters)
            first = self._cursor(request.sort, page.items[0]) if page.items and request.cursor else None
            return Window(page.items, first, page.next_cursor)
        used = {name: value for name, value in filters.items() if value is not None}
        position = self._position(request.sort, before)
        sql = self.statement(tuple(used), request.sort, True, backwards=True)
        rows = await fetch_all(
            connection, self.row, sql, organization_id, *fixed, *used.values(), *position, request.limit + 1
        )
        shown = rows[: request.limit][::-1]
        first = self._cursor(request.sort, shown[0]) if len(rows) > request.limit else None
        return Window(shown, first, self._cursor(request.sort, shown[-1]) if shown else None)

    async def count(
        self, connection: Connection, organization_id: UUID, *fixed: object, most: int, **filters: object
    ) -> int:
        """The number of matching rows; counting stops at `most`."""
        used = {name: value for name, value in filters.items() if value is not None}
        limit = f" LIMIT ${2 + self.fixed_arguments + len(used)}"
        sql = "SELECT count(*) FROM (" + self._selection(tuple(used)) + limit + ") counted"
        counted: int = await connection.fetchval(sql, organization_id, *fixed, *used.values(), most)
        return counted

    async def stream(
        self, connection: Connection, organization_id: UUID, sort: str, *fixed: object, **filters: object
    ) -> AsyncGenerator[Row, None]:
        """All rows in order, by a server-side cursor of STREAMED_ROWS."""
        used = {name: value for name, value in filters.items() if value is not None}
        sql = self._selection(tuple(used)) + self._order(sort)
        async for record in connection.cursor(
            sql, organization_id, *fixed, *used.values(), prefetch=STREAMED_ROWS
        ):
            yield self.row(*record)

    def _statement(
        self, filters: tuple[str, ...], sort: str, continued: bool, backwards: bool = False
    ) -> str:
        """Arguments: the organization, the fixed ones, the filters', the cursor's two, the limit.

        `backwards`: the rows before the cursor, in the order opposite to `sort`.
        """
        selection = self._selection(filters)
        place = 2 + self.fixed_arguments + len(filters)
        if continued:
            key, descending = self.sorts[sort.removeprefix("-")], sort.startswith("-")
            beyond = "<" if descending != backwards else ">"
            value = key.form.format(f"${place}::{key.sql_type}")
            selection += (
                f" AND ({key.compared(key.column, descending=descending)}, {self.tiebreak}) {beyond}"
                f" ({key.compared(value, descending=descending)}, ${place + 1}::uuid)"
            )
            place += 2
        return f"{selection}{self._order(sort, backwards)} LIMIT ${place}"

    def _selection(self, filters: tuple[str, ...]) -> str:
        numbered = enumerate(filters, 2 + self.fixed_arguments)
        conditions = [self.filters[name].format(f"${place}") for place, name in numbered]
        return self.select + "".join(f" AND {condition}" for condition in conditions)

    def _order(self, sort: str, backwards: bool = False) -> str:
        key, descending = self.sorts[sort.removeprefix("-")], sort.startswith("-")
        direction = "DESC" if descending != backwards else "ASC"
        column = key.compared(key.column, descending=descending)
        return f" ORDER BY {column} {direction}, {self.tiebreak} {direction}"

    def _cursor(self, sort: str, last: Row) -> str:
        value: Any = getattr(last, self.sorts[sort.removeprefix("-")].field)
        packed = msgspec.json.encode([self.row.__name__, sort, value, last.id])  # type: ignore[attr-defined]
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()

    def _position(self, sort: str, cursor: str) -> tuple[object, UUID]:
        key = self.sorts[sort.removeprefix("-")]
        value_type: Any = Instant if key.type is datetime else key.type
        if key.absent or key.is_optional:
            value_type = value_type | None
        try:
            packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            place = msgspec.json.decode(packed, type=tuple[str, str, value_type, UUID])
        except (binascii.Error, UnicodeDecodeError, msgspec.DecodeError):
            place = None
        if place is None or place[0] != self.row.__name__:
            raise InvalidInput.of("cursor", "is not a cursor of this list; start again without one")
        _, made_for, value, last_id = place
        if made_for != sort or "\0" in str(value):
            raise InvalidInput.of(
                "cursor",
                Said("belongs to a sort order other than %(sort)s; start again without one", sort=sort),
            )
        return value, last_id


def sort_within(sort: str | None, usual: str, bounds: Mapping[str, Sequence[object]]) -> str:
    """The sort to use for a list with range filters (`bounds`: from and to, by column).

    An index serves a range only in the order of its column, which is therefore the default then. A column
    other than that of the usual sort may be null, so it is sortable only with a range. Raises InvalidInput
    for any other sort.
    """
    bounded = [column for column, ends in bounds.items() if any(end is not None for end in ends)]
    if sort is None:
        return usual if not bounded or usual.removeprefix("-") in bounded else bounded[0]
    column = sort.removeprefix("-")
    if bounded and column not in bounded:
        raise InvalidInput.of(
            "sort", Said("between bounds it must be one of: %(column)s, -%(column)s", column=bounded[0])
        )
    if not bounded and column in bounds and column != usual.removeprefix("-"):
        raise InvalidInput.of("sort", Said("requires %(column)s_from or %(column)s_to", column=column))
    return sort
