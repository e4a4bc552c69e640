"""The audit trail: by hand, in bulk and by SQL alike; in the change's transaction; written by nobody else."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from imsop.web.edge.observe import Observed
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import Member, connected

SECRETS = ("password_hash", "mfa_secret", "token_hash", "key_hash", "body", "attachment")


async def entries(database: TestDatabase, owner: Member, table: str) -> list[dict[str, Any]]:
    """As the superuser, in order of recording."""
    async with connected(database.admin_dsn) as superuser:
        found = await superuser.fetch(
            "SELECT * FROM audit_entries WHERE organization_id = $1 AND table_name = $2"
            " ORDER BY recorded_xid, id",
            owner.organization_id,
            table,
        )
    return [dict(row) for row in found]


async def test_an_edit_through_the_api_records_who_where_and_what(
    database: TestDatabase, admin: Member
) -> None:
    made = await factories.product(admin, unit_cost="2.5")
    changed = await admin.http.patch(
        f"products/{made['id']}",
        json={"unit_cost": "3"},
        headers={"If-Match": "*", "X-Request-ID": "0123456789abcdef0123456789abcdef"},
    )
    assert changed.status_code == 200, changed.text
    inserted, updated = await entries(database, admin, "products")
    assert (inserted["action"], inserted["old"], updated["action"]) == ("insert", None, "update")
    assert '"unit_cost": 2.5' in inserted["new"]
    assert (updated["old"], updated["new"]) == ('{"unit_cost": 2.5}', '{"unit_cost": 3}')
    for entry in (inserted, updated):
        assert entry["user_id"] == admin.user_id
        assert entry["record_id"] == UUID(made["id"])
        assert entry["source"] == "api"
        assert entry["address"] is not None
    assert updated["request_id"] == "0123456789abcdef0123456789abcdef"
    (session,) = await entries(database, admin, "sessions")
    assert updated["credential_id"] == session["record_id"]


async def test_thirty_changed_in_one_statement_leave_thirty_entries(
    database: TestDatabase, admin: Member
) -> None:
    made = [await factories.product(admin, unit_cost="1") for _ in range(30)]
    async with admin.transaction() as connection:
        await connection.execute(
            "UPDATE products SET unit_cost = 2 WHERE organization_id = $1", admin.organization_id
        )
        await connection.execute("UPDATE products SET unit_cost = unit_cost")
    updates = [e for e in await entries(database, admin, "products") if e["action"] == "update"]
    assert {e["record_id"] for e in updates} == {UUID(row["id"]) for row in made}
    assert len(updates) == 30
    for entry in updates:
        assert (entry["old"], entry["new"], entry["user_id"], entry["source"]) == (
            '{"unit_cost": 1}',
            '{"unit_cost": 2}',
            admin.user_id,
            "imsop_app",
        )


async def test_what_is_rolled_back_leaves_no_entry(database: TestDatabase, admin: Member) -> None:
    refused = await admin.post("products", {"sku": "", "name": ""})
    assert refused.status_code == 422
    async with admin.transaction() as connection:
        await connection.execute("SAVEPOINT attempt")
        await connection.execute("UPDATE organizations SET name = name || ' 2'")
        await connection.execute("ROLLBACK TO SAVEPOINT attempt")
    assert await entries(database, admin, "products") == []
    assert [e["action"] for e in await entries(database, admin, "organizations")] == ["insert"]


async def test_rows_that_the_database_deletes_in_cascade_are_recorded(
    database: TestDatabase, admin: Member
) -> None:
    role = await admin.create("roles", {"name": "temps", "permissions": ["products:read"]})
    assert (await admin.delete(f"roles/{role['id']}")).status_code == 204
    (lost,) = [e for e in await entries(database, admin, "role_permissions") if e["action"] == "delete"]
    assert role["id"] in lost["old"]


async def test_secrets_are_named_and_never_shown(database: TestDatabase, admin: Member) -> None:
    await admin.create("api-keys", {"name": "key", "permissions": ["products:read"]})
    async with connected(database.admin_dsn) as superuser:
        await superuser.execute(
            "UPDATE users SET password_hash = 'planted-1', mfa_secret = 'planted-2', first_name = 'Ada'"
            " WHERE id = $1",
            admin.user_id,
        )
        told = await superuser.fetch(
            "SELECT old, new, table_name, source FROM audit_entries e WHERE organization_id = $1",
            admin.organization_id,
        )
        await superuser.execute("UPDATE users SET mfa_secret = NULL WHERE id = $1", admin.user_id)
        keys = await superuser.fetchval(
            "SELECT array_agg(DISTINCT key) FROM audit_entries,"
            " jsonb_object_keys(coalesce(old, '{}') || coalesce(new, '{}')) key"
            " WHERE organization_id = $1 AND action <> 'update'",
            admin.organization_id,
        )
    assert "planted" not in str(told)
    assert "$argon2" not in str(told)
    assert set(SECRETS) & set(keys) == set()
    (update,) = [row for row in told if row["source"] not in ("api", "imsop_app")]
    assert '"password_hash": "***"' in update["new"]
    assert '"first_name": "Ada"' in update["new"]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit_entries DEFAULT VALUES",
        "UPDATE audit_entries SET user_id = NULL",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        "SELECT record_changes()",
        "ALTER TABLE products DISABLE TRIGGER record_updates",
        "SET LOCAL session_replication_role = replica",
    ],
)
async def test_the_application_cannot_write_the_trail(admin: Member, statement: str) -> None:
    with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.FeatureNotSupportedError)):
        async with admin.transaction() as connection:
            await connection.execute(statement)


async def test_partitions_are_closed_to_the_application(database: TestDatabase, admin: Member) -> None:
    async with connected(database.admin_dsn) as superuser:
        partitions = await superuser.fetch(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_entries'::regclass"
        )
    assert len(partitions) > 3
    for (partition,) in partitions:
        for statement in (f"SELECT 1 FROM {partition}", f"DELETE FROM {partition}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with admin.transaction() as connection:
                    await connection.execute(statement)


async def test_a_large_change_takes_time_in_proportion(admin: Member) -> None:
    """The trigger's plan is cached at its first row; a nested loop would compare all pairs of rows."""
    await factories.product(admin)
    async with admin.transaction() as connection:
        await connection.execute("UPDATE products SET name = name || '.'")
        await connection.execute(
            "INSERT INTO products (organization_id, sku, name)"
            " SELECT current_organization_id(), 'BULK-' || n, 'Bulk' FROM generate_series(1, 5000) n"
        )
        await connection.execute("SET LOCAL statement_timeout = '15s'")
        await connection.execute("UPDATE products SET name = name || '.'")


async def test_the_trail_is_read_by_record_person_request_and_time(admin: Member) -> None:
    made = await factories.product(admin, unit_cost="1")
    await factories.product(admin)
    changed = await admin.http.patch(f"products/{made['id']}", json={"name": "B"}, headers={"If-Match": "*"})
    request_id = changed.headers["X-Request-ID"]
    of_record = await admin.read("audit-entries", table="products", record_id=made["id"])
    assert [entry["action"] for entry in of_record["items"]] == ["update", "insert"]
    newest = of_record["items"][0]
    assert (newest["new"], newest["user_id"], newest["request_id"], newest["sealed"]) == (
        {"name": "B"},
        str(admin.user_id),
        request_id,
        False,
    )
    assert (await admin.read("audit-entries", request_id=request_id))["items"] == [newest]
    by_person = await admin.read("audit-entries", user_id=str(admin.user_id), limit=1)
    assert by_person["items"] == [newest]
    assert by_person["next_cursor"] is not None
    assert (await admin.read("audit-entries", to=of_record["items"][1]["at"], table="products"))[
        "items"
    ] == []
    since = await admin.read("audit-entries", **{"from": newest["at"]})
    assert since["items"] == [newest]


async def test_reading_the_trail_is_recorded_and_needs_a_permission_of_its_own(admin: Member) -> None:
    await admin.read("audit-entries", table="users")
    (event,) = (await admin.read("analytics-events", event_type="audit.read"))["items"]
    assert (event["user_id"], event["metadata"]) == (str(admin.user_id), {"filters": {"table": "users"}})
    planner = await factories.member(admin, "planner")
    assert (await planner.get("audit-entries")).status_code == 403
    auditor = await factories.member_with(admin, "audit:read")
    assert (await auditor.read("audit-entries"))["items"] != []


async def test_another_organization_sees_none_of_it(app: Observed, admin: Member) -> None:
    made = await factories.product(admin)
    other = await factories.sign_up(app)
    assert (await other.read("audit-entries", record_id=made["id"]))["items"] == []
