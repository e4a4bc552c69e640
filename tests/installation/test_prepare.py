"""Preparing an existing server: roles, passwords, privileges, and concurrent starts."""

import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
import pytest

from imsop.core import installation
from imsop.core.embedded import EmbeddedServer, OperatorError
from imsop.core.installation import Passwords
from tests.conftest import TestDatabase
from tests.installation.processes import ENVIRONMENT, IMSOP, IMSOP_ROLES, imsop, url_of

LOGIN_ROLES = ("imsop_app", "imsop_operator")
ROLES = ("imsop_owner", *LOGIN_ROLES, "imsop_lookup")


def _execute(dsn: str, *statements: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def test_no_role_can_bypass_row_security(database: TestDatabase) -> None:
    with psycopg.connect(database.admin_dsn) as connection:
        attributes = connection.execute(
            f"SELECT rolname, rolcanlogin FROM pg_roles WHERE {IMSOP_ROLES}"
            " AND NOT (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)"
        ).fetchall()
        memberships = connection.execute(
            "SELECT member::regrole::text, roleid::regrole::text, inherit_option FROM pg_auth_members"
            " WHERE member::regrole::text LIKE 'imsop\\_%'"
        ).fetchall()
    assert dict(attributes) == {role: role in LOGIN_ROLES for role in ROLES}
    assert memberships == [("imsop_owner", "imsop_lookup", False)]


@pytest.mark.parametrize("role", ["app", "operator"])
@pytest.mark.parametrize(
    "attempt",
    [
        "SET ROLE imsop_owner",
        "SET ROLE imsop_lookup",
        "SET SESSION AUTHORIZATION imsop_admin",
        "CREATE TABLE public.mine ()",
        "CREATE SCHEMA mine",
        "ALTER TABLE users DISABLE ROW LEVEL SECURITY",
        "CREATE EXTENSION isn",
        "UPDATE alembic_version SET version_num = ''",
    ],
)
def test_login_roles_own_and_create_nothing(database: TestDatabase, role: str, attempt: str) -> None:
    with (
        psycopg.connect(getattr(database, f"{role}_dsn")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(attempt)


def test_they_may_create_temporary_tables(database: TestDatabase) -> None:
    for dsn in (database.app_dsn, database.operator_dsn):
        _execute(dsn, "CREATE TEMPORARY TABLE staged (x int)")


def test_other_roles_cannot_connect(bare: EmbeddedServer, empty: Path) -> None:
    installation.prepare(url_of(bare, "x1"), Passwords.kept_in(empty))
    _execute(bare.admin_url, "CREATE ROLE keeper LOGIN PASSWORD 'k'")
    with pytest.raises(psycopg.OperationalError, match="does not have CONNECT privilege"):
        psycopg.connect(bare.url("keeper", "k", "x1"))


def test_passwords_reach_neither_the_server_nor_its_log(bare: EmbeddedServer, empty: Path) -> None:
    passwords = Passwords.kept_in(empty)
    installation.prepare(url_of(bare, "x1"), passwords)
    log = (bare.home / "server.log").read_text()
    assert "CREATE ROLE" in log
    assert not [kept for kept in asdict(passwords).values() if kept in log]
    assert passwords.app not in repr(passwords)
    assert passwords.app not in repr(installation.reached_by(url_of(bare, "x1"), passwords))


def test_passwords_are_generated_once_and_readable_by_the_owner_only(empty: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: Passwords.kept_in(empty), range(8)))
    assert len(made) == 1
    assert stat.S_IMODE((empty / "secrets.json").stat().st_mode) == 0o600
    assert [path.name for path in empty.iterdir()] == ["secrets.json"]


def test_preparing_is_idempotent(bare: EmbeddedServer, empty: Path) -> None:
    passwords = Passwords.kept_in(empty)
    first = installation.prepare(url_of(bare, "x1"), passwords)
    with psycopg.connect(url_of(bare, "x1")) as connection:
        look = (
            "SELECT array_agg(rolpassword ORDER BY rolname), (SELECT count(*) FROM pg_class) FROM pg_authid"
        )
        before = connection.execute(look).fetchone()
        assert installation.prepare(url_of(bare, "x1"), passwords) == first
        assert connection.execute(look).fetchone() == before


def test_two_concurrent_starts_create_one_database(bare: EmbeddedServer, empty: Path) -> None:
    environment = ENVIRONMENT | {"IMSOP_DATABASE_URL": url_of(bare, "x1")}
    command = [IMSOP, "migrate", "--data-dir", empty]
    starters = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) for _ in "12"]
    outputs = [starter.communicate()[0] for starter in starters]
    assert [starter.returncode for starter in starters] == [0, 0], outputs
    assert sorted("Schema" in output for output in outputs) == [False, True]


def test_another_data_directory_gets_advice_how_to_take_over(bare: EmbeddedServer, empty: Path) -> None:
    first = installation.prepare(url_of(bare, "x1"), Passwords.kept_in(empty / "first"))
    environment = {"IMSOP_DATABASE_URL": url_of(bare, "x1")}
    refused = imsop("migrate", "--data-dir", empty / "other", **environment)
    assert refused.returncode == 1
    assert "copy its secrets.json here, or run `imsop migrate --new-passwords`" in refused.stderr
    _execute(first.app_dsn, "SELECT 1")
    assert imsop("migrate", "--new-passwords", "--data-dir", empty / "other", **environment).returncode == 0
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(first.app_dsn)


def test_an_administrator_need_not_be_superuser(bare: EmbeddedServer, empty: Path) -> None:
    _execute(bare.admin_url, "CREATE ROLE keeper LOGIN CREATEROLE CREATEDB PASSWORD 'k'")
    ready = installation.prepare(bare.url("keeper", "k", "x1"), Passwords.kept_in(empty))
    assert installation.pending_migrations(ready.app_dsn) == []
    assert installation.prepare(bare.url("keeper", "k", "x1"), Passwords.kept_in(empty)) == ready


def test_an_existing_database_is_used_if_it_is_empty(bare: EmbeddedServer, empty: Path) -> None:
    _execute(bare.admin_url, "CREATE DATABASE x1", "CREATE DATABASE x2")
    _execute(url_of(bare, "x2"), "CREATE TABLE somebodys ()")
    assert installation.prepare(url_of(bare, "x1"), Passwords.kept_in(empty))
    with pytest.raises(OperatorError, match="x2 holds another application's tables"):
        installation.prepare(url_of(bare, "x2"), Passwords.kept_in(empty))


def test_an_existing_role_with_bypassrls_is_refused(bare: EmbeddedServer, empty: Path) -> None:
    _execute(bare.admin_url, "CREATE ROLE imsop_app LOGIN BYPASSRLS")
    with pytest.raises(OperatorError, match="imsop_app must not be a superuser, bypass row security"):
        installation.prepare(url_of(bare, "x1"), Passwords.kept_in(empty))


def test_an_older_server_is_refused(
    bare: EmbeddedServer, empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installation, "OLDEST_SERVER_VERSION", 190000)
    with pytest.raises(OperatorError, match="this is 18"):
        installation.prepare(url_of(bare, "x1"), Passwords.kept_in(empty))


def test_an_unreachable_server_is_named_without_the_password(empty: Path) -> None:
    done = imsop("migrate", "--data-dir", empty, IMSOP_DATABASE_URL="postgresql://root:hidden@127.0.0.1:1/x")
    assert done.returncode == 1
    assert "cannot connect as root" in done.stderr
    assert "hidden" not in done.stderr + done.stdout


def test_names_and_passwords_may_contain_any_character(bare: EmbeddedServer, empty: Path) -> None:
    ready = installation.reached_by(
        f"postgresql://a%40b:{quote('p/w?', safe='')}@localhost:1/x%20y?sslmode=require",
        Passwords("a", "p@:/?#%", "o"),
    )
    parts = urlsplit(ready.app_dsn)
    assert (parts.username, parts.password) == ("imsop_app", quote("p@:/?#%", safe=""))
    assert (parts.hostname, parts.port, parts.path, parts.query) == (
        "localhost",
        1,
        "/x%20y",
        "sslmode=require",
    )
