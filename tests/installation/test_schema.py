"""The migrations, and the schema they produce."""

import re
import shutil
from pathlib import Path

import psycopg
import pytest

from imsop import migrations
from imsop.core import installation
from imsop.core.embedded import OperatorError, packaged_bin_dir
from imsop.core.installation import Installation
from imsop.core.schema_dump import dump_schema
from tests.conftest import TestDatabase

SCHEMA = Path(__file__).parents[2] / "schema.sql"


def test_schema_sql_equals_the_result_of_all_migrations(database: TestDatabase) -> None:
    made = dump_schema(
        Installation(database.admin_dsn, database.app_dsn, database.operator_dsn, str(packaged_bin_dir()))
    )
    assert made == SCHEMA.read_text(), "run `imsop schema --write` and read the difference"


def test_every_revision_follows_the_one_before_and_has_its_sql() -> None:
    files = sorted(migrations.VERSIONS.glob("[0-9]*.py"))
    before = "None"
    for file in files:
        text = file.read_text()
        number = file.stem.split("_", 1)[0]
        assert f'revision = "{number}"' in text
        assert re.search(rf"^down_revision = {before}$", text, re.MULTILINE), file.name
        assert file.with_suffix(".sql").exists()
        before = f'"{number}"'
    assert migrations.revisions() == [file.stem.split("_", 1)[0] for file in files]
    assert len(list(migrations.VERSIONS.glob("*.sql"))) == len(files)


def test_pending_revisions_depend_on_the_databases_revision(database: TestDatabase) -> None:
    known = migrations.revisions()
    assert migrations.pending(None) == known
    assert migrations.pending(known[0]) == known[1:]
    assert migrations.pending(known[-1]) == []
    for dsn in (database.app_dsn, database.operator_dsn):
        assert installation.pending_migrations(dsn) == []


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    shutil.copytree(migrations.VERSIONS, tmp_path / "versions")
    with pytest.raises(LookupError, match="revision 9999, which this version of IMSOP does not know"):
        migrations.pending("9999", tmp_path / "versions")


def test_a_failed_migration_is_rolled_back(
    database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may contain `%` and `:`, which drivers read as parameters, and its lock waits are limited."""
    last = migrations.revisions()[-1]
    shutil.copytree(
        migrations.VERSIONS.parent, tmp_path / "migrations", ignore=shutil.ignore_patterns("__py*")
    )
    versions = tmp_path / "migrations" / "versions"
    for number, before, text in (
        (
            "9000",
            last,
            "CREATE TABLE t9000 AS SELECT '%s :name %' AS x, current_setting('lock_timeout') l;",
        ),
        ("9001", "9000", "CREATE TABLE t9001 (); SELECT 1 / 0;"),
    ):
        (versions / f"{number}_x.sql").write_text(text)
        (versions / f"{number}_x.py").write_text(
            "from imsop.migrations import sql_revision\n\n"
            f'revision = "{number}"\ndown_revision = "{before}"\n\nupgrade = sql_revision(__file__)\n'
        )
    monkeypatch.setattr(migrations, "VERSIONS", versions)
    monkeypatch.setattr(migrations.revisions, "__defaults__", (versions,))
    monkeypatch.setattr(migrations.pending, "__defaults__", (versions,))
    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        try:
            with pytest.raises(Exception, match="division by zero"):
                installation.migrate(database.admin_dsn)
            assert connection.execute("TABLE t9000").fetchall() == [("%s :name %", "5s")]
            assert connection.execute("SELECT to_regclass('t9001')").fetchone() == (None,)
            assert connection.execute("TABLE alembic_version").fetchall() == [("9000",)]
            monkeypatch.undo()
            with pytest.raises(OperatorError, match="revision 9000"):
                installation.migrate(database.admin_dsn)
        finally:
            connection.execute("DROP TABLE IF EXISTS t9000")
            connection.execute("UPDATE alembic_version SET version_num = %s", [last])
