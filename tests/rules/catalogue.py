"""The schema as read from PostgreSQL's system catalogue: tables, keys, indexes, checks, grants.

A partitioned table counts as one table; its partitions are left out.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import psycopg

WITHOUT_TENANT = {
    "alembic_version",
    "permissions",  # the installation's own list, shared by all
    "sign_in_attempts",  # counted before a tenant is known; contains hashes
}
"""Exceptions; may only shrink."""


class Column(NamedTuple):
    name: str
    type: str
    not_null: bool
    default: str | None
    generated: str  # s: stored, v: virtual, empty: neither


class ForeignKey(NamedTuple):
    table: str
    name: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    on_delete: str  # a: no action, c: cascade, n: set null


class Index(NamedTuple):
    table: str
    name: str
    columns: tuple[str, ...]
    unique: bool
    primary: bool
    predicate: str | None
    method: str


@dataclass(frozen=True, repr=False)
class Catalogue:
    """Read once; `connection` is a superuser's, in autocommit mode."""

    connection: psycopg.Connection
    columns: dict[str, list[Column]] = field(default_factory=dict)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list)
    checks: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def tables(self) -> list[str]:
        return sorted(self.columns)

    @property
    def tenant_tables(self) -> list[str]:
        """All tables but the exceptions above: a new one must have a tenant unless listed there."""
        return [table for table in self.tables if table not in WITHOUT_TENANT]

    @staticmethod
    def tenant_column(table: str) -> str:
        return "id" if table == "organizations" else "organization_id"

    def rows(self, sql: str, *parameters: Any) -> list[Any]:
        """The first column of each row, or whole rows if there are several columns."""
        found = self.connection.execute(sql, parameters or None).fetchall()
        return [row[0] if len(row) == 1 else row for row in found]

    def granted(self, table: str, role: str, privilege: str) -> set[str]:
        """Columns on which the role has the privilege; all if it has it on the table."""
        return set(
            self.rows(
                "SELECT a.attname FROM pg_attribute a WHERE a.attrelid = %s::regclass AND a.attnum > 0"
                " AND NOT a.attisdropped AND has_column_privilege(%s, a.attrelid, a.attnum, %s)",
                table,
                role,
                privilege,
            )
        )


def read_catalogue(connection: psycopg.Connection) -> Catalogue:
    catalogue = Catalogue(connection)
    for table, *column in connection.execute(
        """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
               pg_get_expr(d.adbin, d.adrelid), a.attgenerated::text
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        ORDER BY c.relname, a.attnum
        """
    ):
        catalogue.columns.setdefault(table, []).append(Column(*column))
    for row in connection.execute(
        """
        SELECT c.relname, k.conname,
               array(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u (n, o)
                     JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY u.o),
               t.relname,
               array(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u (n, o)
                     JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY u.o),
               k.confdeltype::text
        FROM pg_constraint k
        JOIN pg_class c ON c.oid = k.conrelid AND NOT c.relispartition
        JOIN pg_class t ON t.oid = k.confrelid
        WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace ORDER BY 1, 2
        """
    ):
        table, name, columns, target, target_columns, on_delete = row
        catalogue.foreign_keys.append(
            ForeignKey(table, name, tuple(columns), target, tuple(target_columns), on_delete)
        )
    for table, name, columns, *rest in connection.execute(
        """
        SELECT c.relname, x.relname,
               array(SELECT coalesce(a.attname::text, '(expression)')
                     FROM unnest(i.indkey::int2[]) WITH ORDINALITY u (n, o)
                     LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.n
                     WHERE u.o <= i.indnkeyatts ORDER BY u.o),
               i.indisunique, i.indisprimary, pg_get_expr(i.indpred, i.indrelid), m.amname
        FROM pg_index i
        JOIN pg_class c ON c.oid = i.indrelid AND NOT c.relispartition
        JOIN pg_class x ON x.oid = i.indexrelid
        JOIN pg_am m ON m.oid = x.relam
        WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1, 2
        """
    ):
        catalogue.indexes.append(Index(table, name, tuple(columns), *rest))
    for table, name, definition in connection.execute(
        """
        SELECT c.relname, k.conname, pg_get_constraintdef(k.oid)
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid AND NOT c.relispartition
        WHERE k.contype = 'c' AND k.connamespace = 'public'::regnamespace
        """
    ):
        catalogue.checks.setdefault(table, {})[name] = definition
    return catalogue
