"""The bulk path: accepted files, and error reports that list all faults."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from imsop.core.bulk import LoadReport, require_valid, stage_file, stage_records
from imsop.core.database import Connection, Pool, transaction
from imsop.core.errors import InvalidInput


@pytest.fixture
async def staging(pool: Pool) -> AsyncIterator[Connection]:
    """A transaction with the table `staged_things`, for files of code, quantity and note."""
    async with transaction(pool, None) as connection:
        await connection.execute(
            """
            CREATE TEMPORARY TABLE staged_things (row_number int, code text, quantity text, note text)
            ON COMMIT DROP
            """
        )
        yield connection


def csv_file(directory: Path, content: str | bytes, name: str = "things.csv") -> Path:
    path = directory / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


async def staged(connection: Connection) -> list[tuple[object, ...]]:
    records = await connection.fetch(
        "SELECT row_number, code, quantity, note FROM staged_things ORDER BY row_number"
    )
    return [tuple(record) for record in records]


async def refusal(connection: Connection, path: Path) -> InvalidInput:
    with pytest.raises(InvalidInput) as refused:
        await stage_file(connection, "staged_things", path)
    assert str(path) in refused.value.detail
    return refused.value


async def faults(connection: Connection, path: Path) -> list[tuple[str, str]]:
    return [(fault.field, fault.message) for fault in (await refusal(connection, path)).errors]


async def test_rows_are_numbered_as_a_spreadsheet_does_and_empty_fields_are_null(
    staging: Connection, tmp_path: Path
) -> None:
    content = 'code,quantity,note\r\nA,1,"two\nlines, ""quoted"""\r\nB,,\r\n'
    assert await stage_file(staging, "staged_things", csv_file(tmp_path, content)) == 2
    assert await staged(staging) == [(2, "A", "1", 'two\nlines, "quoted"'), (3, "B", None, None)]


async def test_columns_may_be_in_any_order_after_a_byte_order_mark(
    staging: Connection, tmp_path: Path
) -> None:
    path = csv_file(tmp_path, "\ufeffnote,code,quantity\nn,A,1\n")
    await stage_file(staging, "staged_things", path)
    assert await staged(staging) == [(2, "A", "1", "n")]


async def test_a_gzipped_file_is_decompressed(staging: Connection, tmp_path: Path) -> None:
    path = csv_file(tmp_path, gzip.compress(b"code,quantity,note\nA,1,n\n"), "things.csv.gz")
    assert await stage_file(staging, "staged_things", path) == 1


async def test_a_file_of_a_header_only_has_no_rows(staging: Connection, tmp_path: Path) -> None:
    assert await stage_file(staging, "staged_things", csv_file(tmp_path, "code,quantity,note\n")) == 0


async def test_a_missing_file_is_named(staging: Connection, tmp_path: Path) -> None:
    assert "there is no such file" in (await refusal(staging, tmp_path / "nowhere.csv")).detail


async def test_a_directory_in_place_of_a_file_is_named(staging: Connection, tmp_path: Path) -> None:
    assert "cannot be read" in (await refusal(staging, tmp_path)).detail


@pytest.mark.parametrize("damage", [slice(0, 30), slice(5, None)], ids=["cut short", "beheaded"])
async def test_a_damaged_archive_is_named(staging: Connection, tmp_path: Path, damage: slice) -> None:
    packed = gzip.compress(b"code,quantity,note\n" + b"A,1,n\n" * 100)
    path = csv_file(tmp_path, packed[damage], "things.csv.gz")
    assert "cannot be read" in (await refusal(staging, path)).detail


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("", "it lacks code, quantity, note"),
        ("code,quantity", "it lacks note, and has nothing else"),
        ("code,quantity,notes", "it lacks note, and has 'notes'"),
        ("code,quantity,note,note", "has 'note', 'note'"),
        ("A;1;n", "has 'A;1;n'"),
        ("code,quantity,note\0", "has 'note\\x00'"),
    ],
)
async def test_a_wrong_header_reports_missing_and_unknown_columns(
    staging: Connection, tmp_path: Path, header: str, reason: str
) -> None:
    assert reason in (await refusal(staging, csv_file(tmp_path, header + "\n"))).detail


async def test_every_broken_row_is_named_with_its_column(staging: Connection, tmp_path: Path) -> None:
    content = b"code,quantity,note\nA,1,fine\nB,1\nC,1,x,y\n\nD,1,caf\xe9\nE\0,1,x\nF,1,fin\xc3\xa9\n"
    assert await faults(staging, csv_file(tmp_path, content)) == [
        ("row 3: note", "the row has 2 fields, not 3"),
        ("row 4: note", "the row has 4 fields, not 3"),
        ("row 5: code", "the row has 0 fields, not 3"),
        ("row 6: note", "is not UTF-8: save the file in that encoding"),
        ("row 7: code", "contains a NUL character"),
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [('B,"1,n\nC,2,n\n', "unexpected end of data"), (f"B,1,{'n' * 200_000}\n", "field larger than")],
    ids=["a quote that never ends", "a field beyond the limit"],
)
async def test_malformed_csv_names_its_row(
    staging: Connection, tmp_path: Path, row: str, reason: str
) -> None:
    [(field, message)] = await faults(staging, csv_file(tmp_path, f"code,quantity,note\nA,1,n\n{row}"))
    assert field == "row 3"
    assert reason in message


async def test_every_fault_of_every_row_is_reported_at_once(staging: Connection, tmp_path: Path) -> None:
    path = csv_file(tmp_path, "code,quantity,note\n" + "A,1,n\n,many,n\nB,,n\n" * 500)
    await stage_file(staging, "staged_things", path)
    with pytest.raises(InvalidInput) as refused:
        await require_valid(
            staging,
            path,
            """
            SELECT s.row_number, c.field, c.value, c.reason
            FROM staged_things s CROSS JOIN LATERAL (VALUES
                ('code', s.code, s.code IS NOT NULL, 'is missing'),
                ('quantity', s.quantity, pg_input_is_valid(s.quantity, 'int4'), 'is not a whole number')
            ) AS c (field, value, passes, reason)
            WHERE NOT c.passes
            ORDER BY s.row_number
            """,
        )
    assert refused.value.detail == f"{path}: 1,000 faults, nothing was loaded"
    assert [(fault.field, fault.message) for fault in refused.value.errors[:2]] == [
        ("row 3: code", "is missing"),
        ("row 3: quantity", "is not a whole number: 'many'"),
    ]


async def test_a_staged_table_has_statistics_and_is_dropped_at_commit(pool: Pool) -> None:
    async with transaction(pool, None) as connection:
        await connection.execute("CREATE TEMPORARY TABLE staged_counts (number int) ON COMMIT DROP")
        assert await stage_records(connection, "staged_counts", ((n,) for n in range(5_000))) == 5_000
        known = await connection.fetchval(
            "SELECT reltuples FROM pg_class WHERE oid = 'staged_counts'::regclass"
        )
        assert known == 5_000
    async with transaction(pool, None) as connection:
        assert await connection.fetchval("SELECT to_regclass('staged_counts')") is None


async def test_only_a_plain_name_can_be_a_staging_table(staging: Connection) -> None:
    with pytest.raises(ValueError, match="is not the name"):
        await stage_records(staging, "staged_things; DROP TABLE users", [])


def test_a_report_that_omits_rows_raises() -> None:
    with pytest.raises(RuntimeError, match="10 rows read, 9 accounted for"):
        LoadReport("things.csv", "Somebody", 10, {"became orders": 9}, {"orders": 9}, 0.1)


def test_a_report_lists_the_outcome_of_every_row() -> None:
    report = LoadReport(
        "things.csv", "Somebody", 1_010, {"became lines": 1_000, "are fees": 10}, {"orders": 7}, 1.23
    )
    assert str(report) == (
        "Somebody: 1,010 rows of things.csv in 1.2 s\n"
        "      1,000 became lines\n"
        "         10 are fees\n"
        "  made 7 orders"
    )
