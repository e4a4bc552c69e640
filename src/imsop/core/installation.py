"""Turns any PostgreSQL 18 server into a ready IMSOP database: roles, database, migrations, partitions.

All of it is idempotent and safe to run concurrently: it holds one advisory lock, and each step checks before
it acts.

Roles:

    imsop_owner     owns tables and functions; has no login, migrations SET ROLE to it
    imsop_app       the application; row security confines it to one organization
    imsop_operator  installation-wide work; reads through policies of its own
    imsop_lookup    owns the few functions that look across organizations, such as sign-in
"""

import itertools
import json
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from imsop import migrations
from imsop.core.embedded import ADMIN, EmbeddedServer, OperatorError, make_data_directory
from imsop.core.settings import Settings

DATABASE = "imsop"
OWNER = "imsop_owner"
APP = "imsop_app"
OPERATOR = "imsop_operator"
LOOKUP = "imsop_lookup"

OLDEST_SERVER_VERSION = 180000
PARTITION_MONTHS_BACK = 25  # two years of history may be loaded on any day of the month
PARTITION_MONTHS_AHEAD = 3  # so that an installation can run for a quarter without a restart

_STARTER_LOCK = 0x494D534F50  # "IMSOP", in pg_advisory_lock's space of the maintenance database
_MAINTENANCE = "postgres"
_RUNTIME = "runtime.json"

Progress = Callable[[str, int, int], None]
"""A callback with the current activity, the amount done and the total."""


def silent(_what: str, _done: int, _total: int) -> None:
    """A Progress that reports nothing."""


@dataclass(frozen=True, slots=True)
class Passwords:
    """Passwords of the login roles; generated once per data directory and readable by its owner only."""

    admin: str = field(repr=False)
    app: str = field(repr=False)
    operator: str = field(repr=False)

    @classmethod
    def kept_in(cls, data_dir: Path) -> Self:
        """Reads those of the data directory, or generates them. Safe against a race: the first file wins."""
        make_data_directory(data_dir)
        path = data_dir / "secrets.json"
        if not path.exists():
            made = cls(*(secrets.token_urlsafe(32) for _ in range(3)))
            _write_private(path, asdict(made), replace=False)
        return cls(**json.loads(path.read_text()))


@dataclass(frozen=True, slots=True)
class Installation:
    """Connection URLs of a ready database."""

    admin_dsn: str = field(repr=False)
    app_dsn: str = field(repr=False)
    operator_dsn: str = field(repr=False)
    bin_dir: str | None = None
    """The directory of psql, pg_dump and pgbench of the server's version, if it is embedded."""

    @property
    def owner_dsn(self) -> str:
        """URL of the administrator acting as the owner of all tables, for migrations and tests."""
        separator = "&" if "?" in self.admin_dsn else "?"
        return f"{self.admin_dsn}{separator}options={quote(f'-c role={OWNER}')}"


def running(settings: Settings) -> Installation:
    """The installation that another process runs, from the file it left in the data directory.

    Raises OperatorError while that process is still starting.
    """
    if settings.database_url:
        return reached_by(settings.database_url.get_secret_value(), Passwords.kept_in(settings.data_dir))
    try:
        return Installation(**json.loads((settings.data_dir / _RUNTIME).read_text()))
    except FileNotFoundError:
        raise OperatorError(f"IMSOP is still starting in {settings.data_dir}: try again soon") from None


@contextmanager
def opened(
    settings: Settings,
    *,
    fast: bool = False,
    new_passwords: bool = False,
    progress: Progress = silent,
    keep_running: bool = False,
) -> Iterator[Installation]:
    """A ready database: prepares the server named in the settings, else runs the embedded one until exit.

    With `keep_running` the embedded server is started again if it exits by itself.
    """
    passwords = Passwords.kept_in(settings.data_dir)
    if settings.database_url:
        admin_dsn = settings.database_url.get_secret_value()
        yield prepare(admin_dsn, passwords, new_passwords=new_passwords, progress=progress)
        return
    with _embedded(settings, passwords, fast=fast) as server:
        runtime = settings.data_dir / _RUNTIME
        runtime.unlink(missing_ok=True)
        if keep_running:
            server.keep_running()
        admin_dsn = server.url(ADMIN, passwords.admin, DATABASE)
        installation = prepare(
            admin_dsn, passwords, server.bin_dir, new_passwords=new_passwords, progress=progress
        )
        _write_private(runtime, asdict(installation), replace=True)
        try:
            yield installation
        finally:
            runtime.unlink()


@contextmanager
def started(settings: Settings) -> Iterator[Installation]:
    """Runs the embedded database until exit, without preparing or migrating it."""
    passwords = Passwords.kept_in(settings.data_dir)
    with _embedded(settings, passwords) as server:
        yield reached_by(server.url(ADMIN, passwords.admin, DATABASE), passwords, server.bin_dir)


def _embedded(settings: Settings, passwords: Passwords, *, fast: bool = False) -> EmbeddedServer:
    return EmbeddedServer(
        settings.data_dir, admin_password=passwords.admin, bin_dir=settings.postgres_bin_dir, fast=fast
    )


def reached_by(admin_dsn: str, passwords: Passwords, bin_dir: Path | None = None) -> Installation:
    """The installation behind an administrator's URL; connects to nothing."""
    return Installation(
        admin_dsn=admin_dsn,
        app_dsn=_rewritten(admin_dsn, user=APP, password=passwords.app),
        operator_dsn=_rewritten(admin_dsn, user=OPERATOR, password=passwords.operator),
        bin_dir=str(bin_dir) if bin_dir else None,
    )


def prepare(
    admin_dsn: str,
    passwords: Passwords,
    bin_dir: Path | None = None,
    *,
    new_passwords: bool = False,
    progress: Progress = silent,
) -> Installation:
    """Prepares the server behind an administrator's URL; the URL names the database to create.

    `new_passwords` sets the passwords of existing roles to those of this data directory, which locks out
    every process that still has the old ones.
    """
    installation = reached_by(admin_dsn, passwords, bin_dir)
    with _connected(_rewritten(admin_dsn, database=_MAINTENANCE)) as server:
        if server.info.server_version < OLDEST_SERVER_VERSION:
            raise OperatorError(f"PostgreSQL 18 is required, this is {server.info.server_version // 10000}")
        server.execute("SELECT pg_advisory_lock(%s)", [_STARTER_LOCK])
        _make_roles(server, passwords, new_passwords=new_passwords)
        _make_database(server, admin_dsn)
        migrate(admin_dsn, progress=progress)
        with _connected(admin_dsn) as database:
            _grant(database)
    with _connected(installation.app_dsn):
        pass  # its password is correct
    with _connected(installation.operator_dsn) as operator:
        if operator.execute("SELECT to_regprocedure('ensure_partitions(int, int)')").fetchone() != (None,):
            months = [PARTITION_MONTHS_BACK, PARTITION_MONTHS_AHEAD]
            operator.execute("SELECT ensure_partitions(%s, %s)", months)
    return installation


def _make_roles(server: psycopg.Connection, passwords: Passwords, *, new_passwords: bool) -> None:
    found = server.execute(
        "SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication"
        " FROM pg_roles WHERE rolname = ANY (%s)",
        [[OWNER, APP, OPERATOR, LOOKUP]],
    )
    existing: dict[str, bool] = dict(found.fetchall())
    if too_strong := sorted(role for role, privileged in existing.items() if privileged):
        raise OperatorError(
            f"{', '.join(too_strong)} must not be a superuser, bypass row security, replicate, or create"
            " roles or databases: take these attributes away with ALTER ROLE"
        )
    wanted = {OWNER: None, APP: passwords.app, OPERATOR: passwords.operator, LOOKUP: None}
    for role, password in wanted.items():
        verb = "CREATE" if role not in existing else "ALTER" if new_passwords and password else None
        if verb is None:
            continue
        # The server receives the SCRAM verifier, so that neither it nor its logs see the password.
        verifier = password and server.pgconn.encrypt_password(
            password.encode(), role.encode(), b"scram-sha-256"
        )
        login = sql.SQL("LOGIN PASSWORD {}").format(verifier.decode()) if verifier else sql.SQL("NOLOGIN")
        server.execute(sql.SQL("{} ROLE {} {}").format(sql.SQL(verb), sql.Identifier(role), login))
    _allow_set_role(server, OWNER, server.info.user)
    _allow_set_role(server, LOOKUP, OWNER)


def _allow_set_role(server: psycopg.Connection, role: str, member: str) -> None:
    """Lets the member SET ROLE to the role, without inheriting its privileges otherwise."""
    may = server.execute("SELECT pg_has_role(%s, %s, 'SET')", [member, role]).fetchone()
    if may == (False,):
        grant = sql.SQL("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE")
        server.execute(grant.format(sql.Identifier(role), sql.Identifier(member)))


def _make_database(server: psycopg.Connection, admin_dsn: str) -> None:
    name = unquote(urlsplit(admin_dsn).path.removeprefix("/"))
    owner = server.execute(
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", [name]
    ).fetchone()
    if owner is None:
        # Collation C sorts by code point: equal on every machine, and indexes never need a rebuild.
        server.execute(
            sql.SQL(
                "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin"
                " BUILTIN_LOCALE 'C.UTF-8' LC_COLLATE 'C' LC_CTYPE 'C'"
            ).format(sql.Identifier(name), sql.Identifier(OWNER))
        )
    elif owner != (OWNER,):
        with _connected(admin_dsn) as database:
            if database.execute("SELECT FROM pg_tables WHERE schemaname = 'public'").fetchone() is not None:
                raise OperatorError(f"the database {name} holds another application's tables: name another")
        server.execute(
            sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(name), sql.Identifier(OWNER))
        )


def _grant(database: psycopg.Connection) -> None:
    """Revokes PostgreSQL's default privileges of PUBLIC; grants each role what it needs to connect."""
    name = sql.Identifier(database.info.dbname)
    database.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(OWNER)))
    for statement in (
        "REVOKE ALL ON DATABASE {} FROM PUBLIC",
        "GRANT CONNECT ON DATABASE {} TO SESSION_USER",  # this administrator reconnects
        # Bulk loads stage their rows in temporary tables.
        "GRANT CONNECT, TEMPORARY ON DATABASE {} TO imsop_app, imsop_operator",
        "GRANT SELECT ON alembic_version TO imsop_app, imsop_operator",  # /health/ready compares it
    ):
        database.execute(sql.SQL(statement).format(name))
    database.execute("RESET ROLE")
    _take_large_objects(database)


def _take_large_objects(database: psycopg.Connection) -> None:
    """Revokes large objects from everybody: row security does not cover them. Only a superuser can."""
    if database.execute("SELECT rolsuper FROM pg_roles WHERE rolname = session_user").fetchone() == (True,):
        database.execute(
            "REVOKE EXECUTE ON FUNCTION lo_creat(int), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC"
        )


def migrate(admin_dsn: str, *, progress: Progress = silent) -> list[str]:
    """Runs pending migrations, each in its own transaction as the owner; returns their revisions."""
    with _connected(admin_dsn) as database:
        database.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(OWNER)))
        database.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        database.execute("GRANT USAGE ON SCHEMA public TO imsop_app, imsop_operator, imsop_lookup")
        todo = _pending(database)
    if todo:
        _upgrade(admin_dsn, lambda done: progress("Schema", done, len(todo)))
    return todo


def _upgrade(admin_dsn: str, count: Callable[[int], None]) -> None:
    # Imported here: a start without pending migrations, the usual case, saves half a second.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from sqlalchemy import NullPool, create_engine  # noqa: PLC0415

    def connect() -> psycopg.Connection:
        connection = _connected(admin_dsn)
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(OWNER)))
        connection.autocommit = False
        return connection

    done = itertools.count(1)
    config = Config()
    config.set_main_option("script_location", str(migrations.VERSIONS.parent).replace("%", "%%"))
    with create_engine("postgresql+psycopg://", creator=connect, poolclass=NullPool).connect() as connection:
        config.attributes.update(connection=connection, applied=lambda: count(next(done)))
        command.upgrade(config, "head")


def pending_migrations(dsn: str) -> list[str]:
    """Revisions that this version of IMSOP has and the database lacks; any role may call it."""
    with _connected(dsn) as connection:
        return _pending(connection)


def _pending(connection: psycopg.Connection) -> list[str]:
    current: str | None = None
    if connection.execute("SELECT to_regclass('public.alembic_version')").fetchone() != (None,):
        row = connection.execute("SELECT version_num FROM public.alembic_version").fetchone()
        current = row[0] if row else None
    try:
        return migrations.pending(current)
    except LookupError as error:
        raise OperatorError(f"{error}; run the version that was here last, or a newer one") from None


def _connected(dsn: str) -> psycopg.Connection:
    """An autocommit connection; raises OperatorError with advice if it fails."""
    try:
        return psycopg.connect(dsn, autocommit=True, connect_timeout=10, application_name="imsop")
    except psycopg.OperationalError as error:
        user = urlsplit(dsn).username
        advice = ""
        if "password authentication failed" in str(error) and user in {APP, OPERATOR}:
            advice = (
                "\nAnother data directory made this role: copy its secrets.json here, or run"
                " `imsop migrate --new-passwords`, which shuts out whoever uses the old ones."
            )
        raise OperatorError(f"cannot connect as {user}: {str(error).strip()}{advice}") from None


def _rewritten(
    dsn: str, *, user: str | None = None, password: str | None = None, database: str | None = None
) -> str:
    parts = urlsplit(dsn)
    credentials, _, host = parts.netloc.rpartition("@")
    if user and password:
        credentials = f"{quote(user, safe='')}:{quote(password, safe='')}"
    path = parts.path if database is None else f"/{quote(database, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{credentials}@{host}", path=path))


def _write_private(path: Path, content: dict[str, str | None], *, replace: bool) -> None:
    """Writes a file atomically, readable by its owner only; without `replace`, an existing file is kept."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:  # created with mode 0600
        json.dump(content, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    if replace:
        Path(file.name).replace(path)
    else:
        try:
            os.link(file.name, path)
        except FileExistsError:
            pass
        finally:
            Path(file.name).unlink()
