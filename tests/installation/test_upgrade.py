"""Upgrading from the previous release: its data is converted, and its processes keep working until replaced.

`released.json` has the revision and the statements of that release; after a release, rewrite it with
`IMSOP_WRITE_RELEASED=1 pytest tests/rules/test_statements.py`.
"""

import json
import shutil
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import psycopg
import pytest

from imsop import migrations
from imsop.core import installation
from imsop.stewardship.doctor import CHECKS
from tests.conftest import TestDatabase
from tests.rules import rows
from tests.rules.catalogue import read_catalogue

RELEASED = Path(__file__).with_name("released.json")
ORGANIZATION, USER = uuid4(), uuid4()
POST = (
    "SELECT outcome, balance_after FROM post_movements(%s, ARRAY[%s::uuid], ARRAY[%s::uuid], ARRAY[%s],"
    " '{adjustment}', '{correction}', '{NULL}', '{NULL}', '{NULL}', ARRAY[%s::timestamptz], %s)"
)


def march(day: int) -> datetime:
    return datetime(2026, 3, day, 12, tzinfo=UTC)


def through_released(versions: Path, copy: Path) -> Path:
    """The migrations up to the previous release, in a directory of their own."""
    last = json.loads(RELEASED.read_text())["revision"]
    shutil.copytree(versions.parent, copy, ignore=shutil.ignore_patterns("__py*"))
    for file in (copy / "versions").glob("[0-9]*"):
        if file.name[:4] > last:
            file.unlink()
    return copy / "versions"


class Upgraded:
    """A database of the previous release after the upgrade; `shelf` is a product and a warehouse in it."""

    def __init__(self, admin_dsn: str, shelf: tuple[UUID, UUID]) -> None:
        self.admin_dsn = admin_dsn
        self.shelf = shelf

    def as_app(self) -> psycopg.Connection:
        return as_app(self.admin_dsn)


def as_app(admin_dsn: str) -> psycopg.Connection:
    """A connection as imsop_app, inside the organization."""
    connection = psycopg.connect(admin_dsn, autocommit=True)
    connection.execute("SET ROLE imsop_app")
    connection.execute("SELECT set_config('app.organization_id', %s, false)", [str(ORGANIZATION)])
    return connection


def filled(admin_dsn: str) -> tuple[UUID, UUID]:
    """Fills every table, with numbered orders, and a balance with a backdated entry."""
    with psycopg.connect(admin_dsn, autocommit=True) as superuser:
        superuser.execute("SELECT ensure_partitions(1, 1)")
        superuser.execute("INSERT INTO organizations (id, name) VALUES (%s, 'Before')", [ORGANIZATION])
        superuser.execute(
            "INSERT INTO users (id, organization_id, email, password_hash, first_name, last_name)"
            " VALUES (%s, %s, 'a@before.example', 'x', 'A', 'B')",
            [USER, ORGANIZATION],
        )
        ids = rows.fill(read_catalogue(superuser), ORGANIZATION, USER).ids
        for number in ("PO-2026-000001", "PO-2026-000002", "PO-2026-000004"):
            superuser.execute(
                "INSERT INTO purchase_orders (organization_id, supplier_id, po_number, order_date)"
                " VALUES (%s, %s, %s, '2026-03-01')",
                [ORGANIZATION, ids["suppliers"], number],
            )
        for sku, gtin in (("TWELVE", "060015651000"), ("THIRTEEN", "0060015651000"), ("EIGHT", "40063812")):
            superuser.execute(
                "INSERT INTO products (organization_id, sku, name, gtin) VALUES (%s, %s, 'Gtin', %s)",
                [ORGANIZATION, sku, gtin],
            )
        superuser.execute(
            "INSERT INTO analytics_events (organization_id, event_type, entity_type, entity_id, metadata)"
            " SELECT organization_id, 'product.changed', 'product', id::text,"
            '        \'{"name": "EIGHT", "changes": {"sku": {"old": "ATE", "new": "EIGHT"}}}\''
            " FROM products WHERE organization_id = %s AND sku = 'EIGHT'",
            [ORGANIZATION],
        )
        _add_an_order_in_yen(superuser, ids["suppliers"], ids["products"])
        _add_an_archived_user(superuser, ids["roles"])
        (warehouse,) = superuser.execute(
            "INSERT INTO warehouses (organization_id, name) VALUES (%s, 'North') RETURNING id", [ORGANIZATION]
        ).fetchone() or (None,)
    shelf = ids["products"], warehouse
    with as_app(admin_dsn) as app:
        for quantity, day, balance in ((10, 2, 10), (5, 3, 15), (7, 1, 22)):
            posted = app.execute(POST, [ORGANIZATION, *shelf, quantity, march(day), USER]).fetchall()
            assert posted == [("posted", balance)]
    return shelf


def _add_an_order_in_yen(superuser: psycopg.Connection, supplier: UUID, product: UUID) -> None:
    superuser.execute(
        """
        WITH ordered AS (
            INSERT INTO purchase_orders (organization_id, supplier_id, po_number, order_date, currency,
                                         total_amount)
            VALUES (%s, %s, 'YEN', '2026-03-01', 'JPY', 1.50) RETURNING organization_id, id)
        INSERT INTO purchase_order_items (organization_id, purchase_order_id, line_number, product_id,
                                          quantity_ordered, unit_price, line_total)
        SELECT o.organization_id, o.id, n, %s, 1, 0.50, 0.50 FROM ordered o, generate_series(1, 3) AS n
        """,
        [ORGANIZATION, supplier, product],
    )


def _add_an_archived_user(superuser: psycopg.Connection, role: UUID) -> None:
    user = uuid4()
    superuser.execute(
        "INSERT INTO users (id, organization_id, email, password_hash, deleted_at)"
        " VALUES (%s, %s, 'gone@before.example', 'x', '2026-02-01')",
        [user, ORGANIZATION],
    )
    for holds, values in (
        ("user_roles (organization_id, user_id, role_id)", [ORGANIZATION, user, role]),
        ("warehouses (organization_id, manager_id, name)", [ORGANIZATION, user, "Managed"]),
        (
            "api_keys (organization_id, created_by, name, prefix, key_hash, permissions)",
            [ORGANIZATION, user, "of an archived user", "x", b"0" * 32, []],
        ),
    ):
        marks = ", ".join(["%s"] * len(values))
        superuser.execute(f"INSERT INTO {holds} VALUES ({marks})".encode(), values)


@pytest.fixture(scope="module")
def upgraded(database: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Upgraded:
    parts = urlsplit(database.admin_dsn)
    name = f"{parts.path[1:]}_upgraded"
    admin_dsn = parts._replace(path=f"/{name}").geturl()
    with psycopg.connect(parts._replace(path="/postgres").geturl(), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} OWNER imsop_owner TEMPLATE template0")
    with pytest.MonkeyPatch.context() as patch:
        versions = through_released(migrations.VERSIONS, tmp_path_factory.mktemp("released") / "migrations")
        patch.setattr(migrations, "VERSIONS", versions)
        patch.setattr(migrations.pending, "__defaults__", (versions,))
        installation.migrate(admin_dsn)
    shelf = filled(admin_dsn)
    assert installation.migrate(admin_dsn) != []
    return Upgraded(admin_dsn, shelf)


def test_the_doctor_finds_nothing_after_an_upgrade(upgraded: Upgraded) -> None:
    with psycopg.connect(upgraded.admin_dsn, autocommit=True) as operator:
        operator.execute("SET ROLE imsop_operator")
        for check in CHECKS:
            assert operator.execute(check.finds.encode()).fetchall() == [], check.name


def test_document_numbers_continue(upgraded: Upgraded) -> None:
    with upgraded.as_app() as app:
        assert app.execute("SELECT kind, year, last_number FROM document_numbers").fetchall() == [
            ("purchase_order", 2026, 2)
        ]
        given = [
            app.execute("SELECT next_document_number(%s, 'purchase_order', 2026)", [ORGANIZATION]).fetchone()
            for _ in range(2)
        ]
    assert given == [("PO-2026-000003",), ("PO-2026-000005",)]


def test_backdated_entries_are_recognized(upgraded: Upgraded) -> None:
    with upgraded.as_app() as app:
        known = app.execute(
            "SELECT last_occurred_at, dated_back_since FROM inventory WHERE warehouse_id = %s",
            [upgraded.shelf[1]],
        ).fetchall()
        assert known == [(march(3), march(1))]
        taken = [
            app.execute(POST, [ORGANIZATION, *upgraded.shelf, quantity, march(1), USER]).fetchone()
            for quantity in (-8, -3)
        ]
    assert taken == [("short", None), ("posted", 19)]


def test_a_gtin_is_kept_once_in_14_digits(upgraded: Upgraded) -> None:
    with upgraded.as_app() as app:
        app.execute(
            "INSERT INTO products (organization_id, sku, name, gtin)"
            " VALUES (%s, 'NEW', 'Gtin', '4006381333931')",
            [ORGANIZATION],
        )
        kept = app.execute(
            "SELECT sku, gtin, description FROM products WHERE name = 'Gtin' ORDER BY sku"
        ).fetchall()
    assert kept == [
        ("EIGHT", "00000040063812", None),
        ("NEW", "04006381333931", None),
        ("THIRTEEN", None, "GTIN 0060015651000 (is of another product)"),
        ("TWELVE", "00060015651000", None),
    ]


def test_amounts_in_yen_lose_the_decimals_that_the_yen_has_not(upgraded: Upgraded) -> None:
    with upgraded.as_app() as app:
        kept = app.execute(
            "SELECT o.total_amount::text, i.line_total::text, i.unit_price FROM purchase_orders o"
            " JOIN purchase_order_items i ON i.purchase_order_id = o.id WHERE o.po_number = 'YEN'"
        ).fetchall()
    assert kept == [("3", "1", Decimal("0.50"))] * 3


def test_an_archived_user_holds_nothing(upgraded: Upgraded) -> None:
    with upgraded.as_app() as app:
        held = app.execute(
            """
            SELECT (SELECT revoked_at FROM api_keys WHERE name = 'of an archived user'),
                   (SELECT manager_id FROM warehouses WHERE name = 'Managed'),
                   (SELECT count(*) FROM user_roles r JOIN users u ON u.id = r.user_id
                    WHERE u.deleted_at IS NOT NULL)
            """
        ).fetchone()
    assert held == (datetime(2026, 2, 1, tzinfo=UTC), None, 0)


def test_what_products_were_called_before_is_known_from_their_events(upgraded: Upgraded) -> None:
    with upgraded.as_app() as app:
        found = app.execute(
            "SELECT title, formerly FROM search_things(%s, '{ate}', '{product}', 5)", [ORGANIZATION]
        ).fetchall()
    assert found == [("EIGHT", "ATE")]


def test_every_statement_of_the_previous_release_is_still_allowed(upgraded: Upgraded) -> None:
    refused = {}
    with upgraded.as_app() as app:
        for statement in json.loads(RELEASED.read_text())["statements"]:
            try:
                app.execute(f"EXPLAIN (GENERIC_PLAN) {statement}".encode())
            except psycopg.Error as error:
                refused[statement] = str(error)
    assert refused == {}
