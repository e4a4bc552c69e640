"""The schema pages list every table exactly once."""

import re
from pathlib import Path

import psycopg

from tests.conftest import TestDatabase

PAGES = Path(__file__).parents[2] / "docs" / "schema"
GROUP = re.compile(r"^\| \[[a-z ]+\]\([a-z-]+\.md\) \| (.*) \|$", re.MULTILINE)


def test_each_table_is_in_one_group(database: TestDatabase) -> None:
    with psycopg.connect(database.admin_dsn) as connection:
        found = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'alembic_version'"
        ).fetchall()
    tables = sorted(name for (name,) in found)
    groups = GROUP.findall((PAGES / "README.md").read_text())
    assert sorted(table for group in groups for table in group.split(", ")) == tables
