"""Connections, transactions and typed rows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

import asyncpg
import msgspec

from imsop.core import tenancy
from imsop.core.pool import Connection as Connection  # noqa: PLC0414 - the rooms know this module only
from imsop.core.pool import Pool as Pool  # noqa: PLC0414
from imsop.core.tenancy import Tenant

Row = TypeVar("Row", bound=msgspec.Struct)


async def open_pool(dsn: str, *, min_size: int, max_size: int) -> Pool:
    """A pool of connections as one database role."""

    async def connect() -> Connection:
        connection = await asyncpg.connect(
            dsn,
            command_timeout=60,
            server_settings={"timezone": "UTC", "datestyle": "ISO"},  # as the codecs read
        )
        await prepare_connection(connection)
        return connection

    pool = Pool(connect, min_size=min_size, max_size=max_size)
    await pool.open()
    return pool


async def prepare_connection(connection: Connection) -> None:
    """Makes jsonb arrive and leave as Python values; numbers and instants travel as text.

    Python reads those two from text in a fifth of the time that asyncpg takes from binary: a page of 50
    products in 207 us instead of 337. COPY is binary, though: see allow_copy.
    """
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: msgspec.json.encode(value).decode(),
        decoder=msgspec.json.decode,
    )

    await connection.set_type_codec(
        "numeric", schema="pg_catalog", encoder=str, decoder=Decimal, format="text"
    )
    await connection.set_type_codec(
        "timestamptz",
        schema="pg_catalog",
        encoder=_instant_text,
        decoder=datetime.fromisoformat,
        format="text",
    )


def _instant_text(value: datetime) -> str:
    try:
        return value.astimezone(UTC).isoformat()
    except OverflowError:
        # In its own zone the last year is not over, or the first has begun. The nearest instant there is goes
        # on: it is before or after everything, and where it is to be kept a CHECK refuses it, with its name.
        first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
        return (first if value.year == first.year else last).isoformat()


async def allow_copy(connection: Connection) -> None:
    """From here on the connection reads and writes numbers and instants in binary, as COPY must."""
    await connection.reset_type_codec("numeric", schema="pg_catalog")
    await connection.reset_type_codec("timestamptz", schema="pg_catalog")


@asynccontextmanager
async def transaction(
    pool: Pool, tenant: Tenant | None, *, read_only: bool = False
) -> AsyncIterator[Connection]:
    """A transaction of a tenant: committed at the end, rolled back on any exception."""
    connection = await pool.take()
    commit = False
    try:
        await tenancy.begin(connection, tenant, read_only=read_only)
        yield connection
        commit = True
    finally:
        await pool.end(connection, commit=commit)


@asynccontextmanager
async def savepoint(connection: Connection) -> AsyncIterator[None]:
    """What is done within is undone on any exception; the transaction goes on. A page can then be shown."""
    await connection.execute("SAVEPOINT attempt")
    try:
        yield
    except BaseException:
        await connection.execute("ROLLBACK TO SAVEPOINT attempt")
        raise
    await connection.execute("RELEASE SAVEPOINT attempt")


async def fetch_all(connection: Connection, row: type[Row], sql: str, *arguments: Any) -> list[Row]:
    """All rows, as `row`. The statement's columns must be the struct's fields, in their order."""
    records = await connection.fetch(sql, *arguments)
    if not records:
        return []
    _require_fields(row, records[0])
    return [row(*record) for record in records]


async def fetch_one(connection: Connection, row: type[Row], sql: str, *arguments: Any) -> Row | None:
    """The first row, as `row`, or None."""
    record = await connection.fetchrow(sql, *arguments)
    if record is None:
        return None
    _require_fields(row, record)
    return row(*record)


def rows_affected(status: str) -> int:
    """How many rows a statement wrote, from what it ended with, such as `INSERT 0 3`."""
    return int(status.rsplit(" ", 1)[-1])


def _require_fields(row: type[msgspec.Struct], record: asyncpg.Record) -> None:
    if tuple(record.keys()) != row.__struct_fields__:
        raise TypeError(
            f"the statement gives {', '.join(record.keys())}; "
            f"{row.__name__} has {', '.join(row.__struct_fields__)}"
        )
