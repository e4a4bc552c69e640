"""Bulk loading: hundreds of thousands of rows with the same checks as single rows.

PostgreSQL refuses COPY into a table under row security. So rows are copied into a temporary table, validated
there as a set, and inserted from it by the application role, in its tenant's transaction:

    CREATE TEMPORARY TABLE staged_x (row_number int, …) ON COMMIT DROP
    stage_file or stage_records        COPY, then ANALYZE
    require_valid                      reports every fault of every row, or none
    INSERT … SELECT … FROM staged_x    row security, constraints and triggers apply as usual

The columns of a file are staged as text, so that all malformed values are reported, and not only the first
failed cast.
"""

import csv
import gzip
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from msgspec import Struct

from imsop.core.database import Connection, allow_copy, fetch_all
from imsop.core.errors import FieldError, InvalidInput

FIRST_ROW = 2
"""Number of the first row below the header, as a spreadsheet counts."""


class LoadReport(Struct, frozen=True):
    """The outcome of every row of a source.

    Raises RuntimeError if it does not add up: construct it before commit.
    """

    source: str
    organization: str
    rows_read: int
    outcomes: dict[str, int]
    """Rows read, by outcome."""
    made: dict[str, int]
    """Rows written, by kind."""
    seconds: float

    def __post_init__(self) -> None:
        if (accounted := sum(self.outcomes.values())) != self.rows_read:
            raise RuntimeError(f"{self.source}: {self.rows_read} rows read, {accounted} accounted for")

    def __str__(self) -> str:
        outcomes = [f"  {rows:>9,} {outcome}" for outcome, rows in self.outcomes.items()]
        made = ", ".join(f"{rows:,} {what}" for what, rows in self.made.items())
        return "\n".join([
            f"{self.organization}: {self.rows_read:,} rows of {self.source} in {self.seconds:.1f} s",
            *outcomes,
            f"  made {made}",
        ])  # fmt: skip


async def stage_file(connection: Connection, table: str, path: Path) -> int:
    """Copies a CSV file (UTF-8, may be gzipped) into a temporary table; returns the number of rows.

    The table's first column is `row_number int`; the others are text and named as the file's columns, which
    may come in any order. An empty field is NULL. Raises InvalidInput if the file is missing or malformed,
    naming every bad row and column.
    """
    columns = await connection.fetch(
        """
        SELECT attname FROM pg_attribute
        WHERE attrelid = to_regclass('pg_temp.' || quote_ident($1)) AND attnum > 1 ORDER BY attnum
        """,
        table,
    )
    faults: list[FieldError] = []
    try:
        with _opened(path) as file:
            reader = csv.reader(file, strict=True)
            header = _header(reader, path, [column["attname"] for column in columns])
            records = _records(reader, header, faults)
            rows = await stage_records(connection, table, records, columns=["row_number", *header])
    except FileNotFoundError:
        raise InvalidInput(f"{path}: there is no such file") from None
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidInput(f"{path}: cannot be read: {error}") from None
    _refuse(path, faults)
    return rows


async def stage_records(
    connection: Connection,
    table: str,
    records: Iterable[tuple[Any, ...]] | AsyncIterator[tuple[Any, ...]],
    *,
    columns: list[str] | None = None,
) -> int:
    """Copies records into a temporary table, in the order of its columns; returns their number.

    Runs ANALYZE, as PostgreSQL would otherwise plan for a table of a few rows.
    """
    if not table.isidentifier():
        raise ValueError(f"{table!r} is not the name of a temporary table")
    await allow_copy(connection)
    status = await connection.copy_records_to_table(table, records=records, columns=columns)
    await connection.execute(f"ANALYZE pg_temp.{table}")
    return int(status.removeprefix("COPY "))


class Fault(Struct, frozen=True):
    row_number: int
    field: str
    value: str | None
    reason: str


async def require_valid(connection: Connection, path: Path, sql: str, *arguments: Any) -> None:
    """Runs a statement that selects the faults of staged rows; raises InvalidInput with all of them.

    Its columns are those of Fault. Usual form, in which a check that yields NULL passes:

        SELECT s.row_number, c.field, c.value, c.reason
        FROM staged_x s CROSS JOIN LATERAL (VALUES
            ('quantity', s.quantity, pg_input_is_valid(s.quantity, 'int4'), 'is not a whole number')
        ) AS c (field, value, passes, reason)
        WHERE NOT c.passes
        ORDER BY s.row_number
    """
    faults = await fetch_all(connection, Fault, sql, *arguments)
    _refuse(
        path,
        [
            FieldError(
                f"row {fault.row_number}: {fault.field}",
                fault.reason if fault.value is None else f"{fault.reason}: {fault.value!r}",
            )
            for fault in faults
        ],
    )


def _refuse(path: Path, faults: list[FieldError]) -> None:
    if faults:
        many = "1 fault" if len(faults) == 1 else f"{len(faults):,} faults"
        raise InvalidInput(f"{path}: {many}, nothing was loaded", errors=faults)


def _opened(path: Path) -> TextIO:
    # Bytes that are not UTF-8 become lone surrogates, so that the error can name their row.
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", errors="surrogateescape", newline="")
    return path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")


def _header(reader: Iterator[list[str]], path: Path, columns: list[str]) -> list[str]:
    try:
        header = next(reader, [])
    except csv.Error as error:
        raise InvalidInput(f"{path}: row 1 is not CSV: {error}") from None
    if sorted(header) != sorted(columns):
        missing = ", ".join(column for column in columns if column not in header) or "nothing"
        unknown = ", ".join(repr(name) for name in header if name not in columns or header.count(name) > 1)
        raise InvalidInput(
            f"{path}: row 1 is not the header: it lacks {missing}, and has {unknown or 'nothing else'}"
        )
    return header


def _records(
    reader: Iterator[list[str]], header: list[str], faults: list[FieldError]
) -> Iterator[tuple[Any, ...]]:
    """Well-formed rows with their row numbers; errors of the others are appended to `faults`."""
    width = len(header)
    row_number = FIRST_ROW - 1
    try:
        for row_number, row in enumerate(reader, FIRST_ROW):
            text = "".join(row)
            if len(row) != width:
                column = header[min(len(row), width - 1)]
                faults.append(
                    FieldError(f"row {row_number}: {column}", f"the row has {len(row)} fields, not {width}")
                )
            elif "\0" in text or not (text.isascii() or _is_utf8(text)):
                faults += _unstorable(row_number, header, row)
            else:
                yield row_number, *[value or None for value in row]
    except csv.Error as error:
        faults.append(FieldError(f"row {row_number + 1}", f"is not CSV: {error}"))


def _unstorable(row_number: int, header: list[str], row: list[str]) -> Iterator[FieldError]:
    for column, value in zip(header, row, strict=True):
        if "\0" in value:
            yield FieldError(f"row {row_number}: {column}", "contains a NUL character")
        elif not _is_utf8(value):
            yield FieldError(f"row {row_number}: {column}", "is not UTF-8: save the file in that encoding")


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
