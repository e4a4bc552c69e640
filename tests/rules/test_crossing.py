"""Tries every access from one organization to another's rows, on every table."""

import re
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import psycopg
import pytest

from imsop.core.database import Connection, Pool, transaction
from imsop.core.tenancy import Tenant
from imsop.web.edge.observe import Observed
from tests import factories
from tests.rules import rows
from tests.rules.catalogue import WITHOUT_TENANT, Catalogue
from tests.rules.rows import FORBIDDEN_TOGETHER, Rows

# Only the functions that own them may write these.
CLOSED = {"audit_entries", "audit_seals", "inventory", "inventory_transactions", "inventory_reservations"}


class Two(NamedTuple):
    ours: Rows
    theirs: Rows

    @property
    def tenants(self) -> dict[str, Tenant | None]:
        """The callers: our organization, and a transaction without a tenant."""
        return {"ours": Tenant(self.ours.organization_id, self.ours.ids["users"]), "nobody": None}


@pytest.fixture(scope="module")
async def two(app: Observed, catalogue: Catalogue) -> Two:
    """Two organizations with rows in every table."""
    members = [await factories.sign_up(app) for _ in range(2)]
    return Two(*(rows.fill(catalogue, member.organization_id, member.user_id) for member in members))


def count(catalogue: Catalogue, table: str, organization_id: UUID) -> int:
    tenant = catalogue.tenant_column(table)
    found: int = catalogue.rows(f"SELECT count(*) FROM {table} WHERE {tenant} = %s", organization_id)[0]
    return found


async def rows_changed(connection: Connection, statement: str, *values: Any) -> int:
    return int((await connection.execute(statement, *values)).split()[-1])


def test_both_have_rows_in_every_table(catalogue: Catalogue, two: Two) -> None:
    for table in catalogue.tenant_tables:
        for tenant in two:
            assert count(catalogue, table, tenant.organization_id) > 0, table


async def test_reading_without_a_predicate_shows_our_rows_only(
    catalogue: Catalogue, two: Two, pool: Pool
) -> None:
    for table in catalogue.tenant_tables:
        tenant = catalogue.tenant_column(table)
        async with transaction(pool, two.tenants["ours"]) as connection:
            seen = await connection.fetch(f"SELECT {tenant} FROM {table}")
        assert {row[0] for row in seen} == {two.ours.organization_id}, table
        assert len(seen) == count(catalogue, table, two.ours.organization_id), table


async def test_reading_their_rows_by_tenant_id_returns_nothing(
    catalogue: Catalogue, two: Two, pool: Pool
) -> None:
    for table in catalogue.tenant_tables:
        tenant = catalogue.tenant_column(table)
        async with transaction(pool, two.tenants["ours"]) as connection:
            asked = f"SELECT count(*) FROM {table} WHERE {tenant} = $1"
            assert await connection.fetchval(asked, two.theirs.organization_id) == 0, table


async def test_views_show_our_rows_only(catalogue: Catalogue, two: Two, pool: Pool) -> None:
    views = catalogue.rows(
        "SELECT relname FROM pg_class WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace"
        " AND has_table_privilege('imsop_app', oid, 'SELECT')"
    )
    for view in views:
        async with transaction(pool, two.tenants["ours"]) as connection:
            seen = await connection.fetch(f"SELECT DISTINCT organization_id FROM {view}")
        # All products are in stock here, and who would approve is who ordered.
        ours = [] if view in ("products_out_of_stock", "approvers") else [two.ours.organization_id]
        assert [row[0] for row in seen] == ours, view
        async with transaction(pool, None) as connection:
            assert await connection.fetch(f"SELECT FROM {view}") == [], view


async def test_without_a_tenant_no_rows_are_visible(catalogue: Catalogue, pool: Pool, two: Two) -> None:
    async with transaction(pool, None) as connection:
        for table in catalogue.tenant_tables:
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0, table


async def test_the_tenant_is_reset_for_the_next_user_of_the_connection(
    catalogue: Catalogue, two: Two, pool: Pool
) -> None:
    async with pool.acquire() as connection:
        await connection.execute(
            f"BEGIN; SET LOCAL app.organization_id = '{two.ours.organization_id}'; COMMIT"
        )
        assert await connection.fetchval("SELECT count(*) FROM users") == 0
        assert await connection.fetchval("SELECT current_organization_id()") is None


@pytest.mark.parametrize("who", ["ours", "nobody"])
async def test_inserting_for_them_is_refused(catalogue: Catalogue, two: Two, pool: Pool, who: str) -> None:
    for table in catalogue.tenant_tables:
        row = rows.another(catalogue, two.theirs, table)
        columns = ", ".join(catalogue.granted(table, "imsop_app", "INSERT") & row.keys())
        refusal = "row-level security policy" if columns else "permission denied"
        assert bool(columns) == (table not in CLOSED), table
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match=refusal):
            async with transaction(pool, two.tenants[who]) as connection:
                await connection.execute(
                    f"INSERT INTO {table} ({columns or 'organization_id'})"
                    f" SELECT {columns or 'organization_id'} FROM jsonb_populate_record(NULL::{table}, $1)",
                    row,
                )


@pytest.mark.parametrize("who", ["ours", "nobody"])
async def test_updating_their_rows_changes_nothing(
    catalogue: Catalogue, two: Two, pool: Pool, who: str
) -> None:
    for table in catalogue.tenant_tables:
        columns = sorted(catalogue.granted(table, "imsop_app", "UPDATE"))
        if not columns:
            continue
        same = ", ".join(f'"{column}" = "{column}"' for column in columns)
        async with transaction(pool, two.tenants[who]) as connection:
            where = f"WHERE {catalogue.tenant_column(table)} = $1"
            change = f"UPDATE {table} SET {same} {where}"
            assert await rows_changed(connection, change, two.theirs.organization_id) == 0, table
            # And without the predicate:
            expected = count(catalogue, table, two.ours.organization_id) if who == "ours" else 0
            assert await rows_changed(connection, f"UPDATE {table} SET {same}") == expected, table


@pytest.mark.parametrize("who", ["ours", "nobody"])
async def test_deleting_their_rows_deletes_nothing(
    catalogue: Catalogue, two: Two, pool: Pool, who: str
) -> None:
    for table in catalogue.tenant_tables:
        before = count(catalogue, table, two.theirs.organization_id)
        deletion = f"DELETE FROM {table} WHERE {catalogue.tenant_column(table)} = $1"
        try:
            async with transaction(pool, two.tenants[who]) as connection:
                assert await rows_changed(connection, deletion, two.theirs.organization_id) == 0, table
        except asyncpg.InsufficientPrivilegeError:
            pass
        assert count(catalogue, table, two.theirs.organization_id) == before, table


async def test_moving_our_row_to_them_is_refused(catalogue: Catalogue, two: Two, pool: Pool) -> None:
    for table in catalogue.tenant_tables:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
            async with transaction(pool, two.tenants["ours"]) as connection:
                await connection.execute(
                    f"UPDATE {table} SET {catalogue.tenant_column(table)} = $1", two.theirs.organization_id
                )


def test_not_even_the_superuser_can_reference_their_row_from_ours(
    catalogue: Catalogue, two: Two, database: Any
) -> None:
    """Foreign key checks bypass row security, so the keys themselves must prevent it."""
    with psycopg.connect(database.admin_dsn) as connection:
        for key in catalogue.foreign_keys:
            if key.target in ("organizations", *WITHOUT_TENANT):
                continue
            column, row = key.columns[-1], two.ours.ids.get(key.table)
            besides = FORBIDDEN_TOGETHER.get((key.table, column), "")
            changes = ", ".join(filter(None, [f"{column} = %s", besides]))
            with pytest.raises(psycopg.errors.ForeignKeyViolation), connection.transaction():
                connection.execute(
                    f"UPDATE {key.table} SET {changes}"
                    f" WHERE organization_id = %s{' AND id = %s' if row else ''}",
                    [two.theirs.ids[key.target], two.ours.organization_id, *([row] if row else [])],
                )


async def test_the_application_cannot_reference_their_row(catalogue: Catalogue, two: Two, pool: Pool) -> None:
    for key in catalogue.foreign_keys:
        column = key.columns[-1]
        insertable = catalogue.granted(key.table, "imsop_app", "INSERT")
        if key.target not in two.theirs.ids or column not in insertable or key.table == "idempotency_keys":
            continue
        row = rows.another(catalogue, two.ours, key.table) | {column: two.theirs.ids[key.target]}
        columns = ", ".join(insertable & row.keys())
        with pytest.raises(
            (
                asyncpg.ForeignKeyViolationError,
                asyncpg.CheckViolationError,
                asyncpg.InsufficientPrivilegeError,
            )
        ):
            async with transaction(pool, two.tenants["ours"]) as connection:
                await connection.execute(
                    f"INSERT INTO {key.table} ({columns})"
                    f" SELECT {columns} FROM jsonb_populate_record(NULL::{key.table}, $1)",
                    row,
                )


@pytest.mark.parametrize("who", ["ours", "nobody"])
async def test_stock_functions_cannot_access_their_stock(
    catalogue: Catalogue, two: Two, pool: Pool, who: str
) -> None:
    theirs = two.theirs
    stock = "SELECT quantity_on_hand, quantity_reserved, version FROM inventory WHERE id = %s"
    before = catalogue.rows(stock, theirs.ids["inventory"])
    reservations = count(catalogue, "inventory_reservations", theirs.organization_id)
    post = (
        "SELECT * FROM post_movements($1, $2, $3, '{1}', '{receipt}', '{goods_receipt}', '{NULL}', '{NULL}',"
        " '{NULL}', '{NULL}', NULL)"
    )
    attempts = [
        (post, [[theirs.ids["products"]], [theirs.ids["warehouses"]]]),
        (
            "SELECT * FROM reserve_stock($1, $2, '{1}', 'hold', '{NULL}', 'x', NULL)",
            [[theirs.ids["inventory"]]],
        ),
        ("SELECT * FROM release_reservations($1, $2)", [[theirs.ids["inventory_reservations"]]]),
    ]
    for statement, values in attempts:
        for organization_id in (theirs.organization_id, two.ours.organization_id):
            try:
                async with transaction(pool, two.tenants[who]) as connection:
                    done = await connection.fetch(statement, organization_id, *values)
                    assert {row.get("outcome", "released") for row in done} <= {"short"}, statement
            except (asyncpg.InsufficientPrivilegeError, asyncpg.ForeignKeyViolationError):
                pass
    assert catalogue.rows(stock, theirs.ids["inventory"]) == before
    assert count(catalogue, "inventory_reservations", theirs.organization_id) == reservations


async def test_the_sign_in_lookup_finds_one_address_and_lists_none(two: Two, pool: Pool) -> None:
    async with transaction(pool, two.tenants["ours"]) as connection:
        for pattern in ("%", "*", "", "' OR true --"):
            assert await connection.fetch("SELECT * FROM find_account($1)", pattern) == []


@pytest.mark.parametrize("organization", ["", "x' OR true; --", "00000000-0000-0000-0000-000000000000' --"])
async def test_a_tenant_must_be_a_parsed_uuid(pool: Pool, organization: str) -> None:
    with pytest.raises((TypeError, asyncpg.PostgresError)):
        async with transaction(pool, Tenant(organization)):  # type: ignore[arg-type]
            pass


def test_partitions_are_not_accessible_to_the_application(catalogue: Catalogue, database: Any) -> None:
    partitions = catalogue.rows(
        "SELECT oid::regclass::text FROM pg_class WHERE relispartition AND relkind = 'r'"
    )
    with psycopg.connect(database.app_dsn, autocommit=True) as connection:
        for partition in partitions:
            assert re.fullmatch(r"\w+_\d{4}_\d{2}", partition)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT FROM {partition}")
