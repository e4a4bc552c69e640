"""The database isolates tenants, whatever the code does. Lists of exceptions may only shrink."""

import re

from tests.rules.catalogue import Catalogue

UNIQUE_WITHOUT_TENANT = {
    # Identity tables keep the seed's PRIMARY KEY (id): on a cluster they are reference tables.
    "organizations_pkey",
    "users_pkey",
    "roles_pkey",
    "role_permissions_pkey",
    "user_roles_pkey",
    "sessions_pkey",
    "api_keys_pkey",
    "organizations_alike_unique_active_name",
    "organizations_folded_unique_active_name",
    "organizations_unique_active_name",
    "users_unique_active_email",  # sign-in by address alone must find one account
}
NOT_LED_BY_TENANT = {
    "organizations_status_idx",
    "organizations_subscription_tier_idx",
    "organizations_alike_unique_active_name",
    "organizations_folded_unique_active_name",
    "organizations_unique_active_name",
    "users_unique_active_email",
    "analytics_events_created_at_organization_idx",  # the seed's, for reads of the whole installation
}
SECURITY_DEFINER = {
    "post_movements_v2": "imsop_owner",
    "reserve_stock_v2": "imsop_owner",
    "release_reservations_v2": "imsop_owner",
    "record_past_sales": "imsop_owner",
    "advance_purchase_orders": "imsop_owner",
    "advance_sales_orders": "imsop_owner",
    "advance_shipments": "imsop_owner",
    "find_account": "imsop_lookup",
    "search_everything": "imsop_lookup",
    "search_ids": "imsop_lookup",
    "search_things": "imsop_lookup",
    "ensure_partitions": "imsop_owner",
    "record_changes": "imsop_owner",
    "append_audit_seal": "imsop_owner",
    "require_open_balance": "imsop_owner",
    "require_unused_product": "imsop_owner",
    "require_uncounted_product": "imsop_owner",
    "post_movements": "imsop_owner",
    "reserve_stock": "imsop_owner",
    "release_reservations": "imsop_owner",
}
OTHER_POLICIES = [
    ("organizations", "lookup_reads", "imsop_lookup", "SELECT"),
    ("users", "lookup_reads", "imsop_lookup", "SELECT"),
    *(
        (table, "lookup_reads", "imsop_lookup", "SELECT")
        for table in (
            "customers",
            "goods_receipts",
            "products",
            "purchase_orders",
            "sales_orders",
            "shipments",
            "supplier_products",
            "supplier_returns",
            "suppliers",
            "warehouse_zones",
            "warehouses",
        )
    ),
    ("audit_entries", "trigger_appends", "imsop_owner", "INSERT"),
    ("audit_seals", "function_appends", "imsop_owner", "INSERT"),
    ("organizations", "operator_administers", "imsop_operator", "UPDATE"),
    ("purchase_order_approvals", "decided_once", "public", "UPDATE"),
    ("sessions", "operator_purges", "imsop_operator", "DELETE"),
    ("idempotency_keys", "operator_purges", "imsop_operator", "DELETE"),
]
LEDGER = {"inventory", "inventory_transactions", "inventory_reservations"}
AUDIT = {"audit_entries", "audit_seals"}
"""Written by triggers and the operator's function only."""
APPEND_ONLY = {
    "inventory_transactions",
    "purchase_order_history",
    "goods_receipts",
    "goods_receipt_items",
    "supplier_returns",
    "supplier_return_items",
    "sales_order_history",
    "shipment_tracking",
    "shipment_events",
    "analytics_events",
}
# The operator's only readable columns of these: those that tell that a row has expired.
SECRET = {
    "users": set[str](),
    "audit_entries": {"organization_id", "recorded_xid"},
    "api_keys": set[str](),
    "sessions": {"expires_at"},
    "password_resets": set[str](),
    "idempotency_keys": {"created_at"},
    "sign_in_attempts": {"window_started_at"},
}
OPERATOR_DELETES = {"sessions", "idempotency_keys", "sign_in_attempts"}


def test_every_table_has_a_tenant(catalogue: Catalogue) -> None:
    assert len(catalogue.tenant_tables) >= 29
    for table in catalogue.tenant_tables:
        (tenant,) = [c for c in catalogue.columns[table] if c.name == catalogue.tenant_column(table)]
        assert (table, tenant.type, tenant.not_null) == (table, "uuid", True)


def test_row_security_is_on_and_forced_for_every_tenant_table(catalogue: Catalogue) -> None:
    forced = catalogue.rows(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relrowsecurity AND relforcerowsecurity"
    )
    assert sorted(forced) == catalogue.tenant_tables


def test_one_policy_covers_reads_and_writes(catalogue: Catalogue) -> None:
    found = catalogue.rows(
        "SELECT tablename, permissive, roles::text[], cmd, qual, with_check FROM pg_policies"
        " WHERE policyname = 'tenant' AND schemaname = 'public' ORDER BY 1"
    )
    assert [tuple(row) for row in found] == [
        (table, "PERMISSIVE", ["public"], "ALL", rule, rule)
        for table in catalogue.tenant_tables
        for rule in [f"({catalogue.tenant_column(table)} = current_organization_id())"]
    ]


def test_other_policies_are_for_the_operator_and_mostly_for_reading(catalogue: Catalogue) -> None:
    found = catalogue.rows(
        "SELECT tablename, policyname, array_to_string(roles, ' '), cmd FROM pg_policies"
        " WHERE policyname <> 'tenant' AND schemaname = 'public' ORDER BY 1, 2"
    )
    reading = [(table, "operator_reads", "imsop_operator", "SELECT") for table in catalogue.tenant_tables]
    assert [tuple(row) for row in found] == sorted(reading + OTHER_POLICIES)


def test_an_organization_sees_only_its_own_jobs(catalogue: Catalogue) -> None:
    found = catalogue.rows(
        "SELECT tablename, policyname, array_to_string(roles, ' '), cmd, qual FROM pg_policies"
        " WHERE schemaname = 'queue' ORDER BY 1, 2"
    )
    seen = "(EXISTS ( SELECT FROM queue.procrastinate_jobs j WHERE (j.id = procrastinate_events.job_id)))"
    assert [(*row[:4], re.sub(r"\s+", " ", row[4])) for row in found] == [
        ("procrastinate_events", "of_seen_jobs", "public", "ALL", seen),
        ("procrastinate_jobs", "operator_reads", "imsop_operator", "SELECT", "true"),
        ("procrastinate_jobs", "operator_works", "imsop_operator", "ALL", "true"),
        ("procrastinate_jobs", "tenant", "public", "ALL", "(organization_id = current_organization_id())"),
    ]
    closed = catalogue.rows(
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'queue'::regnamespace AND c.relkind = 'r'"
        " AND NOT c.relrowsecurity AND has_table_privilege('imsop_app', c.oid, 'SELECT')"
    )
    assert closed == []


def test_the_tenant_function_can_be_inlined_and_is_not_security_definer(catalogue: Catalogue) -> None:
    (function,) = catalogue.rows(
        "SELECT l.lanname, p.provolatile::text, p.prosecdef, p.proconfig, pg_get_function_sqlbody(p.oid)"
        " FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.proname = 'current_organization_id'"
    )
    assert tuple(function)[:4] == ("sql", "s", False, None)
    assert re.sub(r"[\s()]|::text", "", function[4]) == (
        "RETURNNULLIFcurrent_setting'app.organization_id',true,''::uuid"
    )


def test_every_index_but_the_keys_is_led_by_the_tenant(catalogue: Catalogue) -> None:
    others = {
        index.name
        for index in catalogue.indexes
        if index.table in catalogue.tenant_tables
        and not index.primary
        and index.columns[0] != catalogue.tenant_column(index.table)
    }
    assert others == NOT_LED_BY_TENANT
    led = {
        i.table
        for i in catalogue.indexes
        if i.columns[0] == catalogue.tenant_column(i.table) and not i.predicate
    }
    assert set(catalogue.tenant_tables) - led == set()


def test_no_unique_constraint_spans_tenants(catalogue: Catalogue) -> None:
    across = {
        index.name
        for index in catalogue.indexes
        if index.unique and index.table in catalogue.tenant_tables and "organization_id" not in index.columns
    }
    assert across == UNIQUE_WITHOUT_TENANT


def test_foreign_keys_between_tenant_tables_include_the_tenant_on_both_sides(catalogue: Catalogue) -> None:
    for key in catalogue.foreign_keys:
        if key.target == "organizations":
            assert (key.columns, key.target_columns) == (("organization_id",), ("id",)), key
        elif key.target in catalogue.tenant_tables:
            assert key.columns[0] == key.target_columns[0] == "organization_id", key
            assert len(key.columns) == 2, key
        assert key.on_delete in "ac", f"{key}: SET NULL would unset the tenant as well"
    owned = {key.table for key in catalogue.foreign_keys if key.target == "organizations"}
    assert owned == set(catalogue.tenant_tables) - {"organizations"}


def test_every_foreign_key_has_an_index(catalogue: Catalogue) -> None:
    unserved = [
        f"{key.table} ({', '.join(key.columns)})"
        for key in catalogue.foreign_keys
        for wanted in [{"organization_id", *key.columns}]
        if not any(
            index.table == key.table
            and set(index.columns[: len(wanted)]) == wanted
            and (index.predicate is None or index.predicate == f"({key.columns[-1]} IS NOT NULL)")
            for index in catalogue.indexes
        )
    ]
    assert unserved == []


def test_partitions_are_granted_to_nobody(catalogue: Catalogue) -> None:
    assert catalogue.rows("SELECT count(*) FROM pg_class WHERE relispartition AND relkind = 'r'")[0] >= 50
    granted = catalogue.rows(
        "SELECT c.relname FROM pg_class c WHERE c.relispartition AND c.relkind IN ('r', 'p')"
        " AND (EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner)"
        "   OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL))"
    )
    assert granted == []


def test_there_is_no_default_partition(catalogue: Catalogue) -> None:
    assert (
        catalogue.rows("SELECT partrelid::regclass::text FROM pg_partitioned_table WHERE partdefid <> 0")
        == []
    )


def test_views_are_security_invoker(catalogue: Catalogue) -> None:
    views = catalogue.rows(
        "SELECT relname, coalesce(reloptions @> '{security_invoker=true}', false) FROM pg_class"
        " WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace"
    )
    assert [name for name, invoker in views if not invoker] == []


def test_security_definer_functions_are_listed_and_have_a_fixed_search_path(catalogue: Catalogue) -> None:
    found = catalogue.rows(
        "SELECT proname, pg_get_userbyid(proowner), array_to_string(proconfig, ' '),"
        " EXISTS (SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) WHERE grantee = 0)"
        " FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef"
    )
    assert {name: owner for name, owner, _, _ in found} == SECURITY_DEFINER
    for name, _, config, public in found:
        assert re.search(r"search_path=[^=]*\bpg_temp( \w+=|$)", config), (
            f"{name}: pg_temp must be searched last"
        )
        assert not public, f"{name}: anybody may execute it"


def test_no_function_is_granted_to_public(catalogue: Catalogue) -> None:
    anybody = catalogue.rows(
        "SELECT p.proname FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a"
        " WHERE p.pronamespace = 'public'::regnamespace AND a.grantee = 0 AND NOT EXISTS ("
        "    SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"  # an extension's own
    )
    assert anybody == []


def test_no_function_claims_to_be_leakproof(catalogue: Catalogue) -> None:
    claimed = "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proleakproof"
    assert catalogue.rows(claimed) == []


def test_the_application_and_the_operator_own_nothing(catalogue: Catalogue) -> None:
    owned = catalogue.rows(
        "SELECT objid::text FROM pg_shdepend WHERE deptype = 'o'"
        " AND refobjid IN ('imsop_app'::regrole, 'imsop_operator'::regrole)"
    )
    assert owned == []
    owners = catalogue.rows(
        "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    )
    assert owners == ["imsop_owner"]


def test_the_application_cannot_set_another_role(catalogue: Catalogue) -> None:
    (attributes,) = catalogue.rows(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolinherit"
        " FROM pg_roles WHERE rolname = 'imsop_app'"
    )
    assert tuple(attributes)[:5] == (False,) * 5
    others = catalogue.rows(
        "SELECT rolname FROM pg_roles"
        " WHERE rolname <> 'imsop_app' AND pg_has_role('imsop_app', oid, 'MEMBER')"
    )
    assert others == []


def test_the_application_has_only_row_and_column_privileges(catalogue: Catalogue) -> None:
    excessive = catalogue.rows(
        "SELECT c.relname, a.privilege_type FROM pg_class c, aclexplode(c.relacl) a"
        " WHERE c.relnamespace = 'public'::regnamespace AND a.grantee IN ('imsop_app'::regrole, 0)"
        " AND a.privilege_type NOT IN ('SELECT', 'INSERT', 'DELETE')"
        " AND c.relname <> 'sign_in_attempts'"
    )
    assert excessive == []


def test_the_application_cannot_update_ids_or_creation_times(catalogue: Catalogue) -> None:
    for table in catalogue.tenant_tables:
        changeable = catalogue.granted(table, "imsop_app", "UPDATE")
        assert changeable & {"id", "organization_id", "created_at", "updated_at"} == set(), table
    for table in ("organizations", "users"):
        given = catalogue.granted(table, "imsop_app", "INSERT") | catalogue.granted(
            table, "imsop_app", "UPDATE"
        )
        assert given & {"subscription_tier", "mfa_enabled", "mfa_secret"} == set(), table
    assert "status" not in catalogue.granted("organizations", "imsop_app", "UPDATE")


def may_change(catalogue: Catalogue, table: str) -> bool:
    """Whether the application may change or delete rows of it."""
    deletes: bool = catalogue.rows("SELECT has_table_privilege('imsop_app', %s, 'DELETE')", table)[0]
    return deletes or bool(catalogue.granted(table, "imsop_app", "UPDATE"))


def test_stock_is_written_through_its_doors_only(catalogue: Catalogue) -> None:
    closed = {
        table
        for table in catalogue.tenant_tables
        if not may_change(catalogue, table) and not catalogue.granted(table, "imsop_app", "INSERT")
    }
    assert closed == LEDGER | AUDIT


def test_only_the_ledger_writes_progress_and_only_functions_write_states(catalogue: Catalogue) -> None:
    moved = catalogue.rows("SELECT substr(proname, 9) FROM pg_proc WHERE starts_with(proname, 'advance_')")
    assert set(moved) == {"purchase_orders", "sales_orders", "shipments"}
    for table in moved:
        assert "status" not in catalogue.granted(table, "imsop_app", "UPDATE"), table
    for table in ("purchase_order_items", "sales_order_items"):
        changeable = catalogue.granted(table, "imsop_app", "UPDATE")
        quantities = {column for column in changeable if column.startswith("quantity_")}
        assert quantities <= {"quantity_ordered", "quantity_closed", "quantity_confirmed"}, table


def test_what_is_appended_is_neither_changed_nor_deleted(catalogue: Catalogue) -> None:
    appended = {table for table in catalogue.tenant_tables if not may_change(catalogue, table)}
    assert appended == LEDGER | AUDIT | APPEND_ONLY


def test_the_operator_reads_no_secrets_and_writes_no_business_data(catalogue: Catalogue) -> None:
    for table in catalogue.tables:
        seen = catalogue.granted(table, "imsop_operator", "SELECT")
        assert seen == SECRET.get(table, {column.name for column in catalogue.columns[table]}), table
        assert catalogue.granted(table, "imsop_operator", "INSERT") == set(), table
        changed = {"status", "subscription_tier"} if table == "organizations" else set()
        assert catalogue.granted(table, "imsop_operator", "UPDATE") == changed, table
        deletes = catalogue.rows("SELECT has_table_privilege('imsop_operator', %s, 'DELETE')", table)[0]
        assert deletes == (table in OPERATOR_DELETES), table


def test_large_objects_cannot_be_created(catalogue: Catalogue) -> None:
    for role in ("imsop_app", "imsop_operator"):
        for makes in ("lo_creat(int)", "lo_create(oid)", "lo_from_bytea(oid, bytea)", "lo_import(text)"):
            granted = catalogue.rows("SELECT has_function_privilege(%s, %s, 'EXECUTE')", role, makes)
            assert granted == [False], f"{role}: {makes}"


def test_primary_keys_begin_with_the_id_and_include_the_tenant(catalogue: Catalogue) -> None:
    for index in catalogue.indexes:
        if (
            index.primary
            and index.table in catalogue.tenant_tables
            and index.name not in UNIQUE_WITHOUT_TENANT
        ):
            # With uuidv7 and the id first, a key's pages fill to 90 %; with the organization first, to half.
            # Tables without id have a natural key.
            has_id = any(column.name == "id" for column in catalogue.columns[index.table])
            assert index.columns[0] != "organization_id" or not has_id, index
            assert "organization_id" in index.columns, index


def test_every_mutable_table_has_updated_at(catalogue: Catalogue) -> None:
    touched = catalogue.rows(
        "SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE t.tgname = 'touch_updated_at' AND NOT c.relispartition AND t.tgenabled = 'O' ORDER BY 1"
    )
    assert touched == [
        t for t in catalogue.tables if any(c.name == "updated_at" for c in catalogue.columns[t])
    ]


def test_no_column_loses_time_zones_or_cents(catalogue: Catalogue) -> None:
    lossy = [
        f"{table}.{column.name} {column.type}"
        for table, columns in catalogue.columns.items()
        for column in columns
        if column.type in {"real", "double precision", "money", "timestamp without time zone"}
    ]
    assert lossy == []
    ours = "SELECT typname FROM pg_type WHERE typtype = 'e' AND typnamespace = 'public'::regnamespace"
    assert catalogue.rows(ours) == []
